//! Too many frames, too large ones, unfinished ones, and those that are none.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    raw::{PING, Raw, TEXT, TEXT_BEGINS, TEXT_GOES_ON, frame, head},
    support::{APP, Server, app, pass, user_sig},
};

/// Logs in below the library.
async fn logged_in(server: &Server, user: &str) -> Raw {
    let mut raw = Raw::open(server.address).await;
    let body = json!({ "SDKAppID": APP, "userID": user, "userSig": user_sig(user) });
    let login = json!({ "id": 1, "do": "login", "body": body }).to_string();
    raw.write(&frame(TEXT, login.as_bytes())).await;
    let (_, payload) = raw.read().await.unwrap();
    let reply: Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(reply["code"], 0, "{reply}");
    raw
}

#[tokio::test]
async fn a_flood_of_requests_is_refused_one_by_one_and_slows_nobody_else() {
    let server = Server::configured(app(), |config| config.limits.requests_per_second = 20).await;
    let mut witness = server.login("witness").await;
    let mut flooding = server.login("ann").await;
    let mut codes = std::collections::HashMap::new();
    for _ in 0..20 {
        // More at a time than the window: what is beyond waits in the flooder's own socket.
        for _ in 0..100 {
            flooding.request("ping", json!({})).await;
        }
        let begun = std::time::Instant::now();
        witness.call("conversation.list", json!({})).await;
        assert!(begun.elapsed().as_secs() < 2, "{:?}", begun.elapsed());
        for _ in 0..100 {
            *codes.entry(flooding.any_reply().await.1.code).or_insert(0) += 1;
        }
    }
    assert_eq!(codes.values().sum::<u32>(), 2_000);
    assert!(codes[&2996] > 1_000 && codes.keys().all(|it| [0, 2996].contains(it)), "{codes:?}");
}

#[tokio::test]
async fn a_frame_that_announces_too_much_is_not_waited_for() {
    let server = Server::start().await;
    for length in [256 * 1024 + 1, 1 << 31, 1 << 40, (1 << 63) - 1] {
        let mut raw = logged_in(&server, "ann").await;
        raw.write(&head(TEXT, length)).await;
        assert_eq!(raw.end().await, Some(1009), "{length}");
    }
    let mut early = Raw::open(server.address).await;
    early.write(&head(TEXT, 1 << 40)).await;
    assert_eq!(early.end().await, Some(1009));
}

#[tokio::test]
async fn pieces_that_add_up_to_too_much_are_refused() {
    let server = Server::start().await;
    let mut raw = logged_in(&server, "ann").await;
    let piece = vec![b' '; 100_000];
    raw.write(&frame(TEXT_BEGINS, &piece)).await;
    raw.write(&frame(TEXT_GOES_ON, &piece)).await;
    raw.write(&frame(TEXT_GOES_ON, &piece)).await;
    assert_eq!(raw.end().await, Some(1009));

    // Within the limit they are a frame like any other, however many there are.
    let mut raw = logged_in(&server, "ann").await;
    let request = br#"{"id":7,"do":"ping"}"#;
    let mut bytes = frame(TEXT_BEGINS, b" ");
    for _ in 0..20_000 {
        bytes.extend(frame(TEXT_GOES_ON, b" "));
        bytes.extend(frame(TEXT_GOES_ON, b""));
    }
    bytes.extend(frame(0x80, request));
    raw.write(&bytes).await;
    let reply: Value = serde_json::from_slice(&raw.read().await.unwrap().1).unwrap();
    assert_eq!((&reply["id"], &reply["code"]), (&json!(7), &json!(0)));
}

#[tokio::test]
async fn a_frame_that_never_ends_is_no_sign_of_life() {
    let server = Server::start().await;
    let mut witness = server.login("witness").await;
    let (mut half, mut pieces) = (logged_in(&server, "ann").await, logged_in(&server, "bob").await);
    half.write(&head(TEXT, 200_000)).await;
    half.write(&[b' '; 100_000]).await;
    pieces.write(&frame(TEXT_BEGINS, b" ")).await;
    for _ in 0..2 {
        pass(38).await;
        witness.call("ping", json!({})).await.ok();
        half.write(b" ").await;
        pieces.write(&frame(TEXT_GOES_ON, b"")).await;
    }
    assert_eq!((half.end().await, pieces.end().await), (Some(4004), Some(4004)));
    witness.call("ping", json!({})).await.ok();
}

#[tokio::test]
async fn compression_is_not_agreed_on_and_not_accepted() {
    let server = Server::start().await;
    let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
    let mut raw = Raw::open_with(server.address, offer).await;
    assert!(!raw.head.to_lowercase().contains("sec-websocket-extensions"), "{}", raw.head);
    for first in [TEXT | 0x40, TEXT | 0x20, TEXT | 0x10, 0x83, 0x8b] {
        let mut raw = logged_in(&server, "ann").await;
        raw.write(&frame(first, b"{}")).await;
        raw.end().await;
    }
    // Not masked, not UTF-8, a control frame in pieces, a piece of nothing.
    for bytes in [
        &[TEXT, 2, b'{', b'}'][..],
        &frame(TEXT, &[0xff, 0xfe]),
        &frame(0x09, b"ping"),
        &frame(0x80, b"{}"),
    ] {
        let mut raw = logged_in(&server, "ann").await;
        raw.write(bytes).await;
        raw.end().await;
    }
    raw.write(&frame(TEXT | 0x40, b"{}")).await;
    raw.end().await;
    server.login("ann").await;
}

#[tokio::test]
async fn who_only_pings_has_to_log_in_all_the_same() {
    let server = Server::start().await;
    let mut witness = server.login("witness").await;
    let mut raw = Raw::open(server.address).await;
    let pings = frame(PING, b"").repeat(1_000);
    for _ in 0..20 {
        raw.write(&pings).await;
    }
    pass(11).await;
    raw.write(&pings).await;
    assert_eq!(raw.end().await, Some(4002));
    witness.call("ping", json!({})).await.ok();
}

#[tokio::test]
async fn deep_nesting_is_malformed_and_nothing_worse() {
    let server = Server::start().await;
    let mut ann = server.login("ann").await;
    let deep = "[".repeat(100_000);
    let closed = format!("{deep}{}", "]".repeat(100_000));
    ann.send_text(&format!(r#"{{"id":5,"do":"message.send","body":{closed}}}"#)).await;
    let (id, reply) = ann.any_reply().await;
    assert!(id == 5 && reply.code != 0, "{reply:?}");
    ann.call("ping", json!({})).await.ok();
    ann.send_raw(Message::text(deep)).await;
    assert_eq!(ann.closed().await, 1002);
}
