//! Measures tim-server beside the least a server of its kind could do.
//!
//! The reference (`reference.rs`) is a bare axum WebSocket in front of SQLite with the same durability:
//! write-ahead log, a disk sync per commit, group commit. It checks nothing and knows nobody; it is the
//! floor, not a rival. Both run as a process of their own (`process.rs`) and are spoken to with the same
//! frames by the same client, `tim-load` (`load.rs`), which reads their CPU time and memory.

mod load;
mod process;
mod reference;

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Parser, Subcommand};
use load::Sends;
use process::Process;
use serde_json::json;
use tim_load::report::Report;

/// Measure tim-server beside a minimal reference.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The tim-server to measure (a release build)
    #[arg(long, default_value = "target/release/tim-server")]
    server: PathBuf,
    /// Connections that send
    #[arg(long, default_value_t = 20)]
    connections: usize,
    /// Sends of one connection that are under way at the same time
    #[arg(long, default_value_t = 16)]
    window: usize,
    /// Messages in all
    #[arg(long, default_value_t = 100_000)]
    messages: u64,
    /// Sends one after the other, for the latency
    #[arg(long, default_value_t = 1_000)]
    single: u64,
    /// Connections that do nothing, for the memory
    #[arg(long, default_value_t = 2_000)]
    idle: usize,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Be the reference server (started by the benchmark itself)
    #[command(hide = true)]
    Reference {
        /// Folder of the database
        folder: PathBuf,
    },
}

/// What was measured of one server.
struct Measured {
    throughput: Report,
    /// Of a send that waits for the one before, in milliseconds.
    p50_ms: f64,
    /// Memory of an idle connection.
    idle_kb: f64,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match &arguments.command {
        Some(Command::Reference { folder }) => runtime.block_on(reference::serve(folder)),
        None => runtime.block_on(compare(&arguments)),
    }
}

async fn measure(
    mut start: impl AsyncFnMut() -> Result<Process>,
    of: &Arguments,
) -> Result<Measured> {
    let server = start().await?;
    let load = Sends { connections: of.connections, window: of.window, messages: of.messages };
    let throughput = load.run(&server).await?;
    drop(server);
    let server = start().await?;
    let p50_ms = load::one_at_a_time(&server, of.single).await?;
    drop(server);
    let server = start().await?;
    let idle_kb = load::idle(&server, of.idle).await?;
    Ok(Measured { throughput, p50_ms, idle_kb })
}

async fn compare(arguments: &Arguments) -> Result<()> {
    let ours = measure(async || Process::tim_server(&arguments.server).await, arguments)
        .await
        .with_context(|| format!("measuring {}", arguments.server.display()))?;
    let reference =
        measure(async || Process::reference().await, arguments).await.context("the reference")?;
    let rows = [
        row(
            "sends acknowledged per second",
            |it| it.throughput.messages.acknowledged_per_second,
            &ours,
            &reference,
        ),
        row("sends per server-CPU-second", per_cpu_second, &ours, &reference),
        row("one send at a time, p50, ms", |it| it.p50_ms, &ours, &reference),
        row("memory per idle connection, KB", |it| it.idle_kb, &ours, &reference),
    ];
    if arguments.json {
        let rows = rows.map(|(name, ours, reference)| {
            json!({ "name": name, "ours": ours, "reference": reference, "ratio": ours / reference })
        });
        print(&json!({ "rows": rows }).to_string());
    } else {
        print(&format!("{:<34}{:>12}{:>12}{:>8}", "", "tim-server", "reference", "ratio"));
        for (name, ours, reference) in rows {
            let ratio = ours / reference;
            print(&format!("{name:<34}{ours:>12.2}{reference:>12.2}{ratio:>8.2}"));
        }
    }
    Ok(())
}

/// Acknowledged sends in a second of the server's CPU time.
fn per_cpu_second(measured: &Measured) -> f64 {
    let cpu_us = measured.throughput.server.as_ref().map(|it| it.cpu_us_per_message);
    cpu_us.map_or(f64::NAN, |it| 1e6 / it)
}

fn row(
    name: &'static str,
    value: impl Fn(&Measured) -> f64,
    ours: &Measured,
    reference: &Measured,
) -> (&'static str, f64, f64) {
    (name, value(ours), value(reference))
}

#[expect(clippy::print_stdout, reason = "the result of the program")]
fn print(line: &str) {
    println!("{line}");
}
