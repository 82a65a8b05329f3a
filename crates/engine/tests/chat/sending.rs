//! Sending: nothing lost, nothing doubled, nothing out of order.

use serde_json::json;
use tim_engine::output::{Output, Status};

use crate::support::{Fate, Way, World, app::App, code, device::Call};

fn numbers(from: usize, to: usize) -> Vec<String> {
    (from..=to).map(|it| it.to_string()).collect()
}

/// Loses the answers to the next `count` sends.
fn lose_answers(device: &crate::support::Device, count: usize, fate: Fate) {
    let mut left = count;
    *device.route.judge.borrow_mut() = Some(Box::new(move |way, kind| {
        if (way, kind) == (Way::Down, "message.send") && left > 0 {
            left -= 1;
            fate
        } else {
            Fate::Arrive
        }
    }));
}

#[test]
fn a_message_goes_both_ways_with_its_events() {
    let world = World::new(20);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    let message = alice.text("bob", "hi");
    assert_eq!(message["status"], "unSend");
    assert_eq!(message["conversationID"], "C2Cbob");
    let sending = alice.start("sendMessage", json!([message]));
    assert_eq!(alice.app().status("hi"), Status::UnSend);
    assert_eq!(alice.events(), ["list C2Cbob(0)"], "the row is there when the send starts");
    assert_eq!(alice.app().last("C2Cbob"), "", "but shows nothing yet");
    world.pass(100);
    assert_eq!(sending.outcome().unwrap().unwrap(), json!({ "message": { "$m": message["ID"] } }));
    assert_eq!(alice.app().status("hi"), Status::Success);
    assert_eq!(alice.events(), ["list C2Cbob(0)"]);
    assert_eq!(alice.app().last("C2Cbob"), "hi");
    assert_eq!(bob.events(), ["received C2Calice: hi", "list C2Calice(1)", "total 1"]);
    let received = bob.app().message("hi");
    assert_eq!((received.v.flow, received.v.is_read), ("in", false));

    assert_eq!(code(&bob.send("alice", "hello")), 0);
    world.pass(100);
    assert_eq!(alice.events(), ["received C2Cbob: hello", "list C2Cbob(1)", "total 1"]);
    assert_eq!(alice.history("C2Cbob"), ["hi", "hello"]);
    assert_eq!(bob.history("C2Calice"), ["hi", "hello"]);
}

#[test]
fn the_list_event_comes_before_the_promise() {
    let world = World::new(21);
    let alice = world.ready("alice");
    world.server(|it| it.account("bob"));
    let sending = alice.start_send("bob", "hi");
    alice.events();
    while !sending.is_done() {
        assert_eq!(alice.events(), [""; 0]);
        world.pass(1);
    }
    assert_eq!(alice.events(), ["list C2Cbob(0)"]);
}

#[test]
fn another_own_instance_gets_the_message_as_outgoing() {
    let world = World::new(22);
    let (phone, tab) = (world.ready("alice"), world.ready("alice"));
    world.server(|it| it.account("bob"));
    assert_eq!(code(&phone.send("bob", "hi")), 0);
    world.pass(100);
    assert_eq!(tab.events(), ["received C2Cbob: hi", "list C2Cbob(0)"]);
    let seen = tab.app().message("hi");
    assert_eq!((seen.v.flow, seen.v.is_read), ("out", true));
    assert!(!phone.events().iter().any(|it| it.starts_with("received")));

    // To oneself: stored once, never unread.
    assert_eq!(code(&phone.send("alice", "note")), 0);
    world.pass(100);
    assert_eq!(tab.events(), ["received C2Calice: note", "list C2Calice(0) C2Cbob(0)"]);
    assert_eq!(phone.history("C2Calice"), ["note"]);
}

