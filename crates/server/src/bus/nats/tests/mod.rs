//! The bus over a real NATS: alone, with a second node, and with a NATS that goes away.

mod server;
mod troubles;

use std::{
    collections::VecDeque,
    sync::Mutex,
    time::{Duration, Instant},
};

use tokio::{sync::Notify, time::timeout};

use super::*;
use crate::{
    bus::{Bus, contract},
    storage::SessionKey,
};
use server::Server;
use tim_protocol::push::KickReason;

const BOUND: Duration = Duration::from_secs(20);
const ANN: AccountKey = AccountKey(1);

fn options(url: &str, node: i64) -> NatsOptions {
    NatsOptions { url: url.to_owned(), ca_file: None, cluster: "test".into(), node: NodeKey(node) }
}

async fn node(server: &Server, node: i64) -> NatsBus {
    let bus = NatsBus::connect(options(&server.url(), node)).await.unwrap();
    eventually("the bus is up", || bus.state() == State::Up).await;
    bus
}

/// Two nodes that know of each other.
async fn pair(server: &Server) -> (NatsBus, NatsBus) {
    let (a, b) = (node(server, 1).await, node(server, 2).await);
    eventually("they hear each other", || a.heard().len() == 1 && b.heard().len() == 1).await;
    (a, b)
}

/// What has no event to wait for is looked at again and again.
async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < BOUND, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// An inbox that can be waited for.
#[derive(Default)]
struct Mailbox {
    events: Mutex<VecDeque<Event>>,
    arrived: Notify,
}

impl Inbox for Mailbox {
    fn deliver(&self, event: &Event) {
        self.events.lock().unwrap().push_back(event.clone());
        self.arrived.notify_one();
    }
}

impl Mailbox {
    fn new() -> Arc<Self> {
        Arc::default()
    }

    async fn next(&self) -> Event {
        let next = async {
            loop {
                if let Some(event) = self.events.lock().unwrap().pop_front() {
                    return event;
                }
                self.arrived.notified().await;
            }
        };
        timeout(BOUND, next).await.expect("an event is missing")
    }

    fn is_empty(&self) -> bool {
        self.events.lock().unwrap().is_empty()
    }
}

fn frame(text: impl Into<bytes::Bytes>) -> Event {
    Event::Frame { text: text.into(), except: None }
}

fn numbered(number: usize) -> Event {
    frame(number.to_string())
}

#[tokio::test]
async fn one_node_keeps_the_contract() {
    let server = Server::start(&[]).await;
    contract::passes(&node(&server, 1).await).await;
}

#[tokio::test]
async fn one_node_keeps_the_contract_while_nats_is_away() {
    let bus = NatsBus::connect(options("nats://127.0.0.1:1", 1)).await.unwrap();
    let begun = Instant::now();
    contract::passes(&bus).await;
    assert!(begun.elapsed() < Duration::from_millis(500), "nobody waits for it");
    assert!(matches!(bus.state(), State::Away { .. }));
    assert!(bus.losses() > 0);
}

#[tokio::test]
async fn events_of_all_kinds_reach_the_other_node_once_and_in_order() {
    let server = Server::start(&[]).await;
    let (a, b) = pair(&server).await;
    let (here, there) = (Mailbox::new(), Mailbox::new());
    let _here = a.subscribe(ANN, here.clone()).await;
    let _there = b.subscribe(ANN, there.clone()).await;
    let session = SessionKey(7);
    let mut events: Vec<_> = (0..3000).map(numbered).collect();
    events.push(Event::Frame { text: "x".into(), except: Some(session) });
    events.push(Event::Replaced { session, connection: 2 });
    events.push(Event::Kick { session, reason: KickReason::MultipleAccount });
    events.push(frame("y".repeat(200_000)));
    for event in &events {
        a.publish(ANN, event.clone());
        a.publish(AccountKey(ANN.0 + 1), frame("of somebody else"));
    }
    for event in events {
        assert_eq!(here.next().await, event);
        assert_eq!(there.next().await, event);
    }
    b.publish(ANN, frame("back"));
    assert_eq!(there.next().await, frame("back"));
    assert_eq!(here.next().await, frame("back"));
    assert!(here.is_empty() && there.is_empty());
}

