//! A stretch of a run in its steady state: what was done in it and what it cost.
//!
//! Logins, the first message of each conversation and the check afterwards cost something, too; none
//! of it is in here. The load goes on before and after.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use tim_load::{Load, options::Options, report::Report};

use crate::setting::{CpuSeconds, Setting};

/// Until conversations exist and caches are filled.
const WARM_UP: Duration = Duration::from_secs(2);
/// More than any stretch takes: a run is ended by whoever measures.
const FOR_EVER_S: f64 = 86_400.0;

/// A stretch that was measured.
pub struct Stretch {
    pub seconds: f64,
    /// Messages that were acknowledged in it.
    pub acknowledged: f64,
    /// Messages that reached an app in it.
    pub delivered: f64,
    /// What was used in it.
    pub cpu: CpuSeconds,
    /// Of the whole run.
    pub report: Report,
}

impl Stretch {
    /// Messages acknowledged in a second of time.
    pub fn per_second(&self) -> f64 {
        self.acknowledged / self.seconds
    }

    /// Microseconds of something that was used, for each message.
    pub fn us_per_message(&self, seconds: f64) -> f64 {
        seconds * 1e6 / self.acknowledged
    }

    /// Microseconds of something that was used, for each delivery.
    pub fn us_per_delivery(&self, seconds: f64) -> f64 {
        seconds * 1e6 / self.delivered
    }
}

/// Runs this load and measures so long a stretch of it.
///
/// # Errors
/// When the run cannot be carried out, a message is refused, or the check finds a violation.
pub async fn measure(setting: &Setting, options: Options, length: Duration) -> Result<Stretch> {
    let load = Load::start(Options { duration: Some(FOR_EVER_S), ..options })?;
    load.ready().await?;
    tokio::time::sleep(WARM_UP).await;
    let (began, before, cpu_before) = (Instant::now(), load.progress(), setting.cpu_seconds()?);
    tokio::time::sleep(length).await;
    let (seconds, after) = (began.elapsed().as_secs_f64(), load.progress());
    let cpu = setting.cpu_seconds()?.since(cpu_before);
    let report = load.stop_and_check().await?;
    ensure!(report.is_good(), "the check found violations:\n{report}");
    let messages = &report.messages;
    ensure!(
        messages.refused.is_empty() && messages.unanswered == 0,
        "not all was stored:\n{report}"
    );
    let acknowledged = (after.acknowledged - before.acknowledged) as f64;
    let delivered = (after.delivered - before.delivered) as f64;
    Ok(Stretch { seconds, acknowledged, delivered, cpu, report })
}
