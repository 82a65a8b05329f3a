//! Many connections that are held while a few write: how many, what each costs, how the few fare.
//!
//! One node on SQLite. A connection is an open file of the server and one of this process. Where the
//! hard limit of open files allows less than what was asked for, as many as fit are held.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use tim_load::{Load, options::Options};

use crate::{
    setting::{Setting, Shape},
    table::Row,
};

/// Files of either process that are not connections.
const OTHER_FILES: usize = 150;
/// One address has ports for 28,000 connections.
const SOURCES: u8 = 4;
/// Messages in a second.
const RATE: f64 = 100.0;
const LENGTH_S: f64 = 20.0;

/// How many.
#[derive(Args)]
pub struct Crowd {
    /// Connections that are held; fewer when the limit of open files is lower
    #[arg(long, default_value_t = 20_000)]
    held: usize,
    /// How many of them write
    #[arg(long, default_value_t = 100)]
    writing: usize,
}

/// Measures.
pub async fn rows(server: &Path, crowd: &Crowd) -> Result<Vec<Row>> {
    let limit = hard_limit()?;
    let held = crowd.held.min(limit.saturating_sub(OTHER_FILES));
    ensure!(held > crowd.writing, "the limit of {limit} open files leaves too few connections");
    let setting = Setting::on_sqlite(server, Shape::default()).await?;
    let options = Options {
        connections: crowd.writing,
        idle: held - crowd.writing,
        rate: RATE,
        sources: SOURCES,
        duration: Some(LENGTH_S),
        ..setting.options()?
    };
    let load = Load::start(options)?;
    load.ready().await?;
    let before = setting.cpu_seconds()?;
    let report = load.finish().await?;
    let cpu = setting.cpu_seconds()?.since(before);
    ensure!(report.is_good(), "the check found violations:\n{report}");
    let lost = report.links.reconnects;
    let used = report.server.context("the node runs")?;
    let note = if held < crowd.held {
        format!("the hard limit of {limit} open files allows no more here; {lost} were lost")
    } else {
        format!("{lost} were lost")
    };
    Ok(vec![
        Row::alone("connections held while 100 messages a second flow", held as f64).noted(note),
        Row::alone("memory per connection held, KB", used.memory_per_connection_kb),
        Row::alone("memory of the server, MB", used.memory_end_kb / 1e3),
        Row::alone("send to received p99 among them, ms", report.send_to_received_ms.p99),
        Row::alone("logins per second", report.logins.per_second),
        Row::alone("server CPU meanwhile, % of one", cpu.nodes / LENGTH_S * 100.0),
    ])
}

/// How many files a process may open at the most.
fn hard_limit() -> Result<usize> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let line = limits.lines().find(|it| it.starts_with("Max open files"));
    let hard = line.and_then(|it| it.split_whitespace().nth(4));
    let hard = hard.context("the system does not tell the limit of open files")?;
    Ok(hard.parse().unwrap_or(usize::MAX))
}
