//! How the server takes its leave when it is told to stop.

use std::time::Duration;

/// Connections that are asked to come back in a second, unless the operator says otherwise.
const DEPARTURES_PER_SECOND: u32 = 1_000;
/// Longest time for that, unless the operator says otherwise.
const LONGEST_SPREAD: Duration = Duration::from_secs(10);

/// The waits of an end in good order.
#[derive(Clone, Debug, Default)]
pub struct Drain {
    /// How long everything goes on while `/healthz` already says that it will not.
    pub delay: Duration,
    /// Within which time clients are asked to come back; `None` goes by their number.
    pub spread: Option<Duration>,
}

impl Drain {
    /// Within which time so many clients are asked to come back.
    #[must_use]
    pub fn spread(&self, connections: u32) -> Duration {
        let by_number =
            || LONGEST_SPREAD.min(Duration::from_secs(connections.into()) / DEPARTURES_PER_SECOND);
        self.spread.unwrap_or_else(by_number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_leave_at_once_and_many_within_seconds() {
        let drain = Drain::default();
        assert_eq!(drain.spread(0), Duration::ZERO);
        assert_eq!(drain.spread(1_500), Duration::from_millis(1_500));
        assert_eq!(drain.spread(50_000), Duration::from_secs(10));
        let drain = Drain { spread: Some(Duration::ZERO), ..drain };
        assert_eq!(drain.spread(50_000), Duration::ZERO);
    }
}
