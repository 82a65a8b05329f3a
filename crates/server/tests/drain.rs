//! The end in good order: who is served until when, and that nothing gets lost on the way.

mod support;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, future::join_all};
use serde_json::{Value, json};
use support::{Client, Server, app, pass, upgrade_with};
use tim_server::config::App;
use tokio_tungstenite::tungstenite::Message;

async fn draining(delay_s: u64, spread_s: u64) -> Server {
    Server::configured(app(), |config| {
        config.drain.delay = Duration::from_secs(delay_s);
        config.drain.spread = Some(Duration::from_secs(spread_s));
    })
    .await
}

#[tokio::test]
async fn while_the_delay_lasts_everything_goes_on() {
    let mut server = draining(30, 0).await;
    let mut ann = server.login("ann").await;
    server.begin_stop();
    ann.call("ping", json!({})).await.ok();
    let mut bob = server.login("bob").await;
    ann.say("bob", "still here").await;
    bob.push("message").await;
    pass(31).await;
    assert_eq!((ann.closed().await, bob.closed().await), (1012, 1012));
    assert!(upgrade_with(server.address, &[]).await.is_err(), "nobody comes in any more");
    server.stop().await;
}

#[tokio::test]
async fn clients_leave_one_after_the_other_and_are_served_until_then() {
    let mut server = draining(0, 2).await;
    let mut clients = Vec::new();
    for number in 0..20 {
        clients.push(server.login(&format!("user{number}")).await);
    }
    server.begin_stop();
    let begun = Instant::now();
    let served_until_the_end = |mut client: Client| async move {
        loop {
            client.request("ping", json!({})).await;
            match client.socket.next().await {
                Some(Ok(Message::Text(_))) => tokio::time::sleep(Duration::from_millis(5)).await,
                Some(Ok(Message::Close(Some(frame)))) => {
                    assert_eq!(u16::from(frame.code), 1012);
                    return begun.elapsed().as_millis();
                }
                other => panic!("{other:?}"),
            }
        }
    };
    let mut left = join_all(clients.into_iter().map(served_until_the_end)).await;
    left.sort_unstable();
    assert!(left[19] - left[0] > 1_500, "{left:?}");
    // Every 100 ms; a busy machine may be late with some.
    assert!(left.windows(8).all(|it| it[7] - it[0] > 200), "{left:?}");
    server.stop().await;
}

#[tokio::test]
async fn who_is_in_a_hurry_waits_for_nobody() {
    let mut server = draining(0, 3_600).await;
    let mut clients = Vec::new();
    for number in 0..10 {
        clients.push(server.login(&format!("user{number}")).await);
    }
    server.begin_stop();
    let places = join_all(clients.iter_mut().map(async |it| it.close_frame().await));
    let leaving = async {
        // The first has left at once; the others would wait for an hour.
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.hurry().await
    };
    let (frames, _) = tokio::join!(places, leaving);
    assert!(frames.iter().all(|it| it.as_ref().is_some_and(|it| u16::from(it.code) == 1012)));
    draining(3_600, 0).await.hurry().await;
}

/// Sends without pause, always `window` under way, until the server hangs up; what was answered with
/// which place, and what was not answered.
async fn send_until_the_end(
    mut client: Client,
    window: usize,
) -> (Client, Vec<(Value, u64)>, Vec<Value>) {
    let (mut answered, mut open) = (Vec::new(), HashMap::new());
    let mut number = 0;
    loop {
        while open.len() < window {
            let body = client.text("bob", &number.to_string());
            let frame = json!({ "id": number, "do": "message.send", "body": body });
            if futures::SinkExt::send(&mut client.socket, Message::text(frame.to_string()))
                .await
                .is_err()
            {
                break;
            }
            open.insert(number, body);
            number += 1;
        }
        match client.socket.next().await {
            Some(Ok(Message::Text(text))) => {
                let reply: Value = serde_json::from_str(&text).unwrap();
                let body = open.remove(&reply["id"].as_u64().unwrap()).unwrap();
                assert_eq!(reply["code"], 0, "{reply}");
                answered.push((body, reply["body"]["seq"].as_u64().unwrap()));
            }
            Some(Ok(Message::Close(frame))) => {
                assert_eq!(frame.map(|it| u16::from(it.code)), Some(1012));
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    let mut open: Vec<_> = open.into_iter().collect();
    open.sort_unstable_by_key(|it| it.0);
    (client, answered, open.into_iter().map(|it| it.1).collect())
}

#[tokio::test]
async fn what_is_sent_during_the_end_is_stored_once() {
    let quick = App { c2c_send_rate_per_second: 1_000_000, ..app() };
    let mut server = Server::configured(quick.clone(), |config| {
        config.drain.delay = Duration::from_millis(200);
        config.drain.spread = Some(Duration::from_millis(600));
    })
    .await;
    server.login("bob").await;
    let mut senders = Vec::new();
    for user in ["ann", "cid", "dan"] {
        let client = server.login(user).await;
        senders.push(tokio::spawn(send_until_the_end(client, 48)));
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    server.begin_stop();
    let mut outcomes = Vec::new();
    for sender in senders {
        outcomes.push(sender.await.unwrap());
    }
    let server = Server::at(server.stop().await, quick, |_| {}).await;
    for (before, answered, unanswered) in outcomes {
        assert!(answered.len() > 50 && !unanswered.is_empty());
        let mut client = server.connect().await;
        client.call("resume", json!({ "session": before.session })).await.ok();
        // The client repeats what was not answered, in its order.
        let mut expected: HashMap<u64, Value> = HashMap::new();
        for body in unanswered {
            let seq = client.call("message.send", body.clone()).await.ok()["seq"].as_u64().unwrap();
            assert!(expected.insert(seq, body["message"]["ID"].clone()).is_none());
        }
        for (body, seq) in answered {
            assert!(expected.insert(seq, body["message"]["ID"].clone()).is_none());
        }
        let mut stored = 0;
        while stored < expected.len() as u64 {
            let place = json!({
                "conversationID": "C2Cbob", "seq": stored + 1, "direction": 1, "count": 500
            });
            let page = client.call("message.page", place).await.ok();
            for entry in page["entries"].as_array().unwrap() {
                stored += 1;
                assert_eq!(entry["seq"], stored);
                assert_eq!(entry["message"]["ID"], expected[&stored]);
            }
            assert_eq!(page["isCompleted"], stored == expected.len() as u64);
        }
    }
}
