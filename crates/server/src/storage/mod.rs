//! The database: the only place with SQL.
//!
//! Reads go to a small pool. Everything that writes goes through the writer, which commits what arrives
//! together in one transaction (see [`writer`]): there is one disk sync for many requests, and an order
//! between them. Callers see keys and plain values, never a statement or an engine.
//!
//! The engine is SQLite in a file, or PostgreSQL by its URL, where several nodes share one database.
//! Statements are written once for both ([`sql`]). What is special to an engine is in `sqlite.rs` and
//! `postgres.rs`, here and below [`append`].
//!
//! Reading order: [`append`] (a message's way into the log), [`log`] (the way out), then the rest.

mod accounts;
mod append;
mod conversations;
mod failure;
mod inspect;
mod job;
mod lane;
mod log;
mod migrations;
mod nodes;
mod postgres;
mod presence;
mod retention;
mod sessions;
mod shapes;
mod sql;
mod sqlite;
mod tail;
mod writer;

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

pub use accounts::AccountRow;
pub use append::{Append, AppendError, Stored};
pub use conversations::{ConversationState, ListedConversation, ReadOutcome};
use futures::future::BoxFuture;
pub use inspect::Inspection;
pub use log::{LogPosition, Page, PageStart};
pub use nodes::{Beat, Neighbour, NodeState};
pub use postgres::{PostgresSettings, check_url};
pub use sessions::{Continued, FIRST_CONNECTION, LoginOutcome, NewLogin, SessionState};
pub use tail::Recent;
pub use writer::WriterStats;

use failure::Kind;
use lane::Lane;
use sql::{Connection, Pool, query};
use writer::Writer;

/// Number of an account. Its public form is the tinyID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountKey(pub i64);

/// Number of a conversation's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationKey(pub i64);

/// Number of a logged-in instance; later logins have larger ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey(pub i64);

/// Number of a running server; later ones have larger ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeKey(pub i64);

/// Which database.
#[derive(Clone, Debug)]
pub enum Location {
    /// SQLite in this file.
    File(PathBuf),
    /// PostgreSQL.
    Postgres(PostgresSettings),
}

/// The database could not do it. The cause is in the log; callers can only give up or try again.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A statement or the connection failed.
    #[error("database failure")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("database schema cannot be brought up to date")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// A stored value is not what was put there.
    #[error("unreadable value in the database")]
    Corrupt(#[from] serde_json::Error),
    /// It did not answer in time.
    #[error("the database does not answer in time")]
    TimedOut,
    /// It would not keep every text as it is.
    #[error("the database has the encoding {0}; create it with ENCODING 'UTF8'")]
    Encoding(String),
    /// It takes no writes.
    #[error("the database is a standby that only reads; name the primary")]
    Standby,
    /// There is no file yet.
    #[error("there is no database yet; the first start makes it")]
    NoFile,
    /// Only SQLite is copied that way.
    #[error("this database is PostgreSQL, which has pg_dump and its own base backups")]
    NotFile,
    /// The writer has stopped, or the transaction this write was part of failed.
    #[error("the write was not committed")]
    NotCommitted,
}

/// A handle on the database; clones share it.
#[derive(Clone)]
pub struct Storage {
    location: Location,
    read: Pool,
    writer: Writer,
    announcer: Announcer,
}

/// Called after each commit with the new messages, in the order of their places.
pub type OnStored = Arc<dyn Fn(&[Stored]) + Send + Sync>;
/// Filled once the bus is there, which needs the database first.
type Announcer = Arc<OnceLock<OnStored>>;

/// How long a read is done anew on another connection. After a restart of the engine all connections
/// of the pool may be dead, and each try finds one of them.
const READ_PATIENCE: Duration = postgres::ACQUIRE_DEADLINE;
/// Longest rest between two such tries.
const READ_PAUSE: Duration = Duration::from_millis(100);

impl Location {
    /// Where it is, for people, without a password.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::File(file) => file.display().to_string(),
            Self::Postgres(settings) => postgres::place(&settings.url),
        }
    }

    /// Connections that write and connections that read, once the engine was reached.
    async fn pools(&self) -> Result<(Pool, Pool), StorageError> {
        Ok(match self {
            Self::File(file) => (sqlite::writer(file), sqlite::readers(file)),
            Self::Postgres(settings) => {
                postgres::reach(settings).await?;
                (postgres::writers(settings)?, postgres::readers(settings)?)
            }
        })
    }

    /// Connections that write, and the longest a trip of one of them may take.
    fn lanes(&self) -> (u32, Duration) {
        match self {
            Self::File(_) => (1, Duration::MAX),
            Self::Postgres(settings) => {
                // The engine itself ends a statement first.
                let deadline = Duration::from_millis(settings.statement_timeout_ms);
                (settings.writers, deadline + Duration::from_secs(1))
            }
        }
    }
}

