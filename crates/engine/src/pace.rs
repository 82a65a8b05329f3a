//! Keeps sends within the rate the server allows, so that a burst or a long queue is slowed down
//! instead of refused.
//!
//! The server counts what it takes in a second. When it took a message is unknown here, but it was
//! before the answer came: a send that goes on occupying its place for a second after its answer can
//! never share a second of the server with the one that gets the place next, however the network
//! delays them. Pure: takes the time, decides; what waits is the owner's matter.

/// How long a place stays taken after the answer: the server's second, and what clocks differ.
pub const REST_MS: u64 = 1_050;

/// Places that are given back together, so that many sends do not mean many entries.
const TOGETHER_MS: u64 = 50;

/// The places for sends.
#[derive(Debug, Default)]
pub struct Pace {
    /// How many there are; 0 for as many as anybody wants.
    places: u32,
    unanswered: u32,
    /// When places are given back, ascending, and how many.
    resting: Vec<(u64, u32)>,
}

impl Pace {
    /// Learns how many sends a second the server allows; 0 for no limit.
    pub fn allow(&mut self, per_second: u32) {
        self.places = per_second;
    }

    /// Takes a place for a send, if there is one.
    pub fn take(&mut self, now_ms: u64) -> bool {
        // A clock that was set back must not keep places for longer than a rest.
        self.resting.retain(|&(until_ms, _)| {
            now_ms < until_ms && until_ms <= now_ms + REST_MS + TOGETHER_MS
        });
        let resting: u32 = self.resting.iter().map(|(_, count)| count).sum();
        let is_free = self.places == 0 || self.unanswered + resting < self.places;
        self.unanswered += u32::from(is_free);
        is_free
    }

    /// A send was answered, or nobody waits for its answer any more.
    pub fn give_back(&mut self, now_ms: u64) {
        self.rest(1, now_ms);
    }

    /// On a new link: what was unanswered will be sent again, but may have been taken just now.
    pub fn restart(&mut self, now_ms: u64) {
        self.rest(self.unanswered, now_ms);
    }

    /// When the next place is given back.
    #[must_use]
    pub fn next_ms(&self) -> Option<u64> {
        self.resting.first().map(|(until_ms, _)| *until_ms)
    }

    fn rest(&mut self, count: u32, now_ms: u64) {
        let count = count.min(self.unanswered);
        self.unanswered -= count;
        if self.places == 0 || count == 0 {
            return;
        }
        let until_ms = (now_ms + REST_MS).next_multiple_of(TOGETHER_MS);
        match self.resting.last_mut() {
            Some(last) if last.0 >= until_ms => last.1 += count,
            _ => self.resting.push((until_ms, count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    fn taken(pace: &mut Pace, now_ms: u64) -> usize {
        std::iter::repeat_with(|| pace.take(now_ms)).take(100).take_while(|it| *it).count()
    }

    #[test]
    fn a_place_is_given_back_a_second_after_the_answer() {
        let mut pace = Pace::default();
        pace.allow(3);
        assert_eq!(taken(&mut pace, 0), 3);
        assert_eq!(taken(&mut pace, 60_000), 0, "nothing was answered");
        pace.give_back(60_000);
        assert_eq!(pace.next_ms(), Some(61_050));
        assert_eq!(taken(&mut pace, 61_049), 0);
        assert_eq!(taken(&mut pace, 61_050), 1);
        pace.give_back(61_050);
        pace.give_back(61_080);
        assert_eq!(taken(&mut pace, 62_100), 1);
        assert_eq!(taken(&mut pace, 62_150), 1);
    }

    #[test]
    fn no_second_of_the_server_sees_more_than_it_allows() {
        // However long the ways there and back take, which differs from send to send.
        let mut pace = Pace::default();
        pace.allow(10);
        let mut served = Vec::new();
        let mut answers: VecDeque<u64> = VecDeque::new();
        let mut arrived = 0;
        for now_ms in 0..20_000 {
            while answers.front().is_some_and(|it| *it <= now_ms) {
                answers.pop_front();
                pace.give_back(now_ms);
            }
            while pace.take(now_ms) {
                let number = served.len() as u64;
                // One way, frames keep their order.
                arrived = (now_ms + number * 7919 % 300).max(arrived);
                served.push(arrived);
                let back = (arrived + number * 104_729 % 200).max(*answers.back().unwrap_or(&0));
                answers.push_back(back);
            }
        }
        assert!(served.len() > 120, "{}", served.len());
        for (first, last) in served.iter().zip(served.iter().skip(10)) {
            assert!(last - first >= 1000, "11 sends between {first} and {last}");
        }
    }

    #[test]
    fn a_new_link_starts_with_what_the_old_one_may_have_delivered() {
        let mut pace = Pace::default();
        pace.allow(5);
        for _ in 0..2 {
            assert!(pace.take(0));
        }
        pace.restart(10_000);
        assert_eq!(taken(&mut pace, 10_000), 3, "two may have been taken a moment ago");
        assert_eq!(taken(&mut pace, 11_050), 2);
    }

    #[test]
    fn without_a_limit_and_with_a_clock_set_back_nothing_waits() {
        let mut pace = Pace::default();
        assert_eq!(taken(&mut pace, 0), 100);
        pace.allow(1);
        for _ in 0..100 {
            pace.give_back(5_000_000);
        }
        pace.restart(1_000);
        assert_eq!(taken(&mut pace, 1_000), 1);
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_no_place() {
        let mut pace = Pace::default();
        pace.allow(2);
        assert_eq!(taken(&mut pace, 3_600_000), 2);
        pace.give_back(3_600_100);
        pace.give_back(3_600_100);
        assert_eq!(taken(&mut pace, 10_000), 2);
    }
}
