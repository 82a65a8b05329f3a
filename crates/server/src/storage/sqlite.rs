//! How SQLite is opened: write-ahead log, a disk sync per commit, one writer and some readers.

use std::{path::Path, time::Duration};

use sqlx::{
    ConnectOptions, Connection as _, SqlitePool,
    migrate::MigrateError,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::Connection;

/// Readers at work at the same time; more would only wait for each other's cache.
const READERS: u32 = 4;

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        // An acknowledged message survives a power cut.
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(Duration::from_secs(5))
        .disable_statement_logging()
}

/// The connection that writes, to a file that is created when it is missing.
pub(super) async fn writer(file: &Path) -> Result<Connection, sqlx::Error> {
    let options = options(file)
        .create_if_missing(true)
        // Copying the log back into the database syncs both files; do it for more pages at once.
        .pragma("wal_autocheckpoint", "4000")
        .pragma("cache_size", "-32768");
    Connection::connect_with(&options).await
}

/// Brings the schema up to date.
pub(super) async fn migrate(connection: &mut Connection) -> Result<(), MigrateError> {
    // Not `run`, whose bounds keep the futures around it from being `Send`; `None` and `false` are
    // its own choices: up to the newest step, skipping none.
    sqlx::migrate!("src/storage/migrations/sqlite").run_direct(None, connection, false).await
}

/// The connections that read.
pub(super) fn readers(file: &Path) -> SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(READERS)
        .acquire_timeout(Duration::from_secs(10))
        .connect_lazy_with(options(file).read_only(true))
}
