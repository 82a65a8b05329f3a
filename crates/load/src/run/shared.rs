//! What all clients of a run have in common: where to connect, what stage it is, what was counted.
//!
//! Clients of both kinds report through the same few methods, from any thread. Std mutexes
//! throughout: nothing awaits while one is held.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Mutex, MutexGuard, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use hdrhistogram::Histogram;
use tim_protocol::{
    ids::UserId,
    usersig::{SecretKey, sign},
};
use tokio::sync::watch;

use super::readiness::Readiness;
use crate::{LoadError, options::Options, plan::Plan, stamp::Clock};

/// Longest latency that is told apart, in microseconds: an hour.
const LONGEST_US: u64 = 3_600_000_000;
/// After so long without a delivery none is under way, in microseconds.
const QUIET_US: u64 = 5_000_000;
/// How long a UserSig holds, in seconds.
const SIGNATURE_S: u64 = 86_400;

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Connections are opened.
    Ramping,
    /// Messages are sent.
    Running,
    /// No new messages; what is under way is waited for.
    Settling,
    /// Clients end.
    Over,
}

/// Counted since the beginning.
#[derive(Default)]
pub struct Counts {
    /// Messages that are due or written.
    pub scheduled: AtomicU64,
    /// Acknowledged ones.
    pub acknowledged: AtomicU64,
    /// Refused ones, and ones an SDK gave up.
    pub refused: AtomicU64,
    /// Messages that reached an app for the first time.
    pub delivered: AtomicU64,
    /// Pushes of a message that was there already.
    pub repeats: AtomicU64,
    /// First logins.
    pub logins: AtomicU64,
    /// Links that were made after the first one.
    pub reconnects: AtomicU64,
    /// Attempts to connect that failed.
    pub failed_connects: AtomicU64,
    /// Instances that were kicked out.
    pub kicked: AtomicU64,
    /// When the last acknowledgement came.
    pub last_acknowledged_us: AtomicU64,
    /// When the last message reached an app.
    pub last_delivered_us: AtomicU64,
}

/// Latencies in microseconds.
pub struct Latencies {
    /// From due to acknowledged.
    pub acknowledged: Histogram<u64>,
    /// From due to received.
    pub received: Histogram<u64>,
}

