//! Reading back: pages without overlap and without a gap, whatever happens meanwhile.

use serde_json::json;

use crate::support::{Device, Fate, Way, World, code};

fn numbers(from: usize, to: usize) -> Vec<String> {
    (from..=to).map(|it| it.to_string()).collect()
}

/// Fills a conversation from bob's side while alice is away.
fn filled(world: &World, count: usize) -> (Device, Device) {
    let (alice, bob) = (world.device("alice"), world.ready("bob"));
    for text in numbers(1, count) {
        bob.start_send("alice", &text);
    }
    world.pass(1000);
    alice.login();
    world.pass(100);
    alice.events();
    (alice, bob)
}

#[test]
fn pages_go_back_to_the_beginning() {
    let world = World::new(70);
    let (alice, _) = filled(&world, 100);
    let first = alice.page("C2Cbob", "", 15);
    assert_eq!(first.texts, numbers(86, 100));
    assert_eq!(first.next, first.ids[0]);
    assert!(!first.completed);
    assert_eq!(alice.page("C2Cbob", &first.next, 15).texts, numbers(71, 85));
    assert_eq!(alice.history("C2Cbob"), numbers(1, 100));
    assert_eq!(alice.events(), [""; 0], "reading raises nothing");
    assert_eq!(alice.app().unread("C2Cbob"), 100, "and marks nothing read");
    // From the device now.
    let asked = world.server(|it| it.times_served("message.page"));
    assert_eq!(alice.history("C2Cbob"), numbers(1, 100));
    assert_eq!(world.server(|it| it.times_served("message.page")), asked);
}

#[test]
fn what_the_store_has_lost_is_fetched_again() {
    let world = World::new(79);
    let (alice, bob) = filled(&world, 60);
    alice.go_offline();
    alice.start_send("bob", "x");
    world.pass(20_000);
    alice.go_online();
    world.pass(2_000);
    let mut all = numbers(1, 60);
    all.push("x".to_owned());
    assert_eq!(alice.history("C2Cbob"), all);
    let asked = world.server(|it| it.times_served("message.page"));
    alice.reload();
    alice.disk.lost.borrow_mut().push("C2Cbob".parse().unwrap());
    alice.login();
    world.pass(100);
    assert_eq!(alice.history("C2Cbob"), all, "whole, and what only this device has is there");
    assert!(world.server(|it| it.times_served("message.page")) > asked);
    assert!(alice.disk.lost.borrow().is_empty(), "the store was told to forget the rest");
    let asked = world.server(|it| it.times_served("message.page"));
    assert_eq!(code(&bob.send("alice", "61")), 0);
    world.pass(100);
    all.push("61".to_owned());
    assert_eq!(alice.history("C2Cbob"), all);
    assert_eq!(world.server(|it| it.times_served("message.page")), asked, "kept again");
    assert_eq!(alice.events().iter().filter(|it| it.contains("error")).count(), 0);
}

#[test]
fn messages_that_arrive_meanwhile_shift_nothing() {
    let world = World::new(71);
    let (alice, bob) = filled(&world, 60);
    let mut all: Vec<String> = Vec::new();
    let mut cursor = String::new();
    let mut sent = 60;
    loop {
        let page = alice.page("C2Cbob", &cursor, 7);
        all.splice(..0, page.texts);
        if page.completed {
            break;
        }
        assert_eq!(page.ids.len(), 7, "pages are full");
        cursor = page.next;
        for _ in 0..5 {
            sent += 1;
            bob.start_send("alice", &sent.to_string());
        }
        world.pass(40);
    }
    assert_eq!(all, numbers(1, 60));
    assert_eq!(alice.history("C2Cbob"), numbers(1, sent));
}

#[test]
fn failed_messages_keep_their_place_and_count() {
    let world = World::new(72);
    let (alice, bob) = filled(&world, 20);
    alice.go_offline();
    for text in ["x", "y"] {
        alice.start_send("bob", text);
    }
    world.pass(40_000);
    alice.go_online();
    world.pass(1000);
    for text in ["21", "22"] {
        assert_eq!(code(&bob.send("alice", text)), 0);
    }
    world.pass(100);
    let page = alice.page("C2Cbob", "", 5);
    assert_eq!(page.texts, ["20", "x", "y", "21", "22"]);
    assert_eq!(alice.page("C2Cbob", &page.next, 5).texts, numbers(15, 19));
    let page = alice.page("C2Cbob", "", 3);
    assert_eq!(page.texts, ["y", "21", "22"]);
    let page = alice.page("C2Cbob", &page.next, 3);
    assert_eq!(page.texts, ["19", "20", "x"], "a failed message is a cursor like any other");
    let mut expected = numbers(1, 20);
    expected.extend(["x", "y", "21", "22"].map(ToOwned::to_owned));
    assert_eq!(alice.history("C2Cbob"), expected);
    alice.reload();
    alice.login();
    assert_eq!(alice.history("C2Cbob"), expected);
}

