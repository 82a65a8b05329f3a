//! Nodes that end without a word: the only one, and one of three.

use std::time::Duration;

use anyhow::{Result, ensure};
use tim_faults::{Cluster, Traffic, tell, traffic, until};
use tim_load::options::Options;
use tim_rig::{HaProxy, Node, NodeSettings, node};

const TIMES: u64 = 20;

#[tokio::test(flavor = "multi_thread")]
async fn the_only_node_is_killed_twenty_times() -> Result<()> {
    let mut node = Node::start(&node::binary()?, &NodeSettings::default()).await?;
    let options = Options { rate: 300.0, ..traffic::among_few(vec![node.address()]) };
    let people = options.connections;
    let traffic = Traffic::begin(options).await?;
    let mut longest = Duration::ZERO;
    for _ in 0..TIMES {
        node.kill()?;
        node.start_again().await?;
        longest = longest.max(traffic.all_are_back(people).await?);
        traffic.goes_on().await?;
    }
    let again = traffic.reconnected();
    let report = traffic.finish().await?;
    ensure!(again >= TIMES * people as u64, "{again} links were made again:\n{report}");
    tell(&format!(
        "a node killed {TIMES} times: everybody back within {:.1} s of its start; {} messages",
        longest.as_secs_f64(),
        report.messages.acknowledged
    ));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_is_killed_and_the_others_clients_do_not_notice() -> Result<()> {
    let mut cluster = Cluster::start(3).await?;
    let proxy = HaProxy::start(&cluster.addresses()).await?;
    let all_up = async || proxy.healthy().await.is_ok_and(|it| it.len() == 3);
    until("HAProxy sees three nodes", Duration::from_secs(10), all_up).await?;
    let options = traffic::among_few(vec![proxy.address()]);
    let people = options.connections;
    let traffic = Traffic::begin(options).await?;
    let on_it = cluster.engines.connected_to("node1").await?;
    ensure!((4..=12).contains(&on_it), "{on_it} of {people} are on one of three nodes");
    cluster.nodes[1].kill()?;
    let all_moved = async || traffic.reconnected() >= on_it;
    let moved = until("its clients are elsewhere", Duration::from_secs(30), all_moved).await?;
    traffic.all_are_back(people).await?;
    traffic.goes_on().await?;
    let again = traffic.reconnected();
    let report = traffic.finish().await?;
    ensure!(again == on_it, "{on_it} were on the node, {again} made a new link:\n{report}");
    tell(&format!(
        "one of three nodes killed: {on_it} clients elsewhere after {:.2} s, nobody else noticed; \
         slowest delivery {:.0} ms",
        moved.as_secs_f64(),
        report.send_to_received_ms.max
    ));
    Ok(())
}
