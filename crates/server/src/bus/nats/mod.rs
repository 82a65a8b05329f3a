//! The bus between nodes, over NATS.
//!
//! What is published reaches the inboxes of this node at once, through a [`LocalBus`], and waits in
//! a queue for NATS ([`outgoing`]). What other nodes publish comes in by [`subscriptions`] and takes
//! the same way to the inboxes. NATS does not send back what came from here, so that nobody is told
//! twice. [`link`] knows how the connection stands, [`trouble`] says why it does not, and [`beats`]
//! tell who else is there.
//!
//! Nothing here fails, or waits, because NATS is away: then this node is alone, and says so.

mod address;
mod beats;
mod link;
mod outgoing;
mod subjects;
mod subscriptions;
#[cfg(test)]
mod tests;
mod trouble;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::{
    ConnectOptions,
    rustls::{
        self,
        pki_types::{CertificateDer, pem::PemObject as _},
    },
};
use futures::future::{self, BoxFuture, FutureExt as _};
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use super::{Bus, Event, Inbox, LocalBus, State, Subscription};
use crate::storage::{AccountKey, NodeKey};
use address::{Address, Secret};
use beats::Beats;
use link::{Link, News};
use outgoing::Outgoing;
use subjects::Subjects;
use subscriptions::Subscriptions;

/// How long one server may take until the connection stands.
const CONNECT: Duration = Duration::from_secs(3);

/// How long the start waits to say how it went.
const FIRST_TRY: Duration = Duration::from_secs(2);

/// The connection is given up when three of these passed without a sign of life.
const PING: Duration = Duration::from_secs(3);

/// Events that wait for the task that delivers them, of one account.
const MOST_UNDELIVERED: usize = 16 * 1024;

/// Events and subscriptions that wait inside the library. They are sent late when NATS comes back,
/// so that this is kept small.
const MOST_HANDED_OVER: usize = 512;

/// Why a bus cannot be made, or NATS cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BusError {
    /// The URL is none.
    #[error("not a URL of NATS, which looks like nats://host:4222 or tls://user:password@host")]
    NotUrl,
    /// The URL is one of something else.
    #[error("the URL of NATS begins with nats:// or tls://")]
    Scheme,
    /// All servers are asked with the same secret.
    #[error("the servers in the URL of NATS have different users or passwords")]
    TwoSecrets,
    /// The name of the cluster would not fit into a subject.
    #[error("the name of a cluster consists of letters and digits")]
    Cluster,
    /// No certificates to trust were found where they should be.
    #[error("{} holds no certificates in PEM form, or cannot be read", .0.display())]
    CaFile(PathBuf),
    /// NATS cannot be used; the text is that of [`State::Away`].
    #[error("{0}")]
    Away(String),
}

/// What a bus over NATS needs.
#[derive(Clone)]
pub struct NatsOptions {
    /// Where NATS is: `nats://host:port` or `tls://…`, with `user:password@` or `token@` if need be;
    /// several with commas between them. With `nats://`, TLS is used if the server asks for it.
    pub url: String,
    /// Certificates (PEM) to trust instead of those of the system.
    pub ca_file: Option<PathBuf>,
    /// Letters and digits, the same for all nodes of one database: others may use the same NATS.
    pub cluster: String,
    /// This node.
    pub node: NodeKey,
}

/// Delivers within this process and, as long as NATS is there, to the other nodes.
pub struct NatsBus {
    local: LocalBus,
    link: Arc<Link>,
    outgoing: Arc<Outgoing>,
    subscriptions: Arc<Subscriptions>,
    beats: Arc<Beats>,
    is_closed: Arc<AtomicBool>,
    // A std mutex: nothing awaits while it is held.
    tasks: Mutex<JoinSet<()>>,
}

impl NatsBus {
    /// Makes a bus and waits a moment for the connection. Whether it stands is up to [`Bus::state`]:
    /// a NATS that is away is tried again for as long as the bus lives.
    ///
    /// # Errors
    /// Only for options that can never work.
    pub async fn connect(options: NatsOptions) -> Result<Self, BusError> {
        let address = Address::read(&options.url)?;
        let subjects = Arc::new(Subjects::new(&options.cluster)?);
        let link = Link::new(subjects.barrier(), address.secret != Secret::None);
        let is_closed = Arc::new(AtomicBool::new(false));
        let (told, news) = mpsc::unbounded_channel();
        let client = client_options(&address, options.ca_file)?
            .name(format!("tim-server {}", options.node.0))
            .custom_inbox_prefix(subjects.inbox());
        let client = with_news(client, told, Arc::clone(&is_closed))
            .retry_on_initial_connect()
            .connect(&address.servers[..])
            .await
            .map_err(|error| BusError::Away(error.to_string()))?;
        let away = |_| BusError::Away("the client of NATS has ended".to_owned());
        let beat_subscriber = client.subscribe(subjects.beat()).await.map_err(away)?;

        let questions = client.subscribe(subjects.echo(options.node)).await.map_err(away)?;

        let local = LocalBus::default();
        let (outgoing, beats) = (Arc::new(Outgoing::default()), Arc::new(Beats::default()));
        let subscriptions = Subscriptions::new(local.clone(), Arc::clone(&link));
        let mut tasks = JoinSet::new();
        tasks.spawn(link::watch(
            Arc::clone(&link),
            client.clone(),
            Arc::clone(&subjects),
            Arc::clone(&beats),
            news,
        ));
        tasks.spawn(Arc::clone(&subscriptions).tell(
            client.clone(),
            Arc::clone(&subjects),
            Arc::clone(&beats),
        ));
        tasks.spawn(beats::answer(questions, client.clone()));
        tasks.spawn(Arc::clone(&outgoing).forward(
            client.clone(),
            Arc::clone(&link),
            Arc::clone(&subjects),
        ));
        tasks.spawn(Arc::clone(&beats).listen(beat_subscriber, Arc::clone(&link)));
        tasks.spawn(beats::send(options.node, client, Arc::clone(&link), subjects));
        let _ = timeout(FIRST_TRY, link.tried()).await;
        let tasks = Mutex::new(tasks);
        Ok(Self { local, link, outgoing, subscriptions, beats, is_closed, tasks })
    }

