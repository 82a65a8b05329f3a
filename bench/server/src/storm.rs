//! Everybody loses the connection at once: how fast they are back.
//!
//! One node on SQLite. The connections go without a word, come back at once and resume; where that
//! fails they wait as an SDK does. Whoever is back has also caught up.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use tim_load::{
    Load,
    options::{Options, Storm},
};

use crate::{
    setting::{Setting, Shape},
    table::{Row, median},
};

const ROUNDS: usize = 3;
/// Messages in a second before and after it.
const RATE: f64 = 100.0;

/// How many.
#[derive(Args)]
pub struct Everybody {
    /// Connections that are cut
    #[arg(long, default_value_t = 2_000)]
    cut: usize,
}

/// Measures.
pub async fn rows(server: &Path, everybody: &Everybody) -> Result<Vec<Row>> {
    let setting = Setting::on_sqlite(server, Shape::default()).await?;
    let (mut rates, mut seconds, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let options = Options {
            connections: everybody.cut,
            rate: RATE,
            duration: Some(10.0),
            storms: vec![Storm { at_s: 1.0, share: 1.0 }],
            ..setting.options()?
        };
        let report = Load::start(options)?.finish().await?;
        ensure!(report.is_good(), "the check found violations:\n{report}");
        let outage = report.links.outages.first().context("nothing was cut")?;
        let lasted_s = outage.lasted_s.context("not all came back")?;
        rates.push(outage.lost as f64 / lasted_s);
        seconds.push(lasted_s);
        failed.push(report.links.failed_connects as f64);
    }
    let note = format!(
        "{} connections cut at once, everything checked; {:.0} attempts failed",
        everybody.cut,
        median(failed)
    );
    Ok(vec![
        Row::alone("resumes per second", median(rates)).noted(note),
        Row::alone("until all are ready again, s", median(seconds)),
    ])
}
