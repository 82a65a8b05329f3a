//! Being one of several servers on one database.
//!
//! Every [`BEAT`] this server says in the database that it is there and looks who else is. From that,
//! and from what the bus says of itself, [`doubt`] decides whether pushes may have been lost: the bus
//! was away, here or at a neighbour, a server died without a word, this one was stopped for a while.
//! While there is doubt, and once after it,
//!
//! - the newest messages are read from the database and pushed to whoever is connected here
//!   ([`tail`]); a client drops what it has already;
//! - the connected instances are looked up: one that was kicked or has gone on elsewhere is ended.
//!
//! When a doubt that lasted is over, clients are asked to compare their cursors, for what is not a
//! message: read marks and profiles. So a push that the bus lost is made good within two beats after the
//! loss could be known, and a kick as well. Until then the database itself refuses what a kicked
//! instance sends.
//!
//! With SQLite there is nobody else, and nothing of this runs.

mod doubt;
mod state;
mod tail;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

use bytes::Bytes;
use tim_protocol::{frame, push::Resync};

pub use state::SelfDescription;

use super::{Service, now_ms};
use crate::{
    bus::{Event, State},
    storage::{Beat, NodeKey, StorageError},
};
use doubt::Doubt;
use state::Neighbour;
use tail::Tail;

/// Time between two beats.
pub const BEAT: Duration = Duration::from_secs(2);
/// A server that was silent for so long is dead to the others.
pub const DEAD_AFTER: Duration = Duration::from_secs(10);
/// All connected instances are looked up that often without any reason.
const LOOK_UP_EVERY: Duration = Duration::from_secs(60);
/// A clock that differs from the database's by more is worth a sentence.
const MOST_SKEW_MS: u64 = 2_000;
/// Instances that are asked to compare their cursors in a second.
const RESYNCS_PER_SECOND: u32 = 500;

/// What an operator should know, as sentences; empty when all is well.
#[derive(Default)]
pub struct Troubles(Mutex<Vec<String>>);

impl Troubles {
    fn list(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The present ones.
    pub fn sentences(&self) -> Vec<String> {
        self.list().clone()
    }

    /// Replaces them; what is new is logged once, and what is over, too.
    fn set(&self, now: Vec<String>) {
        let before = std::mem::replace(&mut *self.list(), now.clone());
        for sentence in now.iter().filter(|it| !before.contains(it)) {
            tracing::warn!("{sentence}");
        }
        if now.is_empty() && !before.is_empty() {
            tracing::info!("all is well again");
        }
    }
}

/// What is remembered from one beat to the next.
struct Watch {
    node: NodeKey,
    me: SelfDescription,
    doubt: Doubt,
    tail: Tail,
    last_look: Instant,
    /// Beats in doubt one after the other, up to now.
    doubtful_beats: u32,
}

impl Service {
    /// Keeps in touch with the other servers until the task is ended.
    pub async fn keep_in_touch(self: Arc<Self>) {
        if !self.storage.is_shared() {
            return;
        }
        let mut watch = Watch {
            node: self.node,
            me: self.description.clone(),
            doubt: Doubt::new(Instant::now(), self.bus.losses()),
            tail: Tail::default(),
            last_look: Instant::now(),
            doubtful_beats: 0,
        };
        let mut timer = tokio::time::interval(BEAT);
        timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            timer.tick().await;
            let beat = self.beat(&mut watch).await;
            metrics::gauge!("tim_database_up").set(f64::from(u8::from(beat.is_ok())));
            if let Err(error) = beat {
                let problem = format!("the database does not do its work: {}", error.sentence());
                self.troubles.set(vec![problem]);
            }
        }
    }

