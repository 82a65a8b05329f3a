//! A private NATS server: it answers, is gone, is back on the same port.

use std::time::Duration;

use tim_rig::{Certificate, Nats, NatsSettings};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

struct Client(BufReader<TcpStream>);

impl Client {
    /// Connects; with what the server says about itself.
    async fn connect(nats: &Nats) -> (Self, String) {
        let stream = TcpStream::connect(nats.address()).await.unwrap();
        let mut client = Self(BufReader::new(stream));
        let greeting = client.line().await;
        (client, greeting)
    }

    /// The next line; empty at the end.
    async fn line(&mut self) -> String {
        let mut line = String::new();
        // A reset ends the lines as well.
        let _ = self.0.read_line(&mut line).await;
        line.trim_end().to_owned()
    }

    async fn ask(&mut self, line: &str) -> String {
        self.0.get_mut().write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        self.line().await
    }
}

#[tokio::test]
async fn it_answers_before_and_after_a_stop() {
    let mut nats = Nats::start().await.unwrap();
    let (mut client, greeting) = Client::connect(&nats).await;
    assert!(greeting.starts_with("INFO {"), "{greeting}");
    assert_eq!(client.ask("PING").await, "PONG");
    let url = nats.url();
    nats.stop().await.unwrap();
    assert_eq!(client.line().await, "");
    assert!(TcpStream::connect(nats.address()).await.is_err());
    nats.start_again().await.unwrap();
    assert_eq!(nats.url(), url);
    let (mut client, _) = Client::connect(&nats).await;
    assert_eq!(client.ask("PING").await, "PONG");
    nats.kill().unwrap();
    assert_eq!(client.line().await, "");
    assert!(nats.cpu_seconds().is_err());
}

#[tokio::test]
async fn paused_it_keeps_the_connection_and_answers_later() {
    let nats = Nats::start().await.unwrap();
    let (mut client, _) = Client::connect(&nats).await;
    nats.pause().unwrap();
    let answer = client.ask("PING");
    tokio::pin!(answer);
    assert!(timeout(Duration::from_millis(200), &mut answer).await.is_err());
    nats.resume().unwrap();
    assert_eq!(answer.await, "PONG");
}

#[tokio::test]
async fn a_login_is_asked_for() {
    let login = Some(("tim".to_owned(), "not-a-secret".to_owned()));
    let nats = Nats::start_with(NatsSettings { login, ..NatsSettings::default() }).await.unwrap();
    assert!(nats.url().starts_with("nats://tim:not-a-secret@127.0.0.1:"), "{}", nats.url());
    let (mut client, _) = Client::connect(&nats).await;
    let connect = |password: &str| {
        format!("CONNECT {{\"verbose\":true,\"user\":\"tim\",\"pass\":\"{password}\"}}")
    };
    assert_eq!(client.ask(&connect("wrong")).await, "-ERR 'Authorization Violation'");
    let (mut client, _) = Client::connect(&nats).await;
    assert_eq!(client.ask(&connect("not-a-secret")).await, "+OK");
}

#[tokio::test]
async fn with_a_certificate_tls_is_required() {
    let certificate = Some(Certificate::for_loopback().unwrap());
    let settings = NatsSettings { certificate, ..NatsSettings::default() };
    let nats = Nats::start_with(settings).await.unwrap();
    let (_, greeting) = Client::connect(&nats).await;
    assert!(greeting.contains("\"tls_required\":true"), "{greeting}");
    assert!(nats.url().starts_with("tls://"));
}

#[tokio::test]
async fn what_is_wrong_with_its_configuration_is_told() {
    let settings = NatsSettings { extra: "port: \"nowhere\"".to_owned(), ..Default::default() };
    let problem = Nats::start_with(settings).await.unwrap_err().to_string();
    assert!(
        problem.contains("nats-server ended with") && problem.contains("nats.conf:2"),
        "{problem}"
    );
}
