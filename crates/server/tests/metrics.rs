//! What a node's metrics say when something happens to it, seen as Prometheus sees it.

mod support;

use std::{
    path::Path,
    time::{Duration, Instant},
};

use support::Client;
use tim_rig::{Nats, Node, NodeSettings, Postgres, http};
use tokio_tungstenite::tungstenite::Error;

/// Longer than anything here takes: giving a write up, with PostgreSQL away, takes 14 seconds.
const DEADLINE: Duration = Duration::from_secs(40);

async fn start(settings: NodeSettings) -> Node {
    Node::start(Path::new(env!("CARGO_BIN_EXE_tim-server")), &settings).await.unwrap()
}

/// The line that begins so, without its beginning; `None` when there is none.
async fn value(node: &Node, name: &str) -> Option<f64> {
    let (status, text) = http::get(node.address(), "/metrics").await.unwrap();
    assert_eq!(status, 200);
    text.lines().find_map(|it| it.strip_prefix(name)?.trim().parse().ok())
}

async fn becomes(node: &Node, name: &str, expected: f64) {
    let began = Instant::now();
    loop {
        let found = value(node, name).await;
        if found == Some(expected) {
            return;
        }
        assert!(began.elapsed() < DEADLINE, "{name} is {found:?} and not {expected}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn clients_logins_and_refusals_are_counted() {
    let limits = "connectionsPerAddress = 2".to_owned();
    let node = start(NodeSettings { limits, ..NodeSettings::default() }).await;
    let refused = "tim_connections_refused_total{of=\"websockets\"}";
    assert_eq!(value(&node, "tim_connections ").await, Some(0.0));
    assert_eq!(value(&node, refused).await, None);
    let mut first = Client::connect(node.address()).await;
    let _second = Client::connect(node.address()).await;
    let third = support::upgrade_with(node.address(), &[]).await;
    assert!(matches!(third, Err(Error::Http(it)) if it.status() == 429));
    becomes(&node, "tim_connections ", 2.0).await;
    becomes(&node, refused, 1.0).await;
    assert_eq!(first.try_login("ann", "nonsense").await.code, 70003);
    becomes(&node, "tim_requests_total{method=\"login\",code=\"70003\"}", 1.0).await;
    becomes(&node, "tim_closed_total{code=\"4001\"}", 1.0).await;
    becomes(&node, "tim_connections ", 1.0).await;
    let open = value(&node, "process_open_fds ").await.unwrap();
    let most = value(&node, "process_max_fds ").await.unwrap();
    assert!(open > 5.0 && most > open, "{open} of {most}");
    // A single server has no bus to be away.
    assert_eq!(value(&node, "tim_bus_up ").await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bus_and_database_are_said_to_be_away_and_back() {
    let (engine, nats) = tokio::join!(Postgres::start(), Nats::start());
    let (mut engine, mut nats) = (engine.unwrap(), nats.unwrap());
    let settings = NodeSettings {
        database: Some(engine.create_database("tim").await.unwrap()),
        bus: Some(nats.url()),
        ..NodeSettings::default()
    };
    let node = start(settings.clone()).await;
    becomes(&node, "tim_bus_up ", 1.0).await;
    becomes(&node, "tim_database_up ", 1.0).await;
    becomes(&node, "tim_nodes ", 1.0).await;
    let mut neighbour = start(settings).await;
    becomes(&node, "tim_nodes ", 2.0).await;

    nats.stop().await.unwrap();
    becomes(&node, "tim_bus_up ", 0.0).await;
    becomes(&node, "tim_in_doubt ", 1.0).await;
    nats.start_again().await.unwrap();
    becomes(&node, "tim_bus_up ", 1.0).await;
    becomes(&node, "tim_in_doubt ", 0.0).await;

    neighbour.kill().unwrap();
    becomes(&node, "tim_nodes ", 1.0).await;

    engine.stop().await.unwrap();
    becomes(&node, "tim_database_up ", 0.0).await;
    assert!(value(&node, "tim_commit_failures_total ").await.unwrap() >= 1.0);
    assert!(value(&node, "tim_commit_retries_total ").await.unwrap() >= 1.0);
    engine.start_again().await.unwrap();
    becomes(&node, "tim_database_up ", 1.0).await;
}
