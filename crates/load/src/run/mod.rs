//! A run from the first login to the report: ramp, sending, settling, check.
//!
//! [`shared`] is what clients and the run have in common, [`feed`] how a client learns what to do,
//! [`readiness`] who is connected; `sending` keeps the times, `summary` makes the report. Nothing here knows how a client speaks.

pub mod feed;
pub mod readiness;
mod sending;
pub mod shared;
mod summary;

use std::{
    sync::{Arc, PoisonError},
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
    process::Usage,
    record::Book,
    report::{Checked, Report},
};
use feed::{Command, Feed};
use shared::{Shared, Stage};

/// How long connections may take to be ready, after the last login was begun.
const READY: Duration = Duration::from_secs(60);
/// How long clients may take to end.
const END: Duration = Duration::from_secs(30);
/// How often the run looks whether something has happened that nobody tells.
const LOOK: Duration = Duration::from_millis(10);

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
    sending::send(&shared, &clients.commands, start_us, stop).await;
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
    let server = summary::server(&shared, [&before, &ready, &end]);
    Ok(summary::report(&shared, start_us, outages, server, check))
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

async fn checked(shared: &Arc<Shared>, books: &[Book]) -> Checked {
    let (logs, mut violations) = history::read(shared, books).await;
    violations.extend(check::check(books, &logs));
    let messages = logs.iter().map(|it| it.first.len() as u64).sum();
    Checked::of(logs.len() as u64, messages, violations)
}
