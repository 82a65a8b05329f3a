//! Group commit: requests wait in bounded queues, and what waits together is committed together.
//!
//! Each queue is a *lane* with a task of its own ([`super::lane`]). SQLite has one, since it has one
//! writer; PostgreSQL has several, whose commits share the engine's own disk syncs. Half of them are
//! for messages alone: the fewer there are, the more messages share a trip, and no message waits behind
//! a thousand logins. What belongs together stays on one lane and so in the order of the calls: the
//! messages of one conversation, the other writes of one account.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use futures::future::BoxFuture;
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinHandle,
};

use super::{
    AccountKey, StorageError,
    append::{Append, AppendError},
    job::{Job, Write},
    lane::Lane,
    sql::Connection,
};

/// Requests that may wait on a lane; whoever comes later waits for room and so reads no further
/// frames.
const QUEUE: usize = 1024;

pub(super) enum Request {
    Append(Box<Append>),
    Other(Box<dyn Job>),
    /// Changes rows of conversations, of which something may be remembered.
    OfLogs(Box<dyn Job>),
}

/// Counts of the writer since its start.
#[derive(Debug, Default)]
pub struct WriterStats {
    commits: AtomicU64,
    messages: AtomicU64,
    failures: AtomicU64,
}

impl WriterStats {
    /// Transactions that were committed.
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// Messages that were stored.
    pub fn messages(&self) -> u64 {
        self.messages.load(Ordering::Relaxed)
    }

    /// Transactions that failed.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    pub(super) fn committed(&self, messages: usize) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.messages.fetch_add(messages as u64, Ordering::Relaxed);
        metrics::counter!("tim_messages_stored_total").increment(messages as u64);
    }

    pub(super) fn failed(&self) {
        self.failures.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("tim_commit_failures_total").increment(1);
    }
}

/// A handle on the lanes; clones share them.
#[derive(Clone)]
pub(super) struct Writer {
    queues: Arc<[mpsc::Sender<Request>]>,
    stops: Arc<[mpsc::Sender<()>]>,
    tasks: Arc<Mutex<Vec<JoinHandle<()>>>>,
    stats: Arc<WriterStats>,
}

impl Writer {
    pub(super) fn start(lanes: Vec<Lane>, stats: Arc<WriterStats>) -> Self {
        let (mut queues, mut stops, mut tasks) = (Vec::new(), Vec::new(), Vec::new());
        for lane in lanes {
            let (queue, requests) = mpsc::channel(QUEUE);
            let (stop, stopped) = mpsc::channel(1);
            tasks.push(tokio::spawn(lane.run(requests, stopped)));
            queues.push(queue);
            stops.push(stop);
        }
        let tasks = Arc::new(Mutex::new(tasks));
        Self { queues: queues.into(), stops: stops.into(), tasks, stats }
    }

    pub(super) fn stats(&self) -> &WriterStats {
        &self.stats
    }

    /// How many lanes are for messages. The only one is for everything.
    fn message_lanes(&self) -> usize {
        (self.queues.len() / 2).max(1)
    }

    fn message_lane(&self, number: i64) -> &mpsc::Sender<Request> {
        // Keys are given one after the other and so spread evenly.
        &self.queues[number.cast_unsigned() as usize % self.message_lanes()]
    }

    fn other_lane(&self, of: AccountKey) -> &mpsc::Sender<Request> {
        let others = &self.queues[self.message_lanes()..];
        match others.len() {
            0 => &self.queues[0],
            count => &others[of.0.cast_unsigned() as usize % count],
        }
    }

    /// Hands a message over. Messages of two people are stored in the order of these calls.
    pub(super) async fn append(&self, append: Append) {
        let lane = self.message_lane(append.sender.0.wrapping_add(append.receiver.0));
        if let Err(mpsc::error::SendError(Request::Append(append))) =
            lane.send(Request::Append(Box::new(append))).await
        {
            (append.done)(Err(AppendError::NotCommitted));
        }
    }

    /// Runs `work` in the next transaction and gives `then` its result after the commit. Results of
    /// one account are given in the order of these calls. `work` may run several times.
    pub(super) async fn write<T, W, F>(&self, of: AccountKey, work: W, then: F)
    where
        T: Send + 'static,
        W: for<'c> Fn(&'c mut Connection) -> BoxFuture<'c, Result<T, StorageError>>
            + Send
            + 'static,
        F: FnOnce(Result<T, StorageError>) + Send + 'static,
    {
        // When the queue is closed the request is dropped, which tells `then`.
        let _ = self.other_lane(of).send(Request::Other(Box::new(Write::new(work, then)))).await;
    }

    /// Like [`Self::write`], waiting for the result.
    pub(super) async fn write_and_wait<T, W>(
        &self,
        of: AccountKey,
        work: W,
    ) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: for<'c> Fn(&'c mut Connection) -> BoxFuture<'c, Result<T, StorageError>>
            + Send
            + 'static,
    {
        let (job, told) = asked(work);
        let _ = self.other_lane(of).send(Request::Other(job)).await;
        told.await.unwrap_or(Err(StorageError::NotCommitted))
    }

    /// Runs `work`, which changes rows of conversations. SQLite's one lane forgets what it remembers
    /// of them; PostgreSQL's notice by themselves.
    pub(super) async fn write_logs<T, W>(&self, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: for<'c> Fn(&'c mut Connection) -> BoxFuture<'c, Result<T, StorageError>>
            + Send
            + 'static,
    {
        let (job, told) = asked(work);
        let _ = self.other_lane(AccountKey(0)).send(Request::OfLogs(job)).await;
        told.await.unwrap_or(Err(StorageError::NotCommitted))
    }

    /// Commits what is waiting and ends the tasks.
    pub(super) async fn stop(&self) {
        let tasks = std::mem::take(&mut *self.tasks.lock().await);
        for stop in &*self.stops {
            let _ = stop.send(()).await;
        }
        for task in tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a writer ended badly");
            }
        }
    }
}

fn asked<T, W>(work: W) -> (Box<dyn Job>, oneshot::Receiver<Result<T, StorageError>>)
where
    T: Send + 'static,
    W: for<'c> Fn(&'c mut Connection) -> BoxFuture<'c, Result<T, StorageError>> + Send + 'static,
{
    let (tell, told) = oneshot::channel();
    let then = move |result| {
        // Whoever asked may have gone; the write holds all the same.
        let _ = tell.send(result);
    };
    (Box::new(Write::new(work, then)), told)
}
