//! What is compared: many connections that send and receive, one that sends alone, many that idle.
//!
//! `tim-load` does it; the reference speaks only a part of the protocol and keeps no history that could
//! be asked for, so nothing is checked here.

use std::time::Duration;

use anyhow::Result;
use tim_load::{Load, options::Options, process::Usage, report::Report};

use crate::{
    compare::Sends,
    process::{APP, KEY, Process},
};

/// Connections before the idle ones: they pay for what all share.
const FIRST: usize = 50;
/// Logins begun in a second.
const RAMP: f64 = 1_000.0;

fn options(server: &Process) -> Options {
    let options = Options::new(vec![server.address], APP, KEY.to_owned());
    Options { closed_loop: true, ramp: RAMP, no_check: true, pids: vec![server.id()], ..options }
}

/// Sends so many messages to the next one in a ring and waits until all are there.
pub async fn flood(server: &Process, sends: &Sends, messages: u64) -> Result<Report> {
    let Sends { connections, window } = *sends;
    let base = options(server);
    let options = Options { connections, window, messages: Some(messages), ..base };
    Ok(Load::start(options)?.finish().await?)
}

/// The median of `count` sends that wait for each other, in milliseconds.
pub async fn one_at_a_time(server: &Process, count: u64) -> Result<f64> {
    let base = options(server);
    let messages = Some(count);
    let options = Options { connections: 2, senders: Some(1), window: 1, messages, ..base };
    Ok(Load::start(options)?.finish().await?.send_to_acknowledged_ms.p50)
}

/// What each of `count` logged-in connections that say nothing costs the server, in kilobytes.
pub async fn idle(server: &Process, count: usize) -> Result<f64> {
    let still = |users: &str, idle| {
        let base = options(server);
        Options { users: users.to_owned(), connections: 0, idle, closed_loop: false, ..base }
    };
    let first = Load::start(still("first", FIRST))?;
    first.ready().await?;
    let before = Usage::of(&[server.id()]).memory_kilobytes();
    let idle = Load::start(still("idle", count))?;
    idle.ready().await?;
    // What the last logins needed for a moment is given back.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let after = Usage::of(&[server.id()]).memory_kilobytes();
    Ok((after - before) / count as f64)
}
