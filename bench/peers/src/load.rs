//! What the servers are made to do: messages around a ring of users, and connections that idle.
//!
//! XMPP does not acknowledge a message to its sender. Here one counts when its receiver has it, and
//! both servers archive it before that, which is asked for afterwards. So `window` messages of a
//! sender are on their way at the same time, and each arrival lets its sender send the next.

use std::{sync::Arc, time::Instant};

use anyhow::{Context as _, Result, bail, ensure};
use tokio::{
    io::AsyncWriteExt as _,
    sync::Semaphore,
    task::JoinSet,
    time::{Duration, sleep},
};

use crate::{
    server::Server,
    xmpp::{Client, DOMAIN, TEXT},
};

/// Connections that are there before idle ones are counted.
const FIRST: usize = 50;

/// How much is sent.
pub struct Load {
    /// Connections that send, and receive as much.
    pub connections: usize,
    /// Messages of one connection under way at the same time.
    pub window: usize,
    /// Messages in all, before it is measured.
    pub warm_up: usize,
    /// Messages in all, measured.
    pub messages: usize,
}

/// What a run came to.
pub struct Throughput {
    /// Messages delivered and archived in a second.
    pub per_second: f64,
    /// Messages delivered and archived in a second of the server's CPU time.
    pub per_cpu_second: f64,
}

/// One place in the ring.
struct Member {
    client: Client,
    /// Whom it sends to.
    next: String,
    /// How many it may send now.
    room: Arc<Semaphore>,
    /// How many the one before it may send now.
    room_before: Arc<Semaphore>,
}

impl Member {
    /// Sends `count` messages and takes `count` in.
    async fn exchange(mut self, count: usize) -> Result<Self> {
        let Self { client: Client { stanzas, output }, next, room, room_before } = &mut self;
        let send = async {
            for number in 0..count {
                let permit = match room.try_acquire() {
                    Ok(permit) => permit,
                    Err(_) => {
                        output.flush().await?;
                        room.acquire().await?
                    }
                };
                permit.forget();
                let message = format!(
                    "<message type='chat' to='{next}@{DOMAIN}' id='{number}'><body>{TEXT}</body></message>"
                );
                output.write_all(message.as_bytes()).await?;
            }
            anyhow::Ok(output.flush().await?)
        };
        let receive = async {
            let mut received = 0;
            while received < count {
                let stanza = stanzas.next().await?;
                if stanza.kind == "error" {
                    bail!("a message was refused: {stanza:?}");
                }
                if stanza.find("body").is_some() {
                    received += 1;
                    room_before.add_permits(1);
                }
            }
            Ok(())
        };
        tokio::try_join!(send, receive)?;
        Ok(self)
    }
}

impl Load {
    /// Sends everything, waits until it is there and has been archived.
    pub async fn run(&self, server: &Server) -> Result<Throughput> {
        let names = register(server, "user", self.connections).await?;
        let rooms: Vec<_> = names.iter().map(|_| Arc::new(Semaphore::new(self.window))).collect();
        let mut ring = Vec::with_capacity(self.connections);
        for (index, name) in names.iter().enumerate() {
            ring.push(Member {
                client: Client::log_in(&server.address, name).await?,
                next: names[(index + 1) % names.len()].clone(),
                room: rooms[index].clone(),
                room_before: rooms[(index + names.len() - 1) % names.len()].clone(),
            });
        }
        let warm_up = self.warm_up / self.connections;
        let each = self.messages / self.connections;
        ring = exchange(ring, warm_up).await?;
        let (began, cpu) = (Instant::now(), server.cpu_seconds()?);
        ring = exchange(ring, each).await?;
        let (seconds, cpu) = (began.elapsed().as_secs_f64(), server.cpu_seconds()? - cpu);

        // Everybody has sent as many as they received, and an archive holds both.
        let expected = 2 * (warm_up + each);
        let any = &mut ring.first_mut().context("a ring has members")?.client;
        let archived = any.archived().await?;
        ensure!(archived == expected, "{archived} of {expected} messages were archived");

        let messages = (each * self.connections) as f64;
        Ok(Throughput { per_second: messages / seconds, per_cpu_second: messages / cpu })
    }
}

/// All of the ring at the same time.
async fn exchange(ring: Vec<Member>, count: usize) -> Result<Vec<Member>> {
    let mut running = JoinSet::new();
    for member in ring {
        running.spawn(member.exchange(count));
    }
    let mut back = Vec::with_capacity(running.len());
    while let Some(member) = running.join_next().await {
        back.push(member??);
    }
    Ok(back)
}

/// The server's memory for each of `count` logged-in connections that say nothing, in kilobytes.
pub async fn idle(server: &Server, count: usize) -> Result<f64> {
    let names = register(server, "idle", FIRST + count).await?;
    let mut clients = Vec::with_capacity(names.len());
    // The first ones pay for what all share.
    for name in &names[..FIRST] {
        clients.push(Client::log_in(&server.address, name).await?);
    }
    let before = server.memory_kilobytes()?;
    for name in &names[FIRST..] {
        clients.push(Client::log_in(&server.address, name).await?);
    }
    sleep(Duration::from_secs(1)).await;
    Ok((server.memory_kilobytes()? - before) / count as f64)
}

/// Makes accounts, all over one connection; answers their names.
async fn register(server: &Server, prefix: &str, count: usize) -> Result<Vec<String>> {
    let mut client = Client::connect(&server.address).await?;
    let names: Vec<_> = (0..count).map(|index| format!("{prefix}{index}")).collect();
    for name in &names {
        client.register(name).await?;
    }
    Ok(names)
}
