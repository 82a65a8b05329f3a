//! How SQLite is opened: write-ahead log, a disk sync per commit, one writer and some readers.

use std::{path::Path, time::Duration};

use sqlx::{
    ConnectOptions as _, Connection as _, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{StorageError, sql::Pool};

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

/// The one connection that writes, to a file that is created when it is missing.
pub(super) fn writer(file: &Path) -> Pool {
    let options = options(file)
        .create_if_missing(true)
        // Copying the log back into the database syncs both files; do it for more pages at once.
        .pragma("wal_autocheckpoint", "4000")
        .pragma("cache_size", "-32768");
    let pool = SqlitePoolOptions::new()
        .max_connections(1)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false);
    Pool::Sqlite(pool.connect_lazy_with(options))
}

/// The connections that read.
pub(super) fn readers(file: &Path) -> Pool {
    let pool =
        SqlitePoolOptions::new().max_connections(READERS).acquire_timeout(Duration::from_secs(10));
    Pool::Sqlite(pool.connect_lazy_with(options(file).read_only(true)))
}

/// Copies a database that may be in use into a new file, as it is at one moment.
pub(super) async fn back_up(file: &Path, copy: &str) -> Result<(), StorageError> {
    let mut connection = SqliteConnection::connect_with(&options(file)).await?;
    sqlx::query("VACUUM INTO $1").bind(copy).execute(&mut connection).await?;
    connection.close().await?;
    Ok(())
}
