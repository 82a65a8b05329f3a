//! Behind proxies: whose limits count, and that nobody gets in by claiming to be somebody else.

mod support;

use serde_json::json;
use support::{Client, Server, app, http, upgrade_with, user_sig};
use tim_server::config::App;
use tokio_tungstenite::tungstenite::Error;

async fn behind(address: &str, most: u32) -> Server {
    let trusted = vec![address.parse().unwrap()];
    Server::configured(app(), |config| {
        config.trusted_proxies = trusted;
        config.limits.connections_per_address = most;
        config.limits.login_failures_per_address = 2;
    })
    .await
}

async fn from(server: &Server, forwarded_for: &str) -> Result<Client, u16> {
    match upgrade_with(server.address, &[("x-forwarded-for", forwarded_for)]).await {
        Ok(client) => Ok(client),
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn clients_of_a_trusted_proxy_are_told_apart() {
    let server = behind("127.0.0.0/8", 2).await;
    let _first = from(&server, "1.1.1.1").await.unwrap();
    let _second = from(&server, "9.9.9.9, 1.1.1.1").await.unwrap();
    // What stands further left is the client's own claim.
    assert_eq!(from(&server, "2.2.2.2, 1.1.1.1").await.err(), Some(429));
    from(&server, "1.1.1.1, 2.2.2.2").await.unwrap().login("ann").await;
    // Unreadable: they share what the proxy's own address may have.
    let _third = from(&server, "rubbish").await.unwrap();
    let _fourth = server.connect().await;
    assert_eq!(from(&server, "1.1.1.1, rubbish").await.err(), Some(429));
}

#[tokio::test]
async fn failed_logins_count_for_the_client_and_not_for_the_proxy() {
    let server = behind("127.0.0.1/32", 100).await;
    for user in ["ann", "bob"] {
        let mut bad = from(&server, "1.1.1.1").await.unwrap();
        assert_eq!(bad.try_login(user, "nonsense").await.code, 70003);
    }
    let mut locked = from(&server, "1.1.1.1").await.unwrap();
    assert_eq!(locked.try_login("cid", &user_sig("cid")).await.code, 70050);
    from(&server, "2.2.2.2").await.unwrap().login("cid").await;
    server.login("dan").await;
}

#[tokio::test]
async fn an_address_nobody_trusts_cannot_speak_for_others() {
    let server = behind("10.0.0.0/8", 2).await;
    let _first = from(&server, "1.1.1.1").await.unwrap();
    let mut second = from(&server, "2.2.2.2").await.unwrap();
    assert_eq!(from(&server, "3.3.3.3").await.err(), Some(429));
    second.login("ann").await;
    second.call("ping", json!({})).await.ok();
}

#[tokio::test]
async fn development_logins_do_not_pass_a_proxy() {
    let server = Server::with(App { issue_user_sig: true, ..app() }).await;
    let get = |more: &str| {
        format!(
            "GET /dev/usersig?userID=ann HTTP/1.1\r\nHost: 127.0.0.1\r\n{more}Connection: close\r\n\r\n"
        )
    };
    assert!(http(server.address, &get("")).await.contains("200 OK"));
    for claim in ["X-Forwarded-For: 127.0.0.1\r\n", "X-Real-IP: ::1\r\n", "Via: 1.1 proxy\r\n"] {
        let answer = http(server.address, &get(claim)).await;
        assert!(answer.contains("403 Forbidden"), "{answer}");
    }
}
