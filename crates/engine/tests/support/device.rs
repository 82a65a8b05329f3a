//! A device: a database that stays, and a page with an engine that comes and goes.
//!
//! Calls go through [`Client::call`], as the facade's do: JSON in, JSON out. Reloading the page stops
//! everything of it in the middle, whatever it was doing.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    future::Future,
    rc::Rc,
};

use futures::{
    channel::oneshot,
    future::{AbortHandle, LocalBoxFuture, abortable, pending},
};
use serde_json::{Value, json};
use tim_engine::{
    client::{Client, Config},
    error::Error,
    output::{MessageView, Output},
    ports::{Host, LogLevel},
    store::{StoreError, memory::MemoryStore},
};
use tim_protocol::ids::UserId;

use super::{
    app::{App, text_of},
    network::{Link, Route, SimSocket},
    sim::Sim,
    store::{Disk, SimStore},
    world::Cloud,
};

/// What is on disk, by user.
type Databases = Rc<RefCell<HashMap<UserId, MemoryStore>>>;

/// One user's device.
pub struct Device {
    pub user: String,
    pub sim: Sim,
    pub route: Rc<Route>,
    pub disk: Rc<Disk>,
    databases: Databases,
    cloud: Cloud,
    page: RefCell<Page>,
}

struct Page {
    client: Client<SimHost>,
    host: SimHost,
}

/// The engine's host: one page of a device.
#[derive(Clone)]
pub struct SimHost {
    sim: Sim,
    route: Rc<Route>,
    cloud: Cloud,
    disk: Rc<Disk>,
    databases: Databases,
    alive: Rc<Cell<bool>>,
    tasks: Rc<RefCell<Vec<AbortHandle>>>,
    wakers: Rc<RefCell<Vec<oneshot::Sender<()>>>>,
    app: Rc<App>,
}

impl Host for SimHost {
    type Store = SimStore;
    type Socket = SimSocket;

    fn now_ms(&self) -> u64 {
        self.sim.now_ms()
    }

    fn random(&self) -> u32 {
        self.sim.random() as u32
    }

    fn sleep(&self, ms: u64) -> impl Future<Output = ()> + 'static {
        self.sim.sleep(ms)
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        let (task, handle) = abortable(task);
        self.tasks.borrow_mut().push(handle);
        // A page that is gone does not finish its tasks.
        self.sim.spawn(async move {
            let _ = task.await;
        });
    }

    fn woken(&self) -> impl Future<Output = ()> + 'static {
        let (wake, woken) = oneshot::channel();
        self.wakers.borrow_mut().push(wake);
        async move {
            if woken.await.is_err() {
                pending::<()>().await;
            }
        }
    }

    fn connect(&self, _url: &str) -> impl Future<Output = Option<SimSocket>> + 'static {
        let host = self.clone();
        host.route.attempts.borrow_mut().push(host.sim.now_ms());
        async move {
            host.sim.sleep(host.route.latency()).await;
            let id = host.cloud.connect(host.route.online.get())?;
            Some(SimSocket(Link::open(&host.route, &host.cloud, id)))
                .inspect(|socket| host.cloud.join(&socket.0))
        }
    }

    fn open_store(
        &self,
        _sdk_app_id: i64,
        user: &UserId,
    ) -> impl Future<Output = Result<SimStore, StoreError>> + 'static {
        let (host, user) = (self.clone(), user.clone());
        async move {
            let (low, high) = host.disk.slow_ms.get();
            host.sim.sleep(host.sim.between(low, high)).await;
            if host.disk.closed.get() {
                return Err(StoreError::unusable("no database here"));
            }
            host.disk.open.set(host.disk.open.get() + 1);
            Ok(SimStore {
                sim: host.sim.clone(),
                disk: Rc::clone(&host.disk),
                memory: host.databases.borrow_mut().entry(user).or_default().clone(),
                page: Rc::clone(&host.alive),
                given_back: Cell::new(false),
            })
        }
    }

    fn output(&self, batch: Vec<Output>) {
        if self.alive.get() {
            self.app.take(self.sim.now_ms(), batch);
        }
    }

    fn log(&self, level: LogLevel, line: &str) {
        assert_ne!(level, LogLevel::Debug, "{line}");
    }
}

