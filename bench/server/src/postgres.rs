//! Durable sends on PostgreSQL: what they cost the server, and beside it the database.
//!
//! Both have their default settings, so that each commit reaches the disk. The load has the shape of the
//! comparison on SQLite (`compare.rs`).

use std::{path::Path, time::Duration};

use anyhow::Result;
use tim_load::options::Options;

use crate::{
    compare::Sends,
    setting::{Setting, Shape},
    stretch::{Stretch, measure},
    table::{Row, median},
    written::Written,
};

const ROUNDS: usize = 3;
const LENGTH: Duration = Duration::from_secs(10);

/// Measures.
pub async fn rows(server: &Path, sends: &Sends) -> Result<Vec<Row>> {
    let setting = Setting::on_postgres(server, Shape::default()).await?;
    let mut rounds = Vec::new();
    let mut written = Vec::new();
    for round in 0..ROUNDS {
        let options = Options {
            users: format!("round{round}-"),
            connections: sends.connections,
            window: sends.window,
            closed_loop: true,
            no_check: true,
            ..setting.options()?
        };
        let before = Written::until_now(&setting).await?;
        let stretch = measure(&setting, options, LENGTH).await?;
        let all = stretch.report.messages.acknowledged as f64;
        let bytes = Written::until_now(&setting).await?.since(&before);
        written.push((bytes.log / all, bytes.size / all));
        rounds.push(stretch);
    }
    let of = |value: &dyn Fn(&Stretch) -> f64| median(rounds.iter().map(value));
    let database_us = of(&|it| it.us_per_message(it.cpu.postgres));
    let load_us = of(&|it| it.us_per_message(it.cpu.load));
    let (log, size) =
        (median(written.iter().map(|it| it.0)), median(written.iter().map(|it| it.1)));
    let note = format!(
        "PostgreSQL itself uses {database_us:.0} µs of CPU for each and writes {log:.0} bytes of log and \
         {size:.0} of tables; the load process uses {load_us:.0} µs"
    );
    Ok(vec![
        Row::alone("sends per server-CPU-second", of(&|it| it.acknowledged / it.cpu.nodes))
            .noted(note),
        Row::alone("sends acknowledged per second", of(&Stretch::per_second)),
        Row::alone("CPU of PostgreSQL per message, µs", database_us),
        Row::alone("write-ahead log per message, bytes", log),
        Row::alone("growth of the database per message, bytes", size),
    ])
}
