//! The end of a session: logout, destroy, being kicked out.

use serde_json::json;
use tim_engine::output::Status;

use crate::support::{Fate, Way, World, code};

#[test]
fn a_logout_fails_what_is_pending_and_is_silent_afterwards() {
    let world = World::new(60);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    assert_eq!(code(&alice.send("bob", "before")), 0);
    alice.events();
    alice.go_offline();
    let sending = alice.start_send("bob", "hi");
    let asking = alice.start("getUserProfile", json!([{ "userIDList": ["zoe"] }]));
    world.pass(100);
    alice.events();
    let out = alice.start("logout", json!([]));
    assert_eq!((sending.code(), asking.code()), (2024, 2024));
    world.pass(5000);
    assert_eq!(out.code(), 0);
    let events = alice.events();
    assert_eq!(events.last().unwrap(), "not ready", "{events:?}");
    alice.go_online();
    assert_eq!(code(&bob.send("alice", "anyone?")), 0);
    world.pass(120_000);
    assert_eq!(alice.events(), [""; 0]);
    assert_eq!(alice.disk.open.get(), 0);

    alice.login();
    world.pass(100);
    assert_eq!(alice.history("C2Cbob"), ["before", "hi", "anyone?"]);
    assert_eq!(alice.app().status("hi"), Status::Fail);
    let events = alice.events();
    assert!(!events.iter().any(|it| it.starts_with("received")), "{events:?}");
    assert_eq!(alice.app().unread("C2Cbob"), 1);
}

#[test]
fn a_logout_tells_the_server_but_does_not_depend_on_it() {
    let world = World::new(61);
    let alice = world.ready("alice");
    assert_eq!(code(&alice.call("logout", json!([]))), 0);
    assert_eq!(world.server(|it| it.times_served("logout")), 1);
    assert_eq!(alice.events(), ["not ready"]);
    alice.login();
    alice.events();
    *alice.route.judge.borrow_mut() =
        Some(Box::new(|_, kind| if kind == "logout" { Fate::Vanish } else { Fate::Arrive }));
    let begun = world.sim.now_ms();
    assert_eq!(code(&alice.call("logout", json!([]))), 0);
    assert!((3000..3010).contains(&(world.sim.now_ms() - begun)));
    assert_eq!(alice.events(), ["not ready"]);
}

#[test]
fn a_kicked_instance_learns_it_and_falls_silent() {
    let world = World::new(62);
    world.server(|it| it.max_instances = 1);
    let (old, bob) = (world.ready("alice"), world.ready("bob"));
    *old.route.judge.borrow_mut() = Some(Box::new(|way, kind| {
        if (way, kind) == (Way::Up, "message.send") { Fate::Vanish } else { Fate::Arrive }
    }));
    let sending = old.start_send("bob", "hi");
    world.pass(100);
    old.events();
    let new = world.ready("alice");
    assert_eq!(old.events(), ["kicked MultipleAccount", "not ready"]);
    assert_eq!(sending.code(), 2024);
    assert_eq!(code(&bob.send("alice", "who is there?")), 0);
    world.pass(120_000);
    assert_eq!(old.events(), [""; 0]);
    assert_eq!(old.disk.open.get(), 0);
    assert_eq!(new.app().unread("C2Cbob"), 1);
    assert_eq!(code(&old.call("getMyProfile", json!([]))), 2024);
    // Coming back kicks the other one.
    *old.route.judge.borrow_mut() = None;
    new.events();
    old.events();
    old.login();
    world.pass(100);
    assert_eq!(new.events(), ["kicked MultipleAccount", "not ready"]);
    assert_eq!(old.history("C2Cbob"), ["hi", "who is there?"]);
    assert_eq!(old.app().status("hi"), Status::Fail);
}

#[test]
fn who_was_kicked_while_away_learns_it_when_back() {
    let world = World::new(63);
    world.server(|it| it.max_instances = 1);
    let old = world.ready("alice");
    old.go_offline();
    let _new = world.ready("alice");
    old.events();
    old.go_online();
    world.pass(1000);
    assert_eq!(old.events(), ["net connecting", "kicked MultipleAccount", "not ready"]);
    world.pass(120_000);
    assert_eq!(old.events(), [""; 0]);
}

#[test]
fn destroy_works_in_every_state_and_once() {
    for state in ["idle", "logging in", "syncing", "ready"] {
        let world = World::new(64);
        let alice = world.device("alice");
        let login = (state != "idle").then(|| alice.start_login());
        match state {
            "syncing" => {
                while !login.as_ref().unwrap().is_done() {
                    world.pass(1);
                }
            }
            "ready" => alice.wait_until_ready(),
            _ => {}
        }
        alice.events();
        assert_eq!(code(&alice.call("destroy", json!([]))), 0, "{state}");
        let events = alice.events();
        let ended: &[&str] = if matches!(state, "syncing" | "ready") {
            &["not ready", "destroyed"]
        } else {
            &["destroyed"]
        };
        assert_eq!(events, ended, "{state}");
        world.pass(60_000);
        if let Some(login) = login.filter(|_| state == "logging in") {
            assert_eq!(login.code(), 2024);
        }
        assert_eq!(code(&alice.call("destroy", json!([]))), 0);
        let again = alice.call("login", json!([{ "userID": "alice", "userSig": "good" }]));
        assert_eq!(code(&again), 2024);
        world.pass(60_000);
        assert_eq!(alice.events(), [""; 0], "{state}");
        assert_eq!(alice.disk.open.get(), 0, "{state}");
    }
}

#[test]
fn another_user_of_the_same_page_sees_nothing_of_the_first() {
    let world = World::new(65);
    let (alice, bob) = (world.ready("alice"), world.ready("bob"));
    assert_eq!(code(&bob.send("alice", "for alice")), 0);
    world.pass(100);
    assert_eq!(code(&alice.call("logout", json!([]))), 0);
    alice.events();
    let outcome = alice.call("login", json!([{ "userID": "carol", "userSig": "good" }]));
    assert_eq!(code(&outcome), 0);
    alice.wait_until_ready();
    assert_eq!(alice.client().login_user(), "carol");
}