impl StorageError {
    /// What an operator has to know of it.
    #[must_use]
    pub fn sentence(&self) -> String {
        failure::sentence(self)
    }

    /// Whether waiting may help.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        self.kind() != Kind::Fault
    }
}

impl Storage {
    /// Opens the database, creates the file when there is none, brings its schema up to date and
    /// starts the writer.
    ///
    /// # Errors
    /// When it cannot be opened or was made by a newer version.
    pub async fn open(location: Location) -> Result<Self, StorageError> {
        let (write, read) = location.pools().await?;
        let mut connection = write.acquire().await?;
        if matches!(location, Location::Postgres(_)) {
            postgres::check(&mut connection).await?;
        }
        if let Err(error) = migrations::run(&mut connection).await {
            // It may still hold the lock that nodes migrate under.
            connection.give_up();
            return Err(error.into());
        }
        drop(connection);
        let stats = Arc::new(WriterStats::default());
        let (lanes, deadline) = location.lanes();
        let announcer = Announcer::default();
        let lane =
            || Lane::new(write.clone(), Arc::clone(&announcer), Arc::clone(&stats), deadline);
        let lanes = (0..lanes).map(|_| lane()).collect();
        let writer = Writer::start(lanes, Arc::clone(&stats));
        Ok(Self { location, read, writer, announcer })
    }

    /// Who is told of new messages from now on. The first one told so keeps it.
    pub fn announce_to(&self, on_stored: OnStored) {
        let _ = self.announcer.set(on_stored);
    }

    /// Brings the schema up to date and does nothing else; answers its version.
    ///
    /// # Errors
    /// When it cannot be opened or was made by a newer version.
    pub async fn migrate(location: &Location) -> Result<i64, StorageError> {
        let (write, _) = location.pools().await?;
        let mut connection = write.acquire().await?;
        let result = migrations::run(&mut connection).await;
        connection.give_up();
        write.close().await;
        result?;
        Ok(migrations::newest())
    }

    /// Copies the file into an empty one, as it is at one moment, also while a server works with it.
    ///
    /// # Errors
    /// When the copy is not empty or cannot be written, or the database is not a file.
    pub async fn back_up(location: &Location, copy: &str) -> Result<(), StorageError> {
        match location {
            Location::File(file) if !file.exists() => Err(StorageError::NoFile),
            Location::File(file) => sqlite::back_up(file, copy).await,
            Location::Postgres(_) => Err(StorageError::NotFile),
        }
    }

    /// Looks at a database without changing it.
    ///
    /// # Errors
    /// When it cannot be used.
    pub async fn inspect(location: &Location) -> Result<Inspection, StorageError> {
        inspect::inspect(location).await
    }

    /// Whether other nodes may work with the same database.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self.location, Location::Postgres(_))
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn check(&self) -> Result<(), StorageError> {
        self.read(|it| {
            Box::pin(async move {
                query("SELECT 1").execute(it).await?;
                Ok(())
            })
        })
        .await
    }

    /// Reads; again on another connection when the first was lost.
    async fn read<T: Send>(
        &self,
        work: impl for<'c> Fn(&'c mut Connection) -> BoxFuture<'c, Result<T, StorageError>> + Send,
    ) -> Result<T, StorageError> {
        let began = Instant::now();
        let mut pause = Duration::from_millis(1);
        loop {
            // A connection can also be lost while it is made.
            let result = match self.read.acquire().await {
                Ok(mut connection) => {
                    let result = work(&mut connection).await;
                    if result.as_ref().is_err_and(|it| it.kind() == Kind::Lost) {
                        connection.give_up();
                    }
                    result
                }
                Err(error) => Err(error.into()),
            };
            match result {
                Err(error) if error.kind() == Kind::Lost && began.elapsed() < READ_PATIENCE => {
                    tokio::time::sleep(pause).await;
                    pause = READ_PAUSE.min(2 * pause);
                }
                result => return result,
            }
        }
    }

    /// How the writer is doing.
    #[must_use]
    pub fn writer_stats(&self) -> &WriterStats {
        self.writer.stats()
    }

    /// Commits what is waiting and closes the database. Later writes fail.
    pub async fn close(self) {
        self.writer.stop().await;
        self.read.close().await;
    }
}
