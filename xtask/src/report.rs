//! What the user is told while things happen.
//!
//! A step says in one line what it does and how long that may take, before it starts; when it fails,
//! its name leads the sentence the user gets to read. Steps that find nothing to do stay silent, so
//! a second run is short on the screen as well.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Context;

/// Announces a piece of work, does it, and puts its name in front of whatever went wrong.
pub fn step<T>(
    name: &str,
    does: &str,
    work: impl FnOnce() -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    println!("==> {name}: {does}");
    let started = Instant::now();
    let done = work().with_context(|| format!("{name} failed"))?;
    // Short steps need no receipt.
    if started.elapsed() > Duration::from_secs(5) {
        println!("    {name} took {}", Took(started.elapsed()));
    }
    Ok(done)
}

/// A duration the way people read it: `0.4 s`, `12 s`, `3 min 05 s`.
pub struct Took(pub Duration);

impl fmt::Display for Took {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        f.pad(&match seconds {
            0..10 => format!("{:.1} s", self.0.as_secs_f64()),
            10..60 => format!("{seconds} s"),
            _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_like_speech() {
        let shown = |milliseconds| Took(Duration::from_millis(milliseconds)).to_string();
        assert_eq!(shown(430), "0.4 s");
        assert_eq!(shown(12_900), "12 s");
        assert_eq!(shown(185_000), "3 min 05 s");
    }

    #[test]
    fn a_failure_names_its_step() {
        let failed = step::<()>("brew coffee", "takes a minute", || anyhow::bail!("no water"));
        assert_eq!(format!("{:#}", failed.unwrap_err()), "brew coffee failed: no water");
    }
}
