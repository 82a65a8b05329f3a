//! Logging in: the order of events, the gate, failures, deadlines.

use serde_json::json;

use crate::support::{Device, Fate, Way, World, code};

/// The events of a login from nothing.
const FIRST: [&str; 5] = ["net connecting", "net connected", "list", "total 0", "ready"];

fn credential(user: &str, sig: &str) -> serde_json::Value {
    json!([{ "userID": user, "userSig": sig }])
}

#[test]
fn events_come_in_order_and_ready_after_the_promise() {
    let world = World::new(1);
    let alice = world.device("alice");
    let login = alice.start_login();
    while !login.is_done() {
        assert!(!alice.events().contains(&"ready".to_owned()), "ready before the promise");
        world.pass(1);
    }
    let data = login.outcome().unwrap().unwrap();
    assert_eq!(data["actionStatus"], "OK");
    assert_eq!(data["errorCode"], 0);
    assert_eq!(data["tinyID"], "144115188075855872");
    assert!(data.get("repeatLogin").is_none());
    alice.wait_until_ready();

    let bob = world.device("bob");
    bob.login();
    assert_eq!(bob.events(), FIRST);
}

#[test]
fn the_gate_refuses_by_state_and_says_so() {
    let world = World::new(2);
    let alice = world.device("alice");
    let refused = |device: &Device, expected: u32| {
        for method in ["sendMessage", "getConversationList", "getMyProfile", "setMessageRead"] {
            let arguments = json!([{ "ID": "1-1-1" }]);
            let outcome = device.call(method, arguments);
            assert_eq!(code(&outcome), expected, "{method}");
            assert!(outcome.unwrap_err().message.starts_with(method));
            assert_eq!(
                device.events().iter().filter(|it| it.starts_with("error")).collect::<Vec<_>>(),
                [&format!("error {expected}")]
            );
        }
    };
    refused(&alice, 2024);
    assert_eq!(code(&alice.call("logout", json!([]))), 2024);
    let options = json!([{ "to": "bob", "conversationType": "C2C", "payload": { "text": "x" } }]);
    let create = |device: &Device| {
        device.create("createTextMessage", options.clone()).map_or_else(|it| it.code.0, |_| 0)
    };
    assert_eq!(create(&alice), 2024);
    world.pass(1);
    assert_eq!(alice.events(), ["error 2024", "error 2024"]);

    world.listen(false);
    let login = alice.start_login();
    refused(&alice, 3000);
    assert_eq!(code(&alice.call("logout", json!([]))), 2024);
    assert_eq!(create(&alice), 3000);
    world.listen(true);
    world.pass(1);
    alice.events();

    // The list is late: logged in, not ready.
    *alice.route.judge.borrow_mut() = Some(Box::new(|way, kind| {
        if (way, kind) == (Way::Down, "conversation.list") {
            Fate::Late(5000)
        } else {
            Fate::Arrive
        }
    }));
    while !login.is_done() {
        world.pass(1);
    }
    refused(&alice, 2999);
    assert_eq!(create(&alice), 0);
    assert_eq!(code(&alice.call("logout", json!([]))), 0);
    alice.events();
    refused(&alice, 2024);
}

#[test]
fn a_second_login_is_refused_while_one_runs_and_repeated_after() {
    let world = World::new(3);
    let alice = world.device("alice");
    let first = alice.start_login();
    assert_eq!(code(&alice.call("login", credential("bob", "good"))), 2025);
    alice.wait_until_ready();
    assert_eq!(first.code(), 0);
    assert_eq!(alice.events(), FIRST);

    let again = alice.call("login", credential("bob", "good")).unwrap();
    assert_eq!(again["repeatLogin"], true);
    assert!(again["errorInfo"].as_str().unwrap().contains("alice"));
    assert_eq!(again["tinyID"], "144115188075855872");
    world.pass(1000);
    assert_eq!(alice.events(), [""; 0]);
    assert_eq!(world.server(|it| it.times_served("login")), 1);
}

