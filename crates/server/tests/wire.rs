//! The wire itself: what is no request, what comes too early, what is too much.

mod support;

use std::time::Duration;

use futures::SinkExt as _;
use serde_json::{Value, json};
use support::{Client, Server, app, http, pass};
use tim_server::config::App;
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _},
};

/// Every sample in the vectors folder: what a client writes, and what it gets.
#[tokio::test]
async fn every_wire_sample_has_its_outcome() {
    let server = Server::start().await;
    let mut bob = server.login("bob").await;
    bob.no_push().await;
    for text in [
        include_str!("../../protocol/vectors/valid/wire.json"),
        include_str!("../../protocol/vectors/invalid/wire.json"),
    ] {
        let samples: Vec<Value> = serde_json::from_str(text).unwrap();
        assert!(!samples.is_empty());
        for sample in samples {
            check_sample(&server, &sample).await;
        }
    }
}

/// `{name, loggedIn, send, reply?, close?}`; `send` is a frame's text or the frame as JSON.
async fn check_sample(server: &Server, sample: &Value) {
    let name = &sample["name"];
    let mut client = server.connect().await;
    if sample["loggedIn"] == true {
        client.login("ann").await;
    }
    let text = match &sample["send"] {
        Value::String(text) => text.clone(),
        frame => frame.to_string(),
    };
    let user_sig = support::user_sig("ann");
    let text = text.replace("<tinyID>", &client.tiny_id).replace("<userSig>", &user_sig);
    client.send_text(&text.replace("<session>", &client.session)).await;
    if let Some(expected) = sample.get("reply") {
        let frame = client.frame().await;
        for (member, value) in expected.as_object().unwrap() {
            if member == "body" {
                for (member, value) in value.as_object().unwrap() {
                    assert_eq!(&frame["body"][member], value, "{name}: {frame}");
                }
            } else {
                assert_eq!(&frame[member], value, "{name}: {frame}");
            }
        }
    }
    match sample["close"].as_u64() {
        Some(code) => assert_eq!(u64::from(client.closed().await), code, "{name}"),
        None => client.call("ping", json!({})).await.ok().is_object().then_some(()).unwrap(),
    }
}

#[tokio::test]
async fn other_versions_are_refused_with_a_sentence() {
    let server = Server::start().await;
    for offered in [None, Some("tim.v0"), Some("tim.v2, chat"), Some("tim.v10")] {
        let mut request = format!("ws://{}/im/ws", server.address).into_client_request().unwrap();
        if let Some(offered) = offered {
            request.headers_mut().insert("sec-websocket-protocol", offered.parse().unwrap());
        }
        let Err(Error::Http(response)) = connect_async(request).await else {
            panic!("{offered:?} was accepted");
        };
        assert_eq!(response.status(), 400);
        let sentence = String::from_utf8(response.into_body().unwrap()).unwrap();
        assert!(sentence.contains("tim.v1"), "{sentence}");
    }
    let mut request = format!("ws://{}/im/ws", server.address).into_client_request().unwrap();
    let several = "tim.v2, tim.v1".parse().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", several);
    let (_, response) = connect_async(request).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "tim.v1");
}

