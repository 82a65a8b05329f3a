//! A node that lost touch: cut off from NATS alone, or stopped for half a minute with all its
//! connections open. Its clients keep sending to it, and one of them has meanwhile logged in
//! elsewhere, where only one instance is allowed.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use tim_faults::{Engines, Insistent, Person, Traffic, insistent::Spoken, tell, traffic};
use tim_load::frames::caller::Refusal;
use tim_protocol::code::Code;
use tim_rig::{Cable, Node, NodeSettings, node};
use tokio::time::sleep;

/// Two nodes, one of which reaches NATS through a cable only.
struct Pair {
    lost: Node,
    other: Node,
    cable: Cable,
    _engines: Engines,
}

fn refused(refusal: Refusal) -> anyhow::Error {
    anyhow::anyhow!("{refusal:?}")
}

impl Pair {
    async fn start() -> Result<Self> {
        let engines = Engines::start().await?;
        let cable = Cable::to(engines.nats.address()).await?;
        let alone = |name: &str| NodeSettings {
            app: "maxWebInstances = 1".to_owned(),
            ..engines.settings(name)
        };
        let bus = Some(format!("nats://{}", cable.address()));
        let lost = NodeSettings { bus, ..alone("lost") };
        let lost = Node::start(&node::binary()?, &lost).await?;
        let other = Node::start(&node::binary()?, &alone("other")).await?;
        Ok(Self { lost, other, cable, _engines: engines })
    }

    /// Somebody who is logged in at the node that will be lost, and never stops writing.
    async fn wanda(&self) -> Result<Insistent> {
        Person::login(self.other.address(), "zoe").await.map_err(refused)?;
        let wanda = Person::login(self.lost.address(), "wanda").await.map_err(refused)?;
        let mut wanda = Insistent::begin(wanda, "zoe");
        wanda.until(Duration::from_secs(10), |it| it.acknowledged.len() >= 10).await?;
        Ok(wanda)
    }
}

/// What was written after `moment` was not acknowledged, and was refused as what it is.
fn was_out_since(moment: Instant, spoken: &Spoken) -> Result<()> {
    let stale = spoken.acknowledged.iter().filter(|it| **it > moment).count();
    ensure!(stale == 0, "{stale} messages of an instance that is out were acknowledged");
    let other = spoken.refused.iter().find(|it| it.1 != Code::INSTANCE_KICKED.0);
    ensure!(other.is_none(), "refused with another code: {other:?}");
    Ok(())
}

async fn is_cut_off(how: &str, cut: impl AsyncFnOnce(&Cable) -> Result<()>) -> Result<()> {
    let pair = Pair::start().await?;
    let targets = vec![pair.lost.address(), pair.other.address()];
    let traffic = Traffic::begin(traffic::among_few(targets)).await?;
    let mut old = pair.wanda().await?;
    cut(&pair.cable).await?;
    let mut new = Person::login(pair.other.address(), "wanda").await.map_err(refused)?;
    let logged_in = Instant::now();
    new.say("zoe", "it is me now".to_owned()).await.map_err(refused)?;
    // The node must find out without NATS.
    let ended = old.until(Duration::from_secs(20), |it| it.closed.is_some()).await;
    ended.context("the old instance is ended")?;
    let out_after = logged_in.elapsed();
    let spoken = old.spoken();
    was_out_since(logged_in, &spoken)?;
    ensure!(spoken.kicked.is_some(), "the old instance was not told why");
    let refused_count = spoken.refused.len();
    while logged_in.elapsed() < Duration::from_secs(15) {
        traffic.goes_on().await?;
    }
    pair.cable.heal().await?;
    new.say("zoe", "still me".to_owned()).await.map_err(refused)?;
    traffic.goes_on().await?;
    let again = traffic.reconnected();
    let report = traffic.finish().await?;
    ensure!(again == 0, "{again} were disconnected:\n{report}");
    ensure!(report.send_to_received_ms.max < 10_000.0, "received too late:\n{report}");
    tell(&format!(
        "a node cut off from NATS ({how}): the old instance of a user out after {:.1} s, {refused_count} \
         of its messages refused, none acknowledged; slowest delivery {:.1} s, slowest \
         acknowledgement {:.0} ms",
        out_after.as_secs_f64(),
        report.send_to_received_ms.max / 1e3,
        report.send_to_acknowledged_ms.max
    ));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_cannot_connect_to_nats_has_no_sessions_of_its_own() -> Result<()> {
    is_cut_off("refused", async |cable| {
        cable.refuse().await?;
        cable.cut();
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_link_to_nats_is_dead_has_no_sessions_of_its_own() -> Result<()> {
    is_cut_off("silent", async |cable| {
        cable.half_open();
        Ok(())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_stood_still_has_no_sessions_of_its_own() -> Result<()> {
    let pair = Pair::start().await?;
    let targets = vec![pair.lost.address(), pair.other.address()];
    let options = traffic::among_few(targets);
    let people = options.connections;
    let traffic = Traffic::begin(options).await?;
    let mut old = pair.wanda().await?;
    pair.lost.pause()?;
    let paused = Instant::now();
    let mut new = Person::login(pair.other.address(), "wanda").await.map_err(refused)?;
    let logged_in = Instant::now();
    new.say("zoe", "it is me now".to_owned()).await.map_err(refused)?;
    sleep(Duration::from_secs(30)).await;
    let still = old.spoken();
    ensure!(still.closed.is_none(), "the old connection is open while its node stands still");
    pair.lost.resume()?;
    let resumed = Instant::now();
    let ended = old.until(Duration::from_secs(20), |it| it.closed.is_some()).await;
    ended.context("the old instance is ended")?;
    let out_after = resumed.elapsed();
    // Everything written meanwhile lay in front of the node when it went on.
    was_out_since(paused, &old.spoken())?;
    new.say("zoe", "still me".to_owned()).await.map_err(refused)?;
    traffic.all_are_back(people).await?;
    traffic.goes_on().await?;
    let report = traffic.finish().await?;
    tell(&format!(
        "a node stopped for 30 s: login elsewhere {:.0} ms, the old instance out {:.1} s after it went \
         on, {} of its messages refused, none acknowledged; slowest delivery {:.1} s",
        (logged_in - paused).as_secs_f64() * 1e3,
        out_after.as_secs_f64(),
        old.spoken().refused.len(),
        report.send_to_received_ms.max / 1e3
    ));
    Ok(())
}