#[tokio::test]
async fn accounts_do_not_hear_each_other() {
    let server = Server::start(&[]).await;
    let (a, b) = pair(&server).await;
    let neighbour = AccountKey(ANN.0 + (1 << 32));
    let (one, other) = (Mailbox::new(), Mailbox::new());
    let first = b.subscribe(ANN, one.clone()).await;
    let _other = b.subscribe(neighbour, other.clone()).await;
    a.publish(ANN, frame("1"));
    a.publish(neighbour, frame("2"));
    assert_eq!(one.next().await, frame("1"));
    assert_eq!(other.next().await, frame("2"));
    drop(first);
    a.publish(ANN, frame("3"));
    a.publish(neighbour, frame("4"));
    assert_eq!(other.next().await, frame("4"));
    assert!(one.is_empty());
}

/// A subscription takes a moment to get from one server to the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answered_subscription_misses_nothing_from_another_server() {
    let cluster = ["--cluster_name", "c", "--cluster", "nats://127.0.0.1:-1"];
    let first = Server::start(&cluster).await;
    let route = first.route_url();
    let joining = [&cluster[..], &["--routes", &route]].concat();
    let second = Server::start(&joining).await;
    let (a, b) = (node(&first, 1).await, node(&second, 2).await);
    eventually("they hear each other", || a.heard().len() == 1 && b.heard().len() == 1).await;
    let losses = a.losses();
    for number in 0..1000 {
        let mailbox = Mailbox::new();
        let _subscription = a.subscribe(ANN, mailbox.clone()).await;
        b.publish(ANN, numbered(number));
        assert_eq!(mailbox.next().await, numbered(number));
    }
    assert_eq!(a.losses(), losses);
}

/// The heart of the matter: what is published right after the answer arrives.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answered_subscription_misses_nothing() {
    let server = Server::start(&[]).await;
    let (a, b) = pair(&server).await;
    for number in 0..1000 {
        let account = AccountKey(number);
        let mailbox = Mailbox::new();
        let _subscription = a.subscribe(account, mailbox.clone()).await;
        b.publish(account, frame("now"));
        assert_eq!(mailbox.next().await, frame("now"), "round {number}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leaving_and_coming_back_neither_misses_nor_repeats() {
    let server = Server::start(&[]).await;
    let (a, b) = pair(&server).await;
    for number in 0..1000 {
        let mailbox = Mailbox::new();
        let _subscription = a.subscribe(ANN, mailbox.clone()).await;
        b.publish(ANN, numbered(number));
        assert_eq!(mailbox.next().await, numbered(number));
    }
}

#[tokio::test]
async fn many_logins_at_once_share_the_confirmation() {
    let server = Server::start(&[]).await;
    let (a, b) = pair(&server).await;
    let mailboxes: Vec<_> = (0..2000).map(|_| Mailbox::new()).collect();
    let losses = a.losses();
    let begun = Instant::now();
    let subscribing = mailboxes
        .iter()
        .enumerate()
        .map(|(number, mailbox)| a.subscribe(AccountKey(number as i64), mailbox.clone()));
    let _subscriptions = future::join_all(subscribing).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "they waited for each other");
    for number in 0..2000 {
        b.publish(AccountKey(number), frame("now"));
    }
    for mailbox in &mailboxes {
        assert_eq!(mailbox.next().await, frame("now"));
    }
    assert_eq!(a.losses(), losses);
}

