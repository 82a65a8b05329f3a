//! A run from the first login to the report: ramp, sending, settling, check.
//!
//! [`shared`] is what clients and the run have in common, [`feed`] how a client learns what to do,
//! [`readiness`] who is connected. Nothing here knows how a client speaks.

pub mod feed;
pub mod readiness;
pub mod shared;

use std::{
    sync::{Arc, PoisonError, atomic::Ordering},
    time::Duration,
};

use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, sleep, sleep_until, timeout},
};

use crate::{
    LoadError, check,
    engine::threads::Threads,
    frames, history,
    options::{Options, Storm},
    process::Usage,
    record::Book,
    report::{Checked, Latency, Links, Logins, Messages, Report, Server},
};
use feed::{Command, Feed, Order};
use shared::{Shared, Stage};

/// How long connections may take to be ready, after the last login was begun.
const READY: Duration = Duration::from_secs(60);
/// How long clients may take to end.
const END: Duration = Duration::from_secs(30);
/// How often the run looks whether something has happened that nobody tells.
const LOOK: Duration = Duration::from_millis(10);
/// What the timer may be late; it is not counted into latencies.
const TIMER_US: u64 = 2_000;

/// All clients of a run, under way.
struct Clients {
    commands: Vec<mpsc::UnboundedSender<Command>>,
    frames: JoinSet<Book>,
    engines: Threads,
}

/// Runs everything. `stop` ends the sending before its time.
pub async fn run(shared: Arc<Shared>, stop: watch::Receiver<bool>) -> Result<Report, LoadError> {
    let _over = Over(&shared);
    let options = &shared.options;
    let before = Usage::of(&options.pids);
    let clients = ramp(&shared).await?;
    wait_until_ready(&shared).await?;
    let ready = Usage::of(&options.pids);

    let start_us = shared.clock.now_us();
    shared.advance(Stage::Running);
    send(&shared, &clients, start_us, stop).await;
    shared.advance(Stage::Settling);
    let settled = async {
        while !shared.is_settled() {
            sleep(LOOK).await;
        }
    };
    // What is not settled then is what the check finds.
    let _ = timeout(options.settle_time(), settled).await;
    let end = Usage::of(&options.pids);
    let outages = shared.readiness.lock().unwrap_or_else(PoisonError::into_inner).outages();

    shared.advance(Stage::Over);
    shared.failure()?;
    let ended = async {
        let mut books = clients.frames.join_all().await;
        books.extend(clients.engines.end().await);
        books
    };
    let books = timeout(END, ended).await.map_err(|_| LoadError::Stuck)?;
    if books.len() != options.all() {
        return Err(LoadError::Stuck);
    }
    let check = if options.no_check { None } else { Some(checked(&shared, &books).await) };
    let server = server(&shared, [&before, &ready, &end]);
    Ok(report(&shared, start_us, outages, server, check))
}

/// Ends the clients also when the run is given up.
struct Over<'a>(&'a Shared);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.advance(Stage::Over);
    }
}

/// Begins the connections, one after the other at the rate that was asked for.
async fn ramp(shared: &Arc<Shared>) -> Result<Clients, LoadError> {
    let options = &shared.options;
    let engines = Threads::start(shared).map_err(LoadError::Threads)?;
    let mut clients =
        Clients { commands: Vec::with_capacity(options.all()), frames: JoinSet::new(), engines };
    let began = Instant::now();
    for index in 0..options.all() {
        sleep_until(began + Duration::from_secs_f64(index as f64 / options.ramp)).await;
        shared.failure()?;
        let user = options.user(index).parse();
        let user = user.map_err(|_| LoadError::Options("--users makes no good userIDs"))?;
        let (commands, feed) = Feed::new(shared, index);
        clients.commands.push(commands);
        if index < options.engines {
            clients.engines.begin(index, feed, user);
        } else {
            clients.frames.spawn(frames::run(Arc::clone(shared), index, feed, user));
        }
    }
    Ok(clients)
}

async fn wait_until_ready(shared: &Shared) -> Result<(), LoadError> {
    let deadline = Instant::now() + READY;
    while !shared.all_ready() {
        shared.failure()?;
        if Instant::now() > deadline {
            let ready = shared.readiness.lock().unwrap_or_else(PoisonError::into_inner).ready();
            return Err(LoadError::NotReady { ready, all: shared.options.all() });
        }
        sleep(LOOK).await;
    }
    shared.failure()
}

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
        let sends = !options.closed_loop && options.rate > 0.0 && options.senders() > 0;
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
async fn send(shared: &Shared, clients: &Clients, start_us: u64, mut stop: watch::Receiver<bool>) {
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
            let _ = clients.commands[from].send(Command::Send(order));
        }
        if schedule.storm_us().is_some_and(|it| it <= now_us)
            && let Some(storm) = schedule.storms.pop()
        {
            cut(clients, storm.share);
        }
        let all_sent = shared.counts.scheduled.load(Ordering::Relaxed) >= schedule.most;
        if now_us >= schedule.end_us || (all_sent && schedule.storms.is_empty()) {
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
fn cut(clients: &Clients, share: f64) {
    let mut all: Vec<usize> = (0..clients.commands.len()).collect();
    fastrand::shuffle(&mut all);
    let count = (all.len() as f64 * share).round() as usize;
    for index in &all[..count.min(all.len())] {
        let _ = clients.commands[*index].send(Command::Cut);
    }
}

async fn checked(shared: &Arc<Shared>, books: &[Book]) -> Checked {
    let (logs, mut violations) = history::read(shared, books).await;
    violations.extend(check::check(books, &logs));
    let messages = logs.iter().map(|it| it.first.len() as u64).sum();
    Checked::of(logs.len() as u64, messages, violations)
}

fn server(shared: &Shared, [before, ready, end]: [&Usage; 3]) -> Option<Server> {
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

fn report(
    shared: &Shared,
    start_us: u64,
    outages: Vec<readiness::Outage>,
    server: Option<Server>,
    check: Option<Checked>,
) -> Report {
    let counts = &shared.counts;
    let load = |it: &std::sync::atomic::AtomicU64| it.load(Ordering::Relaxed);
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
