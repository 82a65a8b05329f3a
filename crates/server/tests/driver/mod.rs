//! The engine on a real socket with real time, natively: the smallest host there is.
//!
//! One thread, tokio underneath, history in memory that outlives a page. Decides nothing; the app's
//! side of the stream is the one of the engine's own tests.

#[path = "../../../engine/tests/support/app.rs"]
#[expect(dead_code, reason = "the scenarios of the engine ask for more of it")]
pub mod app;

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    future::{Future, poll_fn},
    net::SocketAddr,
    rc::Rc,
    time::{Duration, SystemTime},
};

use futures::{SinkExt as _, StreamExt as _, future::LocalBoxFuture};
use serde_json::{Value, json};
use tim_engine::{
    client::{Client, Config},
    error::Error,
    gate::Phase,
    output::Output,
    ports::{Host, LogLevel, Socket},
    store::{StoreError, memory::MemoryStore},
};
use tim_protocol::{CLOSE_RESTART, SUBPROTOCOL, ids::UserId};
use tokio::{
    sync::{Notify, mpsc},
    time::{Instant, sleep},
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use app::App;

/// No wait of a test is longer.
const DEADLINE: Duration = Duration::from_secs(20);

/// Where the server is; it may move.
pub type Address = Rc<Cell<SocketAddr>>;

/// A user's device with one page; clones are the same one.
#[derive(Clone)]
pub struct Device {
    pub user: String,
    pub app: Rc<App>,
    client: Client<TokioHost>,
}

/// The engine's surroundings.
#[derive(Clone)]
pub struct TokioHost {
    address: Address,
    stores: Rc<RefCell<HashMap<UserId, MemoryStore>>>,
    woken: Rc<Notify>,
    random: Rc<Cell<u64>>,
    app: Rc<App>,
}

impl Host for TokioHost {
    type Store = MemoryStore;
    type Socket = TokioSocket;

    fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        u64::try_from(since.expect("after 1970").as_millis()).expect("before the year 500 million")
    }

    fn random(&self) -> u32 {
        // Every device of a test has its own beginning.
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
        let woken = Rc::clone(&self.woken);
        async move { woken.notified().await }
    }

    fn connect(&self, _url: &str) -> impl Future<Output = Option<TokioSocket>> + 'static {
        let address = self.address.get();
        async move {
            let mut request = format!("ws://{address}/im/ws").into_client_request().ok()?;
            request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().ok()?);
            let (socket, _) = connect_async(request).await.ok()?;
            let (mut sink, mut stream) = socket.split();
            let (send, mut to_send) = mpsc::unbounded_channel::<Message>();
            let (received, receive) = mpsc::unbounded_channel::<String>();
            tokio::task::spawn_local(async move {
                while let Some(message) = to_send.recv().await {
                    if sink.send(message).await.is_err() {
                        break;
                    }
                }
            });
            let restarts = Rc::<Cell<bool>>::default();
            let told = Rc::clone(&restarts);
            tokio::task::spawn_local(async move {
                while let Some(Ok(message)) = stream.next().await {
                    match message {
                        Message::Text(text) if received.send(text.to_string()).is_err() => break,
                        Message::Close(Some(frame)) => {
                            told.set(u16::from(frame.code) == CLOSE_RESTART);
                        }
                        _ => {}
                    }
                }
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
        self.app.take(self.now_ms(), batch);
    }

    fn log(&self, _level: LogLevel, _line: &str) {}
}

/// A WebSocket with a task for each way.
pub struct TokioSocket {
    send: mpsc::UnboundedSender<Message>,
    receive: RefCell<mpsc::UnboundedReceiver<String>>,
    restarts: Rc<Cell<bool>>,
}

impl Socket for TokioSocket {
    fn send(&self, frame: &str) {
        // A closed connection is noticed by the reader.
        let _ = self.send.send(Message::text(frame));
    }

    async fn receive(&self) -> Option<String> {
        poll_fn(|context| self.receive.borrow_mut().poll_recv(context)).await
    }

    fn close(&self) {
        let _ = self.send.send(Message::Close(None));
        self.receive.borrow_mut().close();
    }

    fn server_restarts(&self) -> bool {
        self.restarts.get()
    }
}

impl Device {
    /// A device of an app at a server.
    pub fn new(address: &Address, sdk_app_id: u32, user: &str) -> Self {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        let app = Rc::new(App::default());
        let host = TokioHost {
            address: Rc::clone(address),
            stores: Rc::default(),
            woken: Rc::default(),
            random: Rc::new(Cell::new(now.as_nanos() as u64)),
            app: Rc::clone(&app),
        };
        let config = Config {
            sdk_app_id: i64::from(sdk_app_id),
            url: "ws://somewhere".to_owned(),
            language: "en".to_owned(),
            version: "test".to_owned(),
        };
        Self { user: user.to_owned(), app, client: Client::new(host, config) }
    }

    /// Runs a call of the API.
    pub async fn call(&self, method: &str, arguments: Value) -> Result<Value, Error> {
        let result = self.client.call(method, &arguments.to_string()).await;
        result.map(|it| serde_json::from_str(&it).expect("results are JSON"))
    }

    /// 0 or the code a call was refused with.
    pub async fn code(&self, method: &str, arguments: Value) -> u32 {
        self.call(method, arguments).await.map_or_else(|error| error.code.0, |_| 0)
    }

    pub async fn try_login(&self, user_sig: &str) -> u32 {
        self.code("login", json!([{ "userID": self.user, "userSig": user_sig }])).await
    }

    /// Logs in and waits for `SDK_READY`.
    pub async fn login(&self, user_sig: &str) {
        assert_eq!(self.try_login(user_sig).await, 0, "login of {}", self.user);
        self.until("ready", || self.client.phase() == Phase::Ready).await;
        self.app.events();
    }

    /// A text message as an app has it.
    pub fn text(&self, to: &str, text: &str) -> Value {
        let options = json!([{
            "to": to, "conversationType": "C2C", "payload": { "text": text },
        }]);
        let json = self.client.create("createTextMessage", &options.to_string());
        let view: Value = serde_json::from_str(&json.expect("a good message")).expect("JSON");
        let mut message = view["m"].clone();
        let fields = message.as_object_mut().expect("a message is an object");
        fields.extend(view["v"].as_object().expect("an object").clone());
        message
    }

    pub async fn send(&self, to: &str, text: &str) -> u32 {
        let message = self.text(to, text);
        let id = message["ID"].as_str().expect("a message has an ID").parse().expect("an ID");
        self.app.sent.borrow_mut().insert(id);
        self.code("sendMessage", json!([message])).await
    }

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
