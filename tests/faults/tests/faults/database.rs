//! PostgreSQL goes away: for a moment, by a crash, for long, or has no connection left.

use std::{
    process::Stdio,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tim_faults::{Cluster, Person, Traffic, cluster::DATABASE, tell, traffic, until};
use tim_load::{frames::caller::Refusal, report::Report};
use tim_protocol::code::Code;
use tim_rig::{Node, NodeSettings, Postgres, PostgresSettings, node, programs};
use tokio::{
    process::{Child, Command},
    time::{sleep, timeout},
};

/// Longer than sends are held back for.
const LONG: Duration = Duration::from_secs(20);
/// Within which time clients are told that there is no database.
const REFUSED: Duration = Duration::from_secs(40);
/// What a PostgreSQL of few connections allows; a node would take up to twelve.
const CONNECTIONS: u32 = 12;
/// Kept by PostgreSQL for its superuser.
const SUPERUSERS: u32 = 3;

fn refused(refusal: Refusal) -> anyhow::Error {
    anyhow::anyhow!("{refusal:?}")
}

/// Somebody else's connections.
struct Others {
    holding: Vec<Child>,
}

impl Others {
    /// Takes every connection there is, those that a node has already included.
    async fn take_all(postgres: &Postgres) -> Result<Self> {
        let psql = programs::postgres_program("psql")?;
        let url = postgres.url(DATABASE);
        let mut holding = Vec::new();
        let begun = Instant::now();
        loop {
            // Of those that find no room psql ends by itself.
            let mut other = Command::new(&psql);
            other.args(["-X", "-q", "-c", "SELECT pg_sleep(600)", &url]).kill_on_drop(true);
            holding.push(other.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
            let ended = postgres
                .sql(
                    "postgres",
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                     WHERE application_name = 'tim-server'",
                )
                .await?;
            let held = postgres
                .sql(
                    "postgres",
                    "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'psql' \
                     AND usename = 'tim'",
                )
                .await?;
            if ended.is_empty() && held.trim().parse::<u32>()? >= CONNECTIONS - SUPERUSERS {
                return Ok(Self { holding });
            }
            ensure!(begun.elapsed() < LONG, "there is always room for one more");
        }
    }

    /// Gives them back.
    async fn leave(self, postgres: &Postgres) -> Result<()> {
        drop(self.holding);
        // The engine looks for its client again when a statement has ended, and these take long.
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                   WHERE application_name = 'psql' AND usename = 'tim'";
        postgres.sql("postgres", end).await?;
        Ok(())
    }
}

/// What somebody is refused with in the end, who speaks to the node again and again. Clients give a
/// connection up that does not answer for ten seconds; nodes are a little more patient with a database.
async fn refusal(node: &Node, mut person: Person) -> u32 {
    loop {
        let said = match person.say("ann", "meanwhile".to_owned()).await {
            Err(Refusal::Lost(_)) => match Person::login(node.address(), "ann").await {
                Ok(again) => {
                    person = again;
                    Ok(())
                }
                Err(refusal) => Err(refusal),
            },
            said => said.map(drop),
        };
        if let Err(Refusal::Code(code)) = said {
            return code;
        }
    }
}

/// Nothing was refused but with what says that it may be tried again.
fn refused_clearly(report: &Report) -> Result<()> {
    let clear = [Code::MESSAGE_INTERNAL, Code::INTERNAL, Code::NETWORK_TIMEOUT].map(|it| it.0);
    let others = report.messages.refused.keys().find(|it| !clear.contains(it));
    ensure!(others.is_none(), "refused with other codes:\n{report}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_and_a_crash_of_postgresql_cost_time_only() -> Result<()> {
    let mut cluster = Cluster::start(2).await?;
    let options = traffic::among_few(cluster.addresses());
    let people = options.connections;
    let traffic = Traffic::begin(options).await?;
    let (mut away, mut longest) = (Duration::ZERO, Duration::ZERO);
    for crashes in [false, true] {
        let begun = Instant::now();
        if crashes {
            cluster.engines.postgres.kill()?;
        } else {
            cluster.engines.postgres.stop().await?;
        }
        cluster.engines.postgres.start_again().await?;
        away = away.max(begun.elapsed());
        let begun = Instant::now();
        traffic.goes_on().await?;
        traffic.all_are_back(people).await?;
        longest = longest.max(begun.elapsed());
    }
    let report = traffic.finish().await?;
    ensure!(
        report.messages.refused.is_empty(),
        "{:.1} s without PostgreSQL refuse nothing:\n{report}{}",
        away.as_secs_f64(),
        cluster.complaints()
    );
    tell(&format!(
        "PostgreSQL restarted and crashed, {:.1} s: nothing refused, slowest acknowledgement {:.1} s, \
         normal {:.1} s after its return",
        away.as_secs_f64(),
        report.send_to_acknowledged_ms.max / 1e3,
        longest.as_secs_f64()
    ));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_seconds_without_postgresql() -> Result<()> {
    let mut cluster = Cluster::start(2).await?;
    let options = traffic::among_few(cluster.addresses());
    let people = options.connections;
    let pids: Vec<u32> = cluster.nodes.iter().map(Node::pid).collect::<Result<_>>()?;
    let traffic = Traffic::begin(options).await?;
    cluster.engines.postgres.stop().await?;
    sleep(LONG).await;
    for node in &cluster.nodes {
        let (status, body) = node.health().await?;
        ensure!(status == 503 && body.contains("database"), "{status} {body}");
    }
    let none = traffic.progress().acknowledged;
    sleep(Duration::from_secs(1)).await;
    ensure!(traffic.progress().acknowledged == none, "acknowledged without a database");
    cluster.engines.postgres.start_again().await?;
    let begun = Instant::now();
    traffic.goes_on().await?;
    if let Err(error) = traffic.all_are_back(people).await {
        let mut said = cluster.complaints();
        for node in &cluster.nodes {
            said.push_str(&tim_rig::http::get(node.address(), "/metrics").await?.1);
        }
        let activity =
            cluster.engines.postgres.sql("postgres", "SELECT * FROM pg_stat_activity").await?;
        anyhow::bail!("{error} {:?}\n{said}\n{activity}", traffic.progress());
    }
    let back = begun.elapsed();
    let healthy = async || {
        let all =
            cluster.nodes.iter().map(|it| async { it.health().await.is_ok_and(|it| it.0 == 200) });
        futures::future::join_all(all).await.into_iter().all(|it| it)
    };
    until("all nodes are healthy", Duration::from_secs(15), healthy).await?;
    let same: Vec<u32> = cluster.nodes.iter().map(Node::pid).collect::<Result<_>>()?;
    ensure!(pids == same, "a node was started again");
    let report = traffic.finish().await.with_context(|| cluster.complaints())?;
    refused_clearly(&report)?;
    let refused: u64 = report.messages.refused.values().sum();
    tell(&format!(
        "PostgreSQL away for {} s: {refused} messages refused ({:?}), normal {:.1} s after its return",
        LONG.as_secs(),
        report.messages.refused,
        back.as_secs_f64()
    ));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn others_hold_all_connections_of_postgresql() -> Result<()> {
    let few = PostgresSettings { max_connections: CONNECTIONS, ..PostgresSettings::default() };
    let postgres = Postgres::start_with(few).await?;
    let settings = NodeSettings {
        database: Some(postgres.create_database(DATABASE).await?),
        ..NodeSettings::default()
    };
    let node = Node::start(&node::binary()?, &settings).await?;
    let mut ann = Person::login(node.address(), "ann").await.map_err(refused)?;
    ann.say("ann", "before".to_owned()).await.map_err(refused)?;
    let others = Others::take_all(&postgres).await?;
    let code = timeout(REFUSED, refusal(&node, ann)).await?;
    ensure!(code == Code::MESSAGE_INTERNAL.0 || code == Code::INTERNAL.0, "refused with {code}");
    let (status, body) = node.health().await?;
    ensure!(status == 503, "{status} {body}");
    others.leave(&postgres).await?;
    let begun = Instant::now();
    let works = async || node.health().await.is_ok_and(|it| it.0 == 200);
    until("the node is healthy", LONG, works).await?;
    let mut ann = Person::login(node.address(), "ann").await.map_err(refused)?;
    ann.say("ann", "after".to_owned()).await.map_err(refused)?;
    tell(&format!(
        "no connection left in PostgreSQL: refused with {code}, {} ; normal {:.1} s after",
        body.trim().replace('\n', "; "),
        begun.elapsed().as_secs_f64()
    ));
    Ok(())
}
