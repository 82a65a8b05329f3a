//! The page as the engine's host: clock, timers, tasks, log, and the doors to socket and database.

use std::future::Future;

use futures::future::LocalBoxFuture;
use gloo_timers::callback::Timeout;
use tim_engine::{
    oneshot,
    output::Output,
    ports::{Host, LogLevel},
    store::StoreError,
};
use tim_protocol::{ids::UserId, json};
use wasm_bindgen::JsValue;
use web_sys::console;

use super::{idb::IdbStore, socket::WebSocket, watch};
use crate::outlet::Outlet;

/// Resolves after `ms` milliseconds, and never in the same turn.
pub(super) async fn sleep(ms: u32) {
    let (sender, receiver) = oneshot::channel();
    // Nobody waits any more when this is given up, and dropping it stops the clock.
    let _timeout = Timeout::new(ms, move || sender.send(()).unwrap_or_default());
    // The timeout holds the other end.
    let _ = receiver.await;
}

/// A web page.
pub struct Page(Outlet);

impl Page {
    /// The page around us, which needs nobody to describe it.
    #[must_use]
    pub fn new(outlet: Outlet, _: JsValue) -> Self {
        Self(outlet)
    }
}

impl Host for Page {
    type Store = IdbStore;
    type Socket = WebSocket;

    fn now_ms(&self) -> u64 {
        js_sys::Date::now() as u64
    }

    fn random(&self) -> u32 {
        (js_sys::Math::random() * 4_294_967_296.0) as u32
    }

    fn sleep(&self, ms: u64) -> impl Future<Output = ()> + 'static {
        sleep(u32::try_from(ms).unwrap_or(u32::MAX))
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        wasm_bindgen_futures::spawn_local(task);
    }

    fn woken(&self) -> impl Future<Output = ()> + 'static {
        watch::woken()
    }

    fn connect(&self, url: &str) -> impl Future<Output = Option<WebSocket>> + 'static {
        WebSocket::open(url.to_owned())
    }

    fn open_store(
        &self,
        sdk_app_id: i64,
        user: &UserId,
    ) -> impl Future<Output = Result<IdbStore, StoreError>> + 'static {
        IdbStore::open(["tim", &json::write(&sdk_app_id), user.as_str()].join("-"))
    }

    fn output(&self, batch: Vec<Output>) {
        self.0.output(batch);
    }

    fn log(&self, level: LogLevel, line: &str) {
        if self.0.lets_through(level) {
            let line = JsValue::from_str(&["tim-wasm: ", line].concat());
            match level {
                LogLevel::Debug => console::debug_1(&line),
                LogLevel::Info => console::info_1(&line),
                LogLevel::Warn => console::warn_1(&line),
                LogLevel::Error => console::error_1(&line),
            }
        }
    }
}
