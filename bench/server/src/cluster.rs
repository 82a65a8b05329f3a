//! What a delivery costs three nodes, beside one node with the same load.
//!
//! Both have a PostgreSQL of their own with the same settings, and take turns; the three are joined by a
//! NATS. Clients are spread over the nodes and write to anybody, so that two of three messages are for
//! somebody on another node. Everything is checked: a cheap cluster that loses something is none.

use std::{path::Path, time::Duration};

use anyhow::Result;
use clap::Args;
use tim_load::options::{Mix, Options};

use crate::{
    setting::{Setting, Shape},
    stretch::{Stretch, measure},
    table::{Row, median},
};

const NODES: usize = 3;
const ROUNDS: usize = 3;
const LENGTH: Duration = Duration::from_secs(5);

/// The load on either.
#[derive(Args)]
pub struct Traffic {
    /// Connections, each a user
    #[arg(long, default_value_t = 60)]
    connections: usize,
    /// Messages in a second, of all connections together
    #[arg(long, default_value_t = 3_000.0)]
    rate: f64,
    /// Who writes to whom: ring, random
    #[arg(long, default_value = "random")]
    mix: Mix,
}

async fn round(setting: &Setting, traffic: &Traffic) -> Result<Stretch> {
    let Traffic { connections, rate, mix } = *traffic;
    let base = setting.options()?;
    let options = Options { connections, rate, mix, ..base };
    measure(setting, options, LENGTH).await
}

/// Measures.
pub async fn rows(server: &Path, traffic: &Traffic) -> Result<Vec<Row>> {
    let one = Setting::on_postgres(server, Shape::default()).await?;
    let three = Setting::cluster(server, NODES, Shape::default()).await?;
    let (mut of_one, mut of_three) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        of_one.push(round(&one, traffic).await?);
        of_three.push(round(&three, traffic).await?);
    }
    let us = |rounds: &[Stretch], used: &dyn Fn(&Stretch) -> f64| {
        median(rounds.iter().map(|it| it.us_per_delivery(used(it))))
    };
    let nodes = |it: &Stretch| it.cpu.nodes;
    let (alone_us, nodes_us) = (us(&of_one, &nodes), us(&of_three, &nodes));
    let nats_us = us(&of_three, &|it| it.cpu.nats);
    let database = |it: &Stretch| it.cpu.postgres;
    let p99 =
        |rounds: &[Stretch]| median(rounds.iter().map(|it| it.report.send_to_received_ms.p99));
    let delivered = of_three.iter().map(|it| it.delivered / it.seconds);
    let note = format!(
        "three nodes beside one, {:.0} deliveries a second, everything checked; NATS itself uses \
         {nats_us:.1} µs",
        median(delivered)
    );
    Ok(vec![
        Row::beside("server CPU per delivery, µs", nodes_us, alone_us).noted(note),
        Row::beside("server and NATS CPU per delivery, µs", nodes_us + nats_us, alone_us),
        Row::alone("NATS CPU per delivery, µs", nats_us),
        Row::beside(
            "PostgreSQL CPU per delivery, µs",
            us(&of_three, &database),
            us(&of_one, &database),
        ),
        Row::beside("send to received p99, ms", p99(&of_three), p99(&of_one)),
    ])
}
