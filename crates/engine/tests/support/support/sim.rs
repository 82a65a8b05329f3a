//! Time, chance and tasks.
//!
//! One queue of timers, one pool of tasks. Everything that happens later is a timer, the delivery of
//! a frame too. Knows nothing of what it runs.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    future::Future,
    rc::Rc,
};

use futures::{
    channel::oneshot,
    executor::{LocalPool, LocalSpawner},
    task::LocalSpawnExt,
};

/// No test needs more simulated time in one wait.
const PATIENCE_MS: u64 = 30 * 24 * 3600 * 1000;

type Timer = Box<dyn FnOnce()>;

/// A simulated machine room; clones are the same one.
#[derive(Clone)]
pub struct Sim(Rc<Inner>);

struct Inner {
    now_ms: Cell<u64>,
    /// By time, then by the order of asking.
    timers: RefCell<BTreeMap<(u64, u64), Timer>>,
    asked: Cell<u64>,
    chance: Cell<u64>,
    pool: RefCell<LocalPool>,
    spawner: LocalSpawner,
}

impl Sim {
    pub fn new(seed: u64) -> Self {
        let pool = LocalPool::new();
        let spawner = pool.spawner();
        Self(Rc::new(Inner {
            now_ms: Cell::new(1_700_000_000_000),
            timers: RefCell::default(),
            asked: Cell::new(0),
            chance: Cell::new(seed),
            pool: RefCell::new(pool),
            spawner,
        }))
    }

    pub fn now_ms(&self) -> u64 {
        self.0.now_ms.get()
    }

    /// 64 random bits (SplitMix64).
    pub fn random(&self) -> u64 {
        let state = self.0.chance.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.chance.set(state);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// A random number in a range, both ends included.
    pub fn between(&self, low: u64, high: u64) -> u64 {
        low + self.random() % (high - low + 1)
    }

    /// True in so many of a thousand cases.
    pub fn chance(&self, per_mille: u64) -> bool {
        per_mille > 0 && self.random() % 1000 < per_mille
    }

    /// Does something later.
    pub fn after(&self, ms: u64, then: impl FnOnce() + 'static) {
        let order = self.0.asked.get();
        self.0.asked.set(order + 1);
        self.0.timers.borrow_mut().insert((self.now_ms() + ms, order), Box::new(then));
    }

    pub fn sleep(&self, ms: u64) -> impl Future<Output = ()> + 'static {
        let (wake, woken) = oneshot::channel();
        // Whoever waited may be gone.
        self.after(ms, move || {
            let _ = wake.send(());
        });
        async move {
            woken.await.expect("timers are never dropped");
        }
    }

    pub fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        self.0.spawner.spawn_local(task).expect("the pool lives as long as its spawner");
    }

    /// Runs a future to its end; time passes as needed.
    pub fn run<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> T {
        let slot = Rc::new(RefCell::new(None));
        let result = Rc::clone(&slot);
        self.spawn(async move {
            let value = future.await;
            *result.borrow_mut() = Some(value);
        });
        let give_up_ms = self.now_ms() + PATIENCE_MS;
        loop {
            self.settle();
            if let Some(value) = slot.borrow_mut().take() {
                return value;
            }
            assert!(self.now_ms() < give_up_ms, "waited a month");
            assert!(self.fire(u64::MAX), "nothing will ever happen any more");
        }
    }

    /// Runs everything that can run now.
    pub fn settle(&self) {
        self.0.pool.borrow_mut().run_until_stalled();
    }

    /// Lets time pass.
    pub fn pass(&self, ms: u64) {
        let until_ms = self.now_ms() + ms;
        self.settle();
        while self.fire(until_ms) {
            self.settle();
        }
        self.0.now_ms.set(until_ms);
        self.settle();
    }

    /// Lets the next timer go off unless it is later than `until_ms`.
    fn fire(&self, until_ms: u64) -> bool {
        let mut timers = self.0.timers.borrow_mut();
        let Some(first) = timers.first_entry().filter(|it| it.key().0 <= until_ms) else {
            return false;
        };
        self.0.now_ms.set(first.key().0.max(self.now_ms()));
        let then = first.remove();
        drop(timers);
        then();
        true
    }
}
