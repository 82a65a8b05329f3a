//! One question over HTTP: whether a server behind an address answers, and what.
//!
//! Just enough for health checks and for looking through a proxy: a new connection per question, no
//! bodies sent, no redirects.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Status and body of `GET path`.
///
/// # Errors
/// When nobody listens, the answer is not HTTP or it takes more than five seconds.
pub async fn get(address: SocketAddr, path: &str) -> Result<(u16, String)> {
    tokio::time::timeout(PATIENCE, ask(address, path)).await.context("no answer in time")?
}

async fn ask(address: SocketAddr, path: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    // In HTTP/1.0 the body ends with the connection and comes in one piece.
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n").context("the answer is not HTTP")?;
    let status = head.split(' ').nth(1).context("the answer has no status")?;
    Ok((status.parse().context("the status is no number")?, body.to_owned()))
}