    fn end(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        self.subscriptions.end();
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
    }
}

impl Drop for NatsBus {
    fn drop(&mut self) {
        self.end();
    }
}

impl Bus for NatsBus {
    fn publish(&self, to: AccountKey, event: Event) {
        self.local.publish(to, event.clone());
        self.outgoing.push(to, event, &self.link);
    }

    fn deliver(&self, to: AccountKey, event: &Event) {
        self.local.deliver(to, event);
    }

    fn subscribe(&self, to: AccountKey, inbox: Arc<dyn Inbox>) -> BoxFuture<'_, Subscription> {
        async move {
            let local = self.local.subscribe(to, inbox).await;
            let batch = self.subscriptions.enter(to);
            let subscriptions = Arc::clone(&self.subscriptions);
            // It is made before the wait, so that giving up the wait ends it.
            let subscription = Subscription::new(move || {
                drop(local);
                subscriptions.leave(to);
            });
            self.subscriptions.confirmed(batch).await;
            subscription
        }
        .boxed()
    }

    fn state(&self) -> State {
        self.link.state()
    }

    fn losses(&self) -> u64 {
        self.link.losses()
    }

    fn heard(&self) -> Vec<(NodeKey, Duration)> {
        self.beats.heard()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        async move {
            self.outgoing.end().await;
            self.end();
        }
        .boxed()
    }
}

/// Whether a URL can be one of NATS.
///
/// # Errors
/// What is wrong with it.
pub fn check_url(url: &str) -> Result<(), BusError> {
    Address::read(url).map(drop)
}

/// Where a check asks; no cluster has a sign in its name.
const CHECK: &str = "tim.v1.check-only";

/// Looks once whether NATS can be used, and says what it is.
///
/// # Errors
/// When the URL is none, or with the reason why NATS cannot be used.
pub async fn check(url: &str, ca_file: Option<PathBuf>) -> Result<String, BusError> {
    let address = Address::read(url)?;
    let has_secret = address.secret != Secret::None;
    let mut answers = Vec::new();
    // Each by itself: a cluster of which one server is wrong works until that one is needed.
    for server in &address.servers {
        let options = client_options(&address, ca_file.clone())?
            .custom_inbox_prefix(format!("{CHECK}.inbox"));
        let client = match options.connect(server).await {
            Ok(client) => client,
            Err(error) => {
                return Err(BusError::Away(
                    trouble::with(server, &error.to_string(), has_secret).await,
                ));
            }
        };
        let name = address::name(server);
        let link = Link::new(format!("{CHECK}.barrier"), has_secret);
        if link.confirm(&client).await.is_err() {
            return Err(BusError::Away(format!("NATS at {name} is connected but does not answer")));
        }
        let info = client.server_info();
        answers.push(format!("NATS {} at {name} ({})", info.version, info.server_name));
    }
    Ok(answers.join(", "))
}

fn client_options(address: &Address, ca_file: Option<PathBuf>) -> Result<ConnectOptions, BusError> {
    // Where several libraries use TLS, none is the default by itself. An error means that one is.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let options = ConnectOptions::new()
        .no_echo()
        // What the operator wrote is what is used: what servers tell of each other is often an
        // address that is only good among themselves.
        .ignore_discovered_servers()
        .connection_timeout(CONNECT)
        .ping_interval(PING)
        .subscription_capacity(MOST_UNDELIVERED)
        .client_capacity(MOST_HANDED_OVER)
        .reconnect_delay_callback(pause);
    let options = match ca_file {
        Some(file) => {
            // The library would look at it only once it has a connection.
            if CertificateDer::from_pem_file(&file).is_err() {
                return Err(BusError::CaFile(file));
            }
            options.add_root_certificates(file)
        }
        None => options,
    };
    Ok(match &address.secret {
        Secret::None => options,
        Secret::Token(token) => options.token(token.clone()),
        Secret::Password(user, password) => {
            options.user_and_password(user.clone(), password.clone())
        }
    })
}

/// Passes on what happens to the connection, and stops trying once the bus has ended.
fn with_news(
    options: ConnectOptions,
    told: mpsc::UnboundedSender<News>,
    is_closed: Arc<AtomicBool>,
) -> ConnectOptions {
    let attempts = told.clone();
    options
        .event_callback(move |event| {
            // Nobody listens any more once the bus has ended.
            let _ = told.send(News::Event(event));
            future::ready(())
        })
        .reconnect_to_server_callback(move |servers, _| {
            let _ = attempts.send(News::Attempt(servers));
            let is_closed = is_closed.load(Ordering::Relaxed);
            async move {
                if is_closed {
                    future::pending::<()>().await;
                }
                // The library chooses.
                None
            }
        })
}

/// How long to wait before an attempt: longer each time, and not the same for all nodes. Also the
/// first one waits, or a server that accepts and then hangs up would be asked without a pause.
fn pause(attempt: usize) -> Duration {
    let doublings = u32::try_from(attempt.clamp(1, 7)).unwrap_or(7) - 1;
    let most = 50_u64 << doublings;
    let mut bytes = [0; 2];
    // Without randomness all nodes come at once, which is still right.
    let _ = getrandom::fill(&mut bytes);
    Duration::from_millis(most / 2 + most / 2 * u64::from(u16::from_be_bytes(bytes)) / 0xffff)
}
