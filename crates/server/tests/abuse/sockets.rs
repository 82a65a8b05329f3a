//! Slow and silent sockets, and what a flood of them costs the program.

use std::{net::SocketAddr, process::Command, time::Duration};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::{
    raw::{PING, Raw, TEXT, frame, head},
    support::{
        Server, app, pass,
        program::{Running, log_in, program},
    },
};

/// Waits until the server has hung up.
async fn is_cut(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    let _ = timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await.expect("an end");
}

#[tokio::test]
async fn heads_that_never_end_are_cut_and_hold_up_nobody() {
    let server = Server::start().await;
    let mut witness = server.login("witness").await;
    let mut slow = Vec::new();
    for beginning in ["", "G", "GET /im/ws HTTP/1.1\r\nHost: localhost\r\nX-", "\r\n\r\n"] {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(beginning.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    // A byte now and then buys no time.
    for _ in 0..3 {
        pass(3).await;
        for stream in &mut slow {
            let _ = stream.write_all(b"a").await;
        }
        witness.call("ping", json!({})).await.ok();
    }
    pass(2).await;
    for stream in &mut slow {
        is_cut(stream).await;
    }
}

#[tokio::test]
async fn upgraded_sockets_that_stop_in_a_frame_are_closed_in_time() {
    let server = Server::start().await;
    let mut stuck = Vec::new();
    for bytes in [&[][..], &[TEXT], &[TEXT, 0xff], &head(TEXT, 5_000), &frame(TEXT, b"{")[..6]] {
        let mut raw = Raw::open(server.address).await;
        raw.write(bytes).await;
        stuck.push(raw);
    }
    pass(11).await;
    for raw in &mut stuck {
        assert_eq!(raw.end().await, Some(4002));
    }
}

#[tokio::test]
async fn sockets_that_ask_nothing_are_few_for_one_address() {
    let server =
        Server::configured(app(), |config| config.limits.connections_per_address = 30).await;
    let mut witness = server.login("witness").await;
    let mut idle = Vec::new();
    for _ in 0..40 {
        idle.push(TcpStream::connect(server.address).await.unwrap());
    }
    witness.call("ping", json!({})).await.ok();
    // Those beyond the limit are dropped at once, the others wait for a request.
    let mut dropped = 0;
    for stream in &mut idle {
        let ended = timeout(Duration::from_millis(20), stream.read_u8()).await;
        dropped += u32::from(ended.is_ok());
    }
    assert_eq!(dropped, 10);
    drop(idle);
    witness.call("ping", json!({})).await.ok();
    server.login("ann").await;
}

#[tokio::test]
async fn who_does_not_read_what_was_asked_for_is_cut() {
    let pages = tempfile::tempdir().unwrap();
    std::fs::write(pages.path().join("large"), vec![0; 32_000_000]).unwrap();
    let folder = pages.path().to_owned();
    let server = Server::configured(app(), |config| config.web_root = Some(folder)).await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut begun = [0; 15];
    stream.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200 OK");
    pass(301).await;
    tokio::task::yield_now().await;
    pass(61).await;
    let mut rest = Vec::new();
    let _ = timeout(Duration::from_secs(10), stream.read_to_end(&mut rest)).await.expect("an end");
    assert!(rest.len() < 32_000_000, "{}", rest.len());
}

/// The memory a process holds, in megabytes.
fn memory_mb(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find(|it| it.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

struct Flooded {
    running: Running,
    address: SocketAddr,
    witness: crate::support::Client,
    before_mb: u64,
    _folder: tempfile::TempDir,
}

impl Flooded {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let running = Running::start(program(&folder).args(["--log", "error"]));
        let address = running.address.parse().unwrap();
        let mut witness = log_in(&running, &folder, "witness").await;
        for _ in 0..100 {
            witness.call("ping", json!({})).await.ok();
        }
        let before_mb = memory_mb(running.child.id());
        Self { running, address, witness, before_mb, _folder: folder }
    }

    /// What the flood has cost so far; somebody else is still served.
    async fn grown_mb(&mut self) -> u64 {
        self.witness.call("ping", json!({})).await.ok();
        memory_mb(self.running.child.id()).saturating_sub(self.before_mb)
    }
}

#[tokio::test]
async fn pings_whose_answers_nobody_reads_fill_no_memory() {
    let mut flooded = Flooded::start().await;
    let mut raw = Raw::open(flooded.address).await;
    let pings = frame(PING, &[b'x'; 125]).repeat(8_000);
    let mut grown_mb = 0;
    // 48 MB of answers that nobody takes.
    for _ in 0..48 {
        raw.write(&pings).await;
        grown_mb = grown_mb.max(flooded.grown_mb().await);
    }
    assert!(grown_mb < 16, "{grown_mb} MB");
}

#[tokio::test]
async fn a_stream_of_pings_does_not_hold_up_the_end() {
    let mut flooded = Flooded::start().await;
    let mut raw = Raw::open(flooded.address).await;
    let flood = tokio::spawn(async move {
        let pings = frame(PING, b"").repeat(10_000);
        // Until the server hangs up.
        while raw.stream.write_all(&pings).await.is_ok() {}
    });
    // It is under way when somebody else has been served a few times.
    for _ in 0..20 {
        flooded.grown_mb().await;
    }
    let process = flooded.running.child.id().to_string();
    assert!(Command::new("kill").arg(process).status().unwrap().success());
    assert_eq!(flooded.witness.closed().await, 1012);
    // Well before the server would give up waiting.
    timeout(Duration::from_secs(5), flood).await.expect("an end in time").unwrap();
    assert_eq!(flooded.running.child.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn frames_that_are_announced_and_never_sent_cost_little() {
    let mut flooded = Flooded::start().await;
    let mut stuck = Vec::new();
    for _ in 0..400 {
        let raw = Raw::open(flooded.address).await;
        stuck.push(raw);
    }
    for raw in &mut stuck {
        raw.write(&head(TEXT, 256 * 1024)).await;
        raw.write(b"{").await;
    }
    // 100 MB were announced.
    let grown_mb = flooded.grown_mb().await;
    assert!(grown_mb < 32, "{grown_mb} MB");
}

#[tokio::test]
async fn a_thousand_sockets_that_come_and_go_leave_nothing_behind() {
    let mut flooded = Flooded::start().await;
    for _ in 0..4 {
        let mut silent = Vec::new();
        for _ in 0..250 {
            silent.push(Raw::open(flooded.address).await);
        }
        for raw in &mut silent {
            raw.write(&frame(TEXT, b"rubbish")).await;
        }
        for raw in &mut silent {
            assert_eq!(raw.end().await, Some(1002));
        }
    }
    let grown_mb = flooded.grown_mb().await;
    assert!(grown_mb < 24, "{grown_mb} MB");
    let process = flooded.running.child.id().to_string();
    assert!(Command::new("kill").arg(process).status().unwrap().success());
    assert_eq!(flooded.running.child.wait().unwrap().code(), Some(0));
}
