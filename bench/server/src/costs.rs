//! What each thing a server does costs, for those who size machines: `docs/scaling.md` has the numbers.
//!
//! One after the other in one setting: logins, connections that say nothing, messages, the same messages
//! with more instances to tell, and everybody's return. The bytes on the network are those of all
//! loopback connections, databases included: `unshare --net` gives a run a loopback of its own.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};
use tim_load::{
    Load,
    options::{Options, Storm},
};

use crate::{
    setting::{CpuSeconds, Setting, Shape},
    stretch::{Stretch, measure},
    table::Row,
    written::Written,
};

/// Connections before the idle ones: they pay for what all share.
const FIRST: usize = 50;
/// In it each connection asks for a sign of life once.
const IDLE: Duration = Duration::from_secs(30);
const SENDING: Duration = Duration::from_secs(10);
/// What the last logins needed for a moment is given back within it.
const REST: Duration = Duration::from_secs(2);
/// How long everybody may take to come back.
const BACK: Duration = Duration::from_secs(30);

/// In which setting, and how much of everything.
#[derive(Args)]
pub struct Sizes {
    /// What the nodes stand on
    #[arg(long, default_value = "sqlite")]
    on: On,
    /// Connections that say nothing
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
    /// Connections that write and receive
    #[arg(long, default_value_t = 100)]
    connections: usize,
    /// Messages in a second, of all together
    #[arg(long, default_value_t = 2_000.0)]
    rate: f64,
    /// More instances of each user, for the cost of a push
    #[arg(long, default_value_t = 3)]
    instances: usize,
    /// Connections that are cut at once
    #[arg(long, default_value_t = 2_000)]
    cut: usize,
}

/// What nodes stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum On {
    /// One node on SQLite.
    Sqlite,
    /// One node on PostgreSQL.
    Postgres,
    /// Three nodes on PostgreSQL and NATS.
    Cluster,
}

/// Measures.
pub async fn rows(server: &Path, sizes: &Sizes) -> Result<Vec<Row>> {
    let shape = Shape { instances: sizes.instances + 1 };
    let setting = match sizes.on {
        On::Sqlite => Setting::on_sqlite(server, shape).await?,
        On::Postgres => Setting::on_postgres(server, shape).await?,
        On::Cluster => Setting::cluster(server, 3, shape).await?,
    };
    let mut rows = idle(&setting, sizes).await?;
    rows.extend(messages(&setting, sizes).await?);
    rows.extend(returns(&setting, sizes).await?);
    Ok(rows)
}

fn us_each(seconds: f64, count: usize) -> f64 {
    seconds * 1e6 / count as f64
}

fn still(setting: &Setting, users: &str, idle: usize) -> Result<Options> {
    let base = setting.options()?;
    let duration = Some(86_400.0);
    let users = users.to_owned();
    Ok(Options { users, connections: 0, idle, duration, no_check: true, ..base })
}

/// What a login costs, and then a connection that says nothing.
async fn idle(setting: &Setting, sizes: &Sizes) -> Result<Vec<Row>> {
    let count = sizes.idle;
    let first = Load::start(still(setting, "first", FIRST)?)?;
    first.ready().await?;
    let (cpu_before, memory_before) = (setting.cpu_seconds()?, setting.memory_kilobytes()?);
    let idle = Load::start(still(setting, "idle", count)?)?;
    idle.ready().await?;
    tokio::time::sleep(REST).await;
    let login = setting.cpu_seconds()?.since(cpu_before);
    let memory_kb = (setting.memory_kilobytes()? - memory_before) / count as f64;
    let before = setting.cpu_seconds()?;
    tokio::time::sleep(IDLE).await;
    let cpu = setting.cpu_seconds()?.since(before);
    let a_second = |seconds: f64| us_each(seconds, count) / IDLE.as_secs_f64();
    Ok(vec![
        Row::alone("server CPU per first login, µs", us_each(login.nodes, count)),
        Row::alone("PostgreSQL CPU per first login, µs", us_each(login.postgres, count)),
        Row::alone("memory per idle connection, KB", memory_kb),
        Row::alone("server CPU per idle connection and second, µs", a_second(cpu.nodes)),
        Row::alone("PostgreSQL CPU per idle connection and second, µs", a_second(cpu.postgres)),
    ])
}

