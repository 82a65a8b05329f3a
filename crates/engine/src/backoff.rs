//! How long to wait before the next attempt to connect.
//!
//! The first two waits are the host's, from then on each is twice the one before up to 30 s, all
//! ±20 % so that clients of a restarted server do not return in one moment. When the server itself
//! asks everybody to come back, the first attempt is scattered, too. Pure.

/// The waits of one loss of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    waits: Waits,
    attempts: u32,
    /// Connections in a row that were lost as soon as they were up.
    short_lived: u32,
}

/// How soon a host is worth another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waits {
    /// Before the first attempt after a loss, in milliseconds.
    pub first_ms: u64,
    /// Before the second.
    pub second_ms: u64,
}

impl Waits {
    /// At once, then after 1, 2, 4, 8, 16, 30, 30 … s.
    pub const AT_ONCE: Self = Self { first_ms: 0, second_ms: 1_000 };
}

const LONGEST_MS: u64 = 30_000;

/// Within which time clients come back that the server asks to.
const SCATTER_MS: u64 = 500;

/// A moment of one's own after the server asked everybody to come back.
pub fn scattered_ms(random: u32) -> u64 {
    u64::from(random) % (SCATTER_MS + 1)
}

impl Backoff {
    /// Nothing was lost yet.
    #[must_use]
    pub fn new(waits: Waits) -> Self {
        Self { waits, attempts: 0, short_lived: 0 }
    }

    /// The next wait in milliseconds; `random` supplies the jitter.
    pub fn next_ms(&mut self, random: u32) -> u64 {
        let base_ms = match self.attempts {
            0 => self.waits.first_ms,
            attempt => LONGEST_MS.min(self.waits.second_ms << (attempt - 1).min(8)),
        };
        self.attempts = self.attempts.saturating_add(1);
        base_ms * (800 + u64::from(random) % 401) / 1000
    }

    /// Begins anew: the connection was up for a while.
    pub fn reset(&mut self) {
        *self = Self::new(self.waits);
    }

    /// The connection was up for a moment only: begins anew, but later from time to time. Else a
    /// server that accepts and hangs up would be asked without end.
    pub fn was_up_briefly(&mut self) {
        self.short_lived = self.short_lived.saturating_add(1);
        self.attempts = self.short_lived;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_minute() {
        let mut backoff = Backoff::new(Waits::AT_ONCE);
        let waits: Vec<u64> = (0..8).map(|_| backoff.next_ms(200)).collect();
        assert_eq!(waits, [0, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        backoff.reset();
        assert_eq!(backoff.next_ms(0), 0);
        let mut backoff = Backoff::new(Waits { first_ms: 100, second_ms: 300 });
        let waits: Vec<u64> = (0..9).map(|_| backoff.next_ms(200)).collect();
        assert_eq!(waits, [100, 300, 600, 1200, 2400, 4800, 9600, 19200, 30000]);
    }

    #[test]
    fn connections_that_do_not_last_are_tried_less_and_less_often() {
        let mut backoff = Backoff::new(Waits::AT_ONCE);
        let waits = [0; 4].map(|_| {
            backoff.was_up_briefly();
            backoff.next_ms(200)
        });
        assert_eq!(waits, [1000, 2000, 4000, 8000]);
        backoff.reset();
        assert_eq!(backoff.next_ms(200), 0);
    }

    #[test]
    fn those_who_were_asked_back_come_within_half_a_second() {
        let waits = [0, 1, 250, 500, 501, 1_001].map(scattered_ms);
        assert_eq!(waits, [0, 1, 250, 500, 0, 500]);
    }

    #[test]
    fn jitter_stays_within_a_fifth() {
        for random in [0, 1, 400, 401, u32::MAX] {
            let mut backoff = Backoff::new(Waits::AT_ONCE);
            backoff.next_ms(random);
            assert!((800..=1200).contains(&backoff.next_ms(random)), "{random}");
        }
    }
}