#[test]
fn failed_messages_of_several_pages_of_an_app_all_have_their_place() {
    let world = World::new(84);
    let alice = world.ready("alice");
    world.server(|it| it.account("bob"));
    alice.go_offline();
    for round in 0..4 {
        for text in numbers(round * 5 + 1, round * 5 + 5) {
            alice.start_send("bob", &text);
        }
        world.pass(300);
        alice.reload();
        alice.login();
    }
    for count in [1, 3, 7, 15] {
        let mut all: Vec<String> = Vec::new();
        let mut page = alice.page("C2Cbob", "", count);
        while !page.texts.is_empty() {
            all.splice(..0, page.texts);
            page = match alice.try_page("C2Cbob", &page.next, count) {
                Ok(older) if !page.completed => older,
                // The device does not know whether there is more.
                _ => break,
            };
        }
        assert_eq!(all, numbers(1, 20), "by {count}");
    }
}

#[test]
fn odd_questions_get_odd_but_clear_answers() {
    let world = World::new(73);
    let (alice, bob) = filled(&world, 20);
    world.server(|it| it.account("carol"));
    let refused =
        |options: serde_json::Value| code(&alice.call("getMessageList", json!([options])));
    for conversation in ["C2Ccarol", "C2Cnobody"] {
        let page = alice.page(conversation, "", 15);
        assert_eq!((page.texts.len(), page.next.as_str(), page.completed), (0, "", true));
    }
    assert_eq!(refused(json!({})), 6017);
    assert_eq!(refused(json!({ "conversationID": "nonsense" })), 6017);
    for count in [json!(0), json!(-1), json!(1.5), json!("15"), json!(null)] {
        assert_eq!(refused(json!({ "conversationID": "C2Cbob", "count": count })), 6017, "{count}");
    }
    assert_eq!(alice.page("C2Cbob", "", 1000).texts, numbers(6, 20), "above 15 acts as 15");
    let default = alice.call("getMessageList", json!([{ "conversationID": "C2Cbob" }])).unwrap();
    assert_eq!(alice.messages(&default).texts, numbers(6, 20));
    for cursor in [json!(7), json!("nonsense"), json!("1-1-1")] {
        let options = json!({ "conversationID": "C2Cbob", "nextReqMessageID": cursor });
        assert_eq!(refused(options), 6017, "{cursor}");
    }
    // A cursor of another conversation, known here or not.
    assert_eq!(code(&bob.send("carol", "private")), 0);
    assert_eq!(code(&alice.send("carol", "other")), 0);
    let other = alice.page("C2Ccarol", "", 15).ids[0].clone();
    assert_eq!(refused(json!({ "conversationID": "C2Cbob", "nextReqMessageID": other })), 6017);
    let foreign = bob.page("C2Ccarol", "", 15).ids[0].clone();
    assert_eq!(refused(json!({ "conversationID": "C2Cbob", "nextReqMessageID": foreign })), 6017);
}

#[test]
fn a_cursor_the_device_does_not_know_is_asked_for() {
    let world = World::new(74);
    let (alice, bob) = filled(&world, 60);
    let middle = bob.page("C2Calice", &bob.page("C2Calice", "", 15).next, 15).next;
    assert_eq!(alice.page("C2Cbob", &middle, 10).texts, numbers(21, 30));
    assert_eq!(alice.history("C2Cbob"), numbers(1, 60));
}

#[test]
fn an_exactly_full_page_may_be_the_last() {
    let world = World::new(75);
    let (alice, _) = filled(&world, 30);
    let first = alice.page("C2Cbob", "", 15);
    let second = alice.page("C2Cbob", &first.next, 15);
    assert_eq!(second.texts, numbers(1, 15));
    assert!(second.completed);
    assert_eq!(second.next, "");
}

#[test]
fn concurrent_calls_share_one_request() {
    let world = World::new(76);
    let (alice, _) = filled(&world, 60);
    let options = json!([{ "conversationID": "C2Cbob" }]);
    let calls: Vec<_> = (0..5).map(|_| alice.start("getMessageList", options.clone())).collect();
    world.pass(200);
    for call in &calls {
        let data = call.outcome().unwrap().unwrap();
        assert_eq!(alice.messages(&data).texts, numbers(46, 60));
    }
    assert_eq!(world.server(|it| it.times_served("message.page")), 1);
}

