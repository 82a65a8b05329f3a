//! Logging in, coming back, being kicked.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{APP, Client, Server, app, key, user_sig};
use tim_protocol::usersig::{SecretKey, sign};
use tim_server::{config::App, service::now_s};
use tokio_tungstenite::tungstenite::protocol::frame::CloseFrame;

async fn resume(server: &Server, session: &str) -> (Client, support::Reply) {
    let mut client = server.connect().await;
    let reply = client.call("resume", json!({ "session": session })).await;
    (client, reply)
}

#[tokio::test]
async fn a_login_answers_what_the_client_needs() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let answer = client.login("ann").await;
    assert!(answer["tinyID"].as_str().unwrap().parse::<u64>().unwrap() > 1 << 57);
    assert_eq!(answer["profile"], json!({ "userID": "ann" }));
    let settings = json!({ "maxMessageBytes": 12288, "conversationPullLimit": 100, "c2cSendRatePerSecond": 100 });
    assert_eq!(answer["settings"], settings);
    let again = server.connect().await.login("ann").await;
    assert_eq!(again["tinyID"], answer["tinyID"]);
    assert_ne!(again["session"], answer["session"]);
}

#[tokio::test]
async fn every_bad_credential_has_its_code_and_closes_the_connection() {
    let server = Server::start().await;
    let good = user_sig("ann");
    let sig = |key: &SecretKey, app: u32, user: &str, issued_s: u64, lifetime_s: u64| {
        sign(key, app, &user.parse().unwrap(), issued_s, lifetime_s)
    };
    let now = now_s();
    let other_key = SecretKey::new("another secret key".to_owned());
    for (sig, code) in [
        (String::new(), 70002),
        ("nonsense".to_owned(), 70003),
        (good[..good.len() / 2].to_owned(), 70003),
        (sig(&key(), APP, "ann", now + 400, 60), 70003),
        (sig(&other_key, APP, "ann", now, 60), 70009),
        (sig(&key(), APP, "bob", now, 60), 70013),
        (sig(&key(), APP + 1, "ann", now, 60), 70014),
        (sig(&key(), APP, "ann", now - 61, 60), 70001),
    ] {
        let mut client = server.connect().await;
        assert_eq!(client.try_login("ann", &sig).await.code, code, "{sig}");
        assert_eq!(client.closed().await, 4001);
    }
    for app in [json!(APP + 7), json!(0), json!(-1), json!(1u64 << 40)] {
        let mut client = server.connect().await;
        let body = json!({ "SDKAppID": app, "userID": "ann", "userSig": good });
        assert_eq!(client.call("login", body).await.code, 70020, "{app}");
    }
    for body in [json!({}), json!({ "SDKAppID": APP, "userID": "ann" }), json!([])] {
        let mut client = server.connect().await;
        assert_eq!(client.call("login", body).await.code, 70402);
        assert_eq!(client.closed().await, 4001);
    }
    server.login("ann").await;
}

#[tokio::test]
async fn a_disabled_app_and_a_closed_one_let_nobody_in() {
    let server = Server::with(App { enabled: false, ..app() }).await;
    let code = server.connect().await.try_login("ann", &user_sig("ann")).await.code;
    assert_eq!(code, 70020);
    let server = Server::with(App { auto_register: false, ..app() }).await;
    let code = server.connect().await.try_login("ann", &user_sig("ann")).await.code;
    assert_eq!(code, 70107);
    let server = Server::with(App { account_max: 1, ..app() }).await;
    server.login("ann").await;
    let code = server.connect().await.try_login("bob", &user_sig("bob")).await.code;
    assert_eq!(code, 70398);
    server.login("ann").await;
}

#[tokio::test]
async fn after_ten_failures_even_a_good_credential_waits() {
    let server = Server::configured(app(), |it| it.limits.login_failures_per_user = 10).await;
    for _ in 0..9 {
        assert_eq!(server.connect().await.try_login("ann", "bad").await.code, 70003);
    }
    // A success begins the count anew.
    server.login("ann").await;
    for _ in 0..10 {
        assert_eq!(server.connect().await.try_login("ann", "bad").await.code, 70003);
    }
    let code = server.connect().await.try_login("ann", &user_sig("ann")).await.code;
    assert_eq!(code, 70050);
    server.login("bob").await;
}

