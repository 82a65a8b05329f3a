//! Who leaves when, once the server stops: one after the other instead of all in one moment.
//!
//! Each connection takes a place in line when it hears of the end, and leaves when its place has come.
//! That spreads them evenly without a list of them. Thousands of clients that come back at once would
//! be a burden for whoever takes over.

use std::{
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

/// The line at the exit; it is there from the beginning and moves once the end has begun.
#[derive(Default)]
pub(super) struct Departures {
    plan: OnceLock<Plan>,
    places: AtomicU32,
}

struct Plan {
    begun: Instant,
    pause: Duration,
    longest: Duration,
}

impl Departures {
    /// From now on `connections` leave, evenly within `spread`. Only the first call counts.
    pub(super) fn begin(&self, connections: u32, spread: Duration) {
        self.plan.get_or_init(|| {
            let pause = spread / connections.max(1);
            Plan { begun: Instant::now(), pause, longest: spread }
        });
    }

    /// When the next one leaves. Nobody leaves later than the last of those expected.
    pub(super) fn next(&self) -> Instant {
        let Some(plan) = self.plan.get() else { return Instant::now() };
        let place = self.places.fetch_add(1, Ordering::Relaxed);
        plan.begun + plan.pause.saturating_mul(place).min(plan.longest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_leaves_in_time_and_evenly() {
        let departures = Departures::default();
        departures.begin(4, Duration::from_secs(2));
        let first = departures.next();
        let waits = [(); 6].map(|()| (departures.next() - first).as_millis());
        assert_eq!(waits, [500, 1000, 1500, 2000, 2000, 2000]);
        let departures = Departures::default();
        departures.begin(0, Duration::ZERO);
        assert_eq!(departures.next(), departures.next());
    }
}
