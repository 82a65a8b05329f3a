//! What arrives from elsewhere: messages, unread counts, read marks, profiles.

use serde_json::json;

use crate::support::{Fate, Way, World, code};

fn read(device: &crate::support::Device, conversation: &str) -> u32 {
    code(&device.call("setMessageRead", json!([{ "conversationID": conversation }])))
}

#[test]
fn unread_messages_are_counted_until_they_are_read() {
    let world = World::new(40);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    let tab = world.ready("bob");
    for text in ["1", "2", "3"] {
        assert_eq!(code(&alice.send("bob", text)), 0);
    }
    assert_eq!(code(&tab.send("alice", "mine")), 0);
    world.pass(200);
    for it in [&bob, &tab] {
        assert_eq!(it.app().unread("C2Calice"), 3);
        assert_eq!(it.client().total_unread(), 3);
        it.events();
    }
    alice.events();
    assert!(!bob.app().message("1").v.is_read);
    assert_eq!(read(&bob, "C2Calice"), 0);
    assert!(bob.app().message("1").v.is_read);
    assert_eq!(bob.events(), ["list C2Calice(0)", "total 0"]);
    world.pass(200);
    assert_eq!(tab.events(), ["list C2Calice(0)", "total 0"]);
    assert!(tab.app().message("3").v.is_read);
    assert_eq!(alice.events(), ["peer read: 1,2,3", "list C2Cbob(1)"]);
    assert!(alice.app().message("2").v.is_peer_read);
    let row = alice.app().conversations.borrow()[&"C2Cbob".parse().unwrap()].clone();
    assert!(!row.last_message.is_peer_read, "the last one is bob's");
    assert!(row.peer_read_time > 0);

    // Repeats are quiet and cost nothing.
    let asked = world.server(|it| it.times_served("conversation.read"));
    assert_eq!(read(&bob, "C2Calice"), 0);
    assert_eq!(read(&bob, "C2Cnobody"), 0);
    assert_eq!(read(&bob, "nonsense"), 6017);
    world.pass(200);
    assert_eq!((bob.events(), tab.events(), alice.events()), Default::default());
    assert_eq!(world.server(|it| it.times_served("conversation.read")), asked);
}

#[test]
fn a_read_mark_that_could_not_be_told_is_told_later() {
    let world = World::new(41);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    assert_eq!(code(&alice.send("bob", "hi")), 0);
    world.pass(100);
    bob.go_offline();
    assert_eq!(read(&bob, "C2Calice"), 2805);
    assert_eq!(bob.app().unread("C2Calice"), 0, "the zero stays");
    alice.events();
    bob.go_online();
    world.pass(1000);
    assert_eq!(bob.app().unread("C2Calice"), 0);
    assert_eq!(alice.events(), ["peer read: hi", "list C2Cbob(0)"]);

    // Also when the page was gone in between.
    assert_eq!(code(&alice.send("bob", "again")), 0);
    world.pass(100);
    bob.go_offline();
    bob.start("setMessageRead", json!([{ "conversationID": "C2Calice" }]));
    world.pass(300);
    bob.reload();
    bob.go_online();
    alice.events();
    bob.login();
    world.pass(1000);
    assert_eq!(bob.app().unread("C2Calice"), 0);
    assert_eq!(alice.events(), ["peer read: again", "list C2Cbob(0)"]);

    // And by the next call after the server refused once.
    assert_eq!(code(&alice.send("bob", "once more")), 0);
    world.pass(100);
    world.server(|it| {
        it.refusals.push_back((
            tim_protocol::call::Method::ReadConversation,
            tim_protocol::code::Code::INTERNAL,
        ));
    });
    assert_eq!(read(&bob, "C2Calice"), 70500);
    alice.events();
    assert_eq!(read(&bob, "C2Calice"), 0);
    world.pass(100);
    assert_eq!(alice.events(), ["peer read: once more", "list C2Cbob(0)"]);
}

#[test]
fn messages_that_come_after_an_untold_read_mark_are_unread() {
    let world = World::new(42);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    for text in ["1", "2"] {
        assert_eq!(code(&alice.send("bob", text)), 0);
    }
    world.pass(100);
    bob.go_offline();
    bob.start("setMessageRead", json!([{ "conversationID": "C2Calice" }]));
    assert_eq!(code(&alice.send("bob", "3")), 0);
    world.pass(20_000);
    bob.go_online();
    world.pass(1000);
    assert_eq!(bob.app().unread("C2Calice"), 1);
    assert!(bob.app().message("2").v.is_read);
    assert!(!bob.app().message("3").v.is_read);
}

