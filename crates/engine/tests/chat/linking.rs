//! The link to the server: losing it, finding it again, catching up.

use serde_json::json;
use tim_protocol::{call::Method, code::Code};

use crate::support::{Device, Fate, Way, World, code};

fn numbers(from: usize, to: usize) -> Vec<String> {
    (from..=to).map(|it| it.to_string()).collect()
}

fn net(device: &Device) -> Vec<(u64, String)> {
    device.app().timed_events().into_iter().filter(|(_, it)| it.starts_with("net")).collect()
}

#[test]
fn attempts_come_at_once_and_then_ever_more_slowly() {
    let world = World::new(90);
    let alice = world.ready("alice");
    alice.route.attempts.borrow_mut().clear();
    world.listen(false);
    alice.route.cut();
    world.pass(180_000);
    let attempts = alice.route.attempts.borrow().clone();
    let waits: Vec<u64> = attempts.windows(2).map(|it| it[1] - it[0]).collect();
    // An attempt itself takes a moment; the jitter is a fifth.
    for (wait, expected) in waits.iter().zip([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
        assert!((expected * 8 / 10..=expected * 12 / 10 + 20).contains(wait), "{waits:?}");
    }
    assert!(waits.len() >= 7, "{waits:?}");
    let states: Vec<String> = net(&alice).into_iter().map(|(_, it)| it).collect();
    assert_eq!(states[..3], ["net disconnected", "net connecting", "net disconnected"]);
    assert_eq!(alice.client().phase(), tim_engine::gate::Phase::Ready);

    // A hint of the browser: at once.
    world.listen(true);
    let now_ms = world.sim.now_ms();
    alice.wake();
    world.pass(100);
    assert_eq!(alice.route.attempts.borrow().last(), Some(&now_ms));
    assert_eq!(net(&alice).last().unwrap().1, "net connected");

    // And the waiting begins anew.
    alice.route.attempts.borrow_mut().clear();
    world.pass(60_000);
    alice.route.cut();
    let now_ms = world.sim.now_ms();
    world.pass(100);
    assert_eq!(alice.route.attempts.borrow().as_slice(), [now_ms]);
}

#[test]
fn clients_of_a_restarting_server_come_back_scattered() {
    let world = World::new(97);
    let devices: Vec<Device> = (0..12).map(|it| world.ready(&format!("user{it}"))).collect();
    world.pass(60_000);
    let waits_after = |leave: &dyn Fn(&Device)| {
        devices.iter().for_each(|it| it.route.attempts.borrow_mut().clear());
        let begun = world.sim.now_ms();
        devices.iter().for_each(leave);
        world.pass(2_000);
        let waits: Vec<u64> =
            devices.iter().map(|it| it.route.attempts.borrow()[0] - begun).collect();
        assert!(devices.iter().all(|it| net(it).last().unwrap().1 == "net connected"));
        world.pass(60_000);
        waits
    };
    let waits = waits_after(&|it| it.route.restart());
    // The close itself is a moment under way.
    assert!(waits.iter().all(|it| *it <= 520), "{waits:?}");
    let (first, last) = (waits.iter().min().unwrap(), waits.iter().max().unwrap());
    assert!(last - first > 200, "{waits:?}");
    // A link that was merely lost is nobody's plan.
    assert_eq!(waits_after(&|it| it.route.cut()), [0; 12]);
}

#[test]
fn a_lock_that_others_brought_about_does_not_end_a_session() {
    let world = World::new(98);
    let alice = world.ready("alice");
    world.pass(60_000);
    alice.events();
    world.server(|it| {
        it.forget_sessions();
        it.refusals.extend([(Method::Login, Code::TOO_MANY_FAILED_LOGINS); 3]);
    });
    alice.route.cut();
    world.pass(60_000);
    assert_eq!(net(&alice).last().unwrap().1, "net connected");
    assert_eq!(alice.client().phase(), tim_engine::gate::Phase::Ready);
    let fresh = world.device("alice");
    let login = json!([{ "userID": "alice", "userSig": "good" }]);
    world.server(|it| it.refusals.push_back((Method::Login, Code::TOO_MANY_FAILED_LOGINS)));
    assert_eq!(code(&fresh.call("login", login)), 70050, "who waits for it is told");
}

#[test]
fn a_server_that_hangs_up_on_everybody_is_not_hammered() {
    let world = World::new(91);
    let alice = world.ready("alice");
    alice.route.attempts.borrow_mut().clear();
    *alice.route.judge.borrow_mut() = Some(Box::new(|way, kind| {
        if (way, kind) == (Way::Down, "resume") { Fate::ArriveThenCut } else { Fate::Arrive }
    }));
    alice.route.cut();
    world.pass(60_000);
    let attempts = alice.route.attempts.borrow().len();
    assert!(attempts < 10, "{attempts} attempts in a minute");
    *alice.route.judge.borrow_mut() = None;
    world.pass(60_000);
    assert_eq!(net(&alice).last().unwrap().1, "net connected");
}

#[test]
fn a_silent_link_is_given_up_after_a_heartbeat() {
    let world = World::new(92);
    let alice = world.ready("alice");
    world.pass(200_000);
    assert_eq!(net(&alice), [], "a link with a heartbeat stays");
    *alice.route.judge.borrow_mut() =
        Some(Box::new(|_, kind| if kind == "ping" { Fate::Vanish } else { Fate::Arrive }));
    let begun = world.sim.now_ms();
    world.pass(41_000);
    *alice.route.judge.borrow_mut() = None;
    world.pass(1000);
    let states = net(&alice);
    assert!((10_000..41_000).contains(&(states[0].0 - begun)));
    let states: Vec<&str> = states.iter().map(|(_, it)| it.as_str()).collect();
    assert_eq!(states, ["net disconnected", "net connecting", "net connected"]);
}

#[test]
fn everything_missed_in_three_conversations_arrives_once_and_in_order() {
    let world = World::new(93);
    let alice = world.ready("alice");
    let friends = ["bob", "carol", "dave"].map(|it| world.ready(it));
    for friend in &friends {
        assert_eq!(code(&friend.send("alice", "0")), 0);
        world.pass(1000);
    }
    alice.go_offline();
    for text in numbers(1, 400) {
        for friend in &friends {
            friend.start_send("alice", &text);
        }
        world.pass(10);
    }
    world.pass(3000);
    alice.events();
    alice.go_online();
    world.pass(5000);
    let events = alice.events();
    assert_eq!(events[..2], ["net connecting", "net connected"]);
    let received: Vec<&String> = events.iter().filter(|it| it.starts_with("received")).collect();
    let mut heard = std::collections::BTreeMap::<String, Vec<String>>::new();
    for event in &received {
        let (from, texts) = event["received ".len()..].split_once(": ").unwrap();
        heard.entry(from.to_owned()).or_default().extend(texts.split(',').map(ToOwned::to_owned));
    }
    assert_eq!(heard.len(), 3);
    for texts in heard.values() {
        assert_eq!(*texts, numbers(1, 400));
    }
    assert!(received.len() <= 6, "in batches: {}", received.len());
    assert_eq!(events.len(), 2 + received.len() + 2);
    assert!(events[events.len() - 2].starts_with("list "));
    assert_eq!(events[events.len() - 1], "total 1203");
    for name in ["C2Cbob", "C2Ccarol", "C2Cdave"] {
        assert_eq!(alice.history(name), numbers(0, 400));
    }
}

#[test]
fn a_catching_up_that_is_cut_goes_on_where_it_was() {
    let world = World::new(94);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    assert_eq!(code(&bob.send("alice", "0")), 0);
    world.pass(100);
    alice.go_offline();
    for text in numbers(1, 1200) {
        bob.start_send("alice", &text);
    }
    world.server(|it| it.edit("alice", "bob", 1, "edited"));
    world.pass(1000);
    let mut answers = 0;
    *alice.route.judge.borrow_mut() = Some(Box::new(move |way, kind| {
        if (way, kind) != (Way::Down, "message.changes") {
            return Fate::Arrive;
        }
        answers += 1;
        match answers {
            1 => Fate::ArriveThenCut,
            2 => Fate::Cut,
            _ => Fate::Arrive,
        }
    }));
    alice.events();
    alice.go_online();
    world.pass(10_000);
    let mut heard = Vec::new();
    for event in alice.events() {
        if let Some(texts) = event.strip_prefix("received C2Cbob: ") {
            heard.extend(texts.split(',').map(ToOwned::to_owned));
        }
    }
    assert_eq!(heard, numbers(1, 1200));
    assert_eq!(alice.app().unread("C2Cbob"), 1201);
    assert_eq!(alice.app().message("0").m.cloud_custom_data, "edited", "changes come too");
    assert_eq!(alice.history("C2Cbob"), numbers(0, 1200));
}

#[test]
fn a_change_of_an_old_message_is_no_news() {
    let world = World::new(95);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    for text in numbers(1, 3) {
        assert_eq!(code(&bob.send("alice", &text)), 0);
    }
    world.pass(300);
    assert_eq!(alice.history("C2Cbob"), numbers(1, 3));
    // Known from the store only.
    alice.go_offline();
    alice.reload();
    alice.login();
    for text in numbers(4, 6) {
        bob.start_send("alice", &text);
    }
    world.pass(100);
    world.server(|it| it.edit("alice", "bob", 2, "edited"));
    alice.events();
    alice.go_online();
    world.pass(1000);
    let received = alice.events().into_iter().filter(|it| it.starts_with("received"));
    assert_eq!(received.collect::<Vec<_>>(), ["received C2Cbob: 4,5,6"]);
    alice.page("C2Cbob", "", 15);
    assert_eq!(alice.app().message("2").m.cloud_custom_data, "edited");
}

#[test]
fn a_server_that_forgot_the_session_is_logged_in_to_again() {
    let world = World::new(96);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    assert_eq!(code(&bob.send("alice", "1")), 0);
    world.pass(100);
    world.server(super::support::server::Server::forget_sessions);
    alice.go_offline();
    bob.login_again();
    assert_eq!(code(&bob.send("alice", "2")), 0);
    alice.events();
    alice.go_online();
    world.pass(3000);
    let events = alice.events();
    assert!(!events.iter().any(|it| it.starts_with("received")), "{events:?}");
    assert_eq!(events.last().unwrap(), "reload");
    assert!(events[events.len() - 2].starts_with("total"), "{events:?}");
    assert_eq!(alice.app().unread("C2Cbob"), 2);
    assert_eq!(alice.history("C2Cbob"), numbers(1, 2));
    assert_eq!(code(&bob.send("alice", "3")), 0);
    world.pass(100);
    assert_eq!(alice.events(), ["received C2Cbob: 3", "list C2Cbob(3)", "total 3"]);
}

#[test]
fn after_a_week_away_everything_is_read_anew() {
    let world = World::new(97);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    assert_eq!(code(&bob.send("alice", "1")), 0);
    world.pass(100);
    alice.go_offline();
    assert_eq!(code(&bob.send("alice", "2")), 0);
    world.pass(8 * 24 * 3600 * 1000);
    alice.events();
    alice.go_online();
    world.pass(1000);
    let events = alice.events();
    assert_eq!(events[2..], ["list C2Cbob(2)", "total 2", "reload"], "{events:?}");
    assert_eq!(alice.history("C2Cbob"), numbers(1, 2));
}

#[test]
fn a_server_set_back_to_a_backup_is_followed() {
    let world = World::new(98);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    for text in numbers(1, 10) {
        assert_eq!(code(&bob.send("alice", &text)), 0);
    }
    world.pass(300);
    assert_eq!(alice.history("C2Cbob"), numbers(1, 10));
    for device in [&alice, &bob] {
        device.go_offline();
    }
    world.server(|it| it.set_back("alice", "bob", 4));
    for device in [&alice, &bob] {
        device.go_online();
    }
    world.pass(1000);
    alice.events();
    assert_eq!(alice.app().unread("C2Cbob"), 4);
    assert_eq!(alice.app().last("C2Cbob"), "4");
    for text in ["a", "b"] {
        assert_eq!(code(&bob.send("alice", text)), 0);
    }
    world.pass(100);
    assert_eq!(
        alice.events().into_iter().filter(|it| it.starts_with("received")).collect::<Vec<_>>(),
        ["received C2Cbob: a", "received C2Cbob: b"]
    );
    assert_eq!(alice.app().unread("C2Cbob"), 6);
    assert_eq!(alice.history("C2Cbob"), ["1", "2", "3", "4", "a", "b"]);
    alice.reload();
    alice.login();
    assert_eq!(alice.history("C2Cbob"), ["1", "2", "3", "4", "a", "b"]);
}

#[test]
fn a_server_that_lost_everything_is_followed() {
    let world = World::new(99);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    for text in numbers(1, 10) {
        assert_eq!(code(&bob.send("alice", &text)), 0);
    }
    world.pass(300);
    alice.go_offline();
    bob.go_offline();
    world.server(|it| it.set_back("alice", "bob", 0));
    alice.go_online();
    bob.go_online();
    world.pass(1000);
    alice.events();
    assert_eq!(code(&bob.send("alice", "new")), 0);
    world.pass(200);
    assert_eq!(alice.events()[0], "received C2Cbob: new");
    assert_eq!(alice.history("C2Cbob"), ["new"]);
}

#[test]
fn a_refused_catching_up_is_tried_again() {
    let world = World::new(100);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    assert_eq!(code(&bob.send("alice", "1")), 0);
    world.pass(100);
    alice.go_offline();
    assert_eq!(code(&bob.send("alice", "2")), 0);
    world.server(|it| {
        it.refusals.push_back((Method::ListConversations, Code::INTERNAL));
        it.refusals.push_back((Method::ChangedMessages, Code::OVER_FREQUENCY_LIMIT));
    });
    alice.events();
    alice.go_online();
    world.pass(20_000);
    let events = alice.events();
    assert!(events.contains(&"received C2Cbob: 2".to_owned()), "{events:?}");
    assert_eq!(alice.app().unread("C2Cbob"), 2);
}

#[test]
fn nothing_is_held_back_when_the_link_flaps_during_synchronisation() {
    for seed in 0..30 {
        let world = World::new(seed);
        let (alice, bob) = (world.ready("alice"), world.ready("bob"));
        assert_eq!(code(&bob.send("alice", "0")), 0);
        world.pass(100);
        for text in numbers(1, 20) {
            bob.start_send("alice", &text);
            if world.sim.chance(400) {
                alice.route.cut();
            }
            world.pass(world.sim.between(1, 60));
        }
        world.pass(30_000);
        alice.events();
        assert_eq!(code(&bob.send("alice", "21")), 0);
        world.pass(100);
        assert_eq!(
            alice.events(),
            ["received C2Cbob: 21", "list C2Cbob(22)", "total 22"],
            "seed {seed}"
        );
        assert_eq!(alice.history("C2Cbob"), numbers(0, 21), "seed {seed}");
    }
}

#[test]
fn read_marks_of_another_instance_cross_messages() {
    for seed in 0..60 {
        let world = World::new(seed);
        let (phone, tab, bob) = (world.ready("alice"), world.ready("alice"), world.ready("bob"));
        for device in [&phone, &tab, &bob] {
            device.route.latency_ms.set((1, 80));
        }
        let mut sent = 0;
        for _ in 0..20 {
            match world.sim.between(0, 9) {
                0..=5 => {
                    sent += 1;
                    bob.start_send("alice", &sent.to_string());
                }
                6 | 7 => {
                    phone.start("setMessageRead", json!([{ "conversationID": "C2Cbob" }]));
                }
                8 => phone.route.cut(),
                _ => tab.route.cut(),
            }
            world.pass(world.sim.between(1, 60));
        }
        world.pass(10_000);
        let unread = world.server(|it| it.unread("alice", "bob"));
        for device in [&phone, &tab] {
            if sent > 0 {
                assert_eq!(device.app().unread("C2Cbob"), unread, "seed {seed}");
            }
        }
    }
}

#[test]
fn a_conversation_that_began_while_away_is_news() {
    let world = World::new(101);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    alice.go_offline();
    for text in numbers(1, 3) {
        assert_eq!(code(&bob.send("alice", &text)), 0);
    }
    alice.events();
    alice.go_online();
    world.pass(1000);
    assert_eq!(
        alice.events(),
        ["net connecting", "net connected", "received C2Cbob: 1,2,3", "list C2Cbob(3)", "total 3"]
    );
    assert_eq!(alice.history("C2Cbob"), numbers(1, 3));
}

#[test]
fn a_push_that_was_lost_without_a_trace_is_made_good_within_minutes() {
    let world = World::new(110);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    let lose = |way, kind: &str| {
        if (way, kind) == (Way::Down, "message") { Fate::Vanish } else { Fate::Arrive }
    };
    *bob.route.judge.borrow_mut() = Some(Box::new(lose));
    alice.send("bob", "hello?").unwrap();
    world.pass(60_000);
    assert_eq!(bob.app().received_in("C2Calice"), [""; 0]);
    // The link is up all the time: nothing else would have made bob ask.
    world.pass(tim_protocol::limits::RESYNC_MS);
    assert_eq!(bob.app().received_in("C2Calice"), ["hello?"]);
    assert!(bob.events().iter().all(|it| !it.starts_with("net")));
    // With nothing lost the app hears nothing of it.
    world.pass(2 * tim_protocol::limits::RESYNC_MS);
    assert_eq!(bob.events(), [""; 0]);
}

#[test]
fn a_server_that_may_have_lost_pushes_makes_clients_ask() {
    let world = World::new(111);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    let lose = |way, kind: &str| {
        if (way, kind) == (Way::Down, "message") { Fate::Vanish } else { Fate::Arrive }
    };
    *bob.route.judge.borrow_mut() = Some(Box::new(lose));
    for text in ["one", "two"] {
        alice.send("bob", text).unwrap();
    }
    world.pass(1_000);
    assert_eq!(bob.app().received_in("C2Calice"), [""; 0]);
    bob.route.push("resync");
    world.pass(1_000);
    assert_eq!(bob.app().received_in("C2Calice"), ["one", "two"]);
}
