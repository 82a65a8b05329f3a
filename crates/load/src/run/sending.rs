//! The time of sending: messages when they are due, storms at their seconds, until a bound is reached.

use std::{sync::atomic::Ordering, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::sleep_until,
};

use super::{
    feed::{Command, Order},
    shared::Shared,
};
use crate::options::{Options, Storm};

/// How often the closed loop is looked at: it tells nobody when it has sent everything.
const LOOK: Duration = Duration::from_millis(10);
/// What the timer may be late; it is not counted into latencies.
const TIMER_US: u64 = 2_000;
/// Without any acknowledgement for so long, the closed loop has come to its end.
const STANDSTILL_US: u64 = 60_000_000;

/// What happens while messages are sent, in its order.
struct Schedule {
    start_us: u64,
    /// Microseconds between two messages; none when nothing is sent at a rate.
    gap_us: Option<f64>,
    storms: Vec<Storm>,
    end_us: u64,
    most: u64,
    sent: u64,
}

impl Schedule {
    fn of(options: &Options, start_us: u64) -> Self {
        let sends = !options.closed_loop && options.sends();
        let mut storms = options.storms.clone();
        storms.sort_by(|a, b| b.at_s.total_cmp(&a.at_s));
        let length_us = options.sending_time().map_or(u64::MAX, |it| it.as_micros() as u64);
        Self {
            start_us,
            gap_us: sends.then(|| 1e6 / options.rate),
            storms,
            end_us: start_us.saturating_add(length_us),
            most: options.messages.unwrap_or(u64::MAX),
            sent: 0,
        }
    }

    /// When the next message is due.
    fn message_us(&self) -> Option<u64> {
        let gap_us = self.gap_us.filter(|_| self.sent < self.most)?;
        let due_us = self.start_us + (self.sent as f64 * gap_us) as u64;
        (due_us < self.end_us).then_some(due_us)
    }

    /// When the next storm is due.
    fn storm_us(&self) -> Option<u64> {
        self.storms.last().map(|it| self.start_us + (it.at_s * 1e6) as u64)
    }
}

/// Sends until a bound is reached or `stop` says so.
pub async fn send(
    shared: &Shared,
    clients: &[mpsc::UnboundedSender<Command>],
    start_us: u64,
    mut stop: watch::Receiver<bool>,
) {
    let mut schedule = Schedule::of(&shared.options, start_us);
    loop {
        let now_us = shared.clock.now_us();
        while let Some(due_us) = schedule.message_us().filter(|it| *it <= now_us) {
            schedule.sent += 1;
            shared.counts.scheduled.fetch_add(1, Ordering::Relaxed);
            let (from, to) = shared.plan.pair();
            let due_us = if now_us - due_us < TIMER_US { now_us } else { due_us };
            let order = Order { to: u32::try_from(to).unwrap_or(0), due_us };
            // A client that has ended writes nothing down; the count of books tells.
            let _ = clients[from].send(Command::Send(order));
        }
        if schedule.storm_us().is_some_and(|it| it <= now_us)
            && let Some(storm) = schedule.storms.pop()
        {
            cut(clients, storm.share);
        }
        let all_sent = shared.counts.scheduled.load(Ordering::Relaxed) >= schedule.most;
        let moved_us = shared.counts.last_acknowledged_us.load(Ordering::Relaxed).max(start_us);
        let stands_still =
            shared.options.closed_loop && now_us.saturating_sub(moved_us) > STANDSTILL_US;
        if stands_still || now_us >= schedule.end_us || (all_sent && schedule.storms.is_empty()) {
            return;
        }
        let look_us = shared.options.closed_loop.then(|| now_us + LOOK.as_micros() as u64);
        let times = [schedule.message_us(), schedule.storm_us(), look_us];
        let next_us = times.into_iter().flatten().fold(schedule.end_us, u64::min);
        // An hour is as good as for ever: then it looks again.
        let next_us = next_us.min(now_us + 3_600_000_000);
        tokio::select! {
            () = sleep_until(shared.clock.at(next_us).into()) => {}
            _ = stop.wait_for(|it| *it) => return,
        }
    }
}

/// Cuts that share of all connections, any of them.
fn cut(clients: &[mpsc::UnboundedSender<Command>], share: f64) {
    let mut all: Vec<usize> = (0..clients.len()).collect();
    fastrand::shuffle(&mut all);
    let count = (all.len() as f64 * share).round() as usize;
    for index in &all[..count.min(all.len())] {
        let _ = clients[*index].send(Command::Cut);
    }
}
