//! One lane of the writer: the task that owns a connection and commits batches.
//!
//! It takes what waits, up to [`BATCH`] requests, and commits it; while the disk syncs, the next batch
//! gathers by itself. After the commit it first announces the new messages, in the order of their
//! places, then tells each requester its outcome. Nobody hears of anything that is not on disk.
//!
//! A write other than a message runs in its own savepoint, so that its failure is its own. On SQLite a
//! batch is one transaction. On PostgreSQL its messages are one and its other writes another, and
//! when the engine goes away, or two nodes are in each other's way, a batch is done again for
//! [`PATIENCE`]: a restart of the engine costs its clients time and nothing else. Whatever is still
//! not committed then is told to everybody in the batch, and the task goes on with the next.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{sync::mpsc, time::timeout};

use super::{
    Announcer, StorageError,
    append::{Append, AppendError, Appended, postgres, sqlite},
    failure::Kind,
    job::Job,
    shapes::MOST_ROWS,
    sql::{Connection, Pool, run},
    writer::{Request, WriterStats},
};

/// Most requests in one transaction.
const BATCH: usize = MOST_ROWS;
/// How long a failed transaction is rested before the next try, so that a full disk does not spin.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(50);
/// How long a batch is tried again while the engine is away. Clients give a send up after 15 seconds.
const PATIENCE: Duration = Duration::from_secs(8);
/// The longest rest between two tries.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How messages are stored.
pub(super) enum Appender {
    Sqlite(Box<sqlite::Appender>),
    Postgres(postgres::Appender),
}

/// A lane before its task is started.
pub(super) struct Lane {
    pool: Pool,
    /// Lent from the pool and kept while it works.
    connection: Option<Connection>,
    appender: Appender,
    announcer: Announcer,
    stats: Arc<WriterStats>,
    /// Longest time a trip may take, by this side's clock.
    deadline: Duration,
    /// When the engine began to be away.
    away_since: Option<Instant>,
}

impl Lane {
    pub(super) fn new(
        pool: Pool,
        announcer: Announcer,
        stats: Arc<WriterStats>,
        deadline: Duration,
    ) -> Self {
        let appender = match pool {
            Pool::Sqlite(_) => Appender::Sqlite(Box::new(sqlite::Appender::new())),
            Pool::Postgres(_) => Appender::Postgres(postgres::Appender::default()),
        };
        Self { pool, connection: None, appender, announcer, stats, deadline, away_since: None }
    }