/// What a message costs, and a push of it to one more instance.
async fn messages(setting: &Setting, sizes: &Sizes) -> Result<Vec<Row>> {
    let traffic = || -> Result<Options> {
        let (connections, rate) = (sizes.connections, sizes.rate);
        Ok(Options { connections, rate, no_check: true, ..setting.options()? })
    };
    // The first run makes the conversations; they are there in the second one.
    measure(setting, traffic()?, Duration::from_secs(1)).await?;
    let (before, bytes_before) = (Written::until_now(setting).await?, loopback_bytes()?);
    let alone = measure(setting, traffic()?, SENDING).await?;
    let bytes = loopback_bytes()? - bytes_before;
    let written = Written::until_now(setting).await?.since(&before);
    let all = alone.report.messages.acknowledged as f64;
    let others: Vec<Load> = (0..sizes.instances)
        .map(|turn| {
            let mut options = still(setting, "load", sizes.connections)?;
            // In a cluster the instances of a user are connected to different nodes.
            let nodes = options.targets.len();
            options.targets.rotate_left((turn + 1) % nodes);
            Ok(Load::start(options)?)
        })
        .collect::<Result<_>>()?;
    for load in &others {
        load.ready().await?;
    }
    let told = measure(setting, traffic()?, SENDING).await?;
    let delivered: u64 = others.iter().map(|it| it.progress().delivered).sum();
    let expected = told.report.messages.acknowledged * sizes.instances as u64;
    ensure!(delivered >= expected, "further instances got {delivered} of {expected} messages");
    // Those of the sender and those of the receiver.
    let pushes = (2 * sizes.instances) as f64;
    let us = |of: &Stretch, used: &dyn Fn(&CpuSeconds) -> f64| of.us_per_message(used(&of.cpu));
    let nodes = |it: &CpuSeconds| it.nodes;
    let nats = |it: &CpuSeconds| it.nats;
    let push_us = (us(&told, &nodes) - us(&alone, &nodes)) / pushes;
    Ok(vec![
        Row::alone("server CPU per message with one push, µs", us(&alone, &nodes)),
        Row::alone("PostgreSQL CPU per message, µs", us(&alone, &|it| it.postgres)),
        Row::alone("NATS CPU per message, µs", us(&alone, &nats)),
        Row::alone("server CPU per further push, µs", push_us),
        Row::alone("NATS CPU per message with those, µs", us(&told, &nats)),
        Row::alone("log written per message, bytes", written.log / all),
        Row::alone("growth of the database per message, bytes", written.size / all),
        Row::alone("loopback traffic per message, bytes", bytes / all),
    ])
}

/// What coming back costs.
async fn returns(setting: &Setting, sizes: &Sizes) -> Result<Vec<Row>> {
    let options = still(setting, "back", sizes.cut)?;
    let load = Load::start(Options { storms: vec![Storm { at_s: 3.0, share: 1.0 }], ..options })?;
    load.ready().await?;
    tokio::time::sleep(REST).await;
    let (began, before) = (Instant::now(), setting.cpu_seconds()?);
    let is_back = || {
        let progress = load.progress();
        progress.reconnects as usize >= sizes.cut && progress.ready == sizes.cut
    };
    while !is_back() {
        ensure!(began.elapsed() < BACK, "not all came back: {:?}", load.progress());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let cpu = setting.cpu_seconds()?.since(before);
    Ok(vec![
        Row::alone("server CPU per resume, µs", us_each(cpu.nodes, sizes.cut)),
        Row::alone("PostgreSQL CPU per resume, µs", us_each(cpu.postgres, sizes.cut)),
    ])
}

/// What has come in over the loopback.
fn loopback_bytes() -> Result<f64> {
    let devices = fs::read_to_string("/proc/net/dev")?;
    let line = devices.lines().find_map(|it| it.trim_start().strip_prefix("lo:"));
    let received = line.and_then(|it| it.split_whitespace().next());
    Ok(received.context("there is no loopback")?.parse()?)
}
