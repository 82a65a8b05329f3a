//! How often is too often.
//!
//! All counters live in this process: on several nodes each allows its own share, which is good
//! enough for what they protect against.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tim_protocol::limits::USER_ID_BYTES;

use crate::config::Limits;

/// How long failures are remembered and a lock lasts.
const LOCK: Duration = Duration::from_secs(60);
/// Entries of a table after which those that ended are removed, and again whenever it has doubled.
const SWEEP_AT: usize = 10_000;

/// Counts events in windows of one second.
#[derive(Debug, Default)]
pub struct Rate(Mutex<(u64, u32)>);

impl Rate {
    /// Counts one more at `now_ms`; whether it is within `per_second`.
    pub fn allows(&self, now_ms: u64, per_second: u32) -> bool {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let second = now_ms / 1000;
        if window.0 != second {
            *window = (second, 0);
        }
        window.1 = window.1.saturating_add(1);
        window.1 <= per_second
    }
}

#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    since: Instant,
    locked_at: Option<Instant>,
}

impl Failures {
    fn is_over(&self, now: Instant) -> bool {
        now.duration_since(self.locked_at.unwrap_or(self.since)) >= LOCK
    }
}

struct Counter<K> {
    entries: HashMap<K, Failures>,
    sweep_at: usize,
}

impl<K: Eq + Hash> Counter<K> {
    fn new() -> Self {
        Self { entries: HashMap::new(), sweep_at: SWEEP_AT }
    }

    fn is_locked(&self, key: &K, now: Instant) -> bool {
        self.entries.get(key).is_some_and(|it| it.locked_at.is_some() && !it.is_over(now))
    }

    fn count(&mut self, key: K, now: Instant, most: u32) {
        if self.entries.len() >= self.sweep_at {
            self.entries.retain(|_, it| !it.is_over(now));
            self.sweep_at = SWEEP_AT.max(2 * self.entries.len());
        }
        let fresh = Failures { count: 0, since: now, locked_at: None };
        let failures = self.entries.entry(key).or_insert(fresh);
        if failures.is_over(now) {
            *failures = fresh;
        }
        failures.count += 1;
        if failures.count >= most && failures.locked_at.is_none() {
            failures.locked_at = Some(now);
        }
    }
}

/// Failed logins by (app, userID) and by address. After so many within a minute the next ones are
/// refused for a minute, whatever credential they bring.
pub struct LoginFailures {
    most_per_user: u32,
    most_per_address: u32,
    users: Mutex<Counter<(i64, String)>>,
    addresses: Mutex<Counter<IpAddr>>,
}

impl LoginFailures {
    /// Nobody has failed yet.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self {
            most_per_user: limits.login_failures_per_user,
            most_per_address: limits.login_failures_per_address,
            users: Mutex::new(Counter::new()),
            addresses: Mutex::new(Counter::new()),
        }
    }

    /// Whether a login may be looked at.
    #[must_use]
    pub fn allow(&self, app: i64, user_id: &str, address: IpAddr) -> bool {
        let now = Instant::now();
        let users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        let addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        !users.is_locked(&(app, user_id.to_owned()), now) && !addresses.is_locked(&address, now)
    }

    /// A login failed. A limit of 0 counts nothing.
    pub fn failed(&self, app: i64, user_id: &str, address: IpAddr) {
        let now = Instant::now();
        // What can be nobody's userID needs no lock, and would fill the table with anything.
        if self.most_per_user > 0 && user_id.len() <= USER_ID_BYTES {
            let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
            users.count((app, user_id.to_owned()), now, self.most_per_user);
        }
        if self.most_per_address > 0 {
            let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
            addresses.count(address, now, self.most_per_address);
        }
    }

    /// A login succeeded: the user starts from nothing, the address does not.
    pub fn succeeded(&self, app: i64, user_id: &str) {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        users.entries.remove(&(app, user_id.to_owned()));
    }
}

/// Connections per address.
#[derive(Clone, Debug, Default)]
pub struct Connections(Arc<Mutex<HashMap<IpAddr, u32>>>);

/// Counts as one connection until it is dropped.
#[derive(Debug)]
pub struct Connected {
    table: Arc<Mutex<HashMap<IpAddr, u32>>>,
    address: IpAddr,
}

impl Connections {
    /// One more from `address`, unless there are `most` already.
    #[must_use]
    pub fn open(&self, address: IpAddr, most: u32) -> Option<Connected> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = table.entry(address).or_insert(0);
        if *count >= most {
            return None;
        }
        *count += 1;
        Some(Connected { table: Arc::clone(&self.0), address })
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = table.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                table.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_begins_anew_each_second() {
        let rate = Rate::default();
        let allowed = |now_ms| (0..3).map(|_| rate.allows(now_ms, 2)).collect::<Vec<_>>();
        assert_eq!(allowed(1000), [true, true, false]);
        assert_eq!(allowed(1999), [false, false, false]);
        assert_eq!(allowed(2000), [true, true, false]);
    }

    #[test]
    fn failures_lock_for_a_minute_and_are_forgotten_after_one() {
        let mut counter = Counter::new();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        for second in 0..9 {
            counter.count("a", at(second), 10);
            assert!(!counter.is_locked(&"a", at(second)));
        }
        counter.count("a", at(9), 10);
        assert!(counter.is_locked(&"a", at(68)));
        assert!(!counter.is_locked(&"b", at(68)));
        assert!(!counter.is_locked(&"a", at(69)));
        counter.count("a", at(69), 10);
        assert!(!counter.is_locked(&"a", at(69)));
    }

    #[test]
    fn what_is_over_is_forgotten_and_a_long_list_is_not_searched_at_every_failure() {
        let mut counter = Counter::new();
        let start = Instant::now();
        for number in 0..3 * SWEEP_AT {
            counter.count(number, start, 10);
        }
        assert_eq!((counter.entries.len(), counter.sweep_at), (3 * SWEEP_AT, 4 * SWEEP_AT));
        for number in 0..SWEEP_AT + 1 {
            counter.count(number + 3 * SWEEP_AT, start + LOCK, 10);
        }
        assert_eq!((counter.entries.len(), counter.sweep_at), (SWEEP_AT + 1, 2 * SWEEP_AT));
    }

    #[test]
    fn only_what_can_be_a_user_is_remembered() {
        let failures = LoginFailures::new(&Limits::default());
        let address = IpAddr::from([127, 0, 0, 1]);
        failures.failed(1, &"x".repeat(USER_ID_BYTES), address);
        failures.failed(1, &"x".repeat(200_000), address);
        assert_eq!(failures.users.lock().unwrap().entries.len(), 1);
    }

    #[test]
    fn connections_are_counted_per_address() {
        let (connections, address) = (Connections::default(), IpAddr::from([127, 0, 0, 1]));
        let first = connections.open(address, 1);
        assert!(first.is_some());
        assert!(connections.open(address, 1).is_none());
        assert!(connections.open(IpAddr::from([127, 0, 0, 2]), 1).is_some());
        drop(first);
        assert!(connections.open(address, 1).is_some());
    }
}
