//! How many connections work, and how long it took until all did again.

use serde::Serialize;

/// Outages that are kept one by one.
const OUTAGES_KEPT: usize = 100;

/// A time in which not all connections worked.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outage {
    /// When the first one was lost, seconds after the run's beginning.
    pub at_s: f64,
    /// Until all were ready again; `None` when the run ended before.
    pub lasted_s: Option<f64>,
    /// Losses of connections during it.
    pub lost: u64,
}

/// Counts the connections that are ready.
#[derive(Debug)]
pub struct Readiness {
    all: usize,
    ready: usize,
    first_full_us: Option<u64>,
    since_us: Option<u64>,
    lost: u64,
    outages: Vec<Outage>,
}

impl Readiness {
    /// None of `all` is ready.
    pub fn of(all: usize) -> Self {
        let outages = Vec::new();
        Self { all, ready: 0, first_full_us: None, since_us: None, lost: 0, outages }
    }

    /// One more is ready.
    pub fn gained(&mut self, now_us: u64) {
        self.ready += 1;
        if !self.is_full() {
            return;
        }
        self.first_full_us.get_or_insert(now_us);
        if let Some(since_us) = self.since_us.take() {
            self.keep(since_us, Some(now_us));
        }
    }

    /// One that was ready is not any more.
    pub fn lost(&mut self, now_us: u64) {
        if self.is_full() {
            self.since_us = Some(now_us);
        }
        self.ready = self.ready.saturating_sub(1);
        self.lost += 1;
    }

    /// Whether all are.
    pub fn is_full(&self) -> bool {
        self.ready >= self.all
    }

    /// How many are.
    pub fn ready(&self) -> usize {
        self.ready
    }

    /// When all were for the first time.
    pub fn first_full_us(&self) -> Option<u64> {
        self.first_full_us
    }

    /// The outages so far, an unfinished one included.
    pub fn outages(&mut self) -> Vec<Outage> {
        if let Some(since_us) = self.since_us.take() {
            self.keep(since_us, None);
        }
        std::mem::take(&mut self.outages)
    }

    fn keep(&mut self, since_us: u64, until_us: Option<u64>) {
        let seconds = |us: u64| us as f64 / 1e6;
        let lost = std::mem::take(&mut self.lost);
        if self.outages.len() < OUTAGES_KEPT {
            let lasted_s = until_us.map(|it| seconds(it - since_us));
            self.outages.push(Outage { at_s: seconds(since_us), lasted_s, lost });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_lasts_from_the_first_loss_until_all_are_back() {
        let mut readiness = Readiness::of(2);
        readiness.gained(1_000_000);
        assert_eq!((readiness.ready(), readiness.first_full_us()), (1, None));
        readiness.gained(2_000_000);
        assert_eq!(readiness.first_full_us(), Some(2_000_000));
        readiness.lost(3_000_000);
        readiness.lost(4_000_000);
        readiness.gained(5_000_000);
        readiness.gained(6_500_000);
        readiness.lost(8_000_000);
        let expected = [(3.0, Some(3.5), 2), (8.0, None, 1)];
        let expected = expected.map(|(at_s, lasted_s, lost)| Outage { at_s, lasted_s, lost });
        assert_eq!(readiness.outages(), expected);
    }
}