#[test]
fn sends_without_a_link_wait_and_leave_in_order() {
    let world = World::new(23);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    alice.go_offline();
    let calls: Vec<_> = (1..=20).map(|it| alice.start_send("bob", &it.to_string())).collect();
    world.pass(10_000);
    assert!(calls.iter().all(|it| !it.is_done()));
    alice.go_online();
    world.pass(1000);
    assert!(calls.iter().all(|it| it.code() == 0));
    assert_eq!(world.server(|it| it.texts("alice", "bob")), numbers(1, 20));
    assert_eq!(alice.history("C2Cbob"), numbers(1, 20));
    assert_eq!(bob.history("C2Calice"), numbers(1, 20));
}

#[test]
fn a_send_that_never_left_fails_with_2805_and_one_without_answer_with_2801() {
    let world = World::new(24);
    let alice = world.ready("alice");
    world.server(|it| it.account("bob"));
    *alice.route.judge.borrow_mut() =
        Some(Box::new(|_, kind| if kind == "message.send" { Fate::Vanish } else { Fate::Arrive }));
    let begun = world.sim.now_ms();
    assert_eq!(code(&alice.send("bob", "unanswered")), 2801);
    let took = world.sim.now_ms() - begun;
    assert!((15_000..16_100).contains(&took), "{took}");
    alice.go_offline();
    let begun = world.sim.now_ms();
    assert_eq!(code(&alice.send("bob", "unwritten")), 2805);
    let took = world.sim.now_ms() - begun;
    assert!((30_000..31_100).contains(&took), "{took}");
    for text in ["unanswered", "unwritten"] {
        assert_eq!(alice.app().status(text), Status::Fail);
    }
    assert_eq!(alice.app().last("C2Cbob"), "unwritten");
    assert!(!alice.events().iter().any(|it| it.starts_with("error")));

    // A request other than a send: 15 s from the call.
    let begun = world.sim.now_ms();
    assert_eq!(code(&alice.call("updateMyProfile", json!([{ "nick": "x" }]))), 2805);
    let took = world.sim.now_ms() - begun;
    assert!((15_000..16_100).contains(&took), "{took}");
}

#[test]
fn a_failed_message_that_is_resent_is_there_exactly_once() {
    let world = World::new(25);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    lose_answers(&alice, 1, Fate::Vanish);
    assert_eq!(code(&alice.send("bob", "one")), 2801);
    assert_eq!(alice.app().status("one"), Status::Fail);
    assert_eq!(world.server(|it| it.texts("alice", "bob")), ["one"], "the server had it all along");
    assert_eq!(code(&alice.resend("one")), 0);
    assert_eq!(alice.app().status("one"), Status::Success);
    assert!(alice.app().message("one").v.is_resend);
    assert_eq!(code(&alice.send("bob", "two")), 0);
    world.pass(100);
    assert_eq!(bob.history("C2Calice"), ["one", "two"]);
    assert_eq!(alice.history("C2Cbob"), ["one", "two"]);
    assert_eq!(
        bob.events().iter().filter(|it| it.starts_with("received")).collect::<Vec<_>>(),
        ["received C2Calice: one", "received C2Calice: two"]
    );
}

#[test]
fn an_answer_lost_with_the_connection_is_made_good_after_the_reconnect() {
    let world = World::new(26);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    lose_answers(&alice, 1, Fate::Cut);
    let calls: Vec<_> = (1..=5).map(|it| alice.start_send("bob", &it.to_string())).collect();
    world.pass(2000);
    assert!(calls.iter().all(|it| it.code() == 0));
    assert_eq!(bob.history("C2Calice"), numbers(1, 5));
    assert_eq!(alice.history("C2Cbob"), numbers(1, 5));
}

