//! The client side: many connections that send and receive, one that sends alone, many that idle.
//!
//! Everybody sends to the next one in a ring, so that every connection also receives. A run is over
//! when every send is acknowledged and every message has arrived.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use futures::{SinkExt as _, StreamExt as _, future::try_join_all};
use serde_json::{Value, json};
use tim_protocol::{SUBPROTOCOL, ids::UserId, usersig::sign};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use crate::process::{APP, Process, key};

/// About what people write.
const TEXT: &str = "A message of the length that people really write to each other, give or take a \
                    few words, so that nothing is measured that nobody sends.";

/// How much is sent.
pub struct Load {
    /// Connections that send.
    pub connections: usize,
    /// Sends of one connection under way at the same time.
    pub window: usize,
    /// Messages in all.
    pub messages: usize,
}

/// What a run came to.
pub struct Throughput {
    messages: f64,
    seconds: f64,
    cpu_seconds: f64,
}

/// What idle connections cost.
pub struct Idle {
    /// Memory of the server for each.
    pub kilobytes: f64,
}

impl Throughput {
    /// Acknowledged sends in a second.
    pub fn per_second(&self) -> f64 {
        self.messages / self.seconds
    }

    /// Acknowledged sends in a second of the server's CPU time.
    pub fn per_cpu_second(&self) -> f64 {
        self.messages / self.cpu_seconds
    }
}

struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    user: String,
    tiny_id: String,
    sent: usize,
}

fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl Client {
    async fn login(server: &Process, user: String) -> Result<Self> {
        let mut request = format!("ws://{}/im/ws", server.address).into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse()?);
        let (mut socket, _) = connect_async(request).await?;
        let user_id: UserId = user.parse()?;
        let user_sig = sign(&key(), APP, &user_id, now_s(), 86_400);
        let body = json!({ "SDKAppID": APP, "userID": user, "userSig": user_sig });
        let login = json!({ "id": 0, "do": "login", "body": body });
        socket.send(Message::text(login.to_string())).await?;
        let reply = socket.next().await.context("a reply")??;
        let reply: Value = serde_json::from_str(reply.to_text()?)?;
        ensure!(reply["code"] == 0, "login refused: {reply}");
        let tiny_id = reply["body"]["tinyID"].as_str().context("tinyID")?.to_owned();
        Ok(Self { socket, user, tiny_id, sent: 0 })
    }

    fn next_message(&mut self, to: &str, time: u64) -> Message {
        self.sent += 1;
        let Self { user, tiny_id, sent, .. } = self;
        Message::text(format!(
            r#"{{"id":{sent},"do":"message.send","body":{{"message":{{"ID":"{tiny_id}-{time}-{sent}","type":"TIMTextElem","payload":{{"text":"{TEXT}"}},"conversationType":"C2C","from":"{user}","to":"{to}","clientSequence":{sent}}}}}}}"#
        ))
    }

    /// Sends `count` messages to `to`, at most `window` unanswered, and takes `count` in.
    async fn exchange(mut self, to: String, count: usize, window: usize) -> Result<()> {
        let time = now_s();
        for _ in 0..window.min(count) {
            let message = self.next_message(&to, time);
            self.socket.feed(message).await?;
        }
        self.socket.flush().await?;
        let (mut acknowledged, mut received) = (0, 0);
        while acknowledged < count || received < count {
            let mut frame = self.socket.next().await;
            // What has arrived together is answered together, as a client in a busy room does.
            let mut room = 0;
            loop {
                let message = frame.context("an open socket")??;
                let text = message.to_text()?;
                if text.starts_with(r#"{"id":"#) {
                    ensure!(text.contains(r#""code":0"#), "refused: {text}");
                    acknowledged += 1;
                    room += 1;
                } else {
                    received += text.matches(r#""ID":""#).count();
                }
                match futures::FutureExt::now_or_never(self.socket.next()) {
                    Some(next) => frame = next,
                    None => break,
                }
            }
            for _ in 0..room.min(count - self.sent) {
                let message = self.next_message(&to, time);
                self.socket.feed(message).await?;
            }
            self.socket.flush().await?;
        }
        Ok(())
    }
}

fn name(index: usize) -> String {
    format!("user{index}")
}

async fn log_in(server: &Process, count: usize) -> Result<Vec<Client>> {
    let mut clients = Vec::with_capacity(count);
    for index in 0..count {
        clients.push(Client::login(server, name(index)).await?);
    }
    Ok(clients)
}

impl Load {
    /// Sends everything and waits until it is there.
    pub async fn run(&self, server: &Process) -> Result<Throughput> {
        let clients = log_in(server, self.connections).await?;
        let each = self.messages / self.connections;
        let (began, cpu) = (Instant::now(), server.cpu_seconds()?);
        let exchanges = clients.into_iter().enumerate().map(|(index, client)| {
            let to = name((index + 1) % self.connections);
            tokio::spawn(client.exchange(to, each, self.window))
        });
        for result in try_join_all(exchanges).await? {
            result?;
        }
        Ok(Throughput {
            messages: (each * self.connections) as f64,
            seconds: began.elapsed().as_secs_f64(),
            cpu_seconds: server.cpu_seconds()? - cpu,
        })
    }
}

/// The median of `count` sends that wait for each other.
pub async fn one_at_a_time(server: &Process, count: usize) -> Result<Duration> {
    let mut clients = log_in(server, 2).await?;
    let (to, time) = (name(1), now_s());
    let sender = &mut clients[0];
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let message = sender.next_message(&to, time);
        let began = Instant::now();
        sender.socket.send(message).await?;
        sender.socket.next().await.context("an answer")??;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}

/// What `count` logged-in connections that say nothing cost.
pub async fn idle(server: &Process, count: usize) -> Result<Idle> {
    // The first ones pay for what all share.
    let first = log_in(server, 50).await?;
    let before = server.memory_kilobytes()?;
    let mut clients = Vec::with_capacity(count);
    for index in 0..count {
        clients.push(Client::login(server, format!("idle{index}")).await?);
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let kilobytes = (server.memory_kilobytes()? - before) / count as f64;
    drop((first, clients));
    Ok(Idle { kilobytes })
}