#[test]
fn different_pages_read_at_once_are_all_whole() {
    for seed in 0..20 {
        let world = World::new(seed);
        let (alice, _) = filled(&world, 80);
        alice.disk.slow_ms.set((0, 40));
        alice.route.latency_ms.set((1, 20));
        let mut last = alice.page("C2Cbob", "", 15);
        while last.texts[0] != "41" {
            last = alice.page("C2Cbob", &last.next, 5);
        }
        // Five more are here, and one fetch brings the rest.
        let calls: Vec<_> = [3, 9, 15, 15, 9, 3]
            .into_iter()
            .map(|count| {
                let options = json!([{ "conversationID": "C2Cbob",
                    "nextReqMessageID": last.next, "count": count }]);
                world.pass(world.sim.between(0, 20));
                (count, alice.start("getMessageList", options))
            })
            .collect();
        world.pass(5000);
        for (count, call) in calls {
            let page = alice.messages(&call.outcome().unwrap().unwrap());
            assert_eq!(page.texts, numbers(41 - count, 40), "seed {seed}");
        }
    }
}

#[test]
fn without_a_link_pages_come_from_the_device() {
    let world = World::new(77);
    let (alice, bob) = filled(&world, 100);
    let first = alice.page("C2Cbob", "", 15);
    alice.go_offline();
    let mut texts = alice.page("C2Cbob", "", 15).texts;
    assert_eq!(texts, numbers(86, 100));
    // One fetch brought three pages; below them the device has nothing and asks in vain.
    let second = alice.page("C2Cbob", &first.next, 15);
    let third = alice.page("C2Cbob", &second.next, 15);
    assert_eq!(third.texts, numbers(56, 70));
    assert!(!third.completed, "older ones are on the server");
    texts.splice(..0, third.texts);
    let begun = world.sim.now_ms();
    let outcome = alice.try_page("C2Cbob", &third.next, 15);
    assert_eq!(outcome.unwrap_err().code.0, 2805);
    assert!(world.sim.now_ms() - begun < 17_000);
    assert_eq!(alice.try_page("C2Ccarol", "", 15).unwrap_err().code.0, 2805);

    // A reload without a network: the same from the store.
    alice.reload();
    alice.login();
    assert_eq!(alice.page("C2Cbob", "", 15).texts, numbers(86, 100));
    let loaded = alice.page("C2Cbob", &first.next, 15);
    assert_eq!(loaded.texts, numbers(71, 85));
    assert_eq!(code(&bob.send("alice", "101")), 0);
    alice.go_online();
    world.pass(1000);
    assert_eq!(alice.history("C2Cbob"), numbers(1, 101));
}

#[test]
fn a_beginning_once_seen_is_known_without_a_link() {
    let world = World::new(78);
    let (alice, _) = filled(&world, 20);
    assert_eq!(alice.history("C2Cbob"), numbers(1, 20));
    world.pass(300);
    alice.go_offline();
    alice.reload();
    alice.login();
    assert_eq!(alice.history("C2Cbob"), numbers(1, 20));
}

#[test]
fn what_was_missed_is_read_in_place_after_a_long_absence() {
    let world = World::new(79);
    let (alice, bob) = filled(&world, 30);
    alice.history("C2Cbob");
    world.pass(300);
    alice.reload();
    for text in numbers(31, 800) {
        bob.start_send("alice", &text);
    }
    world.pass(2000);
    alice.login();
    world.pass(2000);
    assert_eq!(alice.app().unread("C2Cbob"), 800);
    assert_eq!(alice.history("C2Cbob"), numbers(1, 800));
}

#[test]
fn pages_below_what_stays_in_memory_still_have_their_objects() {
    let world = World::new(80);
    let (alice, bob) = filled(&world, 5_200);
    let all = alice.history("C2Cbob");
    assert_eq!(all, numbers(1, 5_200));
    world.pass(1);
    assert_eq!(alice.app().messages.borrow().len(), 5_000);
    assert_eq!(code(&bob.send("alice", "5201")), 0);
    world.pass(100);
    assert_eq!(alice.page("C2Cbob", "", 15).texts, numbers(5_187, 5_201));
}

