//! The connection to NATS: whether it stands, since when not and why, and what may have been lost.
//!
//! The library connects and reconnects by itself; here its events become a [`State`]. A connection
//! counts as up only when NATS has confirmed that it is done with everything we sent first, which
//! after a break is all subscriptions. A loss is therefore counted twice for a break: when it is
//! noticed, and when nothing can be missed any more, so that who reads the log then has it all.
//!
//! ```text
//! Away ── connected, all subscriptions confirmed ──▶ Up ── connection lost ──▶ Away
//! ```

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_nats::{Client, Event as ClientEvent, Request, RequestErrorKind, Server, ServerError};
use futures::{
    FutureExt as _,
    future::{BoxFuture, Fuse, pending},
};
use tokio::{
    select,
    sync::{mpsc, watch},
    time::sleep,
};

use super::{beats::Beats, subjects::Subjects, trouble};
use crate::bus::State;

/// How long NATS may take to confirm.
const CONFIRMATION: Duration = Duration::from_secs(3);

/// How long to leave NATS alone that has refused something.
const RETRY: Duration = Duration::from_secs(10);

/// What the library tells.
pub(super) enum News {
    /// Something happened to the connection.
    Event(ClientEvent),
    /// It is about to try these again.
    Attempt(Vec<Server>),
}

/// What may have been lost.
#[derive(Clone, Copy, Debug)]
pub(super) enum Loss {
    /// The connection was lost, or has come back.
    Link,
    /// More was published than NATS took.
    Overflow,
    /// Published while NATS is away.
    Away,
    /// A frame is larger than NATS allows.
    TooLarge,
    /// Events came in faster than they could be delivered.
    SlowConsumer,
    /// Something came in that is not an event.
    Unreadable,
    /// A subscription was answered before NATS had confirmed it.
    Unconfirmed,
    /// Another node has lost what it published.
    Peer,
}

impl Loss {
    fn name(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::Overflow => "overflow",
            Self::Away => "away",
            Self::TooLarge => "too_large",
            Self::SlowConsumer => "slow_consumer",
            Self::Unreadable => "unreadable",
            Self::Unconfirmed => "unconfirmed",
            Self::Peer => "peer",
        }
    }

    /// Whether it is other nodes that miss something. Told to them, it is counted there, too; what
    /// they told must not come back to them.
    fn concerns_others(self) -> bool {
        matches!(self, Self::Link | Self::Overflow | Self::Away | Self::TooLarge)
    }
}

/// The state of the connection, shared by all parts of the bus.
pub(super) struct Link {
    state: watch::Sender<State>,
    /// The same as `state` in short, for the publisher.
    is_up: AtomicBool,
    /// The connection stood before, so that something was lost when it did not.
    was_up: AtomicBool,
    losses: AtomicU64,
    losses_of_others: AtomicU64,
    /// Nobody serves it, so that NATS itself answers.
    barrier: String,
    has_secret: bool,
}

impl Link {
    pub(super) fn new(barrier: String, has_secret: bool) -> Arc<Self> {
        let why = Arc::from("not connected yet");
        metrics::gauge!("tim_bus_up").set(0.0);
        Arc::new(Self {
            state: watch::Sender::new(State::Away { since: Instant::now(), why }),
            is_up: AtomicBool::new(false),
            was_up: AtomicBool::new(false),
            losses: AtomicU64::new(0),
            losses_of_others: AtomicU64::new(0),
            barrier,
            has_secret,
        })
    }

    pub(super) fn state(&self) -> State {
        self.state.borrow().clone()
    }

