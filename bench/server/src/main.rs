//! Measures tim-server: beside the least a server of its kind could do, and in the settings it is for.
//!
//! Without a subcommand it compares (`compare.rs`): the reference (`reference.rs`) is a bare axum
//! WebSocket in front of SQLite with the same durability: write-ahead log, a disk sync per commit, group
//! commit. It checks nothing and knows nobody; it is the floor, not a rival. Both run as a process of
//! their own (`process.rs`) and are spoken to by `tim-load` (`load.rs`).
//!
//! The subcommands measure one thing each, in a [`setting`] of private nodes and engines: [`postgres`],
//! [`cluster`], [`latency`], [`held`], [`storm`], and [`costs`] for those who size machines. What costs
//! something is read from a [`stretch`] of a steady run. All answer rows of a [`table`].

mod cluster;
mod compare;
mod costs;
mod held;
mod latency;
mod load;
mod postgres;
mod process;
mod reference;
mod setting;
mod storm;
mod stretch;
mod table;
mod written;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use cluster::Traffic;
use compare::{Comparison, Sends};
use costs::Sizes;
use held::Crowd;
use storm::Everybody;

/// Measure tim-server; without a command beside a minimal reference.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// The tim-server to measure (a release build)
    #[arg(long, global = true, default_value = "target/release/tim-server")]
    server: PathBuf,
    #[command(flatten)]
    comparison: Comparison,
    /// Print JSON instead of a table
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Durable sends on PostgreSQL
    Postgres(Sends),
    /// What a delivery costs three nodes, beside one
    Cluster(Traffic),
    /// How long a message takes at half of what the server bears
    Latency(Sends),
    /// Many connections that are held while a few write
    Held(Crowd),
    /// Everybody is cut at once
    Storm(Everybody),
    /// What each thing a server does costs, on SQLite, on PostgreSQL and in a cluster
    Costs(Sizes),
    /// Be the reference server (started by the benchmark itself)
    #[command(hide = true)]
    Reference {
        /// Folder of the database
        folder: PathBuf,
    },
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(&arguments))
}

async fn run(arguments: &Arguments) -> Result<()> {
    let server = &arguments.server;
    let rows = match &arguments.command {
        Some(Command::Reference { folder }) => return reference::serve(folder).await,
        Some(Command::Postgres(sends)) => postgres::rows(server, sends).await?,
        Some(Command::Cluster(traffic)) => cluster::rows(server, traffic).await?,
        Some(Command::Latency(sends)) => latency::rows(server, sends).await?,
        Some(Command::Held(crowd)) => held::rows(server, crowd).await?,
        Some(Command::Storm(everybody)) => storm::rows(server, everybody).await?,
        Some(Command::Costs(sizes)) => costs::rows(server, sizes).await?,
        None => compare::rows(server, &arguments.comparison).await?,
    };
    table::print(&rows, arguments.json);
    Ok(())
}
