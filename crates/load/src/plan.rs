//! Who writes to whom next: the mix that was asked for, one pair after the other.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::options::{Mix, Options};

/// The mix with its state. Shared by all who ask.
pub struct Plan {
    mix: Mix,
    connections: usize,
    senders: usize,
    next: AtomicU64,
}

impl Plan {
    /// What the options ask for.
    pub fn new(options: &Options) -> Self {
        Self {
            mix: options.mix,
            connections: options.connections,
            senders: options.senders(),
            next: AtomicU64::new(0),
        }
    }

    /// The next sender and receiver.
    pub fn pair(&self) -> (usize, usize) {
        if matches!(self.mix, Mix::Hot(share) if fastrand::f64() < share) {
            return (0, 1);
        }
        // In turn, so that nobody is idle for long.
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let sender = usize::try_from(turn % self.senders as u64).unwrap_or(0);
        (sender, self.receiver(sender))
    }

    /// Whom that sender writes to next; never itself.
    pub fn receiver(&self, sender: usize) -> usize {
        let step = match self.mix {
            Mix::Ring => 1,
            Mix::Random | Mix::Hot(_) => fastrand::usize(1..self.connections),
        };
        (sender + step) % self.connections
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(mix: Mix, connections: usize) -> Plan {
        let address = ([127, 0, 0, 1], 1).into();
        let options = Options::new(vec![address], 1, String::new());
        Plan::new(&Options { mix, connections, ..options })
    }

    #[test]
    fn a_ring_is_closed() {
        let plan = plan(Mix::Ring, 3);
        let pairs: Vec<_> = (0..4).map(|_| plan.pair()).collect();
        assert_eq!(pairs, [(0, 1), (1, 2), (2, 0), (0, 1)]);
    }

    #[test]
    fn nobody_writes_to_themselves() {
        for mix in [Mix::Random, Mix::Hot(0.5)] {
            let plan = plan(mix, 3);
            assert!((0..100).map(|_| plan.pair()).all(|(from, to)| from != to && to < 3));
        }
    }

    #[test]
    fn a_hot_pair_gets_its_share() {
        let plan = plan(Mix::Hot(0.5), 1000);
        let hot = (0..2000).filter(|_| plan.pair() == (0, 1)).count();
        assert!((800..1200).contains(&hot), "{hot}");
    }
}
