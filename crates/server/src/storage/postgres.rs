//! How PostgreSQL is reached: two pools whose connections are bounded in number and whose statements
//! are bounded in time.

use std::time::Duration;

use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::time::timeout;

use super::{
    StorageError,
    sql::{Connection, Pool, query},
};

/// How the database is used.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// Where it is and who we are: `postgres://user:password@host:port/database?sslmode=…`
    pub url: String,
    /// Connections that read.
    pub readers: u32,
    /// Connections that write; each commits what waits for it together.
    pub writers: u32,
    /// Longest statement.
    pub statement_timeout_ms: u64,
}

/// How long a connection may lie idle before it is asked whether it still lives.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// How long a reader waits for a connection, also while the engine restarts.
pub(super) const ACQUIRE_DEADLINE: Duration = Duration::from_secs(6);
/// The same for a writer, which has its own patience and asks again.
const WRITER_DEADLINE: Duration = Duration::from_secs(2);
/// How long one attempt to reach the engine takes at most.
const REACH_DEADLINE: Duration = Duration::from_secs(5);

/// Reads the URL, so that a wrong one is found before anything is started.
///
/// # Errors
/// What is wrong with it; the password is not repeated.
pub fn check_url(url: &str) -> Result<(), String> {
    let wrong = |problem: &str| {
        Err(format!("must be sqlite or postgres://user:password@host:port/database{problem}"))
    };
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        return wrong("");
    }
    match url.parse::<PgConnectOptions>() {
        Ok(options) if options.get_database().is_some_and(|it| !it.is_empty()) => Ok(()),
        Ok(_) => wrong(" (the name of the database is missing)"),
        Err(error) => wrong(&format!(" ({error})")),
    }
}

/// Where a database is, without its password.
pub fn place(url: &str) -> String {
    url.parse::<PgConnectOptions>().map_or_else(
        |_| "PostgreSQL".to_owned(),
        |it| {
            let database = it.get_database().unwrap_or_default();
            format!("PostgreSQL at {}:{}, database {database}", it.get_host(), it.get_port())
        },
    )
}

fn options(settings: &PostgresSettings) -> Result<PgConnectOptions, sqlx::Error> {
    let timeout = settings.statement_timeout_ms.to_string();
    let options =
        settings.url.parse::<PgConnectOptions>()?.application_name("tim-server").options([
            ("statement_timeout", timeout.as_str()),
            ("lock_timeout", timeout.as_str()),
            // A node that is stopped in the middle of a transaction does not hold its locks for ever.
            ("idle_in_transaction_session_timeout", "10000"),
            // An acknowledged message survives a power cut, whatever the server's default is.
            ("synchronous_commit", "on"),
            // The lists of values are short and look up single rows; plans for anything else would be
            // guesses from tables that were empty when the statement was prepared.
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
        ]);
    Ok(options.disable_statement_logging())
}

fn pool(settings: &PostgresSettings, most: u32, deadline: Duration) -> Result<Pool, sqlx::Error> {
    let pool = PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(deadline)
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(
                async move { Ok(about.idle_for < TRUSTED_FOR || connection.ping().await.is_ok()) },
            )
        });
    Ok(Pool::Postgres(pool.connect_lazy_with(options(settings)?)))
}

/// The connections that write.
pub(super) fn writers(settings: &PostgresSettings) -> Result<Pool, StorageError> {
    Ok(pool(settings, settings.writers, WRITER_DEADLINE)?)
}

/// The connections that read.
pub(super) fn readers(settings: &PostgresSettings) -> Result<Pool, StorageError> {
    Ok(pool(settings, settings.readers, ACQUIRE_DEADLINE)?)
}

/// Connects once, for the reason should it not work: a pool would only say that it took too long.
pub(super) async fn reach(settings: &PostgresSettings) -> Result<(), StorageError> {
    let options = options(settings)?;
    let connecting = timeout(REACH_DEADLINE, PgConnection::connect_with(&options)).await;
    let connection = connecting.map_err(|_| StorageError::TimedOut)??;
    connection.close().await?;
    Ok(())
}

/// Whether this database is one that messages can be put into.
pub(super) async fn check(connection: &mut Connection) -> Result<(), StorageError> {
    let encoding: String =
        query("SELECT current_setting('server_encoding')").fetch_one(connection).await?.get(0)?;
    if encoding != "UTF8" {
        return Err(StorageError::Encoding(encoding));
    }
    let is_standby: i64 = query("SELECT CASE WHEN pg_is_in_recovery() THEN 1 ELSE 0 END::int8")
        .fetch_one(connection)
        .await?
        .get(0)?;
    if is_standby == 1 {
        return Err(StorageError::Standby);
    }
    Ok(())
}
