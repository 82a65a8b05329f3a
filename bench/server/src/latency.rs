//! How long a message takes when the server has half of what it can bear.
//!
//! One node on SQLite. A closed loop finds how many messages it bears; then as many as half of that
//! are due in each second, whatever the server does, and their way is timed from when they were due. The
//! load process takes its share of the same machine both times: what it used is told beside it.

use std::{path::Path, time::Duration};

use anyhow::Result;
use tim_load::options::Options;

use crate::{
    compare::Sends,
    setting::{Setting, Shape},
    stretch::{Stretch, measure},
    table::{Row, median},
};

const ROUNDS: usize = 3;
const SATURATION: Duration = Duration::from_secs(6);
const LENGTH: Duration = Duration::from_secs(8);

/// Measures.
pub async fn rows(server: &Path, sends: &Sends) -> Result<Vec<Row>> {
    let setting = Setting::on_sqlite(server, Shape::default()).await?;
    let base = || -> Result<Options> {
        let connections = sends.connections;
        Ok(Options { connections, window: sends.window, no_check: true, ..setting.options()? })
    };
    let all = Options { closed_loop: true, ..base()? };
    let saturation = measure(&setting, all, SATURATION).await?.per_second();
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let half = Options { rate: saturation / 2.0, ..base()? };
        rounds.push(measure(&setting, half, LENGTH).await?);
    }
    let of = |value: &dyn Fn(&Stretch) -> f64| median(rounds.iter().map(value));
    let share = |used: &dyn Fn(&Stretch) -> f64| of(&|it| used(it) / it.seconds * 100.0);
    let note = format!(
        "at {:.0} messages a second, half of {saturation:.0}; the server uses {:.0} % of one CPU, the \
         load process on the same machine {:.0} %",
        saturation / 2.0,
        share(&|it| it.cpu.nodes),
        share(&|it| it.cpu.load),
    );
    Ok(vec![
        Row::alone("send to received p99, ms", of(&|it| it.report.send_to_received_ms.p99))
            .noted(note),
        Row::alone("send to received p50, ms", of(&|it| it.report.send_to_received_ms.p50)),
        Row::alone("send to acknowledged p99, ms", of(&|it| it.report.send_to_acknowledged_ms.p99)),
    ])
}
