//! The database: the only place with SQL.
//!
//! Reads go to a small pool. Everything that writes goes through one writer, which commits what
//! arrives together in one transaction (see [`writer`]): there is one disk sync for many requests,
//! and an order between them. Callers see keys and plain values, never a statement or an engine.
//!
//! The statements keep to the SQL that SQLite and PostgreSQL share. What is special to SQLite is
//! in `sqlite.rs` and in the migrations.
//!
//! Reading order: [`append`] (a message's way into the log), [`log`] (the way out), then the rest.

mod accounts;
mod append;
mod conversations;
mod log;
mod retention;
mod sessions;
mod shapes;
mod sqlite;
mod writer;

use std::{path::Path, sync::Arc};

pub use accounts::AccountRow;
pub use append::{Append, AppendError, Stored};
pub use conversations::{ConversationState, ListedConversation, ReadOutcome};
pub use log::{LogPosition, Page, PageStart};
pub use sessions::{LoginOutcome, NewLogin, SessionState};
pub use writer::WriterStats;

use sqlx::SqlitePool;
use writer::Writer;

/// The engine that is compiled in.
type Engine = sqlx::Sqlite;
type Connection = sqlx::SqliteConnection;

/// Number of an account. Its public form is the tinyID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountKey(pub i64);

/// Number of a conversation's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConversationKey(pub i64);

/// Number of a logged-in instance; later logins have larger ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionKey(pub i64);

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
    /// The writer has stopped, or the transaction this write was part of failed.
    #[error("the write was not committed")]
    NotCommitted,
}

/// A handle on the database; clones share it.
#[derive(Clone)]
pub struct Storage {
    read: SqlitePool,
    writer: Writer,
}

/// Called after each commit with the new messages, in the order of their places.
pub type OnStored = Arc<dyn Fn(&[Stored]) + Send + Sync>;

impl Storage {
    /// Opens the database in `folder`, creates it when there is none, brings its schema up to date
    /// and starts the writer.
    ///
    /// # Errors
    /// When the file cannot be opened or was made by a newer version.
    pub async fn open(folder: &Path, on_stored: OnStored) -> Result<Self, StorageError> {
        let file = folder.join("tim.db");
        let mut connection = sqlite::writer(&file).await?;
        sqlite::migrate(&mut connection).await?;
        let read = sqlite::readers(&file);
        Ok(Self { read, writer: Writer::start(connection, on_stored) })
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn check(&self) -> Result<(), StorageError> {
        sqlx::query("SELECT 1").execute(&self.read).await?;
        Ok(())
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