/// A call that was made; its result when it has one.
pub struct Call(Rc<RefCell<Option<Outcome>>>);

/// `data` of a call, or its code.
pub type Outcome = Result<Value, Error>;

impl Call {
    pub fn outcome(&self) -> Option<Outcome> {
        self.0.borrow().clone()
    }

    pub fn is_done(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// The code of a call that is done: 0 for success.
    pub fn code(&self) -> u32 {
        code(&self.outcome().expect("the call is done"))
    }
}

/// 0 for success.
pub fn code(outcome: &Outcome) -> u32 {
    outcome.as_ref().map_or_else(|error| error.code.0, |_| 0)
}

/// One page of messages.
#[derive(Debug, PartialEq)]
pub struct Messages {
    pub texts: Vec<String>,
    pub ids: Vec<String>,
    pub next: String,
    pub completed: bool,
}

impl Device {
    pub fn new(sim: &Sim, cloud: &Cloud, user: &str) -> Self {
        let (route, disk) = (Route::new(sim.clone()), Rc::new(Disk::default()));
        let databases = Databases::default();
        let page = Page::open(sim, cloud, &route, &disk, &databases);
        Self {
            user: user.to_owned(),
            sim: sim.clone(),
            route,
            disk,
            databases,
            cloud: cloud.clone(),
            page: RefCell::new(page),
        }
    }

    pub fn client(&self) -> Client<SimHost> {
        self.page.borrow().client.clone()
    }

    pub fn app(&self) -> Rc<App> {
        Rc::clone(&self.page.borrow().host.app)
    }

    /// The page goes away in the middle of everything and comes back with nothing but the database.
    pub fn reload(&self) {
        let old = self.page.replace(Page::open(
            &self.sim,
            &self.cloud,
            &self.route,
            &self.disk,
            &self.databases,
        ));
        old.host.alive.set(false);
        old.host.tasks.take().iter().for_each(AbortHandle::abort);
        self.route.cut();
        self.disk.open.set(0);
        self.sim.settle();
    }

    /// The browser says that the network may be back.
    pub fn wake(&self) {
        let wakers = self.page.borrow().host.wakers.take();
        for waker in wakers {
            // Nobody may be waiting any more.
            let _ = waker.send(());
        }
        self.sim.settle();
    }

    pub fn go_offline(&self) {
        self.route.online.set(false);
        self.route.cut();
        self.sim.settle();
    }

    pub fn go_online(&self) {
        self.route.online.set(true);
        self.wake();
    }

    pub fn events(&self) -> Vec<String> {
        self.app().events()
    }

    /// Calls, and comes back when the call does.
    pub fn call(&self, method: &str, arguments: Value) -> Outcome {
        let call = self.start(method, arguments);
        let (sim, result) = (self.sim.clone(), Rc::clone(&call.0));
        self.sim.run(async move {
            while result.borrow().is_none() {
                sim.sleep(1).await;
            }
        });
        call.outcome().expect("just waited for")
    }

    /// Calls and goes on.
    pub fn start(&self, method: &str, mut arguments: Value) -> Call {
        let slot = Rc::new(RefCell::new(None));
        let (result, method) = (Rc::clone(&slot), method.to_owned());
        let host = self.page.borrow().host.clone();
        if method == "sendMessage" || method == "resendMessage" {
            let id = arguments[0]["ID"].as_str().expect("a message").parse().expect("an ID");
            host.app.sent.borrow_mut().insert(id);
            if method == "sendMessage"
                && let Some(made) = host.app.as_made(&arguments[0])
            {
                arguments[0] = made;
            }
        }
        let client = self.client();
        host.spawn(Box::pin(async move {
            let outcome = client.call(&method, &arguments.to_string()).await;
            let outcome = outcome.map(|it| serde_json::from_str(&it).expect("results are JSON"));
            *result.borrow_mut() = Some(outcome);
        }));
        self.sim.settle();
        Call(slot)
    }

    pub fn start_login(&self) -> Call {
        self.start("login", json!([{ "userID": self.user, "userSig": "good" }]))
    }

    /// Logs in and waits for `SDK_READY`.
    pub fn login(&self) {
        let outcome = self.call("login", json!([{ "userID": self.user, "userSig": "good" }]));
        assert_eq!(code(&outcome), 0, "login of {}", self.user);
        self.wait_until_ready();
    }