/// Whether anybody listens is asked of NATS itself.
#[tokio::test]
async fn nats_is_told_when_nobody_listens_any_more() {
    let server = Server::start(&[]).await;
    let bus = node(&server, 1).await;
    let asker = async_nats::connect(server.url()).await.unwrap();
    let subject = Subjects::new("test").unwrap().user(ANN);
    let is_listened_to = || async {
        let question = async_nats::Request::new().timeout(Some(Duration::from_millis(100)));
        let answer = asker.send_request(subject.clone(), question).await;
        answer.unwrap_err().kind() == async_nats::RequestErrorKind::TimedOut
    };
    let (one, other) = (Mailbox::new(), Mailbox::new());
    let first = bus.subscribe(ANN, one.clone()).await;
    let second = bus.subscribe(ANN, other.clone()).await;
    assert!(is_listened_to().await);
    drop(first);
    assert!(is_listened_to().await);
    drop(second);
    let begun = Instant::now();
    while is_listened_to().await {
        assert!(begun.elapsed() < BOUND, "NATS was not told");
    }
    let _again = bus.subscribe(ANN, one).await;
    assert!(is_listened_to().await);
}

#[tokio::test]
async fn a_break_is_survived_and_told() {
    let mut server = Server::start(&[]).await;
    let (a, b) = pair(&server).await;
    let (here, there) = (Mailbox::new(), Mailbox::new());
    let _here = a.subscribe(ANN, here.clone()).await;
    let _there = b.subscribe(ANN, there.clone()).await;

    let before = (a.losses(), b.losses());
    server.kill();
    eventually("both notice", || a.state() != State::Up && b.state() != State::Up).await;
    assert!(a.losses() > before.0 && b.losses() > before.1);
    let gone = a.losses();
    let begun = Instant::now();
    for number in 0..50_000 {
        a.publish(ANN, numbered(number));
    }
    let late = Mailbox::new();
    let _late = b.subscribe(AccountKey(2), late.clone()).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "nobody waits for it");
    for number in 0..50_000 {
        assert_eq!(here.next().await, numbered(number));
    }
    assert!(a.losses() > gone);

    let before = (a.losses(), b.losses());
    server.start_again().await;
    eventually("both are back", || a.state() == State::Up && b.state() == State::Up).await;
    assert!(a.losses() > before.0 && b.losses() > before.1);
    a.publish(ANN, frame("back"));
    assert_eq!(there.next().await, frame("back"), "nothing stale comes first");
    assert_eq!(here.next().await, frame("back"));
    // What was subscribed meanwhile is made after the rest, and told as a loss.
    let _probe = b.subscribe(AccountKey(3), Mailbox::new()).await;
    a.publish(AccountKey(2), frame("late"));
    assert_eq!(late.next().await, frame("late"));
}

/// The process stops without a word, so that its connections stay and nothing is read from them.
#[tokio::test]
async fn a_stuck_nats_blocks_nobody() {
    let server = Server::start(&[]).await;
    let (a, b) = pair(&server).await;
    server.signal("STOP");
    let losses = a.losses();
    let begun = Instant::now();
    let text = bytes::Bytes::from("x".repeat(1000));
    for _ in 0..60_000 {
        a.publish(ANN, frame(text.clone()));
    }
    let subscription = a.subscribe(ANN, Mailbox::new()).await;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    assert!(a.losses() > losses, "more than can wait was published");
    eventually("it notices", || a.state() != State::Up).await;
    let (of_a, of_b) = (a.losses(), b.losses());
    server.signal("CONT");
    eventually("both are back", || a.state() == State::Up && b.state() == State::Up).await;
    // Whether or not the other one noticed anything itself, this one tells it.
    eventually("both know", || a.losses() > of_a && b.losses() > of_b).await;
    drop(subscription);
}

#[tokio::test]
async fn nodes_hear_each_other() {
    let server = Server::start(&[]).await;
    let (a, b) = pair(&server).await;
    let hears = |bus: &NatsBus, node| {
        let heard = bus.heard();
        heard.len() == 1 && heard[0].0 == NodeKey(node) && heard[0].1 < Duration::from_secs(3)
    };
    eventually("they hear each other", || hears(&a, 2) && hears(&b, 1)).await;
}

