//! The engine against the server, over a real socket and a real database: the whole chat without a
//! browser.

mod support;

use std::{cell::Cell, rc::Rc, time::Duration};

use futures::future::join_all;
use serde_json::json;
use support::{APP, Server, app, key, user_sig};
use tim_load::driver::{Address, Device, device};
use tim_protocol::usersig::{SecretKey, sign};
use tim_server::{config::App, service::now_s};
use tokio::task::LocalSet;

/// An app without the usual brake on sends.
fn fast() -> App {
    App { c2c_send_rate_per_second: 1_000_000, ..app() }
}

fn numbers(from: usize, to: usize) -> Vec<String> {
    (from..=to).map(|it| it.to_string()).collect()
}

fn address(server: &Server) -> Address {
    Rc::new(Cell::new(server.address))
}

async fn ready(server: &Server, user: &str) -> Device {
    let device = device(&address(server), APP, user);
    device.login(&user_sig(user)).await;
    device
}

/// Sends 400 numbered messages, one every five milliseconds; answers what became of them.
async fn traffic(from: &Device, to: &'static str, mark: &str) -> Vec<u32> {
    let mut calls = Vec::new();
    for number in numbers(1, 400) {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let (from, text) = (from.clone(), format!("{mark}{number}"));
        // Tasks begin in the order in which they were spawned: so do the calls.
        calls.push(tokio::task::spawn_local(async move { from.send(to, &text).await }));
    }
    join_all(calls).await.into_iter().map(Result::unwrap).collect()
}

/// Runs a test on one thread.
async fn alone(test: impl Future<Output = ()>) {
    LocalSet::new().run_until(test).await;
}

