//! Puts what arrives from a log into the log's order.
//!
//! Three roads bring messages of one log: pushes, answers to own sends, and pages fetched to catch
//! up. They cross. [`Arrivals`] lets an item through exactly once and only when everything before it
//! has gone through; what comes too early waits here, what came already is dropped.
//!
//! The order is the log's revision: it grows by one with every change. Pure: no clock, no store.
//! The owner asks [`Arrivals::is_behind`] whether something is missing and fetches it.

use tim_protocol::ids::{Rev, Seq};

/// How far a log has been taken in, and what waits for its turn.
#[derive(Clone, Debug)]
pub struct Arrivals<T> {
    /// Everything up to here has gone through.
    seq: Seq,
    rev: Rev,
    /// The newest revision anybody spoke of.
    head: Rev,
    /// By revision, ascending.
    waiting: Vec<(Rev, Seq, T)>,
}

/// Items that may wait; beyond, they are fetched again instead.
const WAITING: usize = 1024;

impl<T> Arrivals<T> {
    /// Nothing known, nothing taken in: see [`Arrivals::at`].
    #[must_use]
    pub fn empty() -> Self {
        Self::at(0, 0)
    }

    /// Starts with everything up to a place and a revision taken in.
    #[must_use]
    pub fn at(seq: Seq, rev: Rev) -> Self {
        Self { seq, rev, head: rev, waiting: Vec::new() }
    }

    /// The newest place taken in.
    #[must_use]
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// The revision up to which everything is taken in.
    #[must_use]
    pub fn rev(&self) -> Rev {
        self.rev
    }

    /// Whether something before the newest known revision is missing.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.rev < self.head
    }

    /// Learns that the log has reached a revision.
    pub fn reaches(&mut self, rev: Rev) {
        self.head = self.head.max(rev);
    }

    /// Takes one item and returns those whose turn it is now, in order.
    pub fn take(&mut self, seq: Seq, rev: Rev, item: T) -> Vec<(Seq, T)> {
        self.reaches(rev);
        if rev > self.rev && (self.waiting.len() < WAITING || rev == self.rev + 1) {
            let at = self.waiting.partition_point(|(other, ..)| *other < rev);
            if self.waiting.get(at).is_none_or(|(other, ..)| *other != rev) {
                self.waiting.insert(at, (rev, seq, item));
            }
        }
        self.due()
    }

    /// Takes a page of new items, ascending, and returns those not taken in yet. A jump at its
    /// beginning is what the server has thrown away. The revision stays until
    /// [`Arrivals::caught_up`]: changes of older messages may lie between.
    pub fn take_page(&mut self, page: Vec<(Seq, T)>) -> Vec<(Seq, T)> {
        let mut fresh = Vec::with_capacity(page.len());
        for (seq, item) in page {
            if seq > self.seq {
                self.seq = seq;
                fresh.push((seq, item));
            }
        }
        fresh
    }

    /// Learns that everything up to a revision has been fetched, and returns what may follow it.
    pub fn caught_up(&mut self, rev: Rev) -> Vec<(Seq, T)> {
        self.rev = self.rev.max(rev);
        self.head = self.head.max(rev);
        self.due()
    }

    /// Takes everything up to a place and a revision as taken in, and returns what may follow.
    pub fn skip_to(&mut self, seq: Seq, rev: Rev) -> Vec<(Seq, T)> {
        self.seq = self.seq.max(seq);
        self.caught_up(rev)
    }

    fn due(&mut self) -> Vec<(Seq, T)> {
        let mut due = Vec::new();
        while self.waiting.first().is_some_and(|(rev, ..)| *rev <= self.rev + 1) {
            let (rev, seq, item) = self.waiting.remove(0);
            if rev == self.rev + 1 {
                self.rev = rev;
                // A change of an older message moves the revision only.
                self.seq = self.seq.max(seq);
                due.push((seq, item));
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(due: Vec<(Seq, char)>) -> String {
        due.into_iter().map(|(_, item)| item).collect()
    }

    #[test]
    fn early_items_wait_and_known_ones_are_dropped() {
        let mut log = Arrivals::at(3, 3);
        assert_eq!(values(log.take(5, 5, 'b')), "");
        assert!(log.is_behind());
        assert_eq!(values(log.take(4, 4, 'a')), "ab");
        assert_eq!(values(log.take(4, 4, 'a')), "");
        assert_eq!((log.seq(), log.rev(), log.is_behind()), (5, 5, false));
    }

    #[test]
    fn pages_fill_the_hole_and_let_the_waiting_through() {
        let mut log = Arrivals::at(0, 0);
        assert_eq!(values(log.take(4, 4, 'd')), "");
        assert_eq!(values(log.take_page(vec![(1, 'a'), (2, 'b')])), "ab");
        assert_eq!(values(log.take_page(vec![(2, 'x'), (3, 'c')])), "c");
        assert_eq!(values(log.caught_up(3)), "d");
        assert!(!log.is_behind());
    }

    #[test]
    fn a_page_that_covers_the_waiting_does_not_repeat_them() {
        let mut log = Arrivals::at(0, 0);
        assert_eq!(values(log.take(2, 2, 'b')), "");
        assert_eq!(values(log.take_page(vec![(1, 'a'), (2, 'b')])), "ab");
        assert_eq!(values(log.caught_up(2)), "");
    }

    #[test]
    fn a_change_of_an_older_message_keeps_the_place() {
        let mut log = Arrivals::at(5, 5);
        assert_eq!(values(log.take(2, 6, 'm')), "m");
        assert_eq!((log.seq(), log.rev()), (5, 6));
    }
}
