//! Two thousand clients that come back at once. In a test program of its own: it wants the machine for
//! itself.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tim_faults::{Cluster, Traffic, tell, traffic, until};
use tim_load::options::{Options, Storm};
use tim_rig::HaProxy;

const PEOPLE: usize = 2_000;
/// When all links are cut, in seconds after the first message.
const STORM_AT: f64 = 5.0;
/// Within which time everybody is back, whatever happened.
const ALL_BACK: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn two_thousand_come_back_at_once() -> Result<()> {
    let mut cluster = Cluster::start(3).await?;
    let proxy = HaProxy::start(&cluster.addresses()).await?;
    let all_up = async || proxy.healthy().await.is_ok_and(|it| it.len() == 3);
    until("HAProxy sees three nodes", Duration::from_secs(10), all_up).await?;
    let storms = vec![Storm { at_s: STORM_AT, share: 1.0 }];
    let few = traffic::among_few(vec![proxy.address()]);
    let options = Options { connections: 100, idle: PEOPLE - 100, rate: 50.0, storms, ..few };
    let traffic = Traffic::begin(options).await?;

    // All at once, without a pause: a link that was lost is tried again at once.
    let storm = async || traffic.reconnected() >= PEOPLE as u64;
    until("all links were cut and made again", ALL_BACK, storm).await?;
    traffic.all_are_back(PEOPLE).await?;
    traffic.goes_on().await?;

    // A third of them, of which the dead node knows nothing any more.
    let on_it = cluster.engines.connected_to("node0").await?;
    cluster.nodes[0].kill()?;
    let begun = Instant::now();
    until("its clients are elsewhere", ALL_BACK, async || {
        traffic.reconnected() >= PEOPLE as u64 + on_it
    })
    .await?;
    traffic.all_are_back(PEOPLE).await?;
    let killed = begun.elapsed();
    traffic.goes_on().await?;

    // Half of them, asked to leave one after the other.
    let asked = cluster.engines.connected_to("node1").await?;
    let begun = Instant::now();
    let ended = cluster.nodes[1].terminate().await?;
    ensure!(ended.success(), "{ended}");
    until("its clients are elsewhere", ALL_BACK, async || {
        traffic.reconnected() >= PEOPLE as u64 + on_it + asked
    })
    .await?;
    traffic.all_are_back(PEOPLE).await?;
    let drained = begun.elapsed();
    traffic.goes_on().await?;

    let report = traffic.finish().await?;
    let storm = report.links.outages.iter().find(|it| it.lost as usize >= PEOPLE);
    let lasted = storm.and_then(|it| it.lasted_s);
    let Some(lasted) = lasted else { anyhow::bail!("there was no storm:\n{report}") };
    ensure!(lasted < ALL_BACK.as_secs_f64(), "{report}");
    tell(&format!(
        "{PEOPLE} clients behind HAProxy on three nodes: first logins {:.0} a second; all links cut: \
         all ready after {lasted:.2} s, {:.0} resumes a second; a node killed: its {on_it} ready \
         after {:.2} s; a node stopped: its {asked} ready after {:.2} s",
        report.logins.per_second,
        PEOPLE as f64 / lasted,
        killed.as_secs_f64(),
        drained.as_secs_f64()
    ));
    Ok(())
}
