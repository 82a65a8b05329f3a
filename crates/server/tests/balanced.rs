//! Nodes behind the proxies of `deploy/`, as operators run them: with TLS, several at once, one of
//! which is stopped while people come and go.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tim_protocol::usersig::{SecretKey, sign};
use tim_rig::{
    Certificate, HaProxy, Nats, Nginx, Node, NodeSettings, Postgres,
    node::{APP, SECRET_KEY},
};
use tim_server::service::now_s;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _},
};

const DEADLINE: Duration = Duration::from_secs(20);
/// The last part of messages' IDs, never the same twice.
static RANDOM: AtomicU32 = AtomicU32::new(1);

/// The way to a proxy: its address and whom its certificate must be from.
#[derive(Clone)]
struct Way {
    proxy: SocketAddr,
    tls: TlsConnector,
}

impl Way {
    fn to(proxy: SocketAddr, certificate: &Certificate) -> Self {
        let mut roots = RootCertStore::empty();
        let authority = CertificateDer::from_pem_slice(certificate.authority.as_bytes()).unwrap();
        roots.add(authority).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { proxy, tls: TlsConnector::from(Arc::new(config)) }
    }

    /// A WebSocket from one of this machine's addresses, which claims to come from elsewhere.
    async fn from(&self, address: IpAddr) -> Result<Client, Error> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((address, 0).into())?;
        let stream = socket.connect(self.proxy).await?;
        let name = ServerName::try_from("localhost").unwrap();
        let stream = self.tls.connect(name, stream).await?;
        let mut request = "wss://localhost/im/ws".into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", "tim.v1".parse().unwrap());
        request.headers_mut().insert("x-forwarded-for", "9.9.9.9".parse().unwrap());
        let (socket, _) = client_async(request, stream).await?;
        Ok(Client { socket, tiny_id: String::new(), session: String::new() })
    }

    async fn connect(&self) -> Client {
        self.from([127, 0, 0, 1].into()).await.unwrap()
    }

    async fn login(&self, user: &str) -> Client {
        self.try_login(user).await.expect("a node that stays")
    }

    /// Logs in; the close code when the node leaves at this very moment.
    async fn try_login(&self, user: &str) -> Result<Client, u16> {
        let mut client = self.connect().await;
        let key = SecretKey::new(SECRET_KEY.to_owned());
        let user_sig = sign(&key, APP, &user.parse().unwrap(), now_s(), 3_600);
        let body = json!({ "SDKAppID": APP, "userID": user, "userSig": user_sig });
        let reply = client.try_call("login", body).await?;
        client.tiny_id = reply["tinyID"].as_str().unwrap().to_owned();
        client.session = reply["session"].as_str().unwrap().to_owned();
        Ok(client)
    }
}

struct Client {
    socket: WebSocketStream<TlsStream<TcpStream>>,
    tiny_id: String,
    session: String,
}

impl Client {
    /// The next frame; the close code when there is none any more.
    async fn frame(&mut self) -> Result<Value, u16> {
        loop {
            match timeout(DEADLINE, self.socket.next()).await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(Some(frame)))) => return Err(frame.code.into()),
                Some(Ok(_)) => {}
                other => panic!("no close frame: {other:?}"),
            }
        }
    }

    /// The body of a successful answer, or the close code; pushes before it are dropped.
    async fn try_call(&mut self, method: &str, body: Value) -> Result<Value, u16> {
        let request = json!({ "id": 1, "do": method, "body": body }).to_string();
        // Where the other side has closed already, its code is still to be read.
        let _ = self.socket.send(Message::text(request)).await;
        loop {
            let mut frame = self.frame().await?;
            if frame["id"] == 1 {
                assert_eq!(frame["code"], 0, "{method}: {frame}");
                return Ok(frame["body"].take());
            }
        }
    }

    async fn call(&mut self, method: &str, body: Value) -> Value {
        self.try_call(method, body).await.expect("an answer")
    }

    async fn say(&mut self, from: &str, to: &str, text: &str) -> u64 {
        let random = RANDOM.fetch_add(1, Ordering::Relaxed);
        let id = format!("{}-{}-{random}", self.tiny_id, now_s());
        let message = json!({
            "ID": id, "type": "TIMTextElem", "payload": { "text": text },
            "conversationType": "C2C", "from": from, "to": to,
        });
        self.call("message.send", json!({ "message": message })).await["seq"].as_u64().unwrap()
    }

    /// Waits for a message with this text.
    async fn hears(&mut self, text: &str) {
        loop {
            let frame = self.frame().await.unwrap();
            if frame["push"] == "message"
                && frame["body"]["entries"][0]["message"]["payload"]["text"] == text
            {
                return;
            }
        }
    }
}

struct Cluster {
    nodes: Vec<Node>,
    _engine: Postgres,
    _nats: Nats,
}

impl Cluster {
    async fn start(count: usize, server: &str) -> Self {
        let (engine, nats) = tokio::join!(Postgres::start(), Nats::start());
        let (engine, nats) = (engine.unwrap(), nats.unwrap());
        let settings = NodeSettings {
            database: Some(engine.create_database("tim").await.unwrap()),
            bus: Some(nats.url()),
            server: server.to_owned(),
            ..NodeSettings::default()
        };
        let mut nodes = Vec::new();
        for number in 1..=count {
            let settings = NodeSettings { name: Some(format!("node{number}")), ..settings.clone() };
            nodes.push(Node::start(binary(), &settings).await.unwrap());
        }
        Self { nodes, _engine: engine, _nats: nats }
    }

    fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(Node::address).collect()
    }
}

fn binary() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_tim-server"))
}

async fn people_chat(way: &Way) {
    let (mut ann, mut bob) = (way.login("ann").await, way.login("bob").await);
    let seq = ann.say("ann", "bob", "there").await;
    bob.hears("there").await;
    assert_eq!(bob.say("bob", "ann", "and back").await, seq + 1);
    ann.hears("and back").await;
}

/// The server takes for the client's address what the proxy has seen, not what the client says.
async fn addresses_are_those_of_clients(way: &Way) {
    let from = async |last: u8| match way.from([127, 0, 0, last].into()).await {
        Ok(mut client) => {
            // Before the next one comes, this one counts.
            client.socket.send(Message::Ping("x".into())).await.unwrap();
            let pong = client.socket.next().await.unwrap().unwrap();
            assert!(pong.is_pong(), "{pong}");
            Ok(client)
        }
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    };
    let _first = from(2).await.unwrap();
    let _second = from(2).await.unwrap();
    assert_eq!(from(2).await.err(), Some(429), "a third one of the same address");
    let _other = from(3).await.unwrap();
}

async fn guarded_node() -> Node {
    let settings = NodeSettings {
        server: "trustedProxies = [\"127.0.0.1\"]".to_owned(),
        limits: "connectionsPerAddress = 2".to_owned(),
        ..NodeSettings::default()
    };
    Node::start(binary(), &settings).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_haproxy_with_tls_clients_are_told_apart_by_their_own_addresses() {
    let (node, certificate) = (guarded_node().await, Certificate::for_loopback().unwrap());
    let proxy = HaProxy::start_with(&[node.address()], Some(&certificate)).await.unwrap();
    addresses_are_those_of_clients(&Way::to(proxy.address(), &certificate)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn behind_nginx_with_tls_clients_are_told_apart_by_their_own_addresses() {
    let (node, certificate) = (guarded_node().await, Certificate::for_loopback().unwrap());
    let proxy = Nginx::start(&[node.address()], Some(&certificate)).await.unwrap();
    addresses_are_those_of_clients(&Way::to(proxy.address(), &certificate)).await;
}

/// Somebody comes every few milliseconds until told to stop; how many came, and how many of them were
/// asked to come back at once. A refusal is a panic.
async fn keep_coming(way: Way, stop: Arc<AtomicBool>) -> (u32, u32) {
    let (mut came, mut sent_back) = (0, 0);
    while !stop.load(Ordering::Relaxed) {
        let visit = async {
            let mut client = way.try_login("cid").await?;
            client.try_call("ping", json!({})).await?;
            client.try_call("logout", json!({})).await
        };
        match visit.await {
            Ok(_) => came += 1,
            Err(1012) => sent_back += 1,
            Err(code) => panic!("closed with {code}"),
        }
        sleep(Duration::from_millis(5)).await;
    }
    (came, sent_back)
}

/// One node is stopped while people come, sit there and chat: nobody is refused, and whoever sat on it
/// goes on at the other one. Of those who come, so many may get to the node that leaves and be asked
/// to come back.
async fn one_node_leaves(mut cluster: Cluster, way: Way, most_sent_back: u32) {
    people_chat(&way).await;
    let mut seated = Vec::new();
    for number in 0..8 {
        seated.push(way.login(&format!("user{number}")).await);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let coming = tokio::spawn(keep_coming(way.clone(), Arc::clone(&stop)));
    sleep(Duration::from_millis(200)).await;
    assert!(cluster.nodes[0].terminate().await.unwrap().success());
    let mut moved = 0;
    for (number, mut client) in seated.into_iter().enumerate() {
        // Those of the other node are still served; those of this one were asked to come back.
        if let Err(code) = client.try_call("ping", json!({})).await {
            assert_eq!(code, 1012);
            let mut again = way.connect().await;
            again.call("resume", json!({ "session": client.session })).await;
            client = again;
            moved += 1;
        }
        let user = format!("user{number}");
        client.call("user.get", json!({ "userIDList": [user] })).await;
    }
    assert!((1..8).contains(&moved), "both had some of the eight: {moved}");
    people_chat(&way).await;
    stop.store(true, Ordering::Relaxed);
    let (came, sent_back) = coming.await.expect("nobody is refused");
    assert!(came > 10 && sent_back <= most_sent_back, "{came}, of which {sent_back} came twice");
    // And it comes back as if it were new.
    cluster.nodes[0].start_again().await.unwrap();
    people_chat(&way).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn haproxy_loses_nobody_when_a_node_is_stopped() {
    let cluster = Cluster::start(2, "drain.delaySeconds = 2").await;
    let certificate = Certificate::for_loopback().unwrap();
    let proxy = HaProxy::start_with(&cluster.addresses(), Some(&certificate)).await.unwrap();
    // While the node's delay lasts the proxy sends nobody there any more.
    one_node_leaves(cluster, Way::to(proxy.address(), &certificate), 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_loses_nobody_when_a_node_is_stopped() {
    let cluster = Cluster::start(2, "").await;
    let certificate = Certificate::for_loopback().unwrap();
    let proxy = Nginx::start(&cluster.addresses(), Some(&certificate)).await.unwrap();
    // It notices when a connection is refused, and not before.
    one_node_leaves(cluster, Way::to(proxy.address(), &certificate), u32::MAX).await;
}
