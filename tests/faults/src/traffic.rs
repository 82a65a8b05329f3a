//! People writing to each other in the background while something is hurt, and the check in the end.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result, ensure};
use tim_load::{
    Load, Progress,
    options::{Mix, Options},
    report::Report,
};
use tim_rig::node::{APP, SECRET_KEY};

use crate::until;

/// Within this everything goes on after a fault, backoff of the clients included, unless a test says
/// something stricter.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long everybody may take to come back. After a long outage a client waits up to 36 seconds before
/// an attempt, which may take 10 itself; and one attempt may fail.
const BACK: Duration = Duration::from_secs(100);
/// A link that was up for so long counts as steady: when it is lost the next one is tried at once.
const STEADY: Duration = Duration::from_millis(1_200);

/// Traffic that goes on until it is finished.
pub struct Traffic {
    load: Load,
    rate: f64,
    /// Links that were made again until everybody was connected for the first time.
    before: u64,
}

/// A few dozen people at these servers, some of them with the real SDK, each writing to all others.
#[must_use]
pub fn among_few(targets: Vec<SocketAddr>) -> Options {
    let options = Options::new(targets, APP, SECRET_KEY.to_owned());
    Options {
        connections: 24,
        engines: 6,
        rate: 150.0,
        mix: Mix::Random,
        ramp: 1_000.0,
        // Until it is finished.
        duration: Some(3_600.0),
        settle: PATIENCE.as_secs_f64(),
        ..options
    }
}

impl Traffic {
    /// Begins it and waits until everybody is connected and messages are sent.
    ///
    /// # Errors
    /// When somebody is refused or cannot connect.
    pub async fn begin(options: Options) -> Result<Self> {
        let rate = options.rate;
        let load = Load::start(options)?;
        load.ready().await?;
        let traffic = Self { before: load.progress().reconnects, load, rate };
        traffic.goes_on().await?;
        Ok(traffic)
    }

    /// What was counted so far.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.load.progress()
    }

    /// Links that were made again since everybody was connected for the first time.
    #[must_use]
    pub fn reconnected(&self) -> u64 {
        self.progress().reconnects - self.before
    }

    /// Waits until somebody has sent and received what is sent in a second and a bit.
    ///
    /// # Errors
    /// When nothing goes on.
    pub async fn goes_on(&self) -> Result<()> {
        let more = (self.rate * STEADY.as_secs_f64()).ceil() as u64;
        let before = self.progress();
        let goes_on = async || {
            let now = self.progress();
            now.acknowledged >= before.acknowledged + more
                && now.delivered >= before.delivered + more
        };
        until("messages are acknowledged and received", PATIENCE, goes_on).await?;
        Ok(())
    }

    /// Waits until everybody is connected and has caught up; how long that took.
    ///
    /// # Errors
    /// When somebody is not back in time.
    pub async fn all_are_back(&self, all: usize) -> Result<Duration> {
        until("everybody is back", BACK, async || self.progress().ready >= all).await
    }

    /// Sends nothing more, waits until everything has arrived, checks.
    ///
    /// # Errors
    /// When somebody is not back, or the checker found something, with the whole report.
    pub async fn finish(self) -> Result<Report> {
        let report = self.load.stop_and_check().await.context("the traffic ended badly")?;
        ensure!(report.is_good(), "the checker found something:\n{report}");
        ensure!(report.messages.unanswered == 0, "some messages got no answer:\n{report}");
        Ok(report)
    }
}