#[test]
fn a_message_the_log_brings_back_is_a_success_even_without_its_answer() {
    let world = World::new(27);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    lose_answers(&alice, 1, Fate::Vanish);
    let sending = alice.start_send("bob", "one");
    world.pass(100);
    // Bob's message shows alice that something before it is missing.
    assert_eq!(code(&bob.send("alice", "two")), 0);
    world.pass(1000);
    assert_eq!(alice.app().status("one"), Status::Success);
    assert_eq!(alice.events().iter().filter(|it| it.contains("one")).count(), 0);
    world.pass(30_000);
    assert_eq!(sending.code(), 0, "it is on the server: nothing has failed");
    assert_eq!(alice.app().status("one"), Status::Success);
    assert_eq!(alice.history("C2Cbob"), ["one", "two"]);
}

#[test]
fn the_same_message_sent_twice_is_one_message() {
    let world = World::new(28);
    let alice = world.ready("alice");
    world.server(|it| it.account("bob"));
    let message = alice.text("bob", "hi");
    let first = alice.start("sendMessage", json!([message]));
    let second = alice.start("sendMessage", json!([message]));
    let third = alice.start("resendMessage", json!([message]));
    world.pass(100);
    assert_eq!((first.code(), second.code(), third.code()), (0, 0, 0));
    assert_eq!(world.server(|it| it.times_served("message.send")), 1);

    // What is done is done: the object, and a copy of it from before.
    let done = App::as_json(&alice.app().message("hi"));
    alice.events();
    alice.go_offline();
    world.pass(100);
    alice.events();
    for copy in [&done, &message] {
        for method in ["sendMessage", "resendMessage"] {
            let call = alice.start(method, json!([copy]));
            world.pass(1);
            assert_eq!(call.code(), 0, "{method}");
        }
    }
    assert_eq!(alice.events(), [""; 0]);
    assert_eq!(alice.history("C2Cbob"), ["hi"]);
}

#[test]
fn what_is_no_message_is_refused() {
    let world = World::new(29);
    let alice = world.ready("alice");
    let message = alice.text("bob", "x");
    let changed = |key: &str, value: serde_json::Value| {
        let mut copy = message.clone();
        copy[key] = value;
        copy
    };
    let both = json!({ "onlineUserOnly": true,
        "messageControlInfo": { "excludedFromUnreadCount": true } });
    for (arguments, expected) in [
        (json!([changed("conversationType", json!("@TIM#SYSTEM"))]), 2106),
        (json!([changed("conversationType", json!("TOPIC"))]), 2106),
        (json!([message, both]), 2113),
        (json!([message, 7]), 6017),
    ] {
        let outcome = alice.call("sendMessage", arguments.clone());
        assert_eq!(code(&outcome), expected, "{arguments}");
    }
    let client = alice.client();
    for arguments in ["[]", "[null]", "[{}]", "[7]", "[{\"ID\":\"1-1-1\"}]"] {
        for method in ["sendMessage", "resendMessage"] {
            let client = client.clone();
            let outcome = world.sim.run(async move { client.call(method, arguments).await });
            assert_eq!(outcome.unwrap_err().code.0, 2105, "{method} {arguments}");
        }
    }
    for (options, expected) in [
        (json!([{ "to": "", "conversationType": "C2C", "payload": { "text": "x" } }]), 6017),
        (json!([{ "to": "a b", "conversationType": "C2C", "payload": { "text": "x" } }]), 6017),
        (json!([{ "to": "bob", "conversationType": "X", "payload": { "text": "x" } }]), 2106),
        (json!([{ "to": "bob", "conversationType": "C2C", "payload": { "text": "" } }]), 6017),
        (json!([{ "to": "bob", "conversationType": "C2C" }]), 6017),
        (json!([]), 6017),
    ] {
        let made = alice.create("createTextMessage", options.clone());
        assert_eq!(made.unwrap_err().code.0, expected, "{options}");
    }
    world.pass(100);
    assert_eq!(alice.events(), [""; 0], "bad input changes nothing");
    assert_eq!(world.server(|it| it.times_served("message.send")), 0);
}

