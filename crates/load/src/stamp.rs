//! When a message was due, written into its text: the receiver needs no table to know its age.
//!
//! Both ends are in this process, so that one clock serves both.

use std::time::Instant;

use crate::options::TEXT_BYTES_LEAST;

/// What people write about.
const FILLER: &str = "A message of the length that people really write to each other, give or take a few \
                      words, so that nothing is measured that nobody sends. ";

/// The run's clock: microseconds since its beginning.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// Begins now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Microseconds since the beginning.
    pub fn now_us(self) -> u64 {
        u64::try_from(self.0.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// The moment of that microsecond.
    pub fn at(self, us: u64) -> Instant {
        self.0 + std::time::Duration::from_micros(us)
    }
}

/// A text of `bytes` bytes that was due at `due_us`.
pub fn text(due_us: u64, bytes: usize) -> String {
    let mut text = format!("{due_us:016} ");
    while text.len() < bytes.max(TEXT_BYTES_LEAST) {
        let room = bytes - text.len();
        text.push_str(&FILLER[..room.min(FILLER.len())]);
    }
    text
}

/// When a text was due; `None` for one that is not ours.
pub fn due_us(text: &str) -> Option<u64> {
    text.get(..16)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_has_its_length_and_its_time() {
        for bytes in [17, 18, 120, 1000] {
            let text = text(1_234_567, bytes);
            assert_eq!((text.len(), due_us(&text)), (bytes, Some(1_234_567)));
        }
        assert_eq!(due_us("hello"), None);
    }
}