/// A page of `getMessageListHopping`: texts, whether completed, the next start.
fn hop(device: &Device, time: Option<u64>, direction: u8, count: u32) -> (Vec<String>, bool, u64) {
    let options = json!([{ "conversationID": "C2Cbob", "time": time, "direction": direction,
        "count": count }]);
    let options = match time {
        Some(_) => options,
        None => json!([{ "conversationID": "C2Cbob", "direction": direction, "count": count }]),
    };
    let data = device.call("getMessageListHopping", options).unwrap();
    assert_eq!(data["nextMessageSeq"], 0);
    let page = device.messages(&data);
    (page.texts, page.completed, data["nextMessageTime"].as_u64().unwrap())
}

#[test]
fn hopping_reaches_every_message_of_a_second() {
    let world = World::new(81);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    // 1 2 | 3 … 32 in one second | 33 34 35, one a second
    let mut number = 0;
    let mut send = |count: usize| {
        for _ in 0..count {
            number += 1;
            bob.start_send("alice", &number.to_string());
        }
        world.pass(1000);
    };
    world.pass(1000 - world.sim.now_ms() % 1000);
    [1, 1, 30, 1, 1, 1].into_iter().for_each(&mut send);
    let start = alice.app().message("33").m.time;

    let (texts, completed, next) = hop(&alice, Some(start), 1, 2);
    assert_eq!((texts, completed), (vec!["33".to_owned(), "34".to_owned()], false));
    assert_eq!(next, start + 1, "the boundary second again");
    let (texts, completed, next) = hop(&alice, Some(start), 0, 2);
    assert_eq!(
        (texts, completed, next),
        (vec!["32".to_owned(), "33".to_owned()], false, start - 1)
    );
    let (texts, completed, next) = hop(&alice, Some(next), 0, 5);
    assert_eq!((texts, completed), (numbers(3, 32), false), "a whole second");
    let (texts, completed, next) = hop(&alice, Some(next), 0, 5);
    assert_eq!((texts, completed, next), (numbers(1, 2), true, 0));
    let (texts, completed, _) = hop(&alice, None, 0, 15);
    assert_eq!((texts.last().unwrap().as_str(), completed), ("35", false));
    assert_eq!(hop(&alice, Some(start + 100), 1, 15), (vec![], true, 0));

    for (options, expected) in [
        (json!({ "conversationID": "@TIM#SYSTEM" }), 2502),
        (json!({ "conversationID": "C2Cbob", "direction": 2 }), 6017),
        (json!({ "conversationID": "C2Cbob", "count": 0 }), 6017),
        (json!({ "conversationID": "GROUPg", "direction": 1 }), 6017),
        (json!({}), 6017),
    ] {
        let outcome = alice.call("getMessageListHopping", json!([options.clone()]));
        assert_eq!(code(&outcome), expected, "{options}");
    }
    // What was hopped to does not disturb the paging.
    assert_eq!(alice.history("C2Cbob"), numbers(1, 35));
    alice.go_offline();
    let (texts, ..) = hop(&alice, Some(start), 1, 2);
    assert_eq!(texts, ["33", "34"]);
    let (texts, ..) = hop(&alice, Some(start), 0, 2);
    assert_eq!(texts, ["32", "33"]);
}

#[test]
fn a_hop_far_back_leaves_no_hole_in_the_paging() {
    let world = World::new(82);
    let (alice, bob) = (world.device("alice"), world.ready("bob"));
    for text in numbers(1, 120) {
        bob.start_send("alice", &text);
        world.pass(1000);
    }
    let time = bob.app().message("20").m.time;
    alice.login();
    assert_eq!(hop(&alice, Some(time), 0, 10).0, numbers(11, 20));
    assert_eq!(hop(&alice, Some(time), 1, 10).0, numbers(20, 29));
    assert_eq!(alice.history("C2Cbob"), numbers(1, 120));
}

#[test]
fn a_page_asked_for_while_the_answer_is_lost_ends_with_what_is_here() {
    let world = World::new(83);
    let (alice, _) = filled(&world, 100);
    let first = alice.page("C2Cbob", "", 15);
    let third = alice.page("C2Cbob", &alice.page("C2Cbob", &first.next, 15).next, 10);
    *alice.route.judge.borrow_mut() = Some(Box::new(|way, kind| {
        if (way, kind) == (Way::Down, "message.page") { Fate::Vanish } else { Fate::Arrive }
    }));
    // Five of the fifteen are here.
    let short = alice.page("C2Cbob", &third.next, 15);
    assert_eq!(short.texts, numbers(56, 60));
    assert!(!short.completed);
    assert_eq!(alice.try_page("C2Cbob", &short.next, 15).unwrap_err().code.0, 2801);
    *alice.route.judge.borrow_mut() = None;
    assert_eq!(alice.page("C2Cbob", &short.next, 15).texts, numbers(41, 55));
}