    pub(super) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Relaxed)
    }

    /// Waits for the connection.
    pub(super) async fn up(&self) {
        // The sender is in `self`, so that this cannot fail.
        let _ = self.state.subscribe().wait_for(|it| *it == State::Up).await;
    }

    /// Waits for the loss of the connection.
    pub(super) async fn away(&self) {
        let _ = self.state.subscribe().wait_for(|it| *it != State::Up).await;
    }

    /// Waits until something is known of the connection.
    pub(super) async fn tried(&self) {
        let _ = self.state.subscribe().changed().await;
    }

    pub(super) fn losses(&self) -> u64 {
        self.losses.load(Ordering::Acquire)
    }

    /// The losses other nodes should know of.
    pub(super) fn losses_of_others(&self) -> u64 {
        self.losses_of_others.load(Ordering::Acquire)
    }

    /// Counts a loss.
    pub(super) fn lost(&self, loss: Loss) {
        if loss.concerns_others() {
            self.losses_of_others.fetch_add(1, Ordering::Release);
        }
        self.losses.fetch_add(1, Ordering::Release);
        metrics::counter!("tim_bus_losses_total", "why" => loss.name()).increment(1);
    }

    /// Waits until our server of NATS has dealt with everything it was sent before.
    ///
    /// # Errors
    /// When it does not say so in time.
    pub(super) async fn confirm(&self, client: &Client) -> Result<(), Unconfirmed> {
        let request = Request::new().timeout(Some(CONFIRMATION));
        match client.send_request(self.barrier.clone(), request).await {
            // Nobody answers; but if somebody did, it would have come this way as well.
            Ok(_) => Ok(()),
            Err(error) if error.kind() == RequestErrorKind::NoResponders => Ok(()),
            Err(_) => Err(Unconfirmed),
        }
    }

    fn set_up(&self, client: &Client) {
        let info = client.server_info();
        tracing::info!(server = info.server_name, version = info.version, "NATS is connected");
        metrics::gauge!("tim_bus_up").set(1.0);
        self.is_up.store(true, Ordering::Relaxed);
        self.state.send_replace(State::Up);
        if self.was_up.swap(true, Ordering::Relaxed) {
            self.lost(Loss::Link);
        }
    }

    fn set_away(&self, why: &str) {
        let since = match &*self.state.borrow() {
            State::Away { why: known, .. } if **known == *why => return,
            State::Away { since, .. } => *since,
            State::Up | State::Alone => Instant::now(),
        };
        tracing::warn!("other nodes are out of reach: {why}");
        metrics::gauge!("tim_bus_up").set(0.0);
        self.is_up.store(false, Ordering::Relaxed);
        if self.state.send_replace(State::Away { since, why: why.into() }) == State::Up {
            self.lost(Loss::Link);
        }
    }
}

/// NATS did not answer in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unconfirmed;

/// Turns the library's events into the state, for as long as the bus lives.
pub(super) async fn watch(
    link: Arc<Link>,
    client: Client,
    subjects: Arc<Subjects>,
    beats: Arc<Beats>,
    mut news: mpsc::UnboundedReceiver<News>,
) {
    let mut confirming: Fuse<BoxFuture<'static, Result<(), Unconfirmed>>> = Fuse::terminated();
    let mut explaining: Fuse<BoxFuture<'static, Option<String>>> = Fuse::terminated();
    let confirm = || {
        let (link, client) = (Arc::clone(&link), client.clone());
        let (subjects, beats) = (Arc::clone(&subjects), Arc::clone(&beats));
        let confirming = async move {
            link.confirm(&client).await?;
            // A node that does not answer now counts as a loss when it is heard again.
            beats.reach(&client, &subjects).await;
            Ok(())
        };
        confirming.boxed().fuse()
    };
    // NATS goes on after it has refused something, and so would we, deaf or mute without knowing it.
    let start_over = || {
        let client = client.clone();
        let starting = async move {
            sleep(RETRY).await;
            let _ = client.force_reconnect().await;
            // What comes of it is told as an event.
            pending().await
        };
        starting.boxed().fuse()
    };
    loop {
        select! {
            it = news.recv() => match it {
                None => return,
                Some(News::Attempt(servers)) => {
                    let has_secret = link.has_secret;
                    explaining = async move { trouble::of(&servers, has_secret).await }.boxed().fuse();
                }
                Some(News::Event(ClientEvent::Connected)) => {
                    explaining = Fuse::terminated();
                    confirming = confirm();
                }
                Some(News::Event(ClientEvent::Disconnected)) => {
                    confirming = Fuse::terminated();
                    if link.is_up() {
                        link.set_away("the connection to NATS was lost");
                    }
                }
                Some(News::Event(ClientEvent::SlowConsumer(_))) => link.lost(Loss::SlowConsumer),
                Some(News::Event(ClientEvent::ServerError(error))) => {
                    link.set_away(&refused(&error));
                    confirming = start_over();
                }
                // Failed attempts are told better by what comes with the next one.
                Some(News::Event(
                    ClientEvent::ClientError(_)
                    | ClientEvent::LameDuckMode
                    | ClientEvent::Draining
                    | ClientEvent::Closed,
                )) => {}
            },
            why = &mut explaining => if let Some(why) = why {
                link.set_away(&why);
            },
            confirmed = &mut confirming => match confirmed {
                Ok(()) => link.set_up(&client),
                Err(Unconfirmed) => {
                    link.set_away(unconfirmed(&client));
                    confirming = confirm();
                }
            },
        }
    }
}

/// Why a connection is of no use, by what NATS said.
fn refused(error: &ServerError) -> String {
    match error {
        ServerError::Other(text) if text.to_lowercase().contains("permissions violation") => {
            format!("NATS lets this user do too little ({text})")
        }
        ServerError::Other(text) => format!("NATS refuses to go on ({text})"),
        error => format!("NATS refuses to go on ({error})"),
    }
}

/// Why a connection is of no use, when NATS said nothing.
fn unconfirmed(client: &Client) -> &'static str {
    if client.server_info().headers {
        "NATS is connected but does not answer"
    } else {
        "NATS is too old, it must be of version 2.2 or later"
    }
}
