//! The way between clients and their node: slow, lossy, cut in the middle of a frame, dead without a
//! word.

use std::time::Duration;

use anyhow::{Result, ensure};
use tim_faults::{Traffic, tell, traffic, until};
use tim_load::options::Options;
use tim_protocol::limits;
use tim_rig::{Cable, Direction, Loss, Node, NodeSettings, node};

/// When a client has noticed a dead link at the latest, and is back: a heartbeat, its deadline, a
/// moment to connect.
const NOTICED: Duration =
    Duration::from_millis(limits::HEARTBEAT_MS + limits::HEARTBEAT_TIMEOUT_MS + 5_000);

async fn behind_a_cable() -> Result<(Node, Cable)> {
    let node = Node::start(&node::binary()?, &NodeSettings::default()).await?;
    let cable = Cable::to(node.address()).await?;
    Ok((node, cable))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_and_lossy_link_that_is_cut_in_the_middle_of_frames() -> Result<()> {
    let (_node, cable) = behind_a_cable().await?;
    let options = traffic::among_few(vec![cable.address()]);
    let people = options.connections;
    let traffic = Traffic::begin(options).await?;
    cable.set_latency(Duration::from_millis(80));
    cable.set_loss(Some(Loss { share: 0.05, held_back: Duration::from_millis(250) }));
    traffic.goes_on().await?;
    let mut cuts = 0;
    for direction in [Direction::ToServer, Direction::ToClient].repeat(10) {
        let before = traffic.reconnected();
        cable.cut_mid_frame(direction);
        let cut = async || traffic.reconnected() > before;
        until("a link that was cut is made again", NOTICED, cut).await?;
        cuts += 1;
    }
    // All at once, and with nobody to connect to for a moment.
    cable.refuse().await?;
    cable.cut();
    let all_lost = async || traffic.progress().ready == 0;
    until("everybody has lost the link", NOTICED, all_lost).await?;
    cable.heal().await?;
    traffic.all_are_back(people).await?;
    traffic.goes_on().await?;
    // What was held back comes all at once.
    cable.freeze();
    tokio::time::sleep(Duration::from_secs(3)).await;
    cable.heal().await?;
    traffic.goes_on().await?;
    let report = traffic.finish().await?;
    tell(&format!(
        "links of 160 ms with losses, {cuts} cut in mid-frame: {} messages each once, {} links made \
         again",
        report.messages.acknowledged, report.links.reconnects
    ));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_link_is_noticed_within_a_heartbeat() -> Result<()> {
    let (_node, cable) = behind_a_cable().await?;
    // Most of them say nothing and have only the heartbeat.
    let few = traffic::among_few(vec![cable.address()]);
    let options = Options { senders: Some(4), idle: 6, rate: 20.0, ..few };
    let people = options.connections + options.idle;
    let traffic = Traffic::begin(options).await?;
    cable.half_open();
    cable.heal().await?;
    let all_back =
        async || traffic.reconnected() >= people as u64 && traffic.progress().ready >= people;
    let noticed = until("everybody has noticed and is back", NOTICED, all_back).await?;
    traffic.goes_on().await?;
    let again = traffic.reconnected();
    let report = traffic.finish().await?;
    ensure!(again == people as u64, "{again} of {people} made a new link:\n{report}");
    tell(&format!(
        "dead links: noticed and made again within {:.1} s by all {people}",
        noticed.as_secs_f64()
    ));
    Ok(())
}