#[test]
fn a_list_that_crosses_a_push_does_not_forget_the_message() {
    let world = World::new(43);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    for text in ["1", "2"] {
        assert_eq!(code(&alice.send("bob", text)), 0);
    }
    world.pass(100);
    bob.events();
    // After the reconnect the list is read before, and told after, the next message.
    *bob.route.judge.borrow_mut() = Some(Box::new(|way, kind| {
        if (way, kind) == (Way::Down, "conversation.list") { Fate::Late(200) } else { Fate::Arrive }
    }));
    bob.route.cut();
    world.pass(100);
    assert_eq!(code(&alice.send("bob", "3")), 0);
    world.pass(1000);
    assert_eq!(bob.app().unread("C2Calice"), 3);
    assert_eq!(bob.client().total_unread(), 3);
    let received = bob.events().into_iter().filter(|it| it.starts_with("received"));
    assert_eq!(received.collect::<Vec<_>>(), ["received C2Calice: 3"]);
    assert_eq!(bob.history("C2Calice"), ["1", "2", "3"]);
    let pages = world.server(|it| it.times_served("message.page"));
    bob.history("C2Calice");
    assert_eq!(world.server(|it| it.times_served("message.page")), pages, "still held");
}

#[test]
fn pushes_out_of_order_twice_or_not_at_all_come_through_once_in_order() {
    let world = World::new(44);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    let mut count = 0;
    *bob.route.judge.borrow_mut() = Some(Box::new(move |way, kind| {
        if (way, kind) != (Way::Down, "message") {
            return Fate::Arrive;
        }
        count += 1;
        match count % 4 {
            1 => Fate::Late(30),
            2 => Fate::Vanish,
            _ => Fate::Arrive,
        }
    }));
    let texts: Vec<String> = (1..=20).map(|it| it.to_string()).collect();
    for text in &texts {
        alice.start_send("bob", text);
        world.pass(7);
    }
    world.pass(1000);
    let received = bob
        .events()
        .into_iter()
        .filter_map(|it| it.strip_prefix("received C2Calice: ").map(ToOwned::to_owned));
    assert_eq!(received.collect::<Vec<_>>().join(","), texts.join(","));
    assert_eq!(bob.app().unread("C2Calice"), 20);
    assert_eq!(bob.history("C2Calice"), texts);
}

#[test]
fn a_burst_of_pushes_makes_few_list_events() {
    let world = World::new(45);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    for text in 0..200 {
        alice.start_send("bob", &text.to_string());
        world.pass(2);
    }
    world.pass(100);
    let events = bob.app().timed_events();
    let lists: Vec<u64> =
        events.iter().filter(|(_, it)| it.starts_with("list")).map(|(at, _)| *at).collect();
    assert!(lists.len() >= 7, "{}", lists.len());
    for pair in lists.windows(2) {
        assert!(pair[1] - pair[0] >= 50, "{pair:?}");
    }
    assert_eq!(events.last().unwrap().1, "total 200");
    let received = events.iter().filter(|(_, it)| it.starts_with("received")).count();
    assert!(received > 100, "messages do not wait for the list");
}

#[test]
fn read_marks_while_away_are_told_after_the_reconnect() {
    let world = World::new(46);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    for text in ["1", "2"] {
        assert_eq!(code(&alice.send("bob", text)), 0);
    }
    world.pass(100);
    alice.go_offline();
    assert_eq!(read(&bob, "C2Calice"), 0);
    assert_eq!(code(&bob.send("alice", "3")), 0);
    world.pass(100);
    alice.events();
    alice.go_online();
    world.pass(1000);
    assert_eq!(
        alice.events(),
        [
            "net connecting",
            "net connected",
            "received C2Cbob: 3",
            "peer read: 1,2",
            "list C2Cbob(1)",
            "total 1"
        ]
    );
}

#[test]
fn profiles_change_here_and_on_the_other_instance() {
    let world = World::new(47);
    let (alice, tab) = (world.ready("alice"), world.ready("alice"));
    let bob = world.ready("bob");
    let profile = alice.call("updateMyProfile", json!([{ "nick": "Ann" }])).unwrap();
    assert_eq!(profile, json!({ "$p": "alice" }));
    assert_eq!(alice.events(), ["profile Ann"]);
    world.pass(100);
    assert_eq!(tab.events(), ["profile Ann"]);
    assert_eq!(code(&alice.call("updateMyProfile", json!([{ "nick": "Ann" }]))), 0);
    world.pass(100);
    assert_eq!((alice.events(), tab.events()), Default::default(), "nothing new");
    for (options, expected) in [
        (json!([]), 6017),
        (json!([{}]), 2721),
        (json!([{ "nickname": "x" }]), 2721),
        (json!([{ "nick": 7 }]), 2721),
        (json!([{ "nick": "x".repeat(501) }]), 2721),
        (json!([{ "profileCustomField": [] }]), 2722),
        (json!([{ "profileCustomField": {} }]), 6017),
    ] {
        assert_eq!(code(&alice.call("updateMyProfile", options.clone())), expected, "{options}");
    }
    // A message carries its sender's nick.
    assert_eq!(code(&alice.send("bob", "hi")), 0);
    world.pass(100);
    let row = bob.app().conversations.borrow()[&"C2Calice".parse().unwrap()].clone();
    assert_eq!(row.user_profile.unwrap().nick, "Ann");
    assert_eq!(bob.app().message("hi").m.nick, "Ann");

    let list = json!([{ "userIDList": ["alice", "nobody", "alice", "no one"] }]);
    let profiles = bob.call("getUserProfile", list.clone()).unwrap();
    assert_eq!(profiles, json!([{ "$p": "alice" }, { "$p": "alice" }]));
    bob.go_offline();
    assert_eq!(code(&bob.call("getUserProfile", json!([{ "userIDList": ["alice"] }]))), 0);
    assert_eq!(code(&bob.call("getUserProfile", list)), 2805);
}

