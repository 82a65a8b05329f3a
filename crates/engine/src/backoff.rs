//! How long to wait before the next attempt to connect.
//!
//! First retry at once, then 1, 2, 4, 8, 16, 30, 30 … s, each ±20 % so that clients of a restarted
//! server do not return in one moment. Pure.

/// The waits of one loss of the connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    attempts: u32,
    /// Connections in a row that were lost as soon as they were up.
    short_lived: u32,
}

impl Backoff {
    /// The next wait in milliseconds; `random` supplies the jitter.
    pub fn next_ms(&mut self, random: u32) -> u64 {
        let base_ms = match self.attempts {
            0 => 0,
            attempt @ 1..=5 => 1000 << (attempt - 1),
            _ => 30_000,
        };
        self.attempts = self.attempts.saturating_add(1);
        base_ms * (800 + u64::from(random) % 401) / 1000
    }

    /// Begins anew: the connection was up for a while.
    pub fn reset(&mut self) {
        *self = Self::default();
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
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..8).map(|_| backoff.next_ms(200)).collect();
        assert_eq!(waits, [0, 1000, 2000, 4000, 8000, 16000, 30000, 30000]);
        backoff.reset();
        assert_eq!(backoff.next_ms(0), 0);
    }

    #[test]
    fn connections_that_do_not_last_are_tried_less_and_less_often() {
        let mut backoff = Backoff::default();
        let waits = [0; 4].map(|_| {
            backoff.was_up_briefly();
            backoff.next_ms(200)
        });
        assert_eq!(waits, [1000, 2000, 4000, 8000]);
        backoff.reset();
        assert_eq!(backoff.next_ms(200), 0);
    }

    #[test]
    fn jitter_stays_within_a_fifth() {
        for random in [0, 1, 400, 401, u32::MAX] {
            let mut backoff = Backoff { attempts: 1, short_lived: 0 };
            assert!((800..=1200).contains(&backoff.next_ms(random)), "{random}");
        }
    }
}
