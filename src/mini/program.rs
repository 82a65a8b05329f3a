//! The mini-program as the engine's host: clock, timers, tasks, log, and the doors to socket and
//! files.

use std::{cell::RefCell, future::Future};

use fastrand::Rng;
use futures::future::LocalBoxFuture;
use tim_engine::{
    backoff::Waits,
    oneshot,
    output::Output,
    ports::{Host, LogLevel},
    store::StoreError,
};
use tim_files::FileStore;
use tim_protocol::{ids::UserId, json};
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};

use super::{files::HostFiles, platform::Platform, socket::ProgramSocket, watch};
use crate::outlet::{Outlet, rank};

/// A mini-program.
pub struct Program {
    outlet: Outlet,
    platform: Platform,
    random: RefCell<Rng>,
}

impl Program {
    /// The program behind a platform object.
    #[must_use]
    pub fn new(outlet: Outlet, platform: JsValue) -> Self {
        let platform: Platform = platform.unchecked_into();
        let seed = platform.seed();
        let part = |index| seed.get(index).as_f64().unwrap_or_default() as u64;
        let random = RefCell::new(Rng::with_seed(part(0) << 32 | part(1)));
        Self { outlet, platform, random }
    }
}

/// A timer; dropping it stops the clock.
struct Timer {
    platform: Platform,
    id: f64,
    _callback: Closure<dyn FnMut()>,
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.platform.clear_timer(self.id);
    }
}

/// Resolves after `ms` milliseconds, and never in the same turn.
pub(super) async fn sleep(platform: Platform, ms: f64) {
    let (sender, receiver) = oneshot::channel();
    let mut sender = Some(sender);
    let callback = Closure::<dyn FnMut()>::new(move || {
        if let Some(sender) = sender.take() {
            let _ = sender.send(());
        }
    });
    let id = platform.set_timer(ms, callback.as_ref().unchecked_ref());
    let _timer = Timer { platform, id, _callback: callback };
    // The timer holds the other end.
    let _ = receiver.await;
}

impl Host for Program {
    type Store = FileStore<HostFiles>;
    type Socket = ProgramSocket;

    /// A socket that is opened in the moment of coming back is often refused; a little later it is not.
    const WAITS: Waits = Waits { first_ms: 100, second_ms: 300 };
    /// Coming back from the background mostly means that the socket is dead, whether the host says so
    /// or not, and somebody is looking at the screen.
    const DOUBT_MS: u64 = 2_000;
    /// The program's thread is the screen's, too, and phones exist whose engine compiles nothing.
    const CHANGES_PER_PAGE: u32 = 100;

    fn now_ms(&self) -> u64 {
        self.platform.now() as u64
    }

    fn random(&self) -> u32 {
        self.random.borrow_mut().u32(..)
    }

    fn sleep(&self, ms: u64) -> impl Future<Output = ()> + 'static {
        sleep(self.platform.clone(), ms as f64)
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        wasm_bindgen_futures::spawn_local(task);
    }

    fn woken(&self) -> impl Future<Output = ()> + 'static {
        watch::woken(self.platform.clone())
    }

    fn connect(&self, url: &str) -> impl Future<Output = Option<ProgramSocket>> + 'static {
        ProgramSocket::open(self.platform.clone(), url.to_owned())
    }

    fn open_store(
        &self,
        sdk_app_id: i64,
        user: &UserId,
    ) -> impl Future<Output = Result<Self::Store, StoreError>> + 'static {
        let folder = [&json::write(&sdk_app_id), "/", &letters(user.as_str())].concat();
        let files = HostFiles::open(self.platform.clone(), folder);
        async move { FileStore::open(files.await?).await }
    }

    fn output(&self, batch: Vec<Output>) {
        self.outlet.output(batch);
    }

    fn log(&self, level: LogLevel, line: &str) {
        if self.outlet.lets_through(level) {
            self.platform.log(rank(level), line);
        }
    }
}

/// A user ID as the name of a folder: IDs may differ in case only, and file systems exist that do not
/// see that.
fn letters(user: &str) -> String {
    let digit = |it: u8| char::from(b"0123456789abcdef"[usize::from(it & 15)]);
    let mut letters = String::new();
    for it in user.bytes() {
        letters.push(digit(it >> 4));
        letters.push(digit(it));
    }
    letters
}
