//! A server on port 0 with a database of its own, and a small client that speaks frames.
//!
//! The client keeps pushes that arrive while it waits for a reply, so that tests can ask for both in
//! any order. Everything has a deadline: a test that waits for nothing fails instead of hanging.

#![allow(dead_code, reason = "each test file uses its own part of this")]

mod home;
pub mod program;

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use futures::{FutureExt as _, SinkExt as _, StreamExt as _, future::pending};
pub use home::Home;
use serde_json::{Value, json};
use tim_protocol::{
    SUBPROTOCOL,
    usersig::{SecretKey, sign},
};
use tim_server::{
    config::{App, Config},
    service::{now_ms, now_s},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _, protocol::frame::CloseFrame},
};

pub const APP: u32 = 1_400_000_001;
const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const DEADLINE: Duration = Duration::from_secs(10);

pub fn key() -> SecretKey {
    SecretKey::new(KEY.to_owned())
}

pub fn user_sig(user: &str) -> String {
    sign(&key(), APP, &user.parse().unwrap(), now_s(), 86_400)
}

pub fn app() -> App {
    App { secret_keys: vec![key()], max_web_instances: 10, ..App::new(APP) }
}

/// A running server. Its home lives until it is dropped, so that it can be started again.
pub struct Server {
    pub address: SocketAddr,
    pub home: Home,
    stop: Option<oneshot::Sender<()>>,
    hurry: oneshot::Sender<()>,
    task: Option<JoinHandle<()>>,
}

impl Server {
    pub async fn start() -> Self {
        Self::with(app()).await
    }

    pub async fn with(app: App) -> Self {
        Self::configured(app, |_| {}).await
    }

    pub async fn configured(app: App, change: impl FnOnce(&mut Config)) -> Self {
        Self::at(Home::new().await, app, change).await
    }

    pub async fn at(home: Home, app: App, change: impl FnOnce(&mut Config)) -> Self {
        let mut config = home.config();
        config.apps = vec![app];
        config.limits.login_failures_per_user = 0;
        config.limits.login_failures_per_address = 0;
        config.limits.requests_per_second = 1_000_000;
        change(&mut config);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let (hurry, hurried) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = stopped.map(drop);
            // Not told is not hurried.
            let hurried = async {
                if hurried.await.is_err() {
                    pending::<()>().await;
                }
            };
            tim_server::run(listener, config, stopped, hurried).await.unwrap();
        });
        Self { address, home, stop: Some(stop), hurry, task: Some(task) }
    }

    /// Asks the server to end, without waiting.
    pub fn begin_stop(&mut self) {
        self.stop.take();
    }

    /// Asks the server to end without its waits, and waits for it.
    pub async fn hurry(mut self) -> Home {
        self.begin_stop();
        let _ = self.hurry.send(());
        timeout(DEADLINE, self.task.take().unwrap()).await.unwrap().unwrap();
        self.home
    }

    pub async fn stop(mut self) -> Home {
        self.begin_stop();
        timeout(DEADLINE, self.task.take().unwrap()).await.unwrap().unwrap();
        self.home
    }

    pub async fn connect(&self) -> Client {
        Client::connect(self.address).await
    }

    pub async fn login(&self, user: &str) -> Client {
        let mut client = self.connect().await;
        client.login(user).await;
        client
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub struct Client {
    pub socket: Socket,
    pub user: String,
    pub tiny_id: String,
    pub session: String,
    pushes: VecDeque<Value>,
    next_id: u64,
}

/// What a call came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub code: u64,
    pub body: Value,
}

impl Reply {
    #[track_caller]
    pub fn ok(self) -> Value {
        assert_eq!(self.code, 0, "{self:?}");
        self.body
    }
}

