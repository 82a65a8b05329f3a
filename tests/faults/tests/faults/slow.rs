//! Receivers that do not read while others write to them.

use std::time::Duration;

use anyhow::{Result, ensure};
use futures::future::try_join_all;
use tim_faults::{Person, deaf::Deaf, tell, until};
use tim_rig::{Node, NodeSettings, http, node};

/// What the server keeps for a connection that does not read: the least that can be set.
const OUTGOING_BYTES: u64 = 512 * 1024;
const RECEIVERS: usize = 8;
/// Written to each, far more than the system's own buffers take.
const MESSAGES: usize = 1_200;
const TEXT_BYTES: usize = 10_000;
/// What the server may have grown by: the queues, the cache of its database (32 MB), some room.
const GROWTH_KILOBYTES: u64 = 64 * 1024;

async fn write_all(node: &Node, number: usize, messages: usize) -> Result<Vec<String>> {
    let refused = |it| anyhow::anyhow!("refused: {it:?}");
    let mut sender =
        Person::login(node.address(), &format!("sender{number}")).await.map_err(refused)?;
    let mut ids = Vec::new();
    for _ in 0..messages {
        let said = sender.say(&format!("deaf{number}"), "x".repeat(TEXT_BYTES)).await;
        ids.push(said.map_err(refused)?.0.to_string());
    }
    Ok(ids)
}

#[tokio::test(flavor = "multi_thread")]
async fn receivers_that_do_not_read_cost_little_are_cut_and_catch_up() -> Result<()> {
    let settings = NodeSettings {
        limits: format!("outgoingBytes = {OUTGOING_BYTES}"),
        ..NodeSettings::default()
    };
    let node = Node::start(&node::binary()?, &settings).await?;
    let mut deaf = Vec::new();
    for number in 0..RECEIVERS {
        deaf.push(Deaf::login(node.address(), &format!("deaf{number}")).await?);
    }
    let before = node.memory_kilobytes()?;
    let sent = try_join_all((0..RECEIVERS).map(|it| write_all(&node, it, MESSAGES))).await?;
    let cut = async || {
        let metrics = http::get(node.address(), "/metrics").await;
        let line = format!("tim_slow_consumers_total {RECEIVERS}");
        metrics.is_ok_and(|it| it.1.lines().any(|it| it == line))
    };
    until("all of them are cut", Duration::from_secs(30), cut).await?;
    let grown = node.memory_kilobytes()?.saturating_sub(before);
    let all = (RECEIVERS * MESSAGES * TEXT_BYTES) as u64 / 1024;
    ensure!(grown < GROWTH_KILOBYTES, "{all} KB were written, the server grew by {grown} KB");
    let mut heard = 0;
    for (number, (deaf, sent)) in deaf.into_iter().zip(sent).enumerate() {
        let (user, session) = (format!("deaf{number}"), deaf.session.clone());
        let read = deaf.hear_the_rest().await?;
        ensure!(read < MESSAGES * TEXT_BYTES, "it was told everything");
        heard += read;
        let back = Person::resume(node.address(), &user, &session).await;
        let mut back = back.map_err(|it| anyhow::anyhow!("not taken back: {it:?}"))?;
        let log = back.log_with(&format!("sender{number}")).await?;
        let log: Vec<String> = log.into_iter().map(|it| it.message.id.to_string()).collect();
        ensure!(log == sent, "{} messages were sent, {} are in the log", sent.len(), log.len());
    }
    tell(&format!(
        "{RECEIVERS} receivers that do not read, {} MB written to them: cut after {:.1} MB each, the \
         server grew by {:.1} MB",
        all / 1024,
        heard as f64 / RECEIVERS as f64 / 1e6,
        grown as f64 / 1e3
    ));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_reads_again_gets_what_had_to_wait_without_asking() -> Result<()> {
    // Room for all of it, so that nobody is cut.
    let limits = format!("outgoingBytes = {}", 2 * MESSAGES * TEXT_BYTES);
    let node =
        Node::start(&node::binary()?, &NodeSettings { limits, ..Default::default() }).await?;
    let mut deaf = Deaf::login(node.address(), "deaf0").await?;
    write_all(&node, 0, MESSAGES).await?;
    deaf.hear(MESSAGES * TEXT_BYTES).await
}
