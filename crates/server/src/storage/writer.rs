//! Group commit: one task owns the connection that writes.
//!
//! Requests wait in a bounded queue. The task takes what is there, up to [`BATCH`] messages, and does
//! it in one transaction; while the disk syncs, the next batch gathers by itself. After the commit
//! it first announces the new messages, in the order of their places, then tells each requester its
//! outcome. Nobody hears of anything that is not on disk.
//!
//! A write other than a message runs in its own savepoint, so that its failure is its own. A failure
//! of the transaction itself is told to everybody in the batch, and the task goes on with the next.

use std::{
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use sqlx::Connection as _;
use tokio::{
    sync::{Mutex, mpsc, oneshot},
    task::JoinHandle,
};

use super::{
    Connection, OnStored, StorageError,
    append::{Append, AppendError, Appended, Appender, Transaction},
};

/// Most messages in one transaction.
const BATCH: usize = 256;
/// Requests that may wait; whoever comes later waits for room and so reads no further frames.
const QUEUE: usize = 1024;
/// How long a failed transaction is rested before the next try, so that a full disk does not spin.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);

/// Tells a requester, after the commit (`true`) or the failure of the batch.
type Finish = Box<dyn FnOnce(bool) + Send>;
type Work =
    Box<dyn for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<Finish, Finish>> + Send>;

enum Request {
    Append(Box<Append>),
    Other(Work),
    /// Changes rows of conversations, of which something may be remembered.
    OfLogs(Work),
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
}

/// Somebody to be told exactly once: also when the batch fails before it is their turn, or the
/// writer has stopped.
struct Then<T, F: FnOnce(Result<T, StorageError>)>(Option<F>, PhantomData<fn(T)>);

impl<T, F: FnOnce(Result<T, StorageError>)> Then<T, F> {
    fn tell(mut self, result: Result<T, StorageError>) {
        if let Some(then) = self.0.take() {
            then(result);
        }
    }
}

impl<T, F: FnOnce(Result<T, StorageError>)> Drop for Then<T, F> {
    fn drop(&mut self) {
        if let Some(then) = self.0.take() {
            then(Err(StorageError::NotCommitted));
        }
    }
}

/// A handle on the task; clones share it.
#[derive(Clone)]
pub(super) struct Writer {
    queue: mpsc::Sender<Request>,
    stop: mpsc::Sender<()>,
    task: Arc<Mutex<Option<JoinHandle<()>>>>,
    stats: Arc<WriterStats>,
}

impl Writer {
    pub(super) fn start(connection: Connection, on_stored: OnStored) -> Self {
        let (queue, requests) = mpsc::channel(QUEUE);
        let (stop, stopped) = mpsc::channel(1);
        let stats = Arc::new(WriterStats::default());
        let task =
            Task { connection, appender: Appender::new(), on_stored, stats: Arc::clone(&stats) };
        let task = tokio::spawn(task.run(requests, stopped));
        Self { queue, stop, task: Arc::new(Mutex::new(Some(task))), stats }
    }

    pub(super) fn stats(&self) -> &WriterStats {
        &self.stats
    }

    /// Hands a message over. Messages are stored in the order of these calls.
    pub(super) async fn append(&self, append: Append) {
        if let Err(mpsc::error::SendError(Request::Append(append))) =
            self.queue.send(Request::Append(Box::new(append))).await
        {
            (append.done)(Err(AppendError::NotCommitted));
        }
    }

    /// Runs `work` in the next transaction and gives `then` its result after the commit. Results are
    /// given in the order of these calls.
    pub(super) async fn write<T, W, F>(&self, work: W, then: F)
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, StorageError>>
            + Send
            + 'static,
        F: FnOnce(Result<T, StorageError>) + Send + 'static,
    {
        // When the queue is closed the request is dropped, which tells `then`.
        let _ = self.queue.send(Request::Other(boxed(work, then))).await;
    }

    /// Like [`Self::write`], waiting for the result.
    pub(super) async fn write_and_wait<T, W>(&self, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, StorageError>>
            + Send
            + 'static,
    {
        self.ask(Request::Other, work).await
    }

    /// Like [`Self::write_and_wait`], for work that changes rows of conversations.
    pub(super) async fn write_logs<T, W>(&self, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, StorageError>>
            + Send
            + 'static,
    {
        self.ask(Request::OfLogs, work).await
    }

    async fn ask<T, W>(&self, request: fn(Work) -> Request, work: W) -> Result<T, StorageError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, StorageError>>
            + Send
            + 'static,
    {
        let (tell, told) = oneshot::channel();
        let work = boxed(work, move |result| {
            // Whoever asked may have gone; the write holds all the same.
            let _ = tell.send(result);
        });
        let _ = self.queue.send(request(work)).await;
        told.await.unwrap_or(Err(StorageError::NotCommitted))
    }

    /// Commits what is waiting and ends the task.
    pub(super) async fn stop(&self) {
        let task = self.task.lock().await.take();
        if let Some(task) = task {
            let _ = self.stop.send(()).await;
            if let Err(error) = task.await {
                tracing::error!(%error, "the writer ended badly");
            }
        }
    }
}

fn boxed<T, W, F>(work: W, then: F) -> Work
where
    T: Send + 'static,
    W: for<'c> FnOnce(&'c mut Connection) -> BoxFuture<'c, Result<T, StorageError>>
        + Send
        + 'static,
    F: FnOnce(Result<T, StorageError>) + Send + 'static,
{
    let then = Then(Some(then), PhantomData);
    Box::new(move |connection| {
        Box::pin(async move {
            let result = work(connection).await;
            let succeeded = result.is_ok();
            let finish: Finish = Box::new(move |committed| match result {
                Ok(_) if !committed => drop(then),
                result => then.tell(result),
            });
            if succeeded { Ok(finish) } else { Err(finish) }
        })
    })
}

struct Task {
    connection: Connection,
    appender: Appender,
    on_stored: OnStored,
    stats: Arc<WriterStats>,
}

impl Task {
    async fn run(mut self, mut requests: mpsc::Receiver<Request>, mut stop: mpsc::Receiver<()>) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                count = requests.recv_many(&mut batch, BATCH) => if count == 0 { break },
                // Closing keeps what is queued: the loop ends when it has run dry.
                _ = stop.recv() => requests.close(),
            }
            self.commit(&mut batch).await;
        }
        if let Err(error) = self.connection.close().await {
            tracing::warn!(%error, "the database was not closed cleanly");
        }
    }

    async fn commit(&mut self, batch: &mut Vec<Request>) {
        if batch.is_empty() {
            return;
        }
        let began = Instant::now();
        let (mut appends, mut others) = (Vec::new(), Vec::new());
        for request in batch.drain(..) {
            match request {
                Request::Append(append) => appends.push(*append),
                Request::Other(work) => others.push(work),
                Request::OfLogs(work) => {
                    self.appender.forget();
                    others.push(work);
                }
            }
        }
        metrics::histogram!("tim_commit_requests").record((appends.len() + others.len()) as f64);
        let mut finishes = Vec::with_capacity(others.len());
        let result = self.transaction(&mut appends, others, &mut finishes).await;
        metrics::histogram!("tim_commit_seconds").record(began.elapsed().as_secs_f64());
        let committed = match result {
            Ok(Appended { stored, outcomes }) => {
                self.stats.commits.fetch_add(1, Ordering::Relaxed);
                self.stats.messages.fetch_add(stored.len() as u64, Ordering::Relaxed);
                metrics::counter!("tim_messages_stored_total").increment(stored.len() as u64);
                (self.on_stored)(&stored);
                appends.into_iter().zip(outcomes).for_each(|(it, outcome)| (it.done)(outcome));
                true
            }
            Err(error) => {
                self.stats.failures.fetch_add(1, Ordering::Relaxed);
                metrics::counter!("tim_commit_failures_total").increment(1);
                tracing::error!(%error, "a transaction failed, nothing of it was stored");
                appends.into_iter().for_each(|it| (it.done)(Err(AppendError::NotCommitted)));
                false
            }
        };
        finishes.into_iter().for_each(|finish: Finish| finish(committed));
        if !committed {
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
        }
    }

    async fn transaction(
        &mut self,
        appends: &mut [Append],
        others: Vec<Work>,
        finishes: &mut Vec<Finish>,
    ) -> Result<Appended, StorageError> {
        let result = if others.is_empty() {
            self.appender.store(&mut self.connection, appends, Transaction::Own).await
        } else {
            self.mixed(appends, others, finishes).await
        };
        if result.is_err() {
            roll_back(&mut self.connection).await;
        }
        result
    }

    /// Not by sqlx's transactions: of one that the database has rolled back by itself, as it does when
    /// the disk is full, they would think for ever that it is still open.
    async fn mixed(
        &mut self,
        appends: &mut [Append],
        others: Vec<Work>,
        finishes: &mut Vec<Finish>,
    ) -> Result<Appended, StorageError> {
        let connection = &mut self.connection;
        run(connection, "BEGIN IMMEDIATE").await?;
        let appended = self.appender.store(connection, appends, Transaction::Callers).await?;
        for work in others {
            run(connection, "SAVEPOINT work").await?;
            match work(connection).await {
                Ok(finish) => finishes.push(finish),
                Err(finish) => {
                    finishes.push(finish);
                    run(connection, "ROLLBACK TO work").await?;
                }
            }
            run(connection, "RELEASE work").await?;
        }
        run(connection, "COMMIT").await?;
        Ok(appended)
    }
}

async fn run(connection: &mut Connection, sql: &'static str) -> Result<(), StorageError> {
    sqlx::query(sql).execute(connection).await?;
    Ok(())
}

/// Ends a transaction that went wrong.
pub(super) async fn roll_back(connection: &mut Connection) {
    // Fails when the database has rolled back by itself.
    let _ = run(connection, "ROLLBACK").await;
}