/// The part of a run that every client holds.
pub struct Shared {
    /// What was asked for.
    pub options: Options,
    /// The run's time.
    pub clock: Clock,
    /// Who writes to whom.
    pub plan: Plan,
    /// What was counted.
    pub counts: Counts,
    /// Who has a working connection.
    pub readiness: Mutex<Readiness>,
    key: SecretKey,
    targets: RwLock<Vec<SocketAddr>>,
    stage: watch::Sender<Stage>,
    latencies: Mutex<Latencies>,
    refusals: Mutex<BTreeMap<u32, u64>>,
    closes: Mutex<BTreeMap<u16, u64>>,
    failure: Mutex<Option<String>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn add(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

fn histogram() -> Histogram<u64> {
    // Two digits tell 1 % apart; a third one would cost eight times the memory.
    Histogram::new_with_bounds(1, LONGEST_US, 2).expect("these bounds are possible")
}

impl Shared {
    /// A run that has not begun.
    pub fn new(options: Options) -> Self {
        let all = options.all();
        Self {
            clock: Clock::start(),
            plan: Plan::new(&options),
            counts: Counts::default(),
            readiness: Mutex::new(Readiness::of(all)),
            key: SecretKey::new(options.key.clone()),
            targets: RwLock::new(options.targets.clone()),
            stage: watch::Sender::new(Stage::Ramping),
            latencies: Mutex::new(Latencies { acknowledged: histogram(), received: histogram() }),
            refusals: Mutex::default(),
            closes: Mutex::default(),
            failure: Mutex::default(),
            options,
        }
    }

    /// How far the run is.
    pub fn stage(&self) -> Stage {
        *self.stage.borrow()
    }

    /// To wait for the next stage.
    pub fn stages(&self) -> watch::Receiver<Stage> {
        self.stage.subscribe()
    }

    /// Goes on to a later stage; never back.
    pub fn advance(&self, to: Stage) {
        self.stage.send_if_modified(|stage| {
            let later = to > *stage;
            *stage = to.max(*stage);
            later
        });
    }

    /// The server for an attempt: connections are spread, and each attempt tries the next one.
    pub fn target(&self, index: usize, attempt: usize) -> Option<SocketAddr> {
        let targets = self.targets.read().unwrap_or_else(PoisonError::into_inner);
        targets.get(index.wrapping_add(attempt) % targets.len().max(1)).copied()
    }

    /// The servers are elsewhere from now on.
    pub fn set_targets(&self, new: Vec<SocketAddr>) {
        *self.targets.write().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// A credential for a user.
    pub fn user_sig(&self, user: &UserId) -> String {
        sign(&self.key, self.options.app, user, now_s(), SIGNATURE_S)
    }

    /// A message was acknowledged.
    pub fn acknowledged(&self, due_us: u64) {
        let now_us = self.clock.now_us();
        add(&self.counts.acknowledged);
        self.counts.last_acknowledged_us.fetch_max(now_us, Ordering::Relaxed);
        lock(&self.latencies).acknowledged.saturating_record(now_us.saturating_sub(due_us));
    }

    /// A message was refused.
    pub fn refused(&self, code: u32) {
        add(&self.counts.refused);
        *lock(&self.refusals).entry(code).or_default() += 1;
    }

    /// A message reached an app.
    pub fn delivered(&self, due_us: Option<u64>) {
        let now_us = self.clock.now_us();
        add(&self.counts.delivered);
        self.counts.last_delivered_us.fetch_max(now_us, Ordering::Relaxed);
        if let Some(due_us) = due_us {
            lock(&self.latencies).received.saturating_record(now_us.saturating_sub(due_us));
        }
    }

    /// A message came that was there already.
    pub fn repeated(&self) {
        add(&self.counts.repeats);
    }

    /// A connection works and has caught up.
    pub fn ready(&self) {
        lock(&self.readiness).gained(self.clock.now_us());
    }

    /// A connection that was ready is lost.
    pub fn lost(&self) {
        lock(&self.readiness).lost(self.clock.now_us());
    }

    /// Whether every connection is ready.
    pub fn all_ready(&self) -> bool {
        lock(&self.readiness).is_full()
    }

    /// A server closed a connection.
    pub fn closed(&self, code: u16) {
        *lock(&self.closes).entry(code).or_default() += 1;
    }

    /// The run cannot go on; the first reason counts.
    pub fn fail(&self, why: String) {
        lock(&self.failure).get_or_insert(why);
    }

    /// Why the run cannot go on.
    pub fn failure(&self) -> Result<(), LoadError> {
        lock(&self.failure).clone().map_or(Ok(()), |why| Err(LoadError::Refused(why)))
    }

    /// Whether nothing is under way any more.
    pub fn is_settled(&self) -> bool {
        let counts = &self.counts;
        let [scheduled, acknowledged, refused, delivered] =
            [&counts.scheduled, &counts.acknowledged, &counts.refused, &counts.delivered]
                .map(|it| it.load(Ordering::Relaxed));
        let all_told = scheduled <= acknowledged + refused && delivered >= acknowledged;
        // A message whose sender gave it up may be stored and received all the same, and then the
        // numbers alone do not tell whether others are still missing.
        let quiet_us = if refused > 0 { QUIET_US } else { 0 };
        let last_us = counts.last_delivered_us.load(Ordering::Relaxed);
        all_told && self.all_ready() && self.clock.now_us() >= last_us + quiet_us
    }

    /// Looks at the latencies.
    pub fn with_latencies<T>(&self, look: impl FnOnce(&Latencies) -> T) -> T {
        look(&lock(&self.latencies))
    }

    /// Refused messages by code.
    pub fn refusals(&self) -> BTreeMap<u32, u64> {
        lock(&self.refusals).clone()
    }

    /// Closed connections by close code.
    pub fn closes(&self) -> BTreeMap<u16, u64> {
        lock(&self.closes).clone()
    }
}

/// Unix seconds.
pub fn now_s() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |it| it.as_secs())
}
