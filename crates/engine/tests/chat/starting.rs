//! Starting without a server, and with a store that does not work.

use serde_json::json;
use tim_engine::output::Status;

use crate::support::{Fate, Way, World, code};

fn numbers(from: usize, to: usize) -> Vec<String> {
    (from..=to).map(|it| it.to_string()).collect()
}

fn errors(events: &[String]) -> Vec<&String> {
    events.iter().filter(|it| it.starts_with("error")).collect()
}

#[test]
fn a_known_user_starts_offline_and_catches_up_when_the_link_comes() {
    let world = World::new(110);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    for text in numbers(1, 5) {
        assert_eq!(code(&bob.send("alice", &text)), 0);
    }
    world.pass(300);
    alice.go_offline();
    alice.reload();
    let begun = world.sim.now_ms();
    alice.login();
    assert!(world.sim.now_ms() - begun <= 5_100);
    let events = alice.events();
    assert_eq!(events[0], "net connecting");
    let rest: Vec<&str> =
        events.iter().map(String::as_str).filter(|it| !it.starts_with("net")).collect();
    // The stored list, and the list a login always ends with.
    assert_eq!(rest, ["list C2Cbob(5)", "total 5", "list C2Cbob(5)", "ready"]);
    assert_eq!(alice.client().login_user(), "alice");
    assert_eq!(alice.page("C2Cbob", "", 15).texts, numbers(1, 5));
    let sending = alice.start_send("bob", "waiting");
    assert_eq!(alice.app().status("waiting"), Status::UnSend);
    for text in numbers(6, 8) {
        assert_eq!(code(&bob.send("alice", &text)), 0);
    }
    world.pass(1000);
    assert!(!sending.is_done());
    alice.events();
    alice.go_online();
    world.pass(1000);
    assert_eq!(sending.code(), 0);
    let events = alice.events();
    assert_eq!(events[..2], ["net connecting", "net connected"]);
    let received: Vec<&String> = events.iter().filter(|it| it.starts_with("received")).collect();
    assert_eq!(received, ["received C2Cbob: 6,7,8"]);
    assert_eq!(alice.app().unread("C2Cbob"), 8);
    let mut expected = numbers(1, 8);
    expected.push("waiting".to_owned());
    assert_eq!(alice.history("C2Cbob"), expected);
    // As good as any session from here on.
    alice.route.cut();
    world.pass(2000);
    assert_eq!(code(&bob.send("alice", "9")), 0);
    world.pass(100);
    assert!(alice.events().contains(&"received C2Cbob: 9".to_owned()));
}

#[test]
fn pushes_that_come_before_the_store_is_read_are_kept() {
    for latency_ms in [1, 10, 40, 80, 150] {
        let world = World::new(117);
        let (alice, bob) = (world.ready("alice"), world.ready("bob"));
        assert_eq!(code(&bob.send("alice", "1")), 0);
        world.pass(300);
        assert_eq!(alice.history("C2Cbob"), ["1"]);
        assert_eq!(code(&alice.call("setMessageRead", json!([{ "conversationID": "C2Cbob" }]))), 0);
        world.pass(300);
        alice.reload();
        alice.disk.slow_ms.set((100, 100));
        alice.route.latency_ms.set((latency_ms, latency_ms));
        alice.start_login();
        for text in numbers(2, 30) {
            world.pass(10);
            bob.start_send("alice", &text);
        }
        alice.wait_until_ready();
        world.pass(1000);
        assert_eq!(alice.app().unread("C2Cbob"), 29);
        // From the device alone.
        alice.go_offline();
        alice.reload();
        alice.login();
        assert_eq!(alice.history("C2Cbob"), numbers(1, 30), "{latency_ms} ms");
    }
}

#[test]
fn a_credential_that_is_refused_after_an_offline_start_ends_the_session() {
    let world = World::new(111);
    let alice = world.ready("alice");
    world.pass(300);
    alice.go_offline();
    alice.reload();
    let outcome = alice.call("login", json!([{ "userID": "alice", "userSig": "bad 70001" }]));
    assert_eq!(code(&outcome), 0, "nobody could say no");
    alice.wait_until_ready();
    let sending = alice.start_send("bob", "hi");
    world.pass(500);
    alice.events();
    alice.go_online();
    world.pass(2000);
    let events = alice.events();
    assert_eq!(events, ["net connecting", "kicked UserSigExpired", "not ready"]);
    assert_eq!(sending.code(), 2024);
    world.pass(60_000);
    assert_eq!(alice.events(), [""; 0]);
    alice.login();
    assert_eq!(alice.history("C2Cbob"), ["hi"]);
    assert_eq!(alice.app().status("hi"), Status::Fail);
}

#[test]
fn a_server_that_is_slow_to_answer_does_not_keep_a_known_user_waiting() {
    let world = World::new(112);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    assert_eq!(code(&bob.send("alice", "1")), 0);
    world.pass(300);
    alice.reload();
    *alice.route.judge.borrow_mut() = Some(Box::new(|way, kind| {
        if (way, kind) == (Way::Down, "login") { Fate::Late(8000) } else { Fate::Arrive }
    }));
    let begun = world.sim.now_ms();
    alice.login();
    assert!((5_000..5_200).contains(&(world.sim.now_ms() - begun)));
    alice.events();
    assert_eq!(code(&bob.send("alice", "2")), 0);
    world.pass(5_000);
    let events = alice.events();
    assert!(events.contains(&"received C2Cbob: 2".to_owned()), "{events:?}");
    assert_eq!(alice.history("C2Cbob"), numbers(1, 2));
}

