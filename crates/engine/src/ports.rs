//! The outside world as the engine needs it: a socket, a clock, randomness, a place for tasks, a
//! store and a listener. What the host's life means for the engine comes the other way: it calls
//! [`Client::flush_soon`](crate::client::Client::flush_soon) when it may be gone in a moment and
//! [`Client::trim_store`](crate::client::Client::trim_store) when memory is short.
//!
//! No port carries a `Send` bound: the engine lives on one thread, a page's or a test's. Ports do
//! not decide anything; when to retry, what is late and what is lost is the engine's matter.

use std::future::Future;

use futures::future::LocalBoxFuture;
use tim_protocol::{ids::UserId, limits};

use crate::{
    backoff::Waits,
    output::Output,
    store::{Store, StoreError},
};

/// Everything the engine asks of the page, the mini-program or the test around it.
pub trait Host: 'static {
    /// Where history is kept.
    type Store: Store + 'static;
    /// A connection to the server.
    type Socket: Socket + 'static;

    /// How soon a lost connection is worth another attempt.
    const WAITS: Waits = Waits::AT_ONCE;
    /// How long a link may stay silent when [`Host::woken`] hints that it may be dead.
    const DOUBT_MS: u64 = 3_000;
    /// How many changes of a log are asked for and taken in at once, at most
    /// [`limits::CHANGES_COUNT`]: more is faster, fewer leave the thread free sooner.
    const CHANGES_PER_PAGE: u32 = limits::CHANGES_COUNT;

    /// Wall clock, in milliseconds since 1970.
    fn now_ms(&self) -> u64;
    /// 32 random bits; need not be unpredictable.
    fn random(&self) -> u32;
    /// Resolves after `ms` milliseconds, and never in the same turn of the event loop, also for 0.
    fn sleep(&self, ms: u64) -> impl Future<Output = ()> + 'static;
    /// Runs a task to its end on this thread.
    fn spawn(&self, task: LocalBoxFuture<'static, ()>);
    /// Resolves when the world hints that a connection may work again, or work no more: the host
    /// went online or offline, the app became visible. May never resolve.
    fn woken(&self) -> impl Future<Output = ()> + 'static;
    /// Opens a connection; `None` when that failed.
    fn connect(&self, url: &str) -> impl Future<Output = Option<Self::Socket>> + 'static;
    /// Opens the store of one user of one app, creating it if need be.
    fn open_store(
        &self,
        sdk_app_id: i64,
        user: &UserId,
    ) -> impl Future<Output = Result<Self::Store, StoreError>> + 'static;
    /// Takes what the engine has to say, in order. Called with no state borrowed, so that it may call
    /// back into the engine's synchronous functions.
    fn output(&self, batch: Vec<Output>);
    /// A line for the log.
    fn log(&self, level: LogLevel, line: &str);
}

/// How much a line of the log matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// For people who look for a fault.
    Debug,
    /// Key steps.
    Info,
    /// Something is off, the engine goes on.
    Warn,
    /// Something does not work.
    Error,
}

/// An open connection that carries text frames in order.
pub trait Socket {
    /// Hands a frame to the network. A frame for a closed connection is dropped; the engine notices
    /// at [`Socket::receive`].
    fn send(&self, frame: &str);
    /// The next frame; `None` once the connection is closed. Only one call waits at a time.
    fn receive(&self) -> impl Future<Output = Option<String>>;
    /// Closes the connection; `receive` ends with `None`.
    fn close(&self);
    /// Whether the server closed it to restart ([`tim_protocol::CLOSE_RESTART`]). Asked once `receive`
    /// has ended; a host that is not told says no.
    fn server_restarts(&self) -> bool {
        false
    }
}
