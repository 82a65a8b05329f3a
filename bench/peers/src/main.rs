//! Measures the servers that people would otherwise run their chat on: Prosody and ejabberd.
//!
//! # Layout
//!
//! - [`prosody`] and [`ejabberd`] say how each is configured and started; the configurations lie
//!   beside this folder;
//! - [`server`] starts one, measures it from outside and ends it;
//! - [`stanza`] and [`xmpp`] are the client, [`load`] what it does.
//!
//! tim-server is measured with the same numbers of connections and messages by `tim-bench`;
//! `bench/rows/peers.mjs` puts both together. A server that is not installed is left out.

mod ejabberd;
mod load;
mod prosody;
mod server;
mod stanza;
mod xmpp;

use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Parser;
use load::{Load, Throughput};
use serde_json::json;
use server::{Peer, Server};
use tokio::time::timeout;
use xmpp::Client;

/// No measurement takes longer on a machine that does anything at all.
const LIMIT: Duration = Duration::from_secs(180);

/// Measure Prosody and ejabberd.
#[derive(Parser)]
struct Arguments {
    /// Connections that send
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,
    /// Messages of one connection that are under way at the same time
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..))]
    window: u16,
    /// Messages in all. ejabberd takes the longer to archive a message the more its user has, and
    /// Prosody keeps 10,000 of one user
    #[arg(long, default_value_t = 10_000)]
    messages: usize,
    /// Messages in all before that, which are not measured
    #[arg(long, default_value_t = 2_000)]
    warm_up: usize,
    /// Connections that do nothing, for the memory
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u16).range(1..))]
    idle: u16,
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// What was measured of one server.
struct Measured {
    /// As it names itself, with its version.
    name: String,
    throughput: Throughput,
    idle_kilobytes: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let (mut measured, mut missing) = (Vec::new(), Vec::new());
    for peer in [prosody::PROSODY, ejabberd::EJABBERD] {
        let measuring = timeout(LIMIT, measure(&peer, &arguments)).await;
        let result = measuring.context("it took too long").and_then(|it| it);
        match result.with_context(|| format!("measuring {}", peer.name))? {
            Some(it) => measured.push((peer, it)),
            None => missing.push(peer),
        }
    }
    if arguments.json {
        print_json(&measured, &missing);
    } else {
        print_table(&measured, &missing);
    }
    Ok(())
}

/// `None` when it is not installed.
async fn measure(peer: &Peer, of: &Arguments) -> Result<Option<Measured>> {
    let Some(server) = Server::start(peer).await? else { return Ok(None) };
    let load = Load {
        connections: of.connections.into(),
        window: of.window.into(),
        warm_up: of.warm_up,
        messages: of.messages,
    };
    let throughput = load.run(&server).await.with_context(|| server.last_words())?;
    let name = Client::log_in(&server.address, "user0").await?.version().await?;
    drop(server);
    let Some(server) = Server::start(peer).await? else { return Ok(None) };
    let idle_kilobytes =
        load::idle(&server, of.idle.into()).await.with_context(|| server.last_words())?;
    Ok(Some(Measured { name, throughput, idle_kilobytes }))
}

fn print_json(measured: &[(Peer, Measured)], missing: &[Peer]) {
    let measured = measured.iter().map(|(peer, it)| {
        json!({
            "server": peer.package,
            "name": it.name,
            "messagesPerSecond": it.throughput.per_second,
            "messagesPerCpuSecond": it.throughput.per_cpu_second,
            "kilobytesPerIdleConnection": it.idle_kilobytes,
        })
    });
    let missing = missing.iter().map(|it| json!({ "name": it.name, "package": it.package }));
    let result = json!({
        "measured": measured.collect::<Vec<_>>(),
        "missing": missing.collect::<Vec<_>>(),
    });
    print(&result.to_string());
}

fn print_table(measured: &[(Peer, Measured)], missing: &[Peer]) {
    print(&format!(
        "{:<20}{:>14}{:>18}{:>22}",
        "", "messages/s", "messages/CPU-s", "KB/idle connection"
    ));
    for (_, Measured { name, throughput, idle_kilobytes }) in measured {
        let Throughput { per_second, per_cpu_second } = throughput;
        print(&format!("{name:<20}{per_second:>14.0}{per_cpu_second:>18.0}{idle_kilobytes:>22.1}"));
    }
    for Peer { name, package, .. } in missing {
        print(&format!("{name} is not installed; on Debian: apt-get install {package}"));
    }
}

#[expect(clippy::print_stdout, reason = "the result of the program")]
fn print(line: &str) {
    println!("{line}");
}
