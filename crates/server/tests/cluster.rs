//! Several servers on one PostgreSQL, joined by NATS or by nothing: to people it is one.

mod support;

use std::time::{Duration, Instant};

use serde_json::json;
use support::{Client, Home, Server, app, seqs, texts};
use tim_rig::nats::Nats;
use tim_server::config::App;

/// What the bus lost is made good within this time: two beats, the look at the database, and what a
/// busy machine adds.
const CATCH_UP: Duration = Duration::from_secs(9);

struct Cluster {
    servers: Vec<Server>,
    _nats: Option<Nats>,
}

#[derive(Clone, Copy, PartialEq)]
enum Joined {
    ByNats,
    ByNothing,
}

impl Cluster {
    async fn start(count: usize, joined: Joined, app: App) -> Self {
        let nats = match joined {
            Joined::ByNats => Some(Nats::start().await.unwrap()),
            Joined::ByNothing => None,
        };
        let first = Home::on_postgres().await;
        let mut homes: Vec<_> = (1..count).map(|_| first.neighbour()).collect();
        homes.insert(0, first);
        let mut servers = Vec::new();
        for home in homes {
            let bus = nats.as_ref().map(Nats::url);
            servers.push(Server::at(home, app.clone(), |config| config.bus = bus).await);
        }
        Self { servers, _nats: nats }
    }

    async fn login(&self, server: usize, user: &str) -> Client {
        self.servers[server].login(user).await
    }

    async fn health(&self, server: usize) -> String {
        support::health(self.servers[server].address).await
    }
}

fn single() -> App {
    App { max_web_instances: 1, ..app() }
}