#[test]
fn a_body_over_the_limit_stays_here() {
    let world = World::new(30);
    let alice = world.ready("alice");
    world.server(|it| it.account("bob"));
    let room = 12_288 - r#"{"text":""}"#.len();
    assert_eq!(code(&alice.send("bob", &"x".repeat(room))), 0);
    assert_eq!(code(&alice.send("bob", &"x".repeat(room + 1))), 80002);
    let options = json!([{ "to": "bob", "conversationType": "C2C",
        "payload": { "text": "x".repeat(room - 9) }, "cloudCustomData": "0123456789" }]);
    let message = alice.create("createTextMessage", options).unwrap();
    assert_eq!(code(&alice.call("sendMessage", json!([message]))), 80002);
    assert_eq!(world.server(|it| it.times_served("message.send")), 1);
}

#[test]
fn a_refused_message_fails_with_the_servers_code() {
    let world = World::new(31);
    let alice = world.ready("alice");
    assert_eq!(code(&alice.send("nobody", "hi")), 20003);
    assert_eq!(alice.app().status("hi"), Status::Fail);
    assert_eq!(alice.history("C2Cnobody"), ["hi"], "failed messages stay");
}

#[test]
fn an_online_only_message_is_for_the_moment() {
    let world = World::new(32);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    let message = alice.text("bob", "typing");
    let options = json!({ "onlineUserOnly": true });
    assert_eq!(code(&alice.call("sendMessage", json!([message, options]))), 0);
    world.pass(100);
    assert_eq!(alice.events(), [""; 0], "no row");
    let told = alice
        .app()
        .raw
        .borrow()
        .iter()
        .any(|it| matches!(it, Output::Message(view) if view.v.status == Status::Success));
    assert!(told, "the app's object learns of the success");
    assert!(alice.app().messages.borrow().is_empty(), "and is let go");
    assert_eq!(bob.events(), ["online C2Calice: typing"]);
    assert!(bob.app().conversations.borrow().is_empty());
    assert_eq!(bob.history("C2Calice"), [""; 0]);
}

#[test]
fn excluded_messages_are_stored_and_not_shown() {
    let world = World::new(33);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    let send = |text: &str, unread: bool, last: bool| {
        let message = alice.text("bob", text);
        let options = json!({ "messageControlInfo":
            { "excludedFromUnreadCount": unread, "excludedFromLastMessage": last } });
        assert_eq!(code(&alice.call("sendMessage", json!([message, options]))), 0);
        world.pass(200);
        bob.events()
    };
    assert_eq!(send("both", true, true), ["received C2Calice: both"], "makes no row");
    assert_eq!(
        send("quiet", true, false),
        ["received C2Calice: quiet", "list C2Calice(0)"],
        "shown, not counted"
    );
    assert_eq!(bob.app().last("C2Calice"), "quiet");
    assert_eq!(
        send("counted", false, true),
        ["received C2Calice: counted", "list C2Calice(1)", "total 1"],
        "counted, not shown"
    );
    assert_eq!(bob.app().last("C2Calice"), "quiet");
    assert_eq!(alice.app().last("C2Cbob"), "quiet");
    assert_eq!(send("both again", true, true), ["received C2Calice: both again"]);
    assert_eq!(bob.history("C2Calice"), ["both", "quiet", "counted", "both again"]);
    // The same after a fresh start.
    bob.reload();
    bob.login();
    assert_eq!(bob.app().unread("C2Calice"), 1);
    assert_eq!(bob.app().last("C2Calice"), "quiet");
}