    pub(super) async fn run(
        mut self,
        mut requests: mpsc::Receiver<Request>,
        mut stop: mpsc::Receiver<()>,
    ) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                count = requests.recv_many(&mut batch, BATCH) => if count == 0 { break },
                // Closing keeps what is queued: the loop ends when it has run dry.
                _ = stop.recv() => requests.close(),
            }
            if !batch.is_empty() {
                self.commit(batch.drain(..)).await;
            }
        }
    }

    async fn commit(&mut self, batch: impl Iterator<Item = Request>) {
        let began = Instant::now();
        let (mut appends, mut jobs) = (Vec::new(), Vec::new());
        for request in batch {
            match request {
                Request::Append(append) => appends.push(*append),
                Request::Other(job) => jobs.push(job),
                Request::OfLogs(job) => {
                    match &mut self.appender {
                        Appender::Sqlite(it) => it.forget(),
                        Appender::Postgres(it) => it.forget(),
                    }
                    jobs.push(job);
                }
            }
        }
        metrics::histogram!("tim_commit_requests").record((appends.len() + jobs.len()) as f64);
        match self.appender {
            Appender::Sqlite(_) => {
                let appended = self.together(&mut appends, &mut jobs).await;
                self.tell_senders(appends, appended.as_ref().ok());
                let is_committed = appended.is_ok();
                jobs.into_iter().for_each(|it| it.finish(is_committed));
                self.rest_after(appended.err()).await;
            }
            Appender::Postgres(_) => {
                let appended = self.messages(&mut appends).await;
                self.tell_senders(appends, appended.as_ref().ok());
                let done = self.others(&mut jobs).await;
                jobs.into_iter().for_each(|it| it.finish(done.is_ok()));
                self.rest_after(appended.err().or(done.err())).await;
            }
        }
        metrics::histogram!("tim_commit_seconds").record(began.elapsed().as_secs_f64());
    }

    fn tell_senders(&self, appends: Vec<Append>, appended: Option<&Appended>) {
        let Some(Appended { stored, outcomes }) = appended else {
            return appends.into_iter().for_each(|it| (it.done)(Err(AppendError::NotCommitted)));
        };
        self.stats.committed(stored.len());
        if let Some(announce) = self.announcer.get() {
            announce(stored);
        }
        appends.into_iter().zip(outcomes).for_each(|(it, outcome)| (it.done)(outcome.clone()));
    }

    async fn rest_after(&self, failure: Option<StorageError>) {
        if let Some(error) = failure {
            self.stats.failed();
            log_failure(&error);
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
        }
    }

    /// The lane's connection, lent anew when there is none.
    async fn connection(&mut self) -> Result<&mut Connection, StorageError> {
        if self.connection.is_none() {
            self.connection = Some(self.pool.acquire().await?);
        }
        self.connection.as_mut().ok_or(StorageError::NotCommitted)
    }

    /// SQLite: all of a batch in one transaction.
    async fn together(
        &mut self,
        appends: &mut [Append],
        jobs: &mut [Box<dyn Job>],
    ) -> Result<Appended, StorageError> {
        self.connection().await?;
        let (Some(connection), Appender::Sqlite(appender)) =
            (&mut self.connection, &mut self.appender)
        else {
            return Err(StorageError::NotCommitted);
        };
        let result = if jobs.is_empty() {
            let Connection::Sqlite(on) = &mut *connection else {
                return Err(StorageError::NotCommitted);
            };
            appender.store(on, appends, sqlite::Transaction::Own).await
        } else {
            mixed(connection, appender, appends, jobs).await
        };
        if result.is_err() {
            roll_back(connection).await;
        }
        result
    }

    /// PostgreSQL: the messages of a batch.
    async fn messages(&mut self, appends: &mut [Append]) -> Result<Appended, StorageError> {
        if appends.is_empty() {
            return Ok(Appended::default());
        }
        let mut tries = 0;
        loop {
            let began = Instant::now();
            let error = match self.store(appends, tries > 0).await {
                Ok(appended) => {
                    self.away_since = None;
                    return Ok(appended);
                }
                Err(error) => error,
            };
            self.again_after(error, tries, began).await?;
            tries += 1;
        }
    }

    async fn store(
        &mut self,
        appends: &mut [Append],
        is_repeated: bool,
    ) -> Result<Appended, StorageError> {
        let deadline = self.deadline;
        self.connection().await?;
        let (Some(Connection::Postgres(connection)), Appender::Postgres(appender)) =
            (&mut self.connection, &mut self.appender)
        else {
            return Err(StorageError::NotCommitted);
        };
        match timeout(deadline, appender.store(connection, appends, is_repeated)).await {
            Ok(result) => result,
            Err(_) => Err(StorageError::TimedOut),
        }
    }

    /// PostgreSQL: the other writes of a batch.
    async fn others(&mut self, jobs: &mut [Box<dyn Job>]) -> Result<(), StorageError> {
        if jobs.is_empty() {
            return Ok(());
        }
        let mut tries = 0;
        loop {
            let (began, deadline) = (Instant::now(), self.deadline);
            let error = match self.connection().await {
                Ok(connection) => match timeout(deadline, transaction(connection, jobs)).await {
                    Ok(Ok(())) => {
                        self.away_since = None;
                        return Ok(());
                    }
                    Ok(Err(error)) => error,
                    Err(_) => StorageError::TimedOut,
                },
                Err(error) => error,
            };
            if error.kind() == Kind::Conflict
                && let Some(connection) = &mut self.connection
            {
                roll_back(connection).await;
            }
            self.again_after(error, tries, began).await?;
            tries += 1;
        }
    }

    /// Rests before the next try, or gives the failure back when there should be none. `began` is when
    /// the try that failed began: what it has waited counts, too.
    async fn again_after(
        &mut self,
        error: StorageError,
        tries: u32,
        began: Instant,
    ) -> Result<(), StorageError> {
        let kind = error.kind();
        if kind != Kind::Conflict
            && let Some(connection) = self.connection.take()
        {
            connection.give_up();
        }
        if kind == Kind::Fault {
            return Err(error);
        }
        let since = *self.away_since.get_or_insert_with(|| {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a transaction is tried again"
            );
            began
        });
        if since.elapsed() >= PATIENCE {
            return Err(error);
        }
        metrics::counter!("tim_commit_retries_total").increment(1);
        let pause = Duration::from_millis(10) * 2_u32.saturating_pow(tries.min(10));
        tokio::time::sleep(pause.min(LONGEST_PAUSE)).await;
        Ok(())
    }
}

fn log_failure(error: &StorageError) {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, "a transaction failed, nothing of it was stored");
}

/// Not by sqlx's transactions: of one that the database has rolled back by itself, as it does when
/// the disk is full, they would think for ever that it is still open.
async fn mixed(
    connection: &mut Connection,
    appender: &mut sqlite::Appender,
    appends: &mut [Append],
    jobs: &mut [Box<dyn Job>],
) -> Result<Appended, StorageError> {
    run(connection, "BEGIN IMMEDIATE").await?;
    let Connection::Sqlite(on) = &mut *connection else { return Err(StorageError::NotCommitted) };
    let appended = appender.store(on, appends, sqlite::Transaction::Callers).await?;
    each_in_a_savepoint(connection, jobs).await?;
    run(connection, "COMMIT").await?;
    Ok(appended)
}

async fn transaction(
    connection: &mut Connection,
    jobs: &mut [Box<dyn Job>],
) -> Result<(), StorageError> {
    run(connection, "BEGIN").await?;
    each_in_a_savepoint(connection, jobs).await?;
    run(connection, "COMMIT").await
}

async fn each_in_a_savepoint(
    connection: &mut Connection,
    jobs: &mut [Box<dyn Job>],
) -> Result<(), StorageError> {
    for job in jobs {
        run(connection, "SAVEPOINT work").await?;
        if !job.run(connection).await? {
            run(connection, "ROLLBACK TO work").await?;
        }
        run(connection, "RELEASE work").await?;
    }
    Ok(())
}

/// Ends a transaction that went wrong.
async fn roll_back(connection: &mut Connection) {
    // Fails when the database has rolled back by itself.
    let _ = run(connection, "ROLLBACK").await;
}
