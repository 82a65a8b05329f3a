//! A TCP cable in the hands of a test: clients connect to it, it connects to the real address, and it
//! can be slow, lossy, dead or cut.
//!
//! Faults hold for all its connections, those to come included, until [`Cable::heal`]. Bytes are never
//! changed, lost inside a connection or put out of order: what TCP promises the two ends still holds,
//! except that a connection may die. The states a connection goes through are in `line.rs`.

mod line;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use crate::port::Port;
use crate::process::GLANCE;

/// Which way bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From who connected to the real address.
    ToServer,
    /// The way back.
    ToClient,
}

/// Packets get lost. TCP repairs that, so its ends see bytes arrive late and then many at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Loss {
    /// How many of the chunks are hit, 0 to 1. A chunk is what one read returns, 8 KiB at most.
    pub share: f64,
    /// How long a chunk that is hit, with all behind it, is held back: the time TCP takes to notice and
    /// send again, 200 ms and more.
    pub held_back: Duration,
}

/// What the cable is like now. One value, so that each connection sees all of a change or nothing.
#[derive(Clone, Debug)]
struct Weather {
    target: SocketAddr,
    latency: Duration,
    loss: Option<Loss>,
    bytes_per_second: Option<u64>,
    is_frozen: bool,
    is_swallowing: bool,
    is_refusing: bool,
    /// Counted, because each happens to the connections of that moment.
    silences: u64,
    cuts: u64,
    heals: u64,
}

impl Weather {
    fn fair(target: SocketAddr) -> Self {
        Self {
            target,
            latency: Duration::ZERO,
            loss: None,
            bytes_per_second: None,
            is_frozen: false,
            is_swallowing: false,
            is_refusing: false,
            silences: 0,
            cuts: 0,
            heals: 0,
        }
    }
}

/// What the connections of a cable have in common.
#[derive(Debug)]
struct Shared {
    weather: watch::Sender<Weather>,
    /// The next chunk in this direction is the last one of its connection.
    severs: Mutex<Option<Direction>>,
    connections: AtomicUsize,
}

impl Shared {
    /// Whether to cut here; only one chunk is told so.
    fn takes_sever(&self, direction: Direction) -> bool {
        let mut severs = self.severs.lock().unwrap_or_else(PoisonError::into_inner);
        severs.take_if(|it| *it == direction).is_some()
    }
}

/// A cable from a loopback port to another address; dropping it cuts all its connections.
#[derive(Debug)]
pub struct Cable {
    shared: Arc<Shared>,
    is_listening: watch::Receiver<bool>,
    port: Port,
    task: JoinHandle<()>,
}

impl Cable {
    /// A faultless one to `target`, which need not be up yet. It runs on the caller's tokio runtime.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn to(target: SocketAddr) -> Result<Self> {
        let port = Port::claim()?;
        let listener = TcpListener::bind(port.address()).await?;
        let shared = Arc::new(Shared {
            weather: watch::Sender::new(Weather::fair(target)),
            severs: Mutex::new(None),
            connections: AtomicUsize::new(0),
        });
        let (says, is_listening) = watch::channel(true);
        let task = tokio::spawn(accept(listener, port.address(), Arc::clone(&shared), says));
        Ok(Self { shared, is_listening, port, task })
    }

    /// Where clients connect; it stays the same for the cable's life.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// How many connections there are now, dead ones included.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// New connections go to `target`; those that are there stay where they are.
    pub fn point_to(&self, target: SocketAddr) {
        self.shared.weather.send_modify(|it| it.target = target);
    }

    /// Every byte takes this long, each way; bytes under way are not touched.
    pub fn set_latency(&self, one_way: Duration) {
        self.shared.weather.send_modify(|it| it.latency = one_way);
    }

    /// Packets get lost, at random, or no more.
    pub fn set_loss(&self, loss: Option<Loss>) {
        self.shared.weather.send_modify(|it| it.loss = loss);
    }

    /// Each direction of each connection carries so much; at least one byte per second. About 256 KiB wait
    /// in the cable, then the sender has to.
    pub fn set_bandwidth(&self, bytes_per_second: Option<u64>) {
        let rate = bytes_per_second.map(|it| it.max(1));
        self.shared.weather.send_modify(|it| it.bytes_per_second = rate);
    }

    /// Nothing passes, nothing is lost: after [`Cable::heal`] the same connections go on. This is what
    /// a short break of the network looks like.
    pub fn freeze(&self) {
        self.shared.weather.send_modify(|it| it.is_frozen = true);
    }

    /// The connections that are there, and those made until [`Cable::heal`], swallow what is sent on
    /// them and stay open, for good: neither end ever hears of the other again, not even that it has closed.
    /// This is what a box on the way that forgot its connections looks like.
    pub fn half_open(&self) {
        self.shared.weather.send_modify(|it| {
            it.is_swallowing = true;
            it.silences += 1;
        });
    }

    /// New connections are refused when this returns; those that are there stay.
    ///
    /// # Errors
    /// When the cable's runtime has ended.
    pub async fn refuse(&self) -> Result<()> {
        self.shared.weather.send_modify(|it| it.is_refusing = true);
        self.listening(false).await
    }

    /// Resets all connections that are there at once, both ends.
    pub fn cut(&self) {
        self.shared.weather.send_modify(|it| it.cuts += 1);
    }

    /// The next chunk that passes in this direction is the last one of its connection: an odd number of
    /// its bytes, about half of it, is delivered, then the connection closes. A chunk of a single byte
    /// is delivered whole.
    pub fn cut_mid_frame(&self, direction: Direction) {
        *self.shared.severs.lock().unwrap_or_else(PoisonError::into_inner) = Some(direction);
    }

    /// Takes all faults away; new connections are accepted when this returns. What was held back is
    /// delivered now. What was cut or swallowed stays dead.
    ///
    /// # Errors
    /// When the cable's runtime has ended.
    pub async fn heal(&self) -> Result<()> {
        *self.shared.severs.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.shared.weather.send_modify(|it| {
            let Weather { target, silences, cuts, heals, .. } = *it;
            *it = Weather { silences, cuts, heals: heals + 1, ..Weather::fair(target) };
        });
        self.listening(true).await
    }

    async fn listening(&self, wanted: bool) -> Result<()> {
        let mut is_listening = self.is_listening.clone();
        is_listening.wait_for(|it| *it == wanted).await.context("the cable has ended")?;
        Ok(())
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        // Its connections are tasks of this one and end with it.
        self.task.abort();
    }
}

/// Accepts connections as long as the weather lets it.
async fn accept(
    listener: TcpListener,
    address: SocketAddr,
    shared: Arc<Shared>,
    says: watch::Sender<bool>,
) {
    let mut weather = shared.weather.subscribe();
    let mut listener = Some(listener);
    let mut lines = JoinSet::new();
    loop {
        let accepted = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            accepted = accepted => match accepted {
                Ok((client, _)) => drop(lines.spawn(line::carry(client, Arc::clone(&shared)))),
                // Out of files, say: it passes or the test fails by itself.
                Err(_) => tokio::time::sleep(GLANCE).await,
            },
            Ok(()) = weather.changed() => {
                let refuses = weather.borrow_and_update().is_refusing;
                if refuses {
                    listener = None;
                } else if listener.is_none() {
                    let bound = TcpListener::bind(address).await;
                    listener = Some(bound.expect("the port is claimed for the cable's life"));
                }
                says.send_replace(!refuses);
            },
            Some(_) = lines.join_next(), if !lines.is_empty() => {},
        }
    }
}
