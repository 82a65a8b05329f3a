//! What the operator decides: one TOML file, the environment, the command line.
//!
//! Later sources win: file, then `TIM_…` variables, then arguments. Every setting of every source goes
//! through one table (`server.rs` for the server's own, `app.rs` for an app's), so that all sources
//! know the same names and ranges. An unknown name or a value out of range is an error that says
//! where it stands: a typing error must not silently open or close something.
//!
//! Secret keys that the file does not give are made once and kept beside the database (`keys.rs`).

mod app;
mod drain;
mod keys;
mod server;
mod source;
mod tls;

use std::{io, net::SocketAddr, path::PathBuf};

pub use app::{App, CustomFieldRule};
pub use drain::Drain;
pub use server::{Config, Limits, LogFormat, Postgres};
pub use source::{Origin, Overrides};
pub use tls::{BadCertificate, Certificate};

/// Why the server does not start. Each variant reads as a sentence for the operator.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file is not there or not readable.
    #[error("the configuration file {file} cannot be read")]
    File {
        /// As the operator named it.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{file}, line {line}: {problem}")]
    Syntax {
        /// As the operator named it.
        file: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What the parser expected.
        problem: String,
    },
    /// A setting nobody knows, or a value outside its range.
    #[error("{origin}: `{key}`: {problem}")]
    Setting {
        /// Where it was set.
        origin: Origin,
        /// Its name.
        key: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Settings that exclude each other.
    #[error("{0}")]
    Contradiction(String),
    /// The certificate or its key cannot be used.
    #[error(transparent)]
    Certificate(#[from] BadCertificate),
    /// The data folder cannot be used.
    #[error("the data folder {folder} cannot be written; choose another one with `data`")]
    Data {
        /// Which folder.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Whether only this machine can connect to an address.
pub(crate) fn is_private(address: SocketAddr) -> bool {
    address.ip().is_loopback()
}
