//! From what was counted during a run to its report.

use std::sync::{
    PoisonError,
    atomic::{AtomicU64, Ordering},
};

use super::{readiness::Outage, shared::Shared};
use crate::{
    process::Usage,
    report::{Checked, Latency, Links, Logins, Messages, Report, Server},
};

/// What server processes used, at the three moments before the first login, with all connections and
/// at the end; `None` when there are none.
pub fn server(shared: &Shared, [before, ready, end]: [&Usage; 3]) -> Option<Server> {
    if end.is_empty() {
        return None;
    }
    let cpu_seconds = end.cpu_seconds_since(ready);
    let per = |count: u64| cpu_seconds * 1e6 / count.max(1) as f64;
    let grown_kb = ready.memory_kilobytes() - before.memory_kilobytes();
    Some(Server {
        cpu_seconds,
        cpu_us_per_message: per(shared.counts.acknowledged.load(Ordering::Relaxed)),
        cpu_us_per_delivery: per(shared.counts.delivered.load(Ordering::Relaxed)),
        memory_before_kb: before.memory_kilobytes(),
        memory_ready_kb: ready.memory_kilobytes(),
        memory_end_kb: end.memory_kilobytes(),
        memory_per_connection_kb: grown_kb / shared.options.all() as f64,
    })
}

/// Puts everything together.
pub fn report(
    shared: &Shared,
    start_us: u64,
    outages: Vec<Outage>,
    server: Option<Server>,
    check: Option<Checked>,
) -> Report {
    let counts = &shared.counts;
    let load = |it: &AtomicU64| it.load(Ordering::Relaxed);
    let seconds = |until_us: u64| until_us.saturating_sub(start_us) as f64 / 1e6;
    let per_second =
        |count: u64, seconds: f64| if count > 0 { count as f64 / seconds } else { 0.0 };
    let (acknowledged, delivered) = (load(&counts.acknowledged), load(&counts.delivered));
    let acknowledging_s = seconds(load(&counts.last_acknowledged_us));
    let delivering_s = seconds(load(&counts.last_delivered_us));
    let (scheduled, refused) = (load(&counts.scheduled), load(&counts.refused));
    let readiness = shared.readiness.lock().unwrap_or_else(PoisonError::into_inner);
    let login_s = readiness.first_full_us().unwrap_or(0) as f64 / 1e6;
    let (acknowledged_ms, received_ms) = shared.with_latencies(|latencies| {
        (Latency::of(&latencies.acknowledged), Latency::of(&latencies.received))
    });
    Report {
        logins: Logins {
            count: load(&counts.logins),
            engines: shared.options.engines as u64,
            seconds: login_s,
            per_second: per_second(load(&counts.logins), login_s),
        },
        messages: Messages {
            scheduled,
            acknowledged,
            delivered,
            unanswered: scheduled.saturating_sub(acknowledged + refused),
            refused: shared.refusals(),
            repeats: load(&counts.repeats),
            seconds: acknowledging_s.max(delivering_s),
            acknowledged_per_second: per_second(acknowledged, acknowledging_s),
            delivered_per_second: per_second(delivered, delivering_s),
        },
        send_to_acknowledged_ms: acknowledged_ms,
        send_to_received_ms: received_ms,
        links: Links {
            reconnects: load(&counts.reconnects),
            failed_connects: load(&counts.failed_connects),
            kicked: load(&counts.kicked),
            closed: shared.closes(),
            outages,
        },
        server,
        check,
    }
}
