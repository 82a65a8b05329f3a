//! `GET /metrics`: what Prometheus collects.
//!
//! Values are counted where things happen. Here stand what each of them means, which is also what the
//! answer says of it, and the bounds of the histograms. Those without labels are there from the start:
//! a rate over a counter that only appears with its first event misses that event.

use std::{sync::OnceLock, time::Duration};

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

/// The process has one recorder, however many servers run in it (tests run several).
static RECORDER: OnceLock<Option<Recorder>> = OnceLock::new();

struct Recorder {
    ours: PrometheusHandle,
    /// What the system knows of the process: memory, CPU time, open files.
    process: Collector,
}

/// Bounds of seconds, from a commit on a fast disk to one whose database was away.
const SECONDS: &[f64] =
    &[0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
/// Bounds of requests in one commit.
const REQUESTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];
/// How often samples of histograms are added up. Until then each takes its own place in memory.
const ADD_UP_EVERY: Duration = Duration::from_secs(5);

/// Starts to record.
pub fn install() {
    RECORDER.get_or_init(|| {
        let ours = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full("tim_commit_seconds".to_owned()), SECONDS)
            .and_then(|it| {
                let requests = Matcher::Full("tim_commit_requests".to_owned());
                it.set_buckets_for_metric(requests, REQUESTS)
            })
            .and_then(PrometheusBuilder::install_recorder)
            .inspect_err(|error| tracing::error!(%error, "no metrics are recorded"))
            .ok()?;
        describe();
        let process = Collector::default();
        process.describe();
        Some(Recorder { ours, process })
    });
    gauge!("tim_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
}

/// Adds samples up for ever, also when nobody collects them.
pub async fn keep_adding_up() {
    let mut timer = tokio::time::interval(ADD_UP_EVERY);
    loop {
        timer.tick().await;
        if let Some(recorder) = RECORDER.get().and_then(Option::as_ref) {
            recorder.ours.run_upkeep();
        }
    }
}

/// The current values as text.
pub(super) async fn metrics() -> String {
    let Some(recorder) = RECORDER.get().and_then(Option::as_ref) else { return String::new() };
    recorder.process.collect();
    recorder.ours.render()
}

fn describe() {
    describe_gauge!("tim_build_info", "1; the label says which version this is");
    describe_counter!("tim_requests_total", "Answered requests by method and code; 0 is a success");
    describe_counter!("tim_closed_total", "Connections that the server ended, by close code");
    describe_counter!("tim_bus_losses_total", "Times pushes between servers may have been lost");
    describe_counter!(
        "tim_connections_refused_total",
        "Connections refused because their address has too many"
    );
    for (name, text) in [
        ("tim_messages_stored_total", "Messages put into the log"),
        ("tim_commit_retries_total", "Transactions tried again: the database was away or busy"),
        ("tim_commit_failures_total", "Transactions given up; nothing of them was stored"),
        ("tim_slow_consumers_total", "Clients cut because they read too slowly"),
        ("tim_tail_messages_total", "Messages read from the log because pushes may be missing"),
        ("tim_accept_failures_total", "Connections the system could not accept"),
    ] {
        describe_counter!(name, text);
        counter!(name).increment(0);
    }
    describe_gauge!("tim_connections", "Open WebSockets");
    gauge!("tim_connections").increment(0.0);
    // These say something only where there are several servers and a bus.
    describe_gauge!("tim_nodes", "Servers at work on this database, this one included");
    describe_gauge!("tim_in_doubt", "1 while pushes may be missing and the log is read instead");
    describe_gauge!("tim_database_up", "1 while the shared database takes writes");
    describe_gauge!("tim_bus_up", "1 while the bus reaches other servers");
    for (name, text) in [
        ("tim_commit_seconds", "Time from taking what waits until it is on disk"),
        ("tim_commit_requests", "Requests committed together"),
    ] {
        describe_histogram!(name, text);
        // Registering is enough for the line to be there.
        let _ = histogram!(name);
    }
}
