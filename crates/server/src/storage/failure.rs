//! What a failure of the database means: may the same be tried again, and what does an operator have
//! to know?

use sqlx::{error::DatabaseError, migrate::MigrateError, sqlite::SqliteError};

use super::StorageError;

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing was stored, and the next try may succeed: two transactions were in each other's way.
    Conflict,
    /// The connection is gone, or the engine is for the moment. Whether the last statement was
    /// carried out is not known.
    Lost,
    /// The statement itself.
    Fault,
}

impl StorageError {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Database(error) => kind(error),
            Self::TimedOut => Kind::Lost,
            _ => Kind::Fault,
        }
    }

    /// Whether a row with this key is there already.
    pub(super) fn is_repetition(&self) -> bool {
        let Self::Database(sqlx::Error::Database(error)) = self else { return false };
        error.is_unique_violation()
    }
}

fn kind(error: &sqlx::Error) -> Kind {
    match error {
        sqlx::Error::Database(error) => kind_by_code(&**error),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed => Kind::Lost,
        _ => Kind::Fault,
    }
}

/// By PostgreSQL's five letters; SQLite's numbers have another form and are never among them.
fn kind_by_code(error: &dyn DatabaseError) -> Kind {
    let code = error.code().unwrap_or_default();
    match &*code {
        // Serialization failure, deadlock, lock not available.
        "40001" | "40P01" | "55P03" => Kind::Conflict,
        // Statement timeout or cancelled by an operator, too many connections, shutting down,
        // crashed, starting up, recovering (25006: a standby was promoted or we talk to one).
        "57014" | "53300" | "57P01" | "57P02" | "57P03" | "25006" => Kind::Lost,
        // Connection exceptions.
        code if code.starts_with("08") && code.len() == 5 => Kind::Lost,
        _ => Kind::Fault,
    }
}

/// Why a database cannot be used, as a sentence for the operator.
#[must_use]
pub(super) fn sentence(error: &StorageError) -> String {
    match error {
        StorageError::Database(error) => of_engine(error),
        StorageError::Migration(error) => of_schema(error),
        StorageError::NotCommitted => {
            "it has not stored what it was given; the log says why".to_owned()
        }
        error => error.to_string(),
    }
}

fn of_schema(error: &MigrateError) -> String {
    match error {
        MigrateError::VersionMissing(version) | MigrateError::VersionTooNew(version, _) => format!(
            "its schema (version {version}) is newer than this tim-server; start the version that \
             made it, or a later one"
        ),
        MigrateError::VersionMismatch(version) => format!(
            "its schema is not one of tim-server's: version {version} was made by something else"
        ),
        MigrateError::Dirty(version) => format!(
            "an earlier change of its schema (version {version}) broke off; restore the backup made \
             before it"
        ),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => of_engine(error),
        error => error.to_string(),
    }
}

fn of_engine(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) => format!("it cannot be reached ({error})"),
        sqlx::Error::PoolTimedOut => "it does not answer in time".to_owned(),
        sqlx::Error::Tls(error) => {
            format!("an encrypted connection to it is not possible ({error}); see `sslmode`")
        }
        sqlx::Error::Protocol(_) => {
            "what answers there does not speak PostgreSQL's protocol".to_owned()
        }
        sqlx::Error::Database(error) if is_sqlite(&**error) => of_sqlite(&**error),
        sqlx::Error::Database(error) => match &*error.code().unwrap_or_default() {
            "28P01" => "it refuses the password".to_owned(),
            "28000" => format!("it refuses the user ({})", error.message()),
            "3D000" => format!("there is no such database ({})", error.message()),
            "42501" => format!("the user may not do that ({})", error.message()),
            "53300" => "it has no connection left; raise its `max_connections` or lower \
                        `postgres.readers` and `postgres.writers`"
                .to_owned(),
            "57P03" => "it is starting or stopping".to_owned(),
            _ => error.message().to_owned(),
        },
        error => error.to_string(),
    }
}

fn is_sqlite(error: &dyn DatabaseError) -> bool {
    error.try_downcast_ref::<SqliteError>().is_some()
}

/// By the number of the result, without what extends it.
fn of_sqlite(error: &dyn DatabaseError) -> String {
    let code: i32 = error.code().unwrap_or_default().parse().unwrap_or_default();
    match code & 0xff {
        3 | 8 | 23 => "this user may not write it".to_owned(),
        5 | 6 => "another program works with it and does not let go".to_owned(),
        10 => "the disk does not read or write it".to_owned(),
        11 => "it is damaged; restore a backup".to_owned(),
        13 => "the disk is full".to_owned(),
        14 => "it cannot be opened: this user may not, or it is no file".to_owned(),
        26 => "it is no database, or it is damaged; restore a backup".to_owned(),
        _ => error.message().to_owned(),
    }
}