#[test]
fn bad_arguments_are_refused_before_anything_happens() {
    let world = World::new(4);
    let alice = world.device("alice");
    for (arguments, expected) in [
        (json!([]), 2002),
        (json!([{}]), 2002),
        (json!([{ "userID": 7, "userSig": "good" }]), 2002),
        (json!([{ "userID": "a b", "userSig": "good" }]), 7003),
        (json!([{ "userID": "x".repeat(33), "userSig": "good" }]), 7003),
        (json!([{ "userID": "alice" }]), 2003),
        (json!([{ "userID": "alice", "userSig": "" }]), 2003),
        (json!([{ "userID": "alice", "userSig": "x".repeat(4097) }]), 70003),
    ] {
        assert_eq!(code(&alice.call("login", arguments.clone())), expected, "{arguments}");
    }
    assert_eq!(alice.route.attempts.borrow().len(), 0);
    alice.login();
}

#[test]
fn a_refused_login_leaves_nothing_and_a_new_one_works_at_once() {
    let world = World::new(5);
    let alice = world.device("alice");
    for expected in [70001, 70003, 70009, 70013, 70014, 70020, 70050, 70107] {
        let outcome = alice.call("login", credential("alice", &format!("bad {expected}")));
        assert_eq!(code(&outcome), expected);
        assert_eq!(alice.events(), ["net connecting", "net connected"]);
    }
    world.pass(60_000);
    assert_eq!(alice.events(), [""; 0], "no reconnecting after a refusal");
    assert_eq!(alice.disk.open.get(), 0, "every store was given back");
    alice.login();
    assert_eq!(alice.events(), FIRST);
}

#[test]
fn without_a_connection_a_login_gives_up_after_half_a_minute() {
    let world = World::new(6);
    let alice = world.device("alice");
    alice.go_offline();
    let begun = world.sim.now_ms();
    let outcome = alice.call("login", credential("alice", "good"));
    assert_eq!(code(&outcome), 2801);
    assert!((30_000..30_010).contains(&(world.sim.now_ms() - begun)));
    let attempts = alice.route.attempts.borrow().len();
    world.pass(120_000);
    assert_eq!(alice.route.attempts.borrow().len(), attempts, "no reconnecting");
    alice.events();
    alice.go_online();
    alice.login();
    assert_eq!(alice.events(), FIRST);
}

#[test]
fn a_login_whose_answer_is_lost_is_presented_again() {
    let world = World::new(7);
    let alice = world.device("alice");
    let mut lost = false;
    *alice.route.judge.borrow_mut() = Some(Box::new(move |way, kind| {
        if (way, kind) == (Way::Down, "login") && !std::mem::replace(&mut lost, true) {
            Fate::Cut
        } else {
            Fate::Arrive
        }
    }));
    alice.login();
    assert_eq!(
        alice.events(),
        [
            "net connecting",
            "net connected",
            "net disconnected",
            "net connecting",
            "net connected",
            "list",
            "total 0",
            "ready"
        ]
    );
}

#[test]
fn a_slow_store_of_a_failed_login_does_not_serve_the_next_one() {
    let world = World::new(8);
    let alice = world.device("alice");
    alice.disk.slow_ms.set((400, 400));
    // The refusal comes while the store is being read.
    alice.route.latency_ms.set((200, 200));
    assert_eq!(code(&alice.call("login", credential("alice", "bad 70001"))), 70001);
    alice.disk.slow_ms.set((0, 0));
    alice.route.latency_ms.set((5, 5));
    alice.login();
    world.pass(2000);
    assert_eq!(alice.disk.open.get(), 1, "one store is in use");
    alice.disk.slow_ms.set((600, 600));
    assert_eq!(code(&alice.call("logout", json!([]))), 0);
    assert_eq!(alice.disk.open.get(), 0);
}

