//! How long to wait before the next attempt to connect.
//!
//! First retry at once, then 1, 2, 4, 8, 16, 30, 30 … s, each ±20 % so that clients of a restarted
//! server do not return in one moment. Pure.

/// The waits of one loss of the connection.
#[derive(Clone, Copy, Debug, Default)]
pub struct Backoff {
    attempts: u32,
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

    /// Begins anew: the connection was up.
    pub fn reset(&mut self) {
        self.attempts = 0;
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
    fn jitter_stays_within_a_fifth() {
        for random in [0, 1, 400, 401, u32::MAX] {
            let mut backoff = Backoff { attempts: 1 };
            assert!((800..=1200).contains(&backoff.next_ms(random)), "{random}");
        }
    }
}