#[test]
fn a_message_is_written_when_it_is_answered_or_its_answer_takes_its_time() {
    let world = World::new(43);
    let (alice, _bob) = (world.ready("alice"), world.ready("bob"));
    world.pass(300);
    let written = || alice.disk.messages.take();
    assert_eq!(written(), 0);
    let calls: Vec<_> = (0..5).map(|it| alice.start_send("bob", &it.to_string())).collect();
    world.pass(300);
    assert!(calls.iter().all(Call::is_done));
    assert_eq!(written(), 5, "each once");
    alice.go_offline();
    alice.start_send("bob", "later");
    world.pass(200);
    assert_eq!(written(), 1, "a reload would find it");
    alice.start_send("bob", "last");
    alice.client().flush_soon();
    world.pass(1);
    assert_eq!(written(), 1, "a page that is left writes at once");
    alice.disk.slow_ms.set((500, 500));
    alice.start_send("bob", "while the list is being written");
    world.pass(30);
    assert_eq!(written(), 0);
    alice.client().flush_soon();
    world.pass(1);
    assert_eq!(written(), 1, "also while it is writing");
}

#[test]
fn a_reload_turns_what_was_on_its_way_into_failed_messages() {
    let world = World::new(34);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    assert_eq!(code(&alice.send("bob", "one")), 0);
    lose_answers(&alice, 1, Fate::Vanish);
    alice.start_send("bob", "two");
    alice.go_offline();
    alice.start_send("bob", "three");
    world.pass(300);
    alice.reload();
    alice.go_online();
    alice.login();
    world.pass(300);
    // The server has the second one: the log says so. The third never left and sits behind the
    // newest message that was known then.
    assert_eq!(alice.history("C2Cbob"), ["one", "three", "two"]);
    assert_eq!(alice.app().status("two"), Status::Success);
    assert_eq!(alice.app().status("three"), Status::Fail);
    assert_eq!(code(&alice.resend("three")), 0);
    assert_eq!(alice.history("C2Cbob"), ["one", "two", "three"]);
    world.pass(100);
    assert_eq!(bob.history("C2Calice"), ["one", "two", "three"]);
    assert!(!alice.events().iter().any(|it| it.starts_with("received")));
}

#[test]
fn options_of_the_first_send_hold_for_the_resend_also_after_a_reload() {
    let world = World::new(35);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    assert_eq!(code(&bob.send("alice", "first")), 0);
    world.pass(100);
    alice.go_offline();
    let message = alice.text("bob", "secret");
    let options = json!({ "messageControlInfo":
        { "excludedFromUnreadCount": true, "excludedFromLastMessage": true } });
    alice.start("sendMessage", json!([message, options]));
    world.pass(40_000);
    alice.reload();
    alice.go_online();
    alice.login();
    alice.history("C2Cbob");
    assert_eq!(code(&alice.resend("secret")), 0);
    world.pass(100);
    assert_eq!(bob.history("C2Calice"), ["first", "secret"]);
    assert_eq!(bob.app().last("C2Calice"), "first");
    assert_eq!(bob.app().unread("C2Calice"), 0);
}

#[test]
fn a_long_queue_and_a_burst_keep_to_the_servers_rate() {
    let world = World::new(41);
    world.server(|it| it.send_rate = 100);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    alice.go_offline();
    let mut calls: Vec<_> = (1..=350).map(|it| alice.start_send("bob", &it.to_string())).collect();
    world.pass(20_000);
    alice.go_online();
    world.pass(500);
    // In the middle of it more is said, and the link is lost and found again.
    calls.extend((351..=450).map(|it| alice.start_send("bob", &it.to_string())));
    assert_eq!(code(&alice.call("getMyProfile", json!([]))), 0, "nothing else waits behind sends");
    alice.go_offline();
    world.pass(3_000);
    alice.go_online();
    let begun = world.sim.now_ms();
    while !calls.iter().all(Call::is_done) {
        world.pass(100);
        assert!(world.sim.now_ms() < begun + 20_000);
    }
    assert!(calls.iter().all(|it| it.code() == 0), "none was refused, none was late");
    world.pass(1_000);
    assert_eq!(world.server(|it| it.texts("alice", "bob")), numbers(1, 450));
    assert_eq!(bob.history("C2Calice"), numbers(1, 450));
}