    pub fn wait_until_ready(&self) {
        let client = self.client();
        let sim = self.sim.clone();
        self.sim.run(async move {
            while client.phase() != tim_engine::gate::Phase::Ready {
                sim.sleep(1).await;
            }
        });
    }

    /// Loses the link and waits until it is back.
    pub fn login_again(&self) {
        self.route.cut();
        self.sim.pass(2000);
        assert!(self.events().contains(&"net connected".to_owned()));
    }

    /// A text message as an app has it.
    pub fn text(&self, to: &str, text: &str) -> Value {
        let options = json!([{
            "to": to, "conversationType": "C2C", "payload": { "text": text },
        }]);
        self.create("createTextMessage", options).expect("a good message")
    }

    pub fn create(&self, method: &str, options: Value) -> Result<Value, Error> {
        let json = self.client().create(method, &options.to_string())?;
        let view: Value = serde_json::from_str(&json).expect("a view is JSON");
        self.app().make(&view);
        let mut message = view["m"].clone();
        let fields = message.as_object_mut().expect("a message is an object");
        fields.extend(view["v"].as_object().expect("an object").clone());
        Ok(message)
    }

    pub fn send(&self, to: &str, text: &str) -> Outcome {
        let message = self.text(to, text);
        self.call("sendMessage", json!([message]))
    }

    pub fn start_send(&self, to: &str, text: &str) -> Call {
        let message = self.text(to, text);
        self.start("sendMessage", json!([message]))
    }

    pub fn resend(&self, text: &str) -> Outcome {
        let view = self.app().message(text);
        self.call("resendMessage", json!([App::as_json(&view)]))
    }

    /// One page of `getMessageList`.
    pub fn page(&self, conversation: &str, cursor: &str, count: u32) -> Messages {
        let outcome = self.try_page(conversation, cursor, count);
        outcome.unwrap_or_else(|error| panic!("getMessageList: {error}"))
    }

    pub fn try_page(
        &self,
        conversation: &str,
        cursor: &str,
        count: u32,
    ) -> Result<Messages, Error> {
        let options = json!([{
            "conversationID": conversation, "nextReqMessageID": cursor, "count": count,
        }]);
        self.call("getMessageList", options).map(|data| self.messages(&data))
    }

    /// The result of a list call; every message named must be there as an object.
    pub fn messages(&self, data: &Value) -> Messages {
        let app = self.app();
        let messages = app.messages.borrow();
        let list = data["messageList"].as_array().expect("a list");
        let ids: Vec<String> =
            list.iter().map(|it| it["$m"].as_str().expect("a name").to_owned()).collect();
        let views = ids.iter().map(|id| {
            let view: Option<&MessageView> = messages.get(&id.parse().expect("an ID"));
            view.unwrap_or_else(|| panic!("a listed message has no object: {id}"))
        });
        Messages {
            texts: views.map(|it| text_of(&it.m)).collect(),
            ids,
            next: data["nextReqMessageID"].as_str().unwrap_or_default().to_owned(),
            completed: data["isCompleted"].as_bool().expect("a flag"),
        }
    }

    /// All of a conversation, oldest first, read page by page.
    pub fn history(&self, conversation: &str) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = self.page(conversation, &cursor, 15);
            all.splice(..0, page.texts);
            if page.completed {
                assert_eq!(page.next, "", "a completed page has no next one");
                return all;
            }
            assert_ne!(page.next, cursor, "a page makes progress");
            cursor = page.next;
        }
    }
}

impl Page {
    fn open(
        sim: &Sim,
        cloud: &Cloud,
        route: &Rc<Route>,
        disk: &Rc<Disk>,
        databases: &Databases,
    ) -> Self {
        let host = SimHost {
            sim: sim.clone(),
            route: Rc::clone(route),
            cloud: cloud.clone(),
            disk: Rc::clone(disk),
            databases: Rc::clone(databases),
            alive: Rc::new(Cell::new(true)),
            tasks: Rc::default(),
            wakers: Rc::default(),
            app: Rc::default(),
        };
        let config = Config {
            sdk_app_id: 1,
            url: "ws://sim".to_owned(),
            language: "en".to_owned(),
            version: "test".to_owned(),
        };
        Self { client: Client::new(host.clone(), config), host }
    }
}
