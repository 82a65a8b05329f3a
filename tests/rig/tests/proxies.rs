//! HAProxy and nginx in front of two tiny servers, one of which dies.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tim_rig::{Certificate, HaProxy, Nginx, http};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Asks for a WebSocket, with the key of the standard's example.
const UPGRADE: &str = "GET /im/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
/// The answer to that key, which HAProxy checks.
const AGREED: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A server that answers each request with its name and the request's head; asked for an upgrade it
/// agrees and then says back what it hears.
struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(name: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move {
            // Connections end with the server.
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                connections.spawn(serve(stream, name));
            }
        });
        Self { address, task }
    }

    async fn die(self) {
        self.task.abort();
        assert!(self.task.await.unwrap_err().is_cancelled());
    }
}

async fn head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

async fn serve(mut stream: TcpStream, name: &str) -> std::io::Result<()> {
    let head = head(&mut stream).await?;
    if head.to_lowercase().contains("\r\nupgrade: websocket\r\n") {
        stream.write_all(AGREED.as_bytes()).await?;
        let (mut reader, mut writer) = stream.split();
        tokio::io::copy(&mut reader, &mut writer).await?;
        return Ok(());
    }
    let body = format!("{name}\n{head}");
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(answer.as_bytes()).await
}

/// Who answers through the proxy.
async fn name(proxy: SocketAddr) -> String {
    let (status, body) = http::get(proxy, "/").await.unwrap();
    assert_eq!(status, 200, "{body}");
    body.lines().next().unwrap().to_owned()
}

/// Asks until each of the names has answered.
async fn all_answer(proxy: SocketAddr, names: &[&str]) {
    let started = Instant::now();
    let mut missing = names.to_vec();
    while !missing.is_empty() {
        assert!(started.elapsed() < Duration::from_secs(10), "{missing:?}");
        let name = name(proxy).await;
        missing.retain(|it| *it != name);
    }
}

/// Opens a tunnel and sends something through it and back.
async fn tunnel(proxy: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    stream.write_all(UPGRADE.as_bytes()).await.unwrap();
    let head = head(&mut stream).await.unwrap();
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    echoes(&mut stream).await;
    stream
}

async fn echoes(stream: &mut TcpStream) {
    stream.write_all(b"hello").await.unwrap();
    let mut heard = [0; 5];
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"hello");
}

async fn claims_are_thrown_away(proxy: SocketAddr) {
    let mut stream = TcpStream::connect(proxy).await.unwrap();
    let request = "GET / HTTP/1.0\r\nHost: x\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let answer = answer.to_lowercase();
    assert!(answer.contains("\r\nx-forwarded-for: 127.0.0.1\r\n"), "{answer}");
    assert!(!answer.contains("6.6.6.6"), "{answer}");
}

#[tokio::test]
async fn haproxy_goes_on_with_the_servers_that_live() {
    let (a, b) = (Server::start("a").await, Server::start("b").await);
    let haproxy = HaProxy::start(&[a.address, b.address]).await.unwrap();
    let address = haproxy.address();
    all_answer(address, &["a", "b"]).await;
    claims_are_thrown_away(address).await;
    tunnel(address).await;
    for inside in ["/metrics", "/dev/usersig"] {
        assert_eq!(http::get(address, inside).await.unwrap().0, 404);
    }
    let left = b.address;
    a.die().await;
    // At once, before any health check: who is refused is sent to the other one.
    for _ in 0..4 {
        assert_eq!(name(address).await, "b");
    }
    let started = Instant::now();
    while haproxy.healthy().await.unwrap() != [left] {
        assert!(started.elapsed() < Duration::from_secs(10), "it does not notice");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn haproxy_changes_servers_and_keeps_tunnels() {
    let (a, b) = (Server::start("a").await, Server::start("b").await);
    let haproxy = HaProxy::start(&[a.address]).await.unwrap();
    let mut tunnel = tunnel(haproxy.address()).await;
    haproxy.set_backends(&[b.address]).await.unwrap();
    for _ in 0..4 {
        assert_eq!(name(haproxy.address()).await, "b");
    }
    echoes(&mut tunnel).await;
    let too_many = vec![a.address; 17];
    assert!(haproxy.set_backends(&too_many).await.is_err());
    haproxy.set_backends(&[]).await.unwrap();
    assert_eq!(http::get(haproxy.address(), "/").await.unwrap().0, 503);
}

#[tokio::test]
async fn nginx_goes_on_with_the_servers_that_live() {
    let (a, b) = (Server::start("a").await, Server::start("b").await);
    let nginx = Nginx::start(&[a.address, b.address], None).await.unwrap();
    let address = nginx.address();
    all_answer(address, &["a", "b"]).await;
    claims_are_thrown_away(address).await;
    tunnel(address).await;
    for inside in ["/metrics", "/dev/usersig"] {
        assert_eq!(http::get(address, inside).await.unwrap().0, 404);
    }
    a.die().await;
    for _ in 0..4 {
        assert_eq!(name(address).await, "b");
    }
    assert!(nginx.log().contains("Connection refused"), "{}", nginx.log());
}

#[tokio::test]
async fn nginx_with_a_certificate_speaks_tls_only() {
    let a = Server::start("a").await;
    let certificate = Certificate::for_loopback().unwrap();
    let nginx = Nginx::start(&[a.address], Some(&certificate)).await.unwrap();
    let (status, body) = http::get(nginx.address(), "/").await.unwrap();
    assert!(status == 400 && body.contains("HTTPS port"), "{status} {body}");
}