#[tokio::test]
async fn failures_are_counted_per_address_as_well() {
    let server = Server::configured(app(), |it| it.limits.login_failures_per_address = 3).await;
    for user in ["a", "b", "c"] {
        assert_eq!(server.connect().await.try_login(user, "bad").await.code, 70003);
    }
    let code = server.connect().await.try_login("ann", &user_sig("ann")).await.code;
    assert_eq!(code, 70050);
}

#[tokio::test]
async fn the_oldest_login_goes_for_the_newest() {
    let server = Server::with(App { max_web_instances: 2, ..app() }).await;
    let (mut first, mut second) = (server.login("ann").await, server.login("ann").await);
    // Coming back is no new login.
    let (_back, reply) = resume(&server, &first.session).await;
    reply.ok();
    assert_eq!(first.closed().await, 4006);
    second.no_push().await;
    let mut third = server.login("ann").await;
    let (mut back, reply) = resume(&server, &first.session).await;
    assert_eq!(reply.code, 91101);
    assert_eq!(back.push("kicked").await, json!({ "type": "multipleAccount" }));
    assert_eq!(back.closed().await, 4003);
    second.no_push().await;
    third.no_push().await;
}

#[tokio::test]
async fn a_kicked_instance_is_told_and_closed() {
    let server = Server::with(App { max_web_instances: 1, ..app() }).await;
    let mut first = server.login("ann").await;
    let mut other = server.login("bob").await;
    let mut second = server.login("ann").await;
    assert_eq!(first.push("kicked").await, json!({ "type": "multipleAccount" }));
    assert_eq!(first.closed().await, 4003);
    second.no_push().await;
    other.no_push().await;
}

#[tokio::test]
async fn an_instance_whose_page_was_closed_does_not_count() {
    let server = Server::with(App { max_web_instances: 2, ..app() }).await;
    let mut stays = server.login("ann").await;
    for _ in 0..3 {
        let mut reloads = server.login("ann").await;
        let close = CloseFrame { code: 1001.into(), reason: "".into() };
        reloads.socket.close(Some(close)).await.unwrap();
        assert_eq!(reloads.close_frame().await.map(|it| u16::from(it.code)), Some(1001));
    }
    stays.no_push().await;
}

#[tokio::test]
async fn sessions_and_messages_survive_a_restart() {
    let server = Server::start().await;
    let mut ann = server.login("ann").await;
    server.login("bob").await;
    ann.say("bob", "before").await;
    let server = Server::at(server.stop().await, app(), |_| {}).await;
    let (mut back, reply) = resume(&server, &ann.session).await;
    assert_eq!(reply.ok()["profile"]["userID"], "ann");
    back.user = ann.user;
    back.tiny_id = ann.tiny_id;
    assert_eq!(back.say("bob", "after").await["seq"], 2);
    assert_eq!(back.texts("C2Cbob").await, ["before", "after"]);
}

#[tokio::test]
async fn logging_out_ends_this_instance_alone() {
    let server = Server::start().await;
    let (mut first, mut second) = (server.login("ann").await, server.login("ann").await);
    first.call("logout", json!({})).await.ok();
    assert_eq!(first.closed().await, 1000);
    assert_eq!(resume(&server, &first.session).await.1.code, 70052);
    second.no_push().await;
}

#[tokio::test]
async fn an_unknown_secret_cannot_be_resumed() {
    let server = Server::start().await;
    let (mut client, reply) = resume(&server, "no such secret").await;
    assert_eq!(reply.code, 70052);
    assert_eq!(client.closed().await, 4001);
}

#[tokio::test]
async fn a_user_sig_that_ends_while_online_ends_the_instance() {
    let server = Server::start().await;
    let mut client = server.connect().await;
    let short = sign(&key(), APP, &"ann".parse().unwrap(), now_s(), 2);
    let session: Value = client.try_login("ann", &short).await.ok()["session"].clone();
    assert_eq!(client.push("kicked").await, json!({ "type": "userSigExpired" }));
    assert_eq!(client.closed().await, 4003);
    assert_eq!(resume(&server, session.as_str().unwrap()).await.1.code, 70001);
}

#[tokio::test]
async fn a_reconnect_takes_the_place_of_the_dead_connection() {
    let server = Server::start().await;
    let (mut ann, mut bob) = (server.login("ann").await, server.login("bob").await);
    let (mut back, reply) = resume(&server, &ann.session).await;
    reply.ok();
    assert_eq!(ann.closed().await, 4006);
    bob.say("ann", "hi").await;
    back.push("message").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    back.no_push().await;
}