#[test]
fn a_logout_that_is_not_awaited_does_not_take_the_next_sessions_store() {
    let world = World::new(9);
    let alice = world.ready("alice");
    world.server(|it| it.account("bob"));
    assert_eq!(code(&alice.send("bob", "one")), 0);
    // The farewell gets no answer.
    *alice.route.judge.borrow_mut() = Some(Box::new(|way, kind| {
        if (way, kind) == (Way::Down, "logout") { Fate::Vanish } else { Fate::Arrive }
    }));
    let logout = alice.start("logout", json!([]));
    let login = alice.start_login();
    world.pass(10_000);
    assert_eq!((logout.code(), login.code()), (0, 0));
    assert_eq!(code(&alice.send("bob", "two")), 0);
    world.pass(1000);
    assert_eq!(alice.disk.open.get(), 1);
    alice.go_offline();
    alice.reload();
    alice.login();
    assert_eq!(alice.page("C2Cbob", "", 15).texts, ["one", "two"], "kept on the device");
}

#[test]
fn a_link_lost_during_the_first_synchronisation_still_leads_to_a_list_before_ready() {
    for cut_after_ms in 0..60 {
        let world = World::new(10);
        let bob = world.ready("bob");
        world.server(|it| it.account("alice"));
        let alice = world.device("alice");
        alice.disk.slow_ms.set((10, 20));
        let login = alice.start_login();
        world.pass(cut_after_ms);
        bob.start_send("alice", "hi");
        alice.route.cut();
        world.pass(10_000);
        assert_eq!(login.code(), 0);
        let events = alice.events();
        let ready = events.iter().position(|it| it == "ready").expect("ready");
        assert!(
            events[..ready].iter().any(|it| it.starts_with("list")),
            "cut after {cut_after_ms} ms: {events:?}"
        );
        assert_eq!(alice.app().unread("C2Cbob"), 1, "cut after {cut_after_ms} ms");
        assert_eq!(alice.page("C2Cbob", "", 15).texts, ["hi"]);
    }
}

#[test]
fn the_synchronisation_of_a_reconnect_waits_for_the_first_one() {
    let world = World::new(11);
    let bob = world.ready("bob");
    world.server(|it| it.account("alice"));
    let alice = world.device("alice");
    let mut lists = 0;
    *alice.route.judge.borrow_mut() = Some(Box::new(move |way, kind| {
        if (way, kind) != (Way::Down, "conversation.list") {
            return Fate::Arrive;
        }
        lists += 1;
        match lists {
            1 => Fate::Cut,
            2 => Fate::Arrive,
            _ => Fate::Late(1000),
        }
    }));
    alice.login();
    assert_eq!(
        alice.events(),
        [
            "net connecting",
            "net connected",
            "net disconnected",
            "net connecting",
            "net connected",
            "list",
            "total 0",
            "ready"
        ]
    );
    assert_eq!(code(&bob.send("alice", "hi")), 0);
    world.pass(2000);
    assert_eq!(alice.events(), ["received C2Cbob: hi", "list C2Cbob(1)", "total 1"]);
}

#[test]
fn a_call_that_waits_when_its_session_ends_does_not_go_on_in_the_next_one() {
    let world = World::new(901);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    for text in ["one", "two"] {
        assert_eq!(code(&bob.send("alice", text)), 0);
    }
    world.pass(500);
    alice.disk.slow_ms.set((500, 500));
    let page = alice.start("getMessageList", json!([{ "conversationID": "C2Cbob" }]));
    world.pass(60);
    assert!(!page.is_done());
    alice.start("logout", json!([]));
    world.pass(3_000);
    assert_eq!(page.code(), 2024);
    alice.disk.slow_ms.set((0, 0));
    alice.go_offline();
    alice.login();
    world.pass(100);
    assert_eq!(alice.app().unread("C2Cbob"), 2);
    assert_eq!(alice.history("C2Cbob"), ["one", "two"]);
}
