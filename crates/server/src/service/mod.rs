//! The rules: who may do what, and what follows from it. One noun per file.
//!
//! Use cases take what a client said and who it is, and answer a value or a [`Refusal`]. They know
//! no socket and no SQL: they ask [`crate::storage`], and tell others through [`crate::bus`].

pub mod accounts;
pub mod cluster;
mod connected;
pub mod conversations;
pub mod limits;
pub mod messages;
pub mod retention;
pub mod sessions;
pub mod users;

use std::{
    collections::HashMap,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use tim_protocol::code::Code;

use crate::{
    bus::{Bus, BusError, LocalBus, NatsBus, NatsOptions},
    config::{App, Config},
    storage::{NodeKey, Storage, StorageError},
};
use accounts::Accounts;
use cluster::{SelfDescription, Troubles};
use connected::ConnectedInstances;
use limits::LoginFailures;

/// How long the start waits for a database that is starting itself.
const WAIT_FOR_DATABASE: Duration = Duration::from_secs(20);

/// Why a request was not served: a number for programs and a sentence for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What programs compare.
    pub code: Code,
    /// What people read; never holds anything a user wrote.
    pub text: &'static str,
}

impl From<Code> for Refusal {
    fn from(code: Code) -> Self {
        Self { code, text: code.text() }
    }
}

/// The cause is ours and stays in the log.
impl From<StorageError> for Refusal {
    fn from(error: StorageError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "storage failed");
        Code::INTERNAL.into()
    }
}

/// Why the server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be used.
    #[error("the database ({place}) cannot be used: {}", source.sentence())]
    Storage {
        /// Where it is.
        place: String,
        /// What is wrong.
        source: StorageError,
    },
    /// The bus can never be used as it is configured.
    #[error("`bus`: {0}")]
    Bus(#[source] BusError),
}

/// Everything the use cases need, shared by all connections.
pub struct Service {
    apps: HashMap<u32, Arc<App>>,
    storage: Storage,
    bus: Arc<dyn Bus>,
    accounts: Accounts,
    login_failures: LoginFailures,
    /// The number of this server.
    node: NodeKey,
    description: SelfDescription,
    troubles: Troubles,
    connected: ConnectedInstances,
    /// Everybody is being asked to compare cursors.
    is_asking: AtomicBool,
    /// What one connection may ask in a second.
    requests_per_second: u32,
}

impl Service {
    /// Opens the database, joins the other servers and gets ready to serve.
    ///
    /// # Errors
    /// When the database cannot be used, or the bus never can. A bus that is away for the moment is
    /// no error.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        let description = SelfDescription::of(config);
        let joined = join(config, &description).await;
        let (storage, node, cluster) = joined.map_err(|source| {
            let place = config.location().name();
            StartError::Storage { place, source }
        })?;
        let bus: Arc<dyn Bus> = match &config.bus {
            None => Arc::new(LocalBus::default()),
            Some(url) => {
                let (url, ca_file) = (url.clone(), config.bus_ca_file.clone());
                let options = NatsOptions { url, ca_file, cluster, node };
                Arc::new(NatsBus::connect(options).await.map_err(StartError::Bus)?)
            }
        };
        storage.announce_to(messages::announcer(Arc::clone(&bus)));
        let apps = config.apps.iter().map(|app| (app.sdk_app_id, Arc::new(app.clone())));
        Ok(Self {
            apps: apps.collect(),
            storage,
            bus,
            accounts: Accounts::default(),
            login_failures: LoginFailures::new(&config.limits),
            node,
            description,
            troubles: Troubles::default(),
            connected: ConnectedInstances::default(),
            is_asking: AtomicBool::new(false),
            requests_per_second: config.limits.requests_per_second,
        })
    }

    /// Commits what is waiting, takes leave of the other servers and closes the database.
    pub async fn stop(&self) {
        if let Err(error) = self.storage.leave(self.node).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the other servers were not told that this one ends");
        }
        self.bus.close().await;
        self.storage.clone().close().await;
    }

    /// What an operator should know, as sentences; empty when all is well.
    #[must_use]
    pub fn troubles(&self) -> Vec<String> {
        self.troubles.sentences()
    }

    /// The database, for health checks and the end.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// The bus, to listen for a session.
    #[must_use]
    pub fn bus(&self) -> &dyn Bus {
        &*self.bus
    }
}

/// Opens the database and takes a place among its servers: also which one that is, and what the
/// database is called.
async fn join(
    config: &Config,
    description: &SelfDescription,
) -> Result<(Storage, NodeKey, String), StorageError> {
    let began = Instant::now();
    let storage = loop {
        match Storage::open(config.location()).await {
            Err(error) if error.may_pass() && began.elapsed() < WAIT_FOR_DATABASE => {
                tracing::warn!("the database cannot be used yet: {}", error.sentence());
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            result => break result?,
        }
    };
    let node = storage.join(description.to_json()).await?;
    let cluster = storage.cluster_id().await?;
    Ok((storage, node, cluster))
}

/// The server's clock in milliseconds since 1970.
#[must_use]
pub fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}

/// The server's clock in seconds since 1970.
#[must_use]
pub fn now_s() -> u64 {
    now_ms() / 1000
}
