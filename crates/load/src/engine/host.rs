//! The engine on a real socket with real time, natively: the smallest host there is.
//!
//! One thread, tokio underneath, history in memory that outlives a page. Decides nothing.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    future::{Future, poll_fn},
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
    time::{Duration, SystemTime},
};

use futures::future::LocalBoxFuture;
use tim_engine::{
    output::Output,
    ports::{Host, LogLevel, Socket as Port},
    store::{StoreError, memory::MemoryStore},
};
use tim_protocol::{CLOSE_RESTART, ids::UserId};
use tokio::{
    sync::{Notify, mpsc},
    time::sleep,
};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::frames::socket::Socket;

/// The app at an engine.
pub trait Listener: 'static {
    /// Takes what the engine has to say, in order; the time is Unix milliseconds.
    fn take(&self, now_ms: u64, batch: Vec<Output>);
}

/// Where an attempt to connect goes, and from which address if that matters.
#[derive(Clone, Copy, Debug)]
pub struct Way {
    /// The server.
    pub target: SocketAddr,
    /// This end; the system chooses without it.
    pub source: Option<Ipv4Addr>,
}

/// Answers the way of the next attempt; none when there is no way.
pub type Ways = Rc<dyn Fn() -> Option<Way>>;

/// The engine's host.
pub struct TokioHost<L> {
    listener: Rc<L>,
    ways: Ways,
    stores: Rc<RefCell<HashMap<UserId, MemoryStore>>>,
    random: Cell<u64>,
    cut: Rc<Notify>,
}

impl<L: Listener> TokioHost<L> {
    /// A host with an empty device; whatever notifies `cut` ends the connection there is.
    pub(super) fn new(listener: &Rc<L>, ways: Ways, cut: &Rc<Notify>) -> Self {
        Self {
            listener: Rc::clone(listener),
            ways,
            stores: Rc::default(),
            // Every device has its own beginning.
            random: Cell::new(fastrand::u64(..)),
            cut: Rc::clone(cut),
        }
    }
}

impl<L: Listener> Host for TokioHost<L> {
    type Store = MemoryStore;
    type Socket = TokioSocket;

    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0, |it| u64::try_from(it.as_millis()).unwrap_or(u64::MAX))
    }

    fn random(&self) -> u32 {
        let state = self.random.get().wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.random.set(state);
        (state >> 32) as u32
    }

    #[expect(clippy::manual_async_fn, reason = "an async fn would hold on to `self`")]
    fn sleep(&self, ms: u64) -> impl Future<Output = ()> + 'static {
        async move {
            tokio::task::yield_now().await;
            sleep(Duration::from_millis(ms)).await;
        }
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        tokio::task::spawn_local(task);
    }

    fn woken(&self) -> impl Future<Output = ()> + 'static {
        std::future::pending()
    }

    fn connect(&self, _url: &str) -> impl Future<Output = Option<TokioSocket>> + 'static {
        let (way, cut) = ((self.ways)(), Rc::clone(&self.cut));
        async move {
            let Way { target, source } = way?;
            let socket = Socket::open(target, source).await.ok()?;
            let (send, to_send) = mpsc::unbounded_channel();
            let (received, receive) = mpsc::unbounded_channel();
            let restarts = Rc::<Cell<bool>>::default();
            let told = Rc::clone(&restarts);
            tokio::task::spawn_local(async move {
                told.set(pump(socket, to_send, &received, cut).await == Some(CLOSE_RESTART));
            });
            Some(TokioSocket { send, receive: RefCell::new(receive), restarts })
        }
    }

    fn open_store(
        &self,
        _sdk_app_id: i64,
        user: &UserId,
    ) -> impl Future<Output = Result<MemoryStore, StoreError>> + 'static {
        let store = self.stores.borrow_mut().entry(user.clone()).or_default().clone();
        async move { Ok(store) }
    }

    fn output(&self, batch: Vec<Output>) {
        self.listener.take(self.now_ms(), batch);
    }

    fn log(&self, _level: LogLevel, _line: &str) {}
}

/// Carries frames both ways until one side has enough; answers the code the server closed with.
async fn pump(
    mut socket: Socket,
    mut to_send: mpsc::UnboundedReceiver<Option<String>>,
    received: &mpsc::UnboundedSender<String>,
    cut: Rc<Notify>,
) -> Option<u16> {
    loop {
        tokio::select! {
            frame = to_send.recv() => match frame {
                Some(Some(text)) => {
                    if socket.feed(text.into()).await.is_err() || socket.flush().await.is_err() {
                        return None;
                    }
                }
                Some(None) => {
                    socket.close(CloseCode::Normal).await;
                    return None;
                }
                None => return None,
            },
            text = socket.next() => match text {
                Ok(text) if received.send(text.to_string()).is_ok() => {}
                Ok(_) => return None,
                Err(lost) => return lost.code,
            },
            () = cut.notified() => {
                socket.cut();
                return None;
            }
        }
    }
}

/// A WebSocket as the engine knows it.
pub struct TokioSocket {
    /// `None` closes it.
    send: mpsc::UnboundedSender<Option<String>>,
    receive: RefCell<mpsc::UnboundedReceiver<String>>,
    restarts: Rc<Cell<bool>>,
}

impl Port for TokioSocket {
    fn send(&self, frame: &str) {
        // A closed connection is noticed by the reader.
        let _ = self.send.send(Some(frame.to_owned()));
    }

    async fn receive(&self) -> Option<String> {
        poll_fn(|context| self.receive.borrow_mut().poll_recv(context)).await
    }

    fn close(&self) {
        let _ = self.send.send(None);
        self.receive.borrow_mut().close();
    }

    fn server_restarts(&self) -> bool {
        self.restarts.get()
    }
}