#[tokio::test]
async fn a_frame_that_is_too_large_ends_its_connection_alone() {
    let server = Server::start().await;
    let mut other = server.login("bob").await;
    for (bytes, is_accepted) in [(256 * 1024, true), (256 * 1024 + 1, false), (2_000_000, false)] {
        let mut ann = server.login("ann").await;
        let filling = "x".repeat(bytes - r#"{"id":1,"do":"ping","x":""}"#.len());
        let frame = format!(r#"{{"id":1,"do":"ping","x":"{filling}"}}"#);
        assert_eq!(frame.len(), bytes);
        // The server may hang up while the frame is still being written.
        let _ = ann.socket.send(Message::text(frame)).await;
        if is_accepted {
            assert_eq!(ann.any_reply().await.1.code, 0);
        } else {
            assert!(matches!(
                ann.close_frame().await.map(|it| u16::from(it.code)),
                Some(1009) | None
            ));
        }
    }
    other.no_push().await;
}

#[tokio::test]
async fn binary_frames_are_refused() {
    let server = Server::start().await;
    let mut ann = server.login("ann").await;
    ann.send_raw(Message::binary(br#"{"id":1,"do":"ping"}"#.to_vec())).await;
    assert_eq!(ann.closed().await, 1003);
    let mut early = server.connect().await;
    early.send_raw(Message::binary(vec![0; 10])).await;
    assert_eq!(early.closed().await, 1003);
}

#[tokio::test]
async fn more_requests_than_the_limit_are_refused() {
    let server = Server::configured(app(), |it| it.limits.requests_per_second = 5).await;
    let mut ann = server.login("ann").await;
    let mut codes = Vec::new();
    for _ in 0..20 {
        codes.push(ann.call("ping", json!({})).await.code);
    }
    assert!(codes.contains(&2996), "{codes:?}");
}

#[tokio::test]
async fn an_address_has_only_so_many_connections() {
    let server = Server::configured(app(), |it| it.limits.connections_per_address = 2).await;
    let (first, _second) = (server.connect().await, server.connect().await);
    let mut request = format!("ws://{}/im/ws", server.address).into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "tim.v1".parse().unwrap());
    let Err(Error::Http(response)) = connect_async(request).await else { panic!("accepted") };
    assert_eq!(response.status(), 429);
    drop(first);
    // The place is free as soon as the server has noticed.
    tokio::time::sleep(Duration::from_millis(200)).await;
    server.login("ann").await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_cut_and_loses_nothing() {
    let quick = App { c2c_send_rate_per_second: 1_000_000, ..app() };
    let server = Server::configured(quick, |it| it.limits.outgoing_bytes = 1 << 19).await;
    let (mut ann, mut bob) = (server.login("ann").await, server.login("bob").await);
    let text = "x".repeat(12_000);
    let count = 1500;
    for number in 0..count {
        let body = ann.text("bob", &text);
        ann.request("message.send", body).await;
        // Stay within the window; bob reads nothing meanwhile.
        if number >= 32 {
            ann.any_reply().await.1.ok();
        }
    }
    for _ in 0..32 {
        ann.any_reply().await.1.ok();
    }
    // Bob wakes up: some of it had been written, then his connection ended.
    if let Some(frame) = bob.close_frame().await {
        assert_eq!(u16::from(frame.code), 4005);
    }
    let mut back = server.connect().await;
    back.call("resume", json!({ "session": bob.session })).await.ok();
    let list = back.call("conversation.list", json!({})).await.ok();
    assert_eq!(list["conversations"][0]["unreadCount"], count);
}

#[tokio::test]
async fn a_stop_answers_what_is_at_hand_and_asks_to_come_back() {
    let mut server = Server::start().await;
    let mut ann = server.login("ann").await;
    server.login("bob").await;
    for number in 0..30 {
        let body = ann.text("bob", &number.to_string());
        ann.request("message.send", body).await;
    }
    // The first answer says that the server has begun with them.
    ann.any_reply().await.1.ok();
    server.begin_stop();
    let mut acknowledged = 1;
    let code = loop {
        match futures::StreamExt::next(&mut ann.socket).await {
            Some(Ok(Message::Text(text))) => {
                let frame: Value = serde_json::from_str(&text).unwrap();
                assert_eq!(frame["code"], 0, "{frame}");
                acknowledged += 1;
            }
            Some(Ok(Message::Close(frame))) => break frame.map(|it| u16::from(it.code)),
            Some(Ok(_)) => {}
            end => panic!("no close frame: {end:?}"),
        }
    };
    assert_eq!(code, Some(1012));
    let server = Server::at(server.stop().await, app(), |_| {}).await;
    let stored = server.login("ann").await.texts("C2Cbob").await;
    assert!(stored.len() >= acknowledged, "{} of {acknowledged}", stored.len());
    assert!(stored.iter().enumerate().all(|(index, text)| *text == index.to_string()));
}

#[tokio::test]
async fn operators_can_ask_for_health_and_metrics() {
    let server = Server::start().await;
    let mut ann: Client = server.login("ann").await;
    ann.say("ann", "hi").await;
    let get =
        |path: &str| format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(http(server.address, &get("/healthz")).await.contains("200 OK"));
    let metrics = http(server.address, &get("/metrics")).await;
    for name in
        ["tim_connections", "tim_requests_total", "tim_commit_seconds", "tim_messages_stored_total"]
    {
        assert!(metrics.contains(name), "{name}: {metrics}");
    }
    assert!(http(server.address, &get("/")).await.contains("tim-server is running"));
    assert!(http(server.address, &get("/dev/usersig?userID=ann")).await.contains("404"));
    assert!(http(server.address, &get("/im/ws")).await.contains("400"));
}

#[tokio::test]
async fn development_logins_work_and_only_here() {
    let server = Server::with(App { issue_user_sig: true, ..app() }).await;
    let get = |path: &str, host: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
    };
    let answer = http(server.address, &get("/dev/usersig?userID=ann", "127.0.0.1:1")).await;
    let body: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["SDKAppID"], support::APP);
    let user_sig = body["userSig"].as_str().unwrap();
    server.connect().await.try_login("ann", user_sig).await.ok();
    let answer = http(server.address, &get("/dev/usersig?userID=ann", "evil.example")).await;
    assert!(answer.contains("403"), "{answer}");
    let answer = http(server.address, &get("/dev/usersig?userID=a%20b", "localhost")).await;
    assert!(answer.contains("400"), "{answer}");
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let server = Server::start().await;
    let (mut late, mut mute) = (server.connect().await, server.connect().await);
    pass(9).await;
    late.login("ann").await;
    pass(2).await;
    assert_eq!(mute.closed().await, 4002);
    // Any frame is a sign of life.
    for _ in 0..2 {
        pass(70).await;
        late.call("ping", json!({})).await.ok();
    }
    pass(76).await;
    assert_eq!(late.closed().await, 4004);
    server.stop().await;
}
