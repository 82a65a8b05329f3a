//! tim-server beside the least a server of its kind could do, with the same frames by the same client.

use std::path::Path;

use anyhow::{Context as _, Result};
use clap::Args;
use tim_load::report::Report;

use crate::{load, process::Process, table::Row};

/// How much is sent.
#[derive(Args, Clone, Copy)]
pub struct Sends {
    /// Connections that send
    #[arg(long, default_value_t = 20)]
    pub connections: usize,
    /// Sends of one connection that are under way at the same time
    #[arg(long, default_value_t = 16)]
    pub window: usize,
}

/// How much else.
#[derive(Args)]
pub struct Comparison {
    #[command(flatten)]
    sends: Sends,
    /// Messages in all
    #[arg(long, default_value_t = 100_000)]
    messages: u64,
    /// Sends one after the other, for the latency
    #[arg(long, default_value_t = 1_000)]
    single: u64,
    /// Connections that do nothing, for the memory
    #[arg(long, default_value_t = 2_000)]
    idle: usize,
}

/// What was measured of one server.
struct Measured {
    throughput: Report,
    /// Of a send that waits for the one before, in milliseconds.
    p50_ms: f64,
    /// Memory of an idle connection.
    idle_kb: f64,
}

impl Measured {
    /// Acknowledged sends in a second of the server's CPU time.
    fn per_cpu_second(&self) -> f64 {
        let cpu_us = self.throughput.server.as_ref().map(|it| it.cpu_us_per_message);
        cpu_us.map_or(f64::NAN, |it| 1e6 / it)
    }
}

async fn measure(
    mut start: impl AsyncFnMut() -> Result<Process>,
    of: &Comparison,
) -> Result<Measured> {
    let server = start().await?;
    let throughput = load::flood(&server, &of.sends, of.messages).await?;
    drop(server);
    let server = start().await?;
    let p50_ms = load::one_at_a_time(&server, of.single).await?;
    drop(server);
    let server = start().await?;
    let idle_kb = load::idle(&server, of.idle).await?;
    Ok(Measured { throughput, p50_ms, idle_kb })
}

/// Measures.
pub async fn rows(server: &Path, of: &Comparison) -> Result<Vec<Row>> {
    let ours = measure(async || Process::tim_server(server).await, of)
        .await
        .with_context(|| format!("measuring {}", server.display()))?;
    let reference = measure(async || Process::reference().await, of);
    let reference = reference.await.context("the reference")?;
    let row =
        |name, value: &dyn Fn(&Measured) -> f64| Row::beside(name, value(&ours), value(&reference));
    let per_second = |it: &Measured| it.throughput.messages.acknowledged_per_second;
    Ok(vec![
        row("sends acknowledged per second", &per_second),
        row("sends per server-CPU-second", &Measured::per_cpu_second),
        row("one send at a time, p50, ms", &|it| it.p50_ms),
        row("memory per idle connection, KB", &|it| it.idle_kb),
    ])
}
