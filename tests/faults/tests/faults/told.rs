//! What an operator is told who has configured something wrong: a sentence when the program ends, or
//! in the answer of `/healthz`.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use tim_faults::{Engines, cluster::DATABASE, until};
use tim_rig::{
    Authentication, Certificate, Nats, NatsSettings, Node, NodeSettings, Postgres,
    PostgresSettings, http, node, port::Port,
};

/// Within which time a node says what is wrong around it.
const TOLD: Duration = Duration::from_secs(20);

async fn start(settings: &NodeSettings) -> Result<Node> {
    Node::start(&node::binary()?, settings).await
}

fn on(database: String) -> NodeSettings {
    NodeSettings { database: Some(database), ..NodeSettings::default() }
}

/// The program ends with a sentence that has these words.
async fn ends_with(what: &str, settings: NodeSettings, words: &[&str]) -> Result<()> {
    let Err(error) = start(&settings).await else { anyhow::bail!("{what}: it starts") };
    let said = error.to_string();
    ensure!(said.contains("ended with exit status: 1"), "{what}: {said}");
    let missing = words.iter().find(|it| !said.contains(**it));
    ensure!(missing.is_none(), "{what}: nothing of {missing:?}: {said}");
    Ok(())
}

/// A node says in `/healthz` that it serves, and these words.
async fn says(what: &str, node: &Node, words: &[&str]) -> Result<()> {
    let mut last = String::new();
    let told = until(what, TOLD, async || {
        last = node.health().await.map_or_else(|it| it.to_string(), |it| it.1);
        last.starts_with("degraded\n") && words.iter().all(|it| last.contains(it))
    });
    let told = told.await;
    told.with_context(|| format!("{what}: {words:?} is not in: {last}"))?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_that_do_not_fit_together_say_so() -> Result<()> {
    let engines = Engines::start().await?;
    let elsewhere = Nats::start().await?;
    let other_app = NodeSettings { app: "maxWebInstances = 3".to_owned(), ..engines.settings("b") };
    let other_nats = NodeSettings { bus: Some(elsewhere.url()), ..engines.settings("c") };
    let no_bus = NodeSettings { bus: None, ..engines.settings("d") };
    let a = start(&engines.settings("a")).await?;
    ensure!(a.health().await? == (200, "ok\n".to_owned()));
    let b = start(&other_app).await?;
    let c = start(&other_nats).await?;
    let d = start(&no_bus).await?;
    let app = |name: &str| format!("app {} has other settings on server {name}", node::APP);
    let (app_of_a, app_of_b) = (app("a"), app("b"));
    let nats = "is not heard on the bus: do both name the same NATS?";
    let cases: [(&str, &Node, &[&str]); 5] = [
        ("other app", &a, &[&app_of_b]),
        ("other app", &b, &[&app_of_a]),
        ("other NATS", &a, &["the server c", nats]),
        ("other NATS", &c, &["the server a", nats]),
        ("no bus", &d, &["3 other server(s)", "`bus` is not set"]),
    ];
    try_join_all(cases.map(|(what, node, words)| says(what, node, words))).await?;
    drop(b);
    drop(c);
    drop(d);
    let well = async || a.health().await.is_ok_and(|it| it.1 == "ok\n");
    until("the last one is well", TOLD, well).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_cannot_be_used_is_told() -> Result<()> {
    let secret = PostgresSettings {
        authentication: Authentication::Password("not-a-secret".to_owned()),
        ..PostgresSettings::default()
    };
    let (open, secret) = tokio::try_join!(Postgres::start(), Postgres::start_with(secret))?;
    let url = open.create_database(DATABASE).await?;
    let newer = open.create_database("newer").await?;
    // The schema of a later version.
    drop(start(&on(newer.clone())).await?);
    let later = "INSERT INTO _sqlx_migrations (version, description, success, checksum, \
                 execution_time) VALUES (9999, 'later', true, '', 0)";
    open.sql("newer", later).await?;
    let nobody = Port::claim()?;
    let elsewhere = start(&NodeSettings::default()).await?;
    let http = format!("postgres://tim@{}/chat", elsewhere.address());
    let password = secret.url("postgres").replace("not-a-secret", "another");
    let unreachable = format!("postgres://tim@{}/chat", nobody.address());
    let cases: [(&str, NodeSettings, &[&str]); 7] = [
        ("no URL", on("mysql://tim@localhost/chat".to_owned()), &["database", "postgres://"]),
        ("unreachable", on(unreachable), &["database", "cannot be reached"]),
        ("wrong password", on(password), &["it refuses the password"]),
        ("no such database", on(open.url("nothing")), &["there is no such database", "nothing"]),
        ("no TLS there", on(format!("{url}?sslmode=require")), &["encrypted connection"]),
        ("a newer schema", on(newer), &["version 9999", "newer than this tim-server"]),
        ("another server", on(http), &["does not speak PostgreSQL's protocol"]),
    ];
    let told = cases.map(|(what, settings, words)| ends_with(what, settings, words));
    try_join_all(told).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nats_that_cannot_be_used_is_told() -> Result<()> {
    let engines = Engines::start().await?;
    let login = Some(("tim".to_owned(), "not-a-secret".to_owned()));
    let guarded = Nats::start_with(NatsSettings { login, ..NatsSettings::default() }).await?;
    let certificate = Some(Certificate::for_loopback()?);
    let encrypted =
        Nats::start_with(NatsSettings { certificate, ..NatsSettings::default() }).await?;
    let http = start(&NodeSettings::default()).await?;
    let nobody = Port::claim()?;
    let cases: [(&str, String, &[&str]); 4] = [
        ("unreachable", format!("nats://{}", nobody.address()), &["nobody listens"]),
        ("guarded", format!("nats://{}", guarded.address()), &["wants a user and a password"]),
        ("unknown certificate", encrypted.url(), &["is not trusted"]),
        ("HTTP", format!("nats://{}", http.address()), &["does not speak NATS"]),
    ];
    for (what, bus, words) in cases {
        let settings = NodeSettings { bus: Some(bus), ..engines.settings("a") };
        let node = start(&settings).await.with_context(|| what.to_owned())?;
        let told = says(what, &node, words).await;
        let body = http::get(node.address(), "/healthz").await?.1;
        told.with_context(|| body.clone())?;
        tim_faults::tell(&format!("{what}: {}", body.trim().replace('\n', ": ")));
    }
    Ok(())
}