fn fast() -> App {
    App { c2c_send_rate_per_second: 1_000_000, ..app() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_on_different_servers_chat() {
    let cluster = Cluster::start(2, Joined::ByNats, app()).await;
    let mut ann = cluster.login(0, "ann").await;
    let mut tab = cluster.login(1, "ann").await;
    let mut bob = cluster.login(1, "bob").await;
    for (text, seq) in [("one", 1), ("two", 2)] {
        assert_eq!(ann.say("bob", text).await["seq"], seq);
        assert_eq!(texts(&bob.push("message").await["entries"]), [text]);
        assert_eq!(texts(&tab.push("message").await["entries"]), [text]);
    }
    assert_eq!(bob.say("ann", "three").await["seq"], 3);
    assert_eq!(texts(&ann.push("message").await["entries"]), ["three"]);
    let read = json!({ "conversationID": "C2Cann", "seq": 2 });
    bob.call("conversation.read", read).await.ok();
    assert_eq!(ann.push("peerRead").await["peerReadSeq"], 2);
    assert_eq!(ann.texts("C2Cbob").await, bob.texts("C2Cann").await);
    ann.no_push().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_on_one_server_kicks_the_instance_on_another() {
    let cluster = Cluster::start(2, Joined::ByNats, single()).await;
    let mut first = cluster.login(0, "ann").await;
    let _second = cluster.login(1, "ann").await;
    assert_eq!(first.push("kicked").await["type"], "multipleAccount");
    assert_eq!(first.closed().await, 4003);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logins_at_the_same_moment_leave_one_instance() {
    let cluster = Cluster::start(2, Joined::ByNats, single()).await;
    let _ = cluster.login(0, "ann").await;
    for _ in 0..10 {
        let (mut one, mut other) = futures::join!(cluster.login(0, "ann"), cluster.login(1, "ann"));
        let text = |it: &Client| it.text("ann", "still in?");
        let (mine, its) = (text(&one), text(&other));
        // Whoever is out is either told so or finds its connection closed.
        let is_in = async |client: &mut Client, body| {
            client.request("message.send", body).await;
            loop {
                match client.try_frame().await {
                    Some(frame) if frame["code"] == 0 && frame.get("push").is_none() => {
                        return true;
                    }
                    Some(frame) if frame["code"] == 91101 => return false,
                    Some(_) => {}
                    None => return false,
                }
            }
        };
        tokio::time::sleep(Duration::from_millis(100)).await;
        let (a, b) = (is_in(&mut one, mine).await, is_in(&mut other, its).await);
        assert!(a != b, "exactly one of two is left: {a} {b}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_goes_on_at_another_server() {
    let cluster = Cluster::start(2, Joined::ByNats, single()).await;
    let mut before = cluster.login(0, "ann").await;
    let mut bob = cluster.login(0, "bob").await;
    let mut after = cluster.servers[1].connect().await;
    after.call("resume", json!({ "session": before.session })).await.ok();
    assert_eq!(before.closed().await, 4006);
    bob.say("ann", "still there?").await;
    assert_eq!(texts(&after.push("message").await["entries"]), ["still there?"]);
    // And back: the news of the first move, should it come late, does not end the newest connection.
    let mut back = cluster.servers[0].connect().await;
    back.call("resume", json!({ "session": before.session })).await.ok();
    assert_eq!(after.closed().await, 4006);
    bob.say("ann", "and now?").await;
    assert_eq!(texts(&back.push("message").await["entries"]), ["and now?"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_that_write_to_the_same_logs_leave_no_hole_and_no_double() {
    const EACH: u64 = 150;
    let cluster = Cluster::start(3, Joined::ByNats, fast()).await;
    let mut clients = Vec::new();
    for (server, user) in [(0, "ann"), (1, "ann"), (2, "bob"), (0, "bob"), (1, "cid"), (2, "cid")] {
        clients.push(cluster.login(server, user).await);
    }
    let sending = clients.into_iter().map(|mut client| {
        tokio::spawn(async move {
            // Everybody writes to the same two, some in both directions.
            let to = if client.user == "bob" { "ann" } else { "bob" };
            let mut ids = Vec::new();
            for number in 0..EACH {
                let body = client.text(to, &number.to_string());
                ids.push(body["message"]["ID"].as_str().unwrap().to_owned());
                client.request("message.send", body.clone()).await;
                if number % 7 == 0 {
                    // A repeat, as after a lost answer.
                    client.request("message.send", body).await;
                    ids.push(ids[ids.len() - 1].clone());
                }
            }
            let mut places = Vec::new();
            for _ in 0..ids.len() {
                let (id, reply) = client.any_reply().await;
                places.push((id, reply.ok()["seq"].as_u64().unwrap()));
            }
            places.sort_unstable();
            let places: Vec<_> = places.into_iter().map(|it| it.1).collect();
            assert!(places.is_sorted(), "one instance's order is kept");
            (client, ids, places)
        })
    });
    let mut stored = Vec::new();
    let mut reader = None;
    for sent in sending.collect::<Vec<_>>() {
        let (client, ids, places) = sent.await.unwrap();
        let pair = if client.user == "cid" { "cid" } else { "ann" };
        stored.extend(ids.into_iter().zip(places).map(|(id, seq)| (pair, seq, id)));
        reader = Some(client);
    }
    stored.sort();
    stored.dedup();
    let mut bob = cluster.login(1, "bob").await;
    for (pair, count) in [("ann", 4 * EACH), ("cid", 2 * EACH)] {
        let mut found = Vec::new();
        let mut after = 0;
        loop {
            let body = json!({
                "conversationID": format!("C2C{pair}"), "seq": after + 1, "direction": 1, "count": 500,
            });
            let page = bob.call("message.page", body).await.ok();
            found.extend(page["entries"].as_array().unwrap().clone());
            after = found.last().unwrap()["seq"].as_u64().unwrap();
            if page["isCompleted"] == true {
                break;
            }
        }
        assert_eq!(seqs(&found.clone().into()), (1..=count).collect::<Vec<_>>());
        let answered: Vec<_> = stored.iter().filter(|it| it.0 == pair).collect();
        assert_eq!(answered.len() as u64, count);
        for ((_, seq, id), entry) in answered.into_iter().zip(&found) {
            assert_eq!((&entry["seq"], &entry["message"]["ID"]), (&json!(seq), &json!(id)));
        }
    }
    drop(reader);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_bus_messages_arrive_and_kicks_hold() {
    let cluster = Cluster::start(2, Joined::ByNothing, single()).await;
    let mut ann = cluster.login(0, "ann").await;
    let mut bob = cluster.login(1, "bob").await;
    // The servers find each other first.
    let began = Instant::now();
    while !cluster.health(0).await.contains("`bus` is not set") {
        assert!(began.elapsed() < CATCH_UP);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ann.say("bob", "slow road").await;
    let began = Instant::now();
    assert_eq!(texts(&bob.push("message").await["entries"]), ["slow road"]);
    assert!(began.elapsed() < CATCH_UP);
    // A kick, too; and until it is known here, the database keeps its word.
    let newer = cluster.login(1, "ann").await;
    let late = ann.text("bob", "too late");
    ann.request("message.send", late).await;
    let mut codes = Vec::new();
    while let Some(frame) = ann.try_frame().await {
        codes.push(frame["code"].as_u64());
        if frame["push"] == "kicked" {
            break;
        }
    }
    assert!(codes.contains(&Some(91101)), "{codes:?}");
    assert_eq!(ann.closed().await, 4003);
    drop(newer);
    assert_eq!(bob.texts("C2Cann").await, ["slow road"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_with_different_settings_say_so() {
    let cluster = Cluster::start(1, Joined::ByNats, app()).await;
    let home = cluster.servers[0].home.neighbour();
    let other = App { max_message_bytes: 100, ..app() };
    let bus = cluster._nats.as_ref().map(Nats::url);
    let odd = Server::at(home, other, |config| config.bus = bus).await;
    let began = Instant::now();
    loop {
        let health = support::health(odd.address).await;
        if health.contains("has other settings on server") {
            assert!(health.contains("degraded"), "{health}");
            break;
        }
        assert!(began.elapsed() < CATCH_UP, "{health}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    odd.stop().await;
    // A server that has taken leave is no longer spoken of.
    let began = Instant::now();
    while !cluster.health(0).await.contains("\r\n\r\nok") {
        assert!(began.elapsed() < CATCH_UP);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_account_is_given_once() {
    let cluster = Cluster::start(2, Joined::ByNats, App { account_max: 3, ..app() }).await;
    let _ann = cluster.login(0, "ann").await;
    let attempts = (0..8).map(|number| {
        let server = &cluster.servers[number % 2];
        async move {
            let user = format!("user{number}");
            let mut client = server.connect().await;
            client.try_login(&user, &support::user_sig(&user)).await.code
        }
    });
    let codes = futures::future::join_all(attempts).await;
    assert_eq!(codes.iter().filter(|it| **it == 0).count(), 2, "{codes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_sent_before_a_logout_is_stored() {
    let cluster = Cluster::start(1, Joined::ByNothing, fast()).await;
    let mut bob = cluster.login(0, "bob").await;
    for _ in 0..5 {
        let mut ann = cluster.login(0, "ann").await;
        for number in 0..20 {
            let body = ann.text("bob", &number.to_string());
            ann.request("message.send", body).await;
        }
        ann.request("logout", json!({})).await;
        for _ in 0..21 {
            ann.any_reply().await.1.ok();
        }
        assert_eq!(ann.closed().await, 1000);
    }
    assert_eq!(bob.texts("C2Cann").await.len(), 100);
}