/// Connects with more headers than a client has; the error when the server refuses.
pub async fn upgrade_with(
    address: SocketAddr,
    headers: &[(&'static str, &str)],
) -> Result<Client, Error> {
    let mut request = format!("ws://{address}/im/ws").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().unwrap());
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let (socket, _) = connect_async(request).await?;
    Ok(Client {
        socket,
        user: String::new(),
        tiny_id: String::new(),
        session: String::new(),
        pushes: VecDeque::new(),
        next_id: 0,
    })
}

/// What `/healthz` answers, with its head.
pub async fn health(address: SocketAddr) -> String {
    http(address, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await
}

/// What the server answers to a request that is written as it stands, up to the connection's end.
pub async fn http(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(DEADLINE, stream.read_to_string(&mut answer)).await.expect("an end in time").unwrap();
    answer
}

static RANDOM: AtomicU32 = AtomicU32::new(1);

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        upgrade_with(address, &[]).await.unwrap()
    }

    pub async fn login(&mut self, user: &str) -> Value {
        let body = self.try_login(user, &user_sig(user)).await.ok();
        user.clone_into(&mut self.user);
        self.tiny_id = body["tinyID"].as_str().unwrap().to_owned();
        self.session = body["session"].as_str().unwrap().to_owned();
        body
    }

    pub async fn try_login(&mut self, user: &str, user_sig: &str) -> Reply {
        let body = json!({ "SDKAppID": APP, "userID": user, "userSig": user_sig });
        self.call("login", body).await
    }

    pub async fn send_raw(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    pub async fn send_text(&mut self, text: &str) {
        self.send_raw(Message::text(text)).await;
    }

    /// Writes a request without waiting; answers its id.
    pub async fn request(&mut self, method: &str, body: Value) -> u64 {
        self.next_id += 1;
        let frame = json!({ "id": self.next_id, "do": method, "body": body });
        self.send_text(&frame.to_string()).await;
        self.next_id
    }

    /// The next frame of any kind.
    pub async fn frame(&mut self) -> Value {
        loop {
            let message = timeout(DEADLINE, self.socket.next()).await.expect("a frame in time");
            match message.expect("an open socket").unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// The next frame of any kind; `None` when the connection is closed.
    pub async fn try_frame(&mut self) -> Option<Value> {
        loop {
            match timeout(DEADLINE, self.socket.next()).await.expect("a frame or an end in time") {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next reply; pushes before it are kept.
    pub async fn any_reply(&mut self) -> (u64, Reply) {
        loop {
            let frame = self.frame().await;
            match frame["id"].as_u64() {
                Some(id) => {
                    let (code, body) = (frame["code"].as_u64().unwrap(), frame["body"].clone());
                    assert_eq!(code == 0, frame.get("message").is_none(), "{frame}");
                    return (id, Reply { code, body });
                }
                None => self.pushes.push_back(frame),
            }
        }
    }

    pub async fn call(&mut self, method: &str, body: Value) -> Reply {
        let id = self.request(method, body).await;
        let (answered, reply) = self.any_reply().await;
        assert_eq!(answered, id);
        reply
    }

    /// The body of the next push, which must have this name.
    pub async fn push(&mut self, name: &str) -> Value {
        let mut frame = match self.pushes.pop_front() {
            Some(frame) => frame,
            None => self.frame().await,
        };
        assert_eq!(frame["push"], name, "{frame}");
        frame["body"].take()
    }

    /// Makes sure that nothing was pushed before now.
    pub async fn no_push(&mut self) {
        self.call("ping", json!({})).await.ok();
        assert!(self.pushes.is_empty(), "{:?}", self.pushes);
    }

    /// The code of the close that comes next; frames before it are dropped.
    pub async fn closed(&mut self) -> u16 {
        self.close_frame().await.expect("a close frame").code.into()
    }

    pub async fn close_frame(&mut self) -> Option<CloseFrame> {
        loop {
            match timeout(DEADLINE, self.socket.next()).await.expect("an end in time") {
                Some(Ok(Message::Close(frame))) => return frame,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    pub fn text(&self, to: &str, text: &str) -> Value {
        let random = RANDOM.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}-{}-{random}", self.tiny_id, now_ms() / 1000);
        self.text_with_id(to, text, &id)
    }

    pub fn text_with_id(&self, to: &str, text: &str, id: &str) -> Value {
        json!({ "message": {
            "ID": id,
            "type": "TIMTextElem",
            "payload": { "text": text },
            "conversationType": "C2C",
            "from": self.user,
            "to": to,
        }})
    }

    /// Sends a text and waits for the answer; what was sent and what came back.
    pub async fn say(&mut self, to: &str, text: &str) -> Value {
        let body = self.text(to, text);
        self.call("message.send", body).await.ok()
    }

    /// The texts of a conversation's newest page, and the page.
    pub async fn texts(&mut self, conversation: &str) -> Vec<String> {
        let body = json!({ "conversationID": conversation, "count": 500 });
        let page = self.call("message.page", body).await.ok();
        assert_eq!(page["isCompleted"], true);
        texts(&page["entries"])
    }
}

/// Lets time pass at once.
pub async fn pass(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

/// The texts of a list of entries.
pub fn texts(entries: &Value) -> Vec<String> {
    let text = |entry: &Value| entry["message"]["payload"]["text"].as_str().unwrap().to_owned();
    entries.as_array().unwrap().iter().map(text).collect()
}

/// The places of a list of entries.
pub fn seqs(entries: &Value) -> Vec<u64> {
    entries.as_array().unwrap().iter().map(|it| it["seq"].as_u64().unwrap()).collect()
}
