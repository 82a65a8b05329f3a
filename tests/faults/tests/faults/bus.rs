//! NATS goes away for everybody: messages are stored all the same and reach people through the
//! database.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tim_faults::{Cluster, Traffic, tell, traffic, until};
use tokio::time::sleep;

/// How long NATS is away.
const AWAY: Duration = Duration::from_secs(20);
/// The longest a message may take to its receiver meanwhile.
const DELAY_MS: f64 = 10_000.0;
/// The longest all but one of a hundred sends may take to be acknowledged, NATS or not.
const ACKNOWLEDGED_MS: f64 = 1_000.0;

/// Sends went on as ever, everything was received in time.
async fn was_harmless(what: &str, cluster: &Cluster, traffic: Traffic) -> Result<()> {
    let again = traffic.reconnected();
    let report = traffic.finish().await?;
    tell(&format!(
        "{what}: acknowledged within {:.0} ms (99 of 100), slowest {:.0} ms; received within \
         {:.0} ms (half), {:.1} s (99 of 100), slowest {:.1} s",
        report.send_to_acknowledged_ms.p99,
        report.send_to_acknowledged_ms.max,
        report.send_to_received_ms.p50,
        report.send_to_received_ms.p99 / 1e3,
        report.send_to_received_ms.max / 1e3
    ));
    ensure!(report.messages.refused.is_empty(), "something was refused:\n{report}");
    ensure!(again == 0, "{again} were disconnected:\n{report}{}", cluster.complaints());
    ensure!(report.send_to_acknowledged_ms.p99 < ACKNOWLEDGED_MS, "sends were slow:\n{report}");
    ensure!(report.send_to_received_ms.max < DELAY_MS, "received too late:\n{report}");
    Ok(())
}

async fn all_are_well(cluster: &Cluster) -> Result<Duration> {
    let well = async || {
        let all = cluster
            .nodes
            .iter()
            .map(|it| async { it.health().await.is_ok_and(|it| it.1 == "ok\n") });
        futures::future::join_all(all).await.into_iter().all(|it| it)
    };
    until("all nodes say that all is well", Duration::from_secs(30), well).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_is_stopped_and_started_again() -> Result<()> {
    let mut cluster = Cluster::start(2).await?;
    let traffic = Traffic::begin(traffic::among_few(cluster.addresses())).await?;
    cluster.engines.nats.stop().await?;
    let begun = Instant::now();
    while begun.elapsed() < AWAY {
        // Each time in a second and a bit, or it is an error.
        traffic.goes_on().await?;
    }
    for node in &cluster.nodes {
        let (status, body) = node.health().await?;
        ensure!(status == 200 && body.starts_with("degraded\n"), "{status} {body}");
        ensure!(body.contains("the bus is away"), "{body}");
    }
    cluster.engines.nats.start_again().await?;
    let well = all_are_well(&cluster).await?;
    traffic.goes_on().await?;
    tell(&format!("nodes are well {:.1} s after the return of NATS", well.as_secs_f64()));
    was_harmless("NATS away for 20 s", &cluster, traffic).await
}

#[tokio::test(flavor = "multi_thread")]
async fn nats_stands_still_with_all_connections_open() -> Result<()> {
    let cluster = Cluster::start(2).await?;
    let traffic = Traffic::begin(traffic::among_few(cluster.addresses())).await?;
    cluster.engines.nats.pause()?;
    sleep(AWAY).await;
    cluster.engines.nats.resume()?;
    traffic.goes_on().await?;
    all_are_well(&cluster).await?;
    was_harmless("NATS stands still for 20 s", &cluster, traffic).await
}
