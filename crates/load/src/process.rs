//! What server processes cost, read from /proc: CPU time and memory.

use std::{collections::BTreeMap, fs};

/// What processes had used at one moment, by process id; one that has ended is left out.
#[derive(Clone, Debug, Default)]
pub struct Usage(BTreeMap<u32, (f64, f64)>);

impl Usage {
    /// Reads it now.
    #[must_use]
    pub fn of(pids: &[u32]) -> Self {
        let read = |pid: &u32| Some((*pid, (cpu_seconds(*pid)?, memory_kilobytes(*pid)?)));
        Self(pids.iter().filter_map(read).collect())
    }

    /// Whether there is anything to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Seconds of CPU time since an earlier moment, of the processes that were there at both.
    #[must_use]
    pub fn cpu_seconds_since(&self, before: &Self) -> f64 {
        let used = |(pid, now): (&u32, &(f64, f64))| Some(now.0 - before.0.get(pid)?.0);
        self.0.iter().filter_map(used).sum()
    }

    /// Memory in use, in kilobytes.
    #[must_use]
    pub fn memory_kilobytes(&self) -> f64 {
        self.0.values().map(|it| it.1).sum()
    }
}

/// CPU time used so far, in seconds; `None` when there is no such process.
fn cpu_seconds(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold spaces; the numbers come after it.
    let numbers = stat.rsplit(')').next()?;
    let number = |index: usize| numbers.split_whitespace().nth(index)?.parse::<f64>().ok();
    // The kernel counts in hundredths on every Linux this runs on.
    Some((number(11)? + number(12)?) / 100.0)
}

/// Memory in use, in kilobytes; `None` when there is no such process.
fn memory_kilobytes(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_memory_and_one_that_is_not_there_is_left_out() {
        let usage = Usage::of(&[std::process::id(), u32::MAX]);
        assert!(usage.memory_kilobytes() > 100.0);
        assert!(usage.cpu_seconds_since(&usage).abs() < f64::EPSILON);
        assert!(Usage::of(&[u32::MAX]).is_empty());
    }
}
