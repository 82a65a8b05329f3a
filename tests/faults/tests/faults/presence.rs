//! Who is connected where, as the database knows it, after a node has ended.

use std::time::Duration;

use anyhow::{Result, ensure};
use tim_faults::{Cluster, Person, tell, until};

/// Within which time the others bury a node that says nothing.
const BURIED: Duration = Duration::from_secs(15);

const NODES: &str = "SELECT count(*) FROM node";
const CONNECTED: &str = "SELECT count(*) FROM session WHERE node IS NOT NULL";

#[tokio::test(flavor = "multi_thread")]
async fn people_of_a_dead_node_are_nowhere() -> Result<()> {
    let mut cluster = Cluster::start(2).await?;
    let [first, second] = [0, 1].map(|it| cluster.nodes[it].address());
    let mut people = Vec::new();
    for (target, user) in [(first, "ann"), (first, "bob"), (second, "cid")] {
        let person = Person::login(target, user).await;
        people.push(person.map_err(|it| anyhow::anyhow!("{it:?}"))?);
    }
    ensure!(cluster.engines.count(CONNECTED).await? == 3);
    ensure!(cluster.engines.count(NODES).await? == 2);
    cluster.nodes[0].kill()?;
    let engines = &cluster.engines;
    let gone = async || engines.count(NODES).await.is_ok_and(|it| it == 1);
    let after = until("the dead node is buried", BURIED, gone).await?;
    // In the same transaction.
    ensure!(engines.count(CONNECTED).await? == 1);
    ensure!(engines.connected_to("node1").await? == 1);
    let ended = cluster.nodes[1].terminate().await?;
    ensure!(ended.success(), "{ended}");
    ensure!(cluster.engines.count(NODES).await? == 0);
    ensure!(cluster.engines.count(CONNECTED).await? == 0);
    tell(&format!("people of a killed node are nowhere after {:.1} s", after.as_secs_f64()));
    Ok(())
}