#[test]
fn an_account_made_anew_is_followed_after_an_offline_start() {
    let world = World::new(113);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    world.pass(300);
    alice.go_offline();
    alice.reload();
    alice.login();
    world.server(|it| it.renumber("alice"));
    alice.go_online();
    world.pass(1000);
    assert_eq!(code(&alice.send("bob", "hi")), 0, "with the new number");
    world.pass(100);
    assert_eq!(bob.history("C2Calice"), ["hi"]);
}

#[test]
fn a_message_of_an_earlier_page_that_did_arrive_is_not_received() {
    let world = World::new(114);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    assert_eq!(code(&bob.send("alice", "1")), 0);
    world.pass(300);
    *alice.route.judge.borrow_mut() = Some(Box::new(|way, kind| {
        if (way, kind) == (Way::Down, "message.send") { Fate::Vanish } else { Fate::Arrive }
    }));
    alice.start_send("bob", "2");
    world.pass(300);
    alice.go_offline();
    alice.reload();
    alice.login();
    assert_eq!(alice.app().status("2"), Status::Fail);
    alice.events();
    alice.go_online();
    world.pass(1000);
    assert_eq!(alice.app().status("2"), Status::Success);
    let events = alice.events();
    assert!(!events.iter().any(|it| it.starts_with("received")), "{events:?}");
    assert_eq!(alice.history("C2Cbob"), numbers(1, 2));
}

#[test]
fn without_a_database_the_chat_goes_on_in_memory() {
    let world = World::new(115);
    let (alice, bob) = (world.device("alice"), world.ready("bob"));
    alice.disk.closed.set(true);
    alice.login();
    let events = alice.events();
    assert_eq!(errors(&events), ["error 6019"]);
    for text in numbers(1, 40) {
        assert_eq!(code(&bob.send("alice", &text)), 0);
    }
    assert_eq!(code(&alice.send("bob", "41")), 0);
    world.pass(300);
    assert_eq!(alice.history("C2Cbob"), numbers(1, 41));
    assert!(errors(&alice.events()).is_empty(), "said once");
}

#[test]
fn a_database_that_fails_at_any_point_loses_nothing() {
    for fails_from in 0..40 {
        let world = World::new(116);
        let (alice, bob) = (world.device("alice"), world.ready("bob"));
        alice.disk.slow_ms.set((0, 30));
        alice.disk.fails_from.set(Some(fails_from));
        alice.login();
        let mut failed = Vec::new();
        for text in numbers(1, 12) {
            match world.sim.between(0, 3) {
                0 => assert_eq!(code(&bob.send("alice", &text)), 0),
                1 => {
                    alice.go_offline();
                    let sending = alice.start_send("bob", &text);
                    world.pass(31_500);
                    assert_eq!(sending.code(), 2805);
                    alice.go_online();
                    world.pass(500);
                    failed.push(text);
                }
                2 => {
                    alice.try_page("C2Cbob", "", 15).unwrap();
                    assert_eq!(code(&alice.send("bob", &text)), 0);
                }
                _ => {
                    alice.start_send("bob", &text);
                    world.pass(3);
                }
            }
        }
        world.pass(1000);
        for text in &failed {
            assert_eq!(alice.app().status(text), Status::Fail);
            assert_eq!(code(&alice.resend(text)), 0);
        }
        world.pass(500);
        let log = world.server(|it| it.texts("alice", "bob"));
        let mut sorted = log.clone();
        sorted.sort_by_key(|it| it.parse::<u32>().unwrap());
        assert_eq!(sorted, numbers(1, 12), "failing from {fails_from}");
        assert_eq!(alice.history("C2Cbob"), log, "failing from {fails_from}");
        let expected = usize::from(alice.disk.operations.get() > fails_from);
        assert_eq!(errors(&alice.events()).len(), expected, "failing from {fails_from}");
        assert_eq!(code(&alice.call("logout", json!([]))), 0);
        assert_eq!(alice.disk.open.get(), 0, "failing from {fails_from}");
    }
}

#[test]
fn an_own_message_whose_turn_comes_after_the_database_failed_is_still_in_its_page() {
    let world = World::new(118);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    assert_eq!(code(&bob.send("alice", "1")), 0);
    world.pass(300);
    assert_eq!(alice.history("C2Cbob"), numbers(1, 1));
    // Bob's next message is late, so that alice's own has its place before its turn.
    *alice.route.judge.borrow_mut() = Some(Box::new(|way, kind| {
        if (way, kind) == (Way::Down, "message") { Fate::Late(40) } else { Fate::Arrive }
    }));
    bob.start_send("alice", "2");
    world.pass(5);
    assert_eq!(code(&alice.send("bob", "3")), 0);
    world.pass(5);
    alice.disk.fails_from.set(Some(0));
    alice.start("setMessageRead", json!([{ "conversationID": "C2Cbob" }]));
    world.pass(1000);
    assert_eq!(errors(&alice.events()).len(), 1);
    assert_eq!(alice.history("C2Cbob"), numbers(1, 3));
}

#[test]
fn a_write_that_fails_beside_one_that_succeeds_leaves_no_hole() {
    let world = World::new(902);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    assert_eq!(code(&bob.send("alice", "one")), 0);
    world.pass(500);
    alice.disk.slow_ms.set((500, 500));
    alice.disk.fails_at.set(Some(alice.disk.operations.get()));
    assert_eq!(code(&bob.send("alice", "two")), 0);
    world.pass(60);
    // The second one is being written, and will fail; the page is hidden.
    assert_eq!(code(&bob.send("alice", "three")), 0);
    world.pass(10);
    alice.client().flush_soon();
    world.pass(2_000);
    assert_eq!(alice.history("C2Cbob"), ["one", "two", "three"]);
    alice.disk.slow_ms.set((0, 0));
    alice.reload();
    alice.login();
    world.pass(500);
    assert_eq!(alice.history("C2Cbob"), ["one", "two", "three"]);
}
