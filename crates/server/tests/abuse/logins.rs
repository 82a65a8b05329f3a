//! Wrong credentials, no credentials, forged ones.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use miniz_oxide::deflate::compress_to_vec_zlib;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Server, app, pass, upgrade_with, user_sig};

async fn guarded(per_user: u32, per_address: u32) -> Server {
    Server::configured(app(), |config| {
        config.limits.login_failures_per_user = per_user;
        config.limits.login_failures_per_address = per_address;
    })
    .await
}

#[tokio::test]
async fn a_user_whose_credential_is_guessed_at_is_locked_and_nobody_else() {
    let server = guarded(3, 0).await;
    let mut witness = server.login("witness").await;
    let mut codes = Vec::new();
    for _ in 0..6 {
        let mut guessing = server.connect().await;
        codes.push(guessing.try_login("ann", "a guess").await.code);
        assert_eq!(guessing.closed().await, 4001);
    }
    assert_eq!(codes, [70003, 70003, 70003, 70050, 70050, 70050]);
    // The lock says nothing about the credential: the right one is not looked at either.
    assert_eq!(server.connect().await.try_login("ann", &user_sig("ann")).await.code, 70050);
    server.login("bob").await;
    witness.call("ping", json!({})).await.ok();
}

#[tokio::test]
async fn an_address_that_guesses_is_locked_whomever_it_names() {
    let server = guarded(0, 5).await;
    let session = server.login("witness").await.session;
    let mut codes = Vec::new();
    for number in 0..8 {
        // What can be nobody's name counts as well.
        let user = if number % 2 == 0 { format!("user{number}") } else { "x".repeat(100_000) };
        codes.push(server.connect().await.try_login(&user, "a guess").await.code);
    }
    assert_eq!(codes, [70003, 70003, 70003, 70003, 70003, 70050, 70050, 70050]);
    // Who is in already may come back.
    let mut back = server.connect().await;
    back.call("resume", json!({ "session": session })).await.ok();
}

#[tokio::test]
async fn connections_that_never_log_in_are_few_and_do_not_last() {
    let server =
        Server::configured(app(), |config| config.limits.connections_per_address = 50).await;
    let mut silent = Vec::new();
    while let Ok(client) = upgrade_with(server.address, &[]).await {
        silent.push(client);
    }
    assert_eq!(silent.len(), 50);
    // Whatever else they say meanwhile keeps nobody longer.
    silent[0].send_raw(Message::Ping(Vec::new().into())).await;
    pass(11).await;
    for client in &mut silent {
        assert_eq!(client.closed().await, 4002);
    }
    // The places are free as soon as the server has noticed.
    while upgrade_with(server.address, &[]).await.is_err() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_small_credential_that_unfolds_into_a_large_one_is_refused_cheaply() {
    let server = Server::start().await;
    // As small as deflate makes it, and as large as a login may be.
    let spaces = STANDARD.encode(compress_to_vec_zlib(&vec![b' '; 2_900_000], 9));
    let huge = spaces.repeat(50);
    assert!(spaces.len() <= 4096, "{}", spaces.len());
    for bomb in [spaces, huge] {
        let mut client = server.connect().await;
        assert_eq!(client.try_login("ann", &bomb).await.code, 70003);
        assert_eq!(client.closed().await, 4001);
    }
}

#[tokio::test]
async fn a_forged_secret_resumes_nothing_and_tells_nothing() {
    let server = Server::start().await;
    let mut ann = server.login("ann").await;
    let right = ann.session.clone();
    let mut answers = Vec::new();
    let almost = format!("{}{}", &right[..63], if right.ends_with('0') { '1' } else { '0' });
    for forged in
        [String::new(), "0".repeat(64), almost, right.to_uppercase() + " ", "x".repeat(200_000)]
    {
        let mut client = server.connect().await;
        let reply = client.call("resume", json!({ "session": forged })).await;
        assert_eq!(reply.code, 70052);
        answers.push(reply);
        assert_eq!(client.closed().await, 4001);
    }
    assert!(answers.iter().all(|it| *it == answers[0]), "{answers:?}");
    // The owner was not disturbed.
    ann.call("ping", json!({})).await.ok();
    server.connect().await.call("resume", json!({ "session": right })).await.ok();
}
