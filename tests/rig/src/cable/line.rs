//! One connection through a cable.
//!
//! Each direction is a reader and a writer with a short queue between them: the reader notes when a
//! chunk arrived, the writer decides when it leaves. A line is in one of three states. *Whole*: bytes
//! pass, and the end of one side is passed on to the other. *Silent*, once the cable was half open
//! in its life: bytes are read and thrown away, ends are not passed on, and it never recovers, because
//! bytes are missing from its streams. *Over*: both sides have ended, or one of them failed, or it was cut.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::{Direction, Shared, Weather};

const CHUNK_BYTES: usize = 8 * 1024;
/// Chunks that wait in a direction.
const QUEUE: usize = 32;

/// Why a line is over.
enum End {
    /// Both sides said so.
    Closed,
    /// A chunk was cut in two.
    Severed,
    /// The cable was cut, or a side failed.
    Reset,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Reset
    }
}

struct Chunk {
    arrived: Instant,
    /// None at all is the end of the stream.
    bytes: Vec<u8>,
}

/// Carries one client's connection until it is over.
pub(super) async fn carry(mut client: TcpStream, shared: Arc<Shared>) {
    let _counted = Counted::new(Arc::clone(&shared));
    let mut weather = shared.weather.subscribe();
    let born = weather.borrow_and_update().clone();
    let mut server = None;
    let end = tokio::select! {
        end = connect_and_pass(&mut client, &mut server, &shared, &born) => end,
        _ = weather.wait_for(|it| it.cuts != born.cuts) => End::Reset,
    };
    let sides = [Some(client), server];
    for mut side in sides.into_iter().flatten() {
        match end {
            End::Closed => {}
            // A side that has gone cannot be told.
            End::Severed => drop(side.shutdown().await),
            End::Reset => drop(side.set_zero_linger()),
        }
    }
}

async fn connect_and_pass(
    client: &mut TcpStream,
    server: &mut Option<TcpStream>,
    shared: &Shared,
    born: &Weather,
) -> End {
    if born.is_swallowing {
        let (mut reader, _) = client.split();
        swallow(&mut reader).await;
        return End::Closed;
    }
    let Ok(connected) = TcpStream::connect(born.target).await else { return End::Reset };
    let server = server.insert(connected);
    // Chunks leave when it is their time, not when the kernel has collected more of them.
    if client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).is_err() {
        return End::Reset;
    }
    let (client_reader, client_writer) = client.split();
    let (server_reader, server_writer) = server.split();
    let way = |direction| Way { shared, direction, silences: born.silences };
    let to_server = way(Direction::ToServer).pass(client_reader, server_writer);
    let to_client = way(Direction::ToClient).pass(server_reader, client_writer);
    match tokio::try_join!(to_server, to_client) {
        Ok(_) => End::Closed,
        Err(end) => end,
    }
}

/// Reads until the other side has gone, however it went.
async fn swallow(reader: &mut ReadHalf<'_>) {
    let mut bytes = vec![0; CHUNK_BYTES];
    while reader.read(&mut bytes).await.is_ok_and(|count| count > 0) {}
}

/// One direction of a line.
struct Way<'a> {
    shared: &'a Shared,
    direction: Direction,
    /// When the line was made.
    silences: u64,
}

impl Way<'_> {
    /// Returns when the side that is read from has ended and everything before that has passed.
    async fn pass(self, mut reader: ReadHalf<'_>, mut writer: WriteHalf<'_>) -> Result<(), End> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let passed = tokio::try_join!(
            async {
                self.read(&mut reader, queue).await?;
                Ok(())
            },
            self.write(&mut writer, waiting)
        );
        match passed {
            // A silent line is over when both sides have noticed by themselves.
            Err(End::Reset) if self.is_silent() => {
                swallow(&mut reader).await;
                Ok(())
            }
            other => other.map(drop),
        }
    }

    fn is_silent(&self) -> bool {
        self.shared.weather.borrow().silences != self.silences
    }

    async fn read(&self, reader: &mut ReadHalf<'_>, queue: mpsc::Sender<Chunk>) -> io::Result<()> {
        let mut bytes = vec![0; CHUNK_BYTES];
        loop {
            let count = reader.read(&mut bytes).await?;
            let chunk = Chunk { arrived: Instant::now(), bytes: bytes[..count].to_vec() };
            if queue.send(chunk).await.is_err() || count == 0 {
                return Ok(());
            }
        }
    }

    async fn write(
        &self,
        writer: &mut WriteHalf<'_>,
        mut waiting: mpsc::Receiver<Chunk>,
    ) -> Result<(), End> {
        let mut weather = self.shared.weather.subscribe();
        // When the bytes before have left a cable of limited bandwidth.
        let mut free_at = Instant::now();
        while let Some(Chunk { arrived, bytes }) = waiting.recv().await {
            let now = weather.borrow_and_update().clone();
            let mut due = arrived + now.latency;
            if let Some(loss) = now.loss
                && fastrand::f64() < loss.share
            {
                due = due.max(Instant::now()) + loss.held_back;
            }
            if let Some(rate) = now.bytes_per_second {
                due = due.max(free_at) + Duration::from_secs_f64(bytes.len() as f64 / rate as f64);
                free_at = due;
            }
            self.hold_back(due, &now, &mut weather).await;
            if self.is_silent() {
                continue;
            }
            if bytes.is_empty() {
                writer.shutdown().await?;
            } else if self.shared.takes_sever(self.direction) {
                // Odd, and less than all of it unless it is one byte.
                writer.write_all(&bytes[..(bytes.len() / 2) | 1]).await?;
                return Err(End::Severed);
            } else {
                writer.write_all(&bytes).await?;
            }
        }
        Ok(())
    }

    /// Waits until a chunk is due, or the cable has healed, and it is not frozen. A line that falls
    /// silent waits for nothing.
    async fn hold_back(
        &self,
        due: Instant,
        then: &Weather,
        weather: &mut watch::Receiver<Weather>,
    ) {
        let is_over = |it: &Weather| it.heals != then.heals || it.silences != self.silences;
        tokio::select! {
            () = sleep_until(due) => {},
            // The sender lives as long as the line; there is no error to hear of.
            _ = weather.wait_for(is_over) => {},
        }
        let _ = weather.wait_for(|it| !it.is_frozen || it.silences != self.silences).await;
    }
}

/// One more in the cable's number of connections, until it is dropped.
struct Counted(Arc<Shared>);

impl Counted {
    fn new(shared: Arc<Shared>) -> Self {
        shared.connections.fetch_add(1, Ordering::Relaxed);
        Self(shared)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