#[test]
fn messages_of_a_peer_are_shown_with_its_newest_nick() {
    let world = World::new(50);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    let name = |nick: &str| json!([{ "nick": nick }]);
    let nick_of = |device: &crate::support::Device, text| device.app().message(text).m.nick.clone();
    assert_eq!(code(&alice.call("updateMyProfile", name("Ann"))), 0);
    assert_eq!(code(&alice.send("bob", "first")), 0);
    assert_eq!(code(&bob.send("alice", "mine")), 0);
    world.pass(100);
    assert_eq!(nick_of(&bob, "first"), "Ann");
    // With the next message.
    assert_eq!(code(&alice.call("updateMyProfile", name("Annie"))), 0);
    assert_eq!(code(&alice.send("bob", "second")), 0);
    world.pass(100);
    assert_eq!((nick_of(&bob, "first"), nick_of(&bob, "mine")), ("Annie".into(), "".into()));
    assert_eq!(nick_of(&alice, "first"), "Ann", "one's own keep those of their time");
    // With a profile.
    assert_eq!(code(&alice.call("updateMyProfile", name("Anna"))), 0);
    bob.call("getUserProfile", json!([{ "userIDList": ["alice"] }])).unwrap();
    assert_eq!(nick_of(&bob, "second"), "Anna");
    // What was missed is older than the profile that the list brings.
    bob.go_offline();
    assert_eq!(code(&alice.send("bob", "third")), 0);
    assert_eq!(code(&alice.call("updateMyProfile", name("Anne"))), 0);
    bob.go_online();
    world.pass(1000);
    let shown =
        |bob: &crate::support::Device| ["first", "second", "third"].map(|it| nick_of(bob, it));
    assert_eq!(shown(&bob), ["Anne", "Anne", "Anne"]);
    // And from the device.
    bob.reload();
    bob.login();
    assert_eq!(bob.history("C2Calice"), ["first", "mine", "second", "third"]);
    assert_eq!(shown(&bob), ["Anne", "Anne", "Anne"]);
}

#[test]
fn a_change_while_away_is_told_when_back() {
    let world = World::new(48);
    let (alice, tab) = (world.ready("alice"), world.ready("alice"));
    tab.go_offline();
    assert_eq!(code(&alice.call("updateMyProfile", json!([{ "nick": "Ann" }]))), 0);
    world.pass(100);
    tab.events();
    tab.go_online();
    world.pass(1000);
    assert_eq!(tab.events(), ["net connecting", "net connected", "profile Ann"]);
}

#[test]
fn conversations_can_be_asked_for() {
    let world = World::new(49);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    assert_eq!(code(&bob.send("alice", "hi")), 0);
    world.pass(100);
    world.server(|it| it.account("carol"));
    alice.events();
    let asked = alice.call("getConversationProfile", json!(["C2Ccarol"])).unwrap();
    assert_eq!(asked, json!({ "conversation": { "$c": "C2Ccarol" } }));
    world.pass(100);
    assert_eq!(alice.events(), ["list C2Cbob(1) C2Ccarol(0)"]);
    assert_eq!(code(&alice.call("getConversationProfile", json!(["C2Cnobody"]))), 2501);
    assert_eq!(code(&alice.call("getConversationProfile", json!(["nonsense"]))), 6017);
    let list = |argument| alice.call("getConversationList", argument).map(|it| it.to_string());
    assert_eq!(
        list(json!([])).unwrap(),
        r#"{"conversationList":[{"$c":"C2Cbob"},{"$c":"C2Ccarol"}],"isSyncCompleted":true}"#
    );
    assert_eq!(
        list(json!([["C2Ccarol", "C2Cnobody", "C2Ccarol"]])).unwrap(),
        r#"{"conversationList":[{"$c":"C2Ccarol"}],"isSyncCompleted":true}"#
    );
    assert_eq!(list(json!([7])).unwrap_err().code.0, 6017);
}
