//! What the fault tests have in common: clusters to hurt, traffic to hurt them under, single clients
//! that do what no well-behaved one would.
//!
//! The tests themselves are in `tests/`, one file per kind of fault. Each hurts real processes of
//! `tim-rig` while `tim-load` sends and receives, and ends with its checker: no acknowledged message is
//! missing, doubled or out of order, and everybody is connected again. Bounds that operators read
//! about are asserted and printed ([`tell`]).
//!
//! # Layout
//! - [`cluster`]: PostgreSQL, NATS and several nodes.
//! - [`traffic`]: people writing to each other in the background, and the check in the end.
//! - [`person`]: one client, one request at a time; [`insistent`]: one that never stops sending;
//!   [`deaf`]: one that never reads; [`words`]: what they say.

pub mod cluster;
pub mod deaf;
pub mod insistent;
pub mod person;
pub mod traffic;
pub mod words;

use std::{
    io::Write as _,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use tokio::time::sleep;

pub use cluster::{Cluster, Engines};
pub use insistent::Insistent;
pub use person::Person;
pub use traffic::Traffic;

/// How often is looked whether something has happened that nobody tells.
const GLANCE: Duration = Duration::from_millis(20);

/// Waits until something holds; how long that took.
///
/// # Errors
/// When it does not within the time.
pub async fn until(
    what: &str,
    within: Duration,
    mut holds: impl AsyncFnMut() -> bool,
) -> Result<Duration> {
    let begun = Instant::now();
    while !holds().await {
        ensure!(begun.elapsed() < within, "not within {} s: {what}", within.as_secs_f32());
        sleep(GLANCE).await;
    }
    Ok(begun.elapsed())
}

/// Says what was measured, also when the test passes and its output is not shown.
pub fn tell(measured: &str) {
    // Nobody to tell is no reason to fail.
    let _ = writeln!(std::io::stdout(), "measured: {measured}");
}
