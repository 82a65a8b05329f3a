//! What a client holds of one log: everything up to a place, and what came ahead of a hole.

use std::collections::BTreeMap;

use tim_protocol::ids::{Rev, Seq};

/// The places of one log that are there.
#[derive(Debug, Default)]
pub struct Held {
    /// Everything up to here is there.
    pub seq: Seq,
    /// The revision there.
    pub rev: Rev,
    ahead: BTreeMap<Seq, Rev>,
}

impl Held {
    /// Begins behind what was there before the run.
    pub fn up_to(seq: Seq, rev: Rev) -> Self {
        Self { seq, rev, ahead: BTreeMap::new() }
    }

    /// Takes a place; whether it is new.
    pub fn take(&mut self, seq: Seq, rev: Rev) -> bool {
        if seq <= self.seq || self.ahead.insert(seq, rev).is_some() {
            return false;
        }
        while let Some(rev) = self.ahead.remove(&(self.seq + 1)) {
            self.seq += 1;
            self.rev = rev.max(self.rev);
        }
        true
    }

    /// Whether something is missing before what is there.
    pub fn has_hole(&self) -> bool {
        !self.ahead.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_is_new_once_and_holes_close() {
        let mut held = Held::up_to(5, 6);
        assert!(!held.take(5, 6));
        assert!(held.take(6, 7));
        assert!(held.take(8, 9) && held.take(9, 10) && !held.take(8, 9));
        assert!(held.has_hole());
        assert_eq!((held.seq, held.rev), (6, 7));
        assert!(held.take(7, 8));
        assert!(!held.has_hole() && !held.take(9, 10));
        assert_eq!((held.seq, held.rev), (9, 10));
    }
}