#[tokio::test]
async fn two_people_chat() {
    alone(async {
        let server = Server::with(fast()).await;
        let (alice, bob) = (ready(&server, "alice").await, ready(&server, "bob").await);
        let tab = ready(&server, "alice").await;
        assert_eq!(alice.send("bob", "hi").await, 0);
        assert_eq!(alice.app.last("C2Cbob"), "hi");
        let heard = bob.hear("total 1").await;
        assert_eq!(heard, ["received C2Calice: hi", "list C2Calice(1)", "total 1"]);
        tab.hear("received C2Cbob: hi").await;
        assert_eq!(bob.send("alice", "hello").await, 0);
        let heard = alice.hear("total 1").await;
        assert!(heard.contains(&"received C2Cbob: hello".to_owned()), "{heard:?}");
        tab.hear("total 1").await;

        assert_eq!(alice.read("C2Cbob").await, 0);
        assert_eq!(alice.app.unread("C2Cbob"), 0);
        tab.hear("total 0").await;
        let peer_read = bob.hear("peer read: hello").await;
        assert!(!peer_read.iter().any(|it| it.starts_with("received")));
        assert!(bob.app.message("hello").v.is_peer_read);

        let update = json!([{ "nick": "Ann", "profileCustomField": [] }]);
        assert_eq!(alice.code("updateMyProfile", update).await, 2722);
        assert_eq!(alice.code("updateMyProfile", json!([{ "nick": "Ann" }])).await, 0);
        alice.hear("profile Ann").await;
        tab.hear("profile Ann").await;
        assert_eq!(alice.send("bob", "it's Ann").await, 0);
        bob.hear("received C2Calice: it's Ann").await;
        assert_eq!(bob.app.message("it's Ann").m.nick, "Ann");
        let profiles = bob
            .call("getUserProfile", json!([{ "userIDList": ["alice", "nobody"] }]))
            .await
            .unwrap();
        assert_eq!(profiles, json!([{ "$p": "alice" }]));

        let message = alice.text("bob", "typing");
        let options = json!({ "onlineUserOnly": true });
        assert_eq!(alice.code("sendMessage", json!([message, options])).await, 0);
        bob.hear("online C2Calice: typing").await;
        for device in [&alice, &tab] {
            assert_eq!(device.history("C2Cbob").await, ["hi", "hello", "it's Ann"]);
        }
        assert_eq!(bob.history("C2Calice").await, ["hi", "hello", "it's Ann"]);
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_burst_over_the_rate_is_slowed_down_and_keeps_its_order() {
    alone(async {
        let server = Server::with(App { c2c_send_rate_per_second: 50, ..app() }).await;
        let (alice, bob) = (ready(&server, "alice").await, ready(&server, "bob").await);
        let sent = join_all(numbers(1, 120).iter().map(|it| alice.send("bob", it))).await;
        assert!(sent.iter().all(|it| *it == 0), "{sent:?}");
        bob.until("everything", || bob.app.received.borrow().len() == 120).await;
        assert_eq!(bob.history("C2Calice").await, numbers(1, 120));
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn history_is_read_page_by_page() {
    alone(async {
        let server = Server::with(fast()).await;
        let (alice, bob) = (ready(&server, "alice").await, ready(&server, "bob").await);
        let sent = join_all(numbers(1, 120).iter().map(|it| alice.send("bob", it))).await;
        assert!(sent.iter().all(|it| *it == 0));
        bob.until("everything", || bob.app.received.borrow().len() == 120).await;
        assert_eq!(alice.history("C2Cbob").await, numbers(1, 120));
        assert_eq!(bob.history("C2Calice").await, numbers(1, 120));
        let fresh = ready(&server, "bob").await;
        assert_eq!(fresh.app.unread("C2Calice"), 120);
        assert_eq!(fresh.history("C2Calice").await, numbers(1, 120));
        let time = fresh.app.message("60").m.time;
        let options = json!([{ "conversationID": "C2Calice", "time": time, "count": 5 }]);
        let hopped = fresh.call("getMessageListHopping", options).await.unwrap();
        assert!(hopped["messageList"].as_array().unwrap().len() >= 5);
        let foreign = json!([{ "conversationID": "C2Calice", "nextReqMessageID": "1-1-1" }]);
        assert_eq!(fresh.code("getMessageList", foreign).await, 6017);
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn the_older_instance_is_kicked_out() {
    alone(async {
        let server = Server::with(App { max_web_instances: 1, ..app() }).await;
        let old = ready(&server, "alice").await;
        let new = ready(&server, "alice").await;
        let heard = old.hear("not ready").await;
        assert_eq!(heard, ["kicked MultipleAccount", "not ready"]);
        assert_eq!(old.code("getMyProfile", json!([])).await, 2024);
        assert_eq!(new.code("getMyProfile", json!([])).await, 0);
        assert_eq!(new.code("logout", json!([])).await, 0);
        assert_eq!(new.app.events(), ["not ready"]);
        new.login(&user_sig("alice")).await;
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn everything_acknowledged_survives_a_restart_under_traffic() {
    alone(async {
        let mut server = Server::with(fast()).await;
        let place = address(&server);
        let [alice, bob] = ["alice", "bob"].map(|it| device(&place, APP, it));
        for device in [&alice, &bob] {
            device.login(&user_sig(&device.user)).await;
        }
        let restarts = async {
            for _ in 0..3 {
                tokio::time::sleep(Duration::from_millis(400)).await;
                let home = server.stop().await;
                server = Server::at(home, fast(), |_| {}).await;
                place.set(server.address);
            }
            server
        };
        let (a, b, server) =
            futures::join!(traffic(&alice, "bob", "a"), traffic(&bob, "alice", "b"), restarts);
        let refused: Vec<u32> = a.iter().chain(&b).copied().filter(|it| *it != 0).collect();
        assert_eq!(refused, [0; 0], "three short absences stop nothing");
        alice.until("all of bob's", || alice.app.received.borrow().len() == 400).await;
        bob.until("all of alice's", || bob.app.received.borrow().len() == 400).await;
        let history = alice.history("C2Cbob").await;
        assert_eq!(bob.history("C2Calice").await, history);
        assert_eq!(history.len(), 800);
        for mark in ["a", "b"] {
            let of_one: Vec<&str> = history.iter().filter_map(|it| it.strip_prefix(mark)).collect();
            assert_eq!(of_one, numbers(1, 400), "in the order of the calls, each once");
        }
        assert_eq!(bob.app.unread("C2Calice"), 400);
        let fresh = ready(&server, "alice").await;
        assert_eq!(fresh.history("C2Cbob").await, history);
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn refusals_reach_the_app_with_their_numbers() {
    alone(async {
        let server = Server::start().await;
        let place = address(&server);
        let now = now_s();
        let other_key = SecretKey::new("f".repeat(64));
        let sig = |key: &SecretKey, app: u32, user: &str, issued: u64| {
            sign(key, app, &user.parse().unwrap(), issued, 60)
        };
        let alice = device(&place, APP, "alice");
        for (user_sig, expected) in [
            ("nonsense".to_owned(), 70003),
            (sig(&key(), APP, "alice", now - 61), 70001),
            (sig(&other_key, APP, "alice", now), 70009),
            (sig(&key(), APP, "bob", now), 70013),
            (sig(&key(), APP + 1, "alice", now), 70014),
        ] {
            assert_eq!(alice.try_login(&user_sig).await, expected);
        }
        let elsewhere = device(&place, APP + 1, "alice");
        assert_eq!(elsewhere.try_login(&sig(&key(), APP + 1, "alice", now)).await, 70020);

        alice.login(&user_sig("alice")).await;
        assert_eq!(alice.send("nobody", "hi").await, 20003);
        assert_eq!(alice.code("getConversationProfile", json!(["C2Cnobody"])).await, 2501);
        assert_eq!(alice.send("alice", &"x".repeat(12_288)).await, 80002);
        assert_eq!(alice.send("alice", &"x".repeat(12_000)).await, 0);
        assert_eq!(alice.code("updateMyProfile", json!([{ "level": -1 }])).await, 2721);
        let forbidden = json!([{ "adminForbidType": "AdminForbid_Type_SendOut" }]);
        assert_eq!(alice.code("updateMyProfile", forbidden).await, 40008);
        server.stop().await;
    })
    .await;
}

#[tokio::test]
async fn a_signature_that_expires_ends_the_session() {
    alone(async {
        let server = Server::start().await;
        let alice = device(&address(&server), APP, "alice");
        alice.login(&sign(&key(), APP, &"alice".parse().unwrap(), now_s(), 2)).await;
        let heard = alice.hear("not ready").await;
        assert_eq!(heard, ["kicked UserSigExpired", "not ready"]);
        server.stop().await;
    })
    .await;
}