    async fn beat(self: &Arc<Self>, watch: &mut Watch) -> Result<(), StorageError> {
        watch.me.see(&self.bus.state(), self.bus.losses());
        let beat = self.storage.beat(watch.node, watch.me.to_json()).await?;
        let neighbours = state::neighbours(&beat);
        let (alive, dead): (Vec<_>, Vec<_>) =
            neighbours.into_iter().partition(|it| it.silent < DEAD_AFTER);
        for it in &dead {
            let silent_ms = u64::try_from(DEAD_AFTER.as_millis()).unwrap_or(u64::MAX);
            if self.storage.bury(it.key, silent_ms).await? {
                tracing::warn!(
                    node = it.key.0,
                    name = it.name(),
                    "a server is gone without a word"
                );
            }
        }
        let heard: HashMap<_, _> = self.bus.heard().into_iter().collect();
        let is_in_doubt = watch.doubt.at_beat(doubt::Seen {
            now: Instant::now(),
            bus: &self.bus.state(),
            losses: self.bus.losses(),
            alive: &alive,
            dead: &dead,
            heard: &heard,
        });
        self.troubles.set(self.sentences(watch, &beat, &alive, &heard));
        metrics::gauge!("tim_nodes").set((alive.len() + 1) as f64);
        metrics::gauge!("tim_in_doubt").set(f64::from(u8::from(is_in_doubt)));
        if beat.was_buried {
            self.storage.hold_sessions(watch.node, &self.connected.held()).await?;
        }
        let is_doubtful = is_in_doubt || watch.doubtful_beats > 0;
        if is_doubtful || beat.was_buried || watch.last_look.elapsed() >= LOOK_UP_EVERY {
            self.end_gone_sessions().await?;
            watch.last_look = Instant::now();
        }
        if is_doubtful {
            let is_whole = watch.tail.catch_up(self, beat.time_ms / 1000).await?;
            if !is_whole || (!is_in_doubt && watch.doubtful_beats > 1) {
                self.ask_to_resync();
            }
        }
        if is_in_doubt {
            watch.doubtful_beats += 1;
        } else {
            watch.doubtful_beats = 0;
            watch.tail.is_good_until(beat.time_ms / 1000);
        }
        Ok(())
    }

    /// Ends connections of instances that were kicked or go on elsewhere.
    async fn end_gone_sessions(&self) -> Result<(), StorageError> {
        let held = self.connected.held();
        for (session, connection, kicked) in self.storage.gone_sessions(&held).await? {
            let Some(account) = self.connected.account_of(session) else { continue };
            let event = match kicked {
                Some(reason) => Event::Kick { session, reason },
                None => Event::Replaced { session, connection: connection + 1 },
            };
            self.bus.deliver(account, &event);
        }
        Ok(())
    }

    /// Asks everybody who is connected here to compare cursors, not all at once. Nothing happens while
    /// that is being done already.
    fn ask_to_resync(self: &Arc<Self>) {
        if self.is_asking.swap(true, Ordering::AcqRel) {
            return;
        }
        let mut accounts = self.connected.accounts();
        accounts.sort_unstable();
        accounts.dedup();
        let service = Arc::clone(self);
        tokio::spawn(async move {
            let text: Bytes = frame::push(Resync::NAME, &Resync {}).into();
            let pause = Duration::from_secs(1) / RESYNCS_PER_SECOND;
            for account in accounts {
                service.bus.deliver(account, &Event::Frame { text: text.clone(), except: None });
                tokio::time::sleep(pause).await;
            }
            service.is_asking.store(false, Ordering::Release);
        });
    }

    fn sentences(
        &self,
        watch: &Watch,
        beat: &Beat,
        alive: &[Neighbour],
        heard: &HashMap<NodeKey, Duration>,
    ) -> Vec<String> {
        let mut sentences = Vec::new();
        match self.bus.state() {
            State::Alone if !alive.is_empty() => sentences.push(format!(
                "{} other server(s) work with this database, but `bus` is not set: pushes take \
                 seconds",
                alive.len()
            )),
            State::Away { why, .. } => {
                sentences.push(format!("the bus is away, pushes take seconds: {why}"));
            }
            State::Alone | State::Up => {}
        }
        for it in alive {
            if watch.doubt.is_unheard(it, &self.bus.state(), heard) {
                sentences.push(format!(
                    "the server {} is not heard on the bus: do both name the same NATS?",
                    it.name()
                ));
            }
            sentences.extend(it.differences(&watch.me));
        }
        let skew_ms = beat.time_ms.abs_diff(now_ms());
        if skew_ms > MOST_SKEW_MS {
            sentences.push(format!(
                "this server's clock and the database's differ by {} s",
                skew_ms.div_ceil(1000)
            ));
        }
        sentences
    }
}
