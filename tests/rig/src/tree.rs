//! What Linux says about a process and those it started: who they are, what they used.
//!
//! Everything is read from `/proc` at the moment of the question. Processes come and go meanwhile, so
//! what cannot be read has ended and counts as nothing.

use std::collections::HashMap;
use std::fs;

/// One line of `/proc/PID/stat`, as far as it matters here.
struct Stat {
    state: char,
    parent: u32,
    /// Own time and that of ended children it has waited for.
    ticks: u64,
}

fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold spaces and parentheses; the fields come after it.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        state: fields.first()?.chars().next()?,
        parent: fields.get(1)?.parse().ok()?,
        // utime, stime and the same of children.
        ticks: (11..15).filter_map(number).sum(),
    })
}

/// The process and everything it started, parents before their children.
#[must_use]
pub fn members(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    for pid in entries.filter_map(|it| it.file_name().to_str()?.parse::<u32>().ok()) {
        if let Some(stat) = stat(pid) {
            children.entry(stat.parent).or_default().push(pid);
        }
    }
    let mut members = vec![root];
    let mut next = 0;
    while let Some(pid) = members.get(next) {
        members.extend(children.remove(pid).unwrap_or_default());
        next += 1;
    }
    members
}

/// Whether it runs no more; one that nobody has waited for yet has ended as well.
#[must_use]
pub fn has_ended(pid: u32) -> bool {
    stat(pid).is_none_or(|it| matches!(it.state, 'Z' | 'X'))
}

/// Whether it cannot run now: stopped by a signal, or ended.
#[must_use]
pub fn is_stopped(pid: u32) -> bool {
    stat(pid).is_none_or(|it| matches!(it.state, 'T' | 'Z' | 'X'))
}

/// CPU time that the process and everything it started have used so far, those that ended included.
#[must_use]
pub fn cpu_seconds(root: u32) -> f64 {
    let ticks: u64 = members(root).into_iter().filter_map(stat).map(|it| it.ticks).sum();
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// Memory of the process alone that is in use now (its resident set).
#[must_use]
pub fn memory_kilobytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// How many files, sockets and pipes the process has open.
#[must_use]
pub fn open_files(pid: u32) -> Option<usize> {
    Some(fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count())
}
