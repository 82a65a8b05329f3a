//! A `tim-server` in the rig: started, hurt, started again where it was.

use std::time::Duration;

use tim_rig::{Node, NodeSettings, http, node};
use tokio::time::timeout;

async fn start(settings: &NodeSettings) -> anyhow::Result<Node> {
    Node::start(&node::binary()?, settings).await
}

#[tokio::test]
async fn it_is_healthy_dies_and_comes_back_on_its_port() {
    let mut node = start(&NodeSettings::default()).await.unwrap();
    let (address, pid) = (node.address(), node.pid().unwrap());
    assert_eq!(node.health().await.unwrap(), (200, "ok\n".to_owned()));
    assert!(node.memory_kilobytes().unwrap() > 1_000);
    assert!(node.open_files().unwrap() > 3);
    node.kill().unwrap();
    assert!(node.health().await.is_err() && node.pid().is_err());
    node.start_again().await.unwrap();
    assert_eq!(node.address(), address);
    assert_ne!(node.pid().unwrap(), pid);
    assert_eq!(node.health().await.unwrap().0, 200);
    assert_eq!(node.terminate().await.unwrap().code(), Some(0));
    assert!(node.terminate().await.is_err());
}

#[tokio::test]
async fn paused_it_is_silent() {
    let node = start(&NodeSettings::default()).await.unwrap();
    node.pause().unwrap();
    let question = node.health();
    tokio::pin!(question);
    assert!(timeout(Duration::from_millis(200), &mut question).await.is_err());
    node.resume().unwrap();
    assert_eq!(question.await.unwrap().0, 200);
}

#[tokio::test]
async fn settings_of_a_test_reach_it() {
    let settings = NodeSettings { log: "debug".to_owned(), ..NodeSettings::default() };
    let node = start(&settings).await.unwrap();
    http::get(node.address(), "/healthz").await.unwrap();
    let wrong = NodeSettings { limits: "window = 0".to_owned(), ..NodeSettings::default() };
    let problem = start(&wrong).await.unwrap_err().to_string();
    assert!(problem.contains("tim-server ended with") && problem.contains("window"), "{problem}");
    for wrong in ["name = 7", "maxWebInstances = 11"] {
        let wrong = NodeSettings { app: wrong.to_owned(), ..NodeSettings::default() };
        assert!(start(&wrong).await.is_err());
    }
}
