//! What an operator asks of the program besides serving: looking, migrating, copying.
//!
//! Part of the program, not of the library: it prints.

use std::{
    fs::{self, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use tim_server::{
    bus::{self, BusError},
    config::Config,
    service::now_ms,
    storage::{Storage, StorageError},
};

/// Clocks that differ by more are worth a sentence.
const MOST_SKEW_MS: u64 = 2_000;

/// Why a command has failed, as a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The database cannot be used.
    #[error("the database ({place}) cannot be used: {}", source.sentence())]
    Storage {
        /// Where it is.
        place: String,
        /// What is wrong.
        source: StorageError,
    },
    /// The schema and this program do not fit.
    #[error(
        "the database's schema (version {found}) is newer than this tim-server ({known}); \
         start the version that made it, or a later one"
    )]
    TooNew {
        /// Of the database.
        found: i64,
        /// Of this program.
        known: i64,
    },
    /// NATS cannot be used.
    #[error("the bus cannot be used: {0}")]
    Bus(#[source] BusError),
    /// The copy would replace something.
    #[error("{0} exists already; a backup replaces nothing")]
    Exists(PathBuf),
    /// The path is not one that SQLite takes.
    #[error("{0} is not a path that can be used")]
    Path(PathBuf),
    /// The copy cannot be written.
    #[error("the copy {file} cannot be written: {source}")]
    Copy {
        /// The file that was named.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl CommandError {
    fn storage(config: &Config, source: StorageError) -> Self {
        Self::Storage { place: config.location().name(), source }
    }
}

/// Looks at everything the server would need, and changes nothing. The lines say what was found.
pub async fn check(config: &Config) -> Result<Vec<String>, CommandError> {
    let mut lines = vec![format!("configuration  good, {} app(s)", config.apps.len())];
    let place = config.location().name();
    match Storage::inspect(&config.location()).await {
        Ok(found) => {
            lines.push(format!("database       {place}: {}", found.engine));
            let known = found.newest_schema;
            lines.push(match found.schema {
                Some(version) if version > known => {
                    return Err(CommandError::TooNew { found: version, known });
                }
                Some(version) if version == known => {
                    format!("schema         version {version}, up to date")
                }
                Some(version) => {
                    format!("schema         version {version}; the next start brings it to {known}")
                }
                None => "schema         none yet; the first start makes it".to_owned(),
            });
            lines.push(format!(
                "servers        {} at work, {} instances connected",
                found.nodes, found.connected
            ));
            let skew_ms = found.time_ms.abs_diff(now_ms());
            if skew_ms > MOST_SKEW_MS {
                lines.push(format!(
                    "clock          differs from the database's by {} s; keep both right",
                    skew_ms.div_ceil(1000)
                ));
            }
        }
        Err(StorageError::NoFile) => {
            lines.push(format!("database       {place}: none yet; the first start makes it"));
        }
        Err(error) => return Err(CommandError::storage(config, error)),
    }
    lines.push(match &config.bus {
        None => "bus            none: a single server".to_owned(),
        Some(url) => {
            let found = bus::check(url, config.bus_ca_file.clone()).await;
            format!("bus            {}", found.map_err(CommandError::Bus)?)
        }
    });
    Ok(lines)
}

/// Brings the schema up to date, so that the next start has nothing to do.
pub async fn migrate(config: &Config) -> Result<String, CommandError> {
    let version = Storage::migrate(&config.location()).await;
    let version = version.map_err(|error| CommandError::storage(config, error))?;
    Ok(format!("{}: schema version {version}", config.location().name()))
}

/// Copies SQLite's database while a server may be working with it. The copy is complete and on disk
/// when this returns; a failure leaves none.
pub async fn back_up(config: &Config, copy: &Path) -> Result<String, CommandError> {
    let text = copy.to_str().ok_or_else(|| CommandError::Path(copy.to_owned()))?;
    let unwritable = |source| CommandError::Copy { file: copy.to_owned(), source };
    // Made here and empty, since SQLite would let everybody read what everybody has written.
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(copy);
    let file = made.map_err(|source| match source.kind() {
        io::ErrorKind::AlreadyExists => CommandError::Exists(copy.to_owned()),
        _ => unwritable(source),
    })?;
    let copied = match Storage::back_up(&config.location(), text).await {
        Ok(()) => file.sync_all().map_err(unwritable),
        Err(error) => Err(CommandError::storage(config, error)),
    };
    if copied.is_err() {
        // What is left of it would pass for a copy. The first error says more than this one could.
        let _ = fs::remove_file(copy);
    }
    copied?;
    Ok(format!("{} was copied to {text}", config.location().name()))
}