#[tokio::test]
async fn what_one_node_loses_the_other_counts() {
    let server = Server::start(&["--config", &small_payloads().path().to_string_lossy()]).await;
    let (a, b) = pair(&server).await;
    let losses = b.losses();
    a.publish(ANN, frame("x".repeat(5000)));
    eventually("the other one knows", || b.losses() > losses).await;
}

fn small_payloads() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "max_payload: 4096\n").unwrap();
    file
}

#[tokio::test]
async fn clusters_share_a_nats_without_hearing_each_other() {
    let server = Server::start(&[]).await;
    let a = node(&server, 1).await;
    let other = NatsOptions { cluster: "other".into(), ..options(&server.url(), 2) };
    let b = NatsBus::connect(other).await.unwrap();
    let (here, there) = (Mailbox::new(), Mailbox::new());
    let _here = a.subscribe(ANN, here.clone()).await;
    let _there = b.subscribe(ANN, there.clone()).await;
    let c = node(&server, 3).await;
    c.publish(ANN, frame("1"));
    assert_eq!(here.next().await, frame("1"));
    eventually("nodes of one cluster hear each other", || !a.heard().is_empty()).await;
    assert!(there.is_empty() && b.heard().is_empty());
}

#[tokio::test]
async fn what_strangers_publish_is_a_loss_and_nothing_more() {
    let server = Server::start(&[]).await;
    let (a, b) = pair(&server).await;
    let mailbox = Mailbox::new();
    let _subscription = a.subscribe(ANN, mailbox.clone()).await;
    let losses = a.losses();
    let stranger = async_nats::connect(server.url()).await.unwrap();
    let subject = Subjects::new("test").unwrap().user(ANN);
    for bytes in ["", "{}", "\u{0}1234567", "\u{3}12345678123456789"] {
        stranger.publish(subject.clone(), bytes.into()).await.unwrap();
    }
    stranger.flush().await.unwrap();
    eventually("they are counted", || a.losses() >= losses + 4).await;
    b.publish(ANN, frame("1"));
    assert_eq!(mailbox.next().await, frame("1"));
    assert!(mailbox.is_empty());
}

#[tokio::test]
async fn closing_sends_what_waits() {
    let server = Server::start(&[]).await;
    let (a, b) = pair(&server).await;
    let mailbox = Mailbox::new();
    let _subscription = b.subscribe(ANN, mailbox.clone()).await;
    for number in 0..10_000 {
        a.publish(ANN, numbered(number));
    }
    a.close().await;
    for number in 0..10_000 {
        assert_eq!(mailbox.next().await, numbered(number));
    }
    let begun = Instant::now();
    a.close().await;
    assert!(begun.elapsed() < Duration::from_secs(3), "closing twice ends, too");
}

#[tokio::test]
async fn options_that_can_never_work_are_refused() {
    for (url, cluster, error) in [
        ("http://127.0.0.1", "test", BusError::Scheme),
        ("nats://", "test", BusError::NotUrl),
        ("nats://a:b@x,nats://c:d@y", "test", BusError::TwoSecrets),
        ("nats://127.0.0.1", "", BusError::Cluster),
        ("nats://127.0.0.1", "a.b", BusError::Cluster),
        ("nats://127.0.0.1", "a >", BusError::Cluster),
    ] {
        let options = NatsOptions { cluster: cluster.into(), ..options(url, 1) };
        assert_eq!(NatsBus::connect(options).await.err(), Some(error), "{url} {cluster:?}");
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    for ca_file in [file.path().to_owned(), PathBuf::from("/nowhere.pem")] {
        let options =
            NatsOptions { ca_file: Some(ca_file.clone()), ..options("tls://127.0.0.1", 1) };
        assert_eq!(NatsBus::connect(options).await.err(), Some(BusError::CaFile(ca_file)));
    }
}
