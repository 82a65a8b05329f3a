//! A private PostgreSQL: what it keeps through a crash, and how it can be hurt.

use std::process::Command;
use std::time::{Duration, Instant};

use tim_rig::{Authentication, Certificate, Postgres, PostgresSettings, programs};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Asks as a server under test would: over TCP, by URL.
fn by_url(url: &str, statement: &str) -> Result<String, String> {
    let psql = programs::postgres_program("psql").unwrap();
    let output =
        Command::new(psql).args(["-X", "-A", "-t", "-c", statement, url]).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap().trim().to_owned();
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}

#[tokio::test]
async fn what_was_committed_survives_a_kill() {
    let mut postgres = Postgres::start().await.unwrap();
    let url = postgres.create_database("chat").await.unwrap();
    by_url(&url, "CREATE TABLE kept (text text)").unwrap();
    by_url(&url, "INSERT INTO kept VALUES ('héllo')").unwrap();
    postgres.kill().unwrap();
    assert!(by_url(&url, "SELECT 1").unwrap_err().contains("refused"));
    assert!(postgres.sql("chat", "SELECT 1").await.is_err());
    postgres.start_again().await.unwrap();
    assert_eq!(by_url(&url, "SELECT text FROM kept").unwrap(), "héllo");
    assert_eq!(postgres.sql("chat", "SELECT text FROM kept").await.unwrap(), "héllo");
    assert_eq!(postgres.sql("chat", "SHOW fsync").await.unwrap(), "on");
    postgres.stop().await.unwrap();
    postgres.start_again().await.unwrap();
    assert_eq!(by_url(&url, "SELECT count(*) FROM kept").unwrap(), "1");
    assert!(postgres.start_again().await.unwrap_err().to_string().contains("running"));
}

#[tokio::test]
async fn paused_it_answers_nobody_and_then_everybody() {
    let postgres = Postgres::start().await.unwrap();
    postgres.pause().unwrap();
    let question = postgres.sql("postgres", "SELECT 7");
    tokio::pin!(question);
    assert!(timeout(Duration::from_millis(300), &mut question).await.is_err());
    postgres.resume().unwrap();
    assert_eq!(question.await.unwrap(), "7");
}

#[tokio::test]
async fn a_password_and_the_connection_limit_hold() {
    let settings = PostgresSettings {
        authentication: Authentication::Password("not-a-secret".to_owned()),
        // Three of them are the superuser's.
        max_connections: 4,
        ..PostgresSettings::default()
    };
    let postgres = Postgres::start_with(settings).await.unwrap();
    let url = postgres.create_database("chat").await.unwrap();
    assert_eq!(by_url(&url, "SELECT current_user").unwrap(), "tim");
    let wrong = url.replace("not-a-secret", "wrong");
    assert!(by_url(&wrong, "SELECT 1").unwrap_err().contains("password authentication failed"));
    let psql = programs::postgres_program("psql").unwrap();
    let mut holding = Vec::new();
    let started = Instant::now();
    // A session ends a moment after its client has gone, so one may be refused before all are taken.
    let refused = loop {
        let sleep = Command::new(&psql).args(["-X", "-c", "SELECT pg_sleep(60)", &url]).spawn();
        holding.push(sleep.unwrap());
        if let Err(refused) = by_url(&url, "SELECT 1") {
            break refused;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "nobody is refused");
    };
    assert!(refused.contains("slots"), "{refused}");
    for mut holder in holding {
        holder.kill().unwrap();
        holder.wait().unwrap();
    }
}

#[tokio::test]
async fn tls_is_offered_only_with_a_certificate() {
    let certificate = Some(Certificate::for_loopback().unwrap());
    for (certificate, answer) in [(certificate, b'S'), (None, b'N')] {
        let settings = PostgresSettings { certificate, ..PostgresSettings::default() };
        let postgres = Postgres::start_with(settings).await.unwrap();
        let mut stream = TcpStream::connect(postgres.address()).await.unwrap();
        // SSLRequest of the protocol: its length, its number.
        stream.write_all(&[0, 0, 0, 8, 4, 210, 22, 47]).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), answer);
    }
}

#[tokio::test]
async fn tls_can_be_required_and_the_certificate_is_good_for_its_names() {
    let folder = tempfile::tempdir().unwrap();
    let authority = folder.path().join("authority.pem");
    for (name, is_trusted) in [("localhost", true), ("elsewhere.example", false)] {
        let certificate = Certificate::for_names(&[name]).unwrap();
        std::fs::write(&authority, &certificate.authority).unwrap();
        let settings = PostgresSettings {
            certificate: Some(certificate),
            requires_tls: true,
            ..PostgresSettings::default()
        };
        let postgres = Postgres::start_with(settings).await.unwrap();
        let url = postgres.create_database("chat").await.unwrap();
        let plain = by_url(&format!("{url}?sslmode=disable"), "SELECT 1").unwrap_err();
        assert!(plain.contains("no encryption"), "{plain}");
        assert_eq!(by_url(&format!("{url}?sslmode=require"), "SELECT 1").unwrap(), "1");
        let url = url.replace("127.0.0.1", "localhost");
        let checked = format!("{url}?sslmode=verify-full&sslrootcert={}", authority.display());
        let answer = by_url(&format!("{checked}&hostaddr=127.0.0.1"), "SELECT 1");
        assert_eq!(answer.is_ok(), is_trusted, "{answer:?}");
    }
}

#[tokio::test]
async fn work_shows_in_its_cpu_time() {
    let postgres = Postgres::start().await.unwrap();
    let before = postgres.cpu_seconds().unwrap();
    postgres.sql("postgres", "SELECT count(*) FROM generate_series(1, 2000000)").await.unwrap();
    let used = postgres.cpu_seconds().unwrap() - before;
    assert!(used > 0.05, "{used}");
}
