//! Load for tim-server, and proof that nothing went wrong under it.
//!
//! A run logs many people in, lets them write to each other, cuts their connections if asked to, and
//! in the end compares what every client saw with what the server keeps. Clients speak raw frames
//! (cheap: tens of thousands in one process) or are real SDK engines.
//!
//! ```no_run
//! # async fn example() -> Result<(), tim_load::LoadError> {
//! use tim_load::{Load, options::Options};
//!
//! let options = Options::new(vec!["127.0.0.1:8080".parse().unwrap()], 1_400_000_001, "key".into());
//! let load = Load::start(Options { connections: 1_000, engines: 10, ..options })?;
//! load.ready().await?;
//! // … hurt the servers …
//! let report = load.stop_and_check().await?;
//! assert!(report.is_good(), "{report}");
//! # Ok(())
//! # }
//! ```
//!
//! # Layout (a reading order)
//!
//! - [`options`]: what is asked for; [`report`]: what comes out; [`Load`]: a run in the background.
//! - `run`: the stages of a run, and what all clients share. `plan`, `stamp`: who writes to whom, and
//!   when a message was due.
//! - [`frames`]: the cheap client, and a caller for tests of other crates. [`engine`]: the SDK's engine on a native host; [`driver`]: the same as
//!   a test wants it.
//! - `record`, `history`, [`check`]: what clients saw, what the server keeps, whether they agree.
//! - `process`, `capacity`: /proc and limits.
//!
//! # Latency
//!
//! At a rate, messages have a time at which they are due, and latency counts from there: a server that
//! stands still for a second makes a second's messages late and cannot hide it. In the closed loop
//! it counts from the writing.
//!
//! # The report as JSON
//!
//! One object, `--json` prints it; the fields of [`report::Report`] in camelCase:
//!
//! - `logins`: `count`, `engines`, `seconds`, `perSecond`
//! - `messages`: `scheduled`, `acknowledged`, `delivered`, `unanswered`, `refused` (code → count),
//!   `repeats`, `seconds`, `acknowledgedPerSecond`, `deliveredPerSecond`
//! - `sendToAcknowledgedMs`, `sendToReceivedMs`: `count`, `p50`, `p90`, `p99`, `p999`, `max`
//! - `links`: `reconnects`, `failedConnects`, `kicked`, `closed` (close code → count), `outages`
//!   (`atS` since the run's beginning, `lastedS` or null, `lost`)
//! - `server`, null without process ids: `cpuSeconds`, `cpuUsPerMessage`, `cpuUsPerDelivery`,
//!   `memoryBeforeKb`, `memoryReadyKb`, `memoryEndKb`, `memoryPerConnectionKb`
//! - `check`, null when left out: `conversations`, `messages`, `violations`, `byKind` (kind → count),
//!   `first` (`kind`, `people`, `message`, `detail`)

mod capacity;
pub mod check;
pub mod driver;
pub mod engine;
pub mod frames;
mod history;
mod load;
pub mod options;
mod plan;
pub mod process;
pub mod record;
pub mod report;
mod run;
mod stamp;

pub use load::{Load, LoadError, Progress};
pub use run::readiness::Outage;
