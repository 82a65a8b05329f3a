//! `GET /metrics`: what Prometheus collects.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// The process has one recorder, however many servers run in it (tests run several).
static RECORDER: OnceLock<Option<PrometheusHandle>> = OnceLock::new();

/// Bounds of seconds, from a commit on a fast disk to one that hangs.
const SECONDS: &[f64] = &[0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0];
/// Bounds of requests in one commit.
const REQUESTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0];

/// Starts to record.
pub fn install() {
    RECORDER.get_or_init(|| {
        PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Full("tim_commit_seconds".to_owned()), SECONDS)
            .and_then(|it| {
                let requests = Matcher::Full("tim_commit_requests".to_owned());
                it.set_buckets_for_metric(requests, REQUESTS)
            })
            .and_then(PrometheusBuilder::install_recorder)
            .inspect_err(|error| tracing::error!(%error, "no metrics are recorded"))
            .ok()
    });
}

/// The current values as text.
pub(super) async fn metrics() -> String {
    RECORDER.get().and_then(Option::as_ref).map_or_else(String::new, PrometheusHandle::render)
}
