//! An engine at a real server for tests: the whole chat without a browser.
//!
//! The app's side of the stream is the one of the engine's own tests, with the promises it checks.
//! Everything here panics when something does not hold or takes too long, as a test should.

#[path = "../../engine/tests/support/app.rs"]
#[expect(missing_docs, reason = "written for the engine's tests, where nothing is published")]
pub mod app;

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use serde_json::json;
use tim_engine::{gate::Phase, output::Output};
use tokio::time::sleep;

use crate::engine::{
    device,
    host::{Listener, Way},
};
use app::App;

/// No wait of a test is longer.
const DEADLINE: Duration = Duration::from_secs(20);

/// Where the server is; it may move.
pub type Address = Rc<Cell<SocketAddr>>;

/// A user's device with one page; clones are the same one.
pub type Device = device::Device<App>;

impl Listener for App {
    fn take(&self, now_ms: u64, batch: Vec<Output>) {
        Self::take(self, now_ms, batch);
    }
}

/// A device of an app at a server.
#[must_use]
pub fn device(address: &Address, sdk_app_id: u32, user: &str) -> Device {
    let address = Rc::clone(address);
    let ways = Rc::new(move || Some(Way { target: address.get(), source: None }));
    Device::new(Rc::default(), ways, sdk_app_id, user)
}

impl Device {
    /// Logs in and waits for `SDK_READY`.
    pub async fn login(&self, user_sig: &str) {
        assert_eq!(self.try_login(user_sig).await, 0, "login of {}", self.user);
        self.until("ready", || self.phase() == Phase::Ready).await;
        self.app.events();
    }

    /// Sends a text; 0 or the code it was refused with.
    pub async fn send(&self, to: &str, text: &str) -> u32 {
        let message = self.text(to, text);
        let id = message["ID"].as_str().expect("a message has an ID").parse().expect("an ID");
        self.app.sent.borrow_mut().insert(id);
        self.code("sendMessage", json!([message])).await
    }

    /// Marks a conversation read; 0 or the code that was refused with.
    pub async fn read(&self, conversation: &str) -> u32 {
        self.code("setMessageRead", json!([{ "conversationID": conversation }])).await
    }

    /// All of a conversation, oldest first, read page by page.
    pub async fn history(&self, conversation: &str) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let mut cursor = String::new();
        loop {
            let options = json!([{ "conversationID": conversation, "nextReqMessageID": cursor }]);
            let data = self.call("getMessageList", options).await.expect("a page");
            let ids = data["messageList"].as_array().expect("a list").iter();
            let ids = ids.map(|it| it["$m"].as_str().expect("a name").parse().expect("an ID"));
            all.splice(..0, ids.map(|id| self.app.text(&id)).collect::<Vec<_>>());
            if data["isCompleted"] == true {
                return all;
            }
            data["nextReqMessageID"].as_str().expect("a cursor").clone_into(&mut cursor);
        }
    }

    /// Waits until something holds.
    pub async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let begun = Instant::now();
        while !holds() {
            assert!(begun.elapsed() < DEADLINE, "{} waits for {what}", self.user);
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Waits for an event; answers all up to it.
    pub async fn hear(&self, event: &str) -> Vec<String> {
        let heard = RefCell::new(Vec::new());
        self.until(event, || {
            heard.borrow_mut().extend(self.app.events());
            heard.borrow().iter().any(|it: &String| it == event)
        })
        .await;
        heard.into_inner()
    }
}
