//! Random interleavings: whatever several instances send, repeat and mix up, the log stays dense, every
//! ID stands in it once, and each sender's messages keep their order.

mod support;

use std::collections::HashMap;

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::json;
use support::{Client, Server, app};
use tim_server::config::App;

/// One step: which connection sends, and whether it repeats an earlier message of its own instead of
/// sending a new one.
type Step = (usize, Option<usize>);

const CONNECTIONS: usize = 4;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..CONNECTIONS, prop::option::weighted(0.3, 0..8usize));
    prop::collection::vec(step, 1..60)
}

#[test]
fn the_log_stays_dense_and_in_order() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut runner =
        TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let result = runner.run(&steps(), |steps| {
        runtime.block_on(check(&steps));
        Ok(())
    });
    result.unwrap();
}

async fn check(steps: &[Step]) {
    let server = Server::with(App { c2c_send_rate_per_second: 1_000_000, ..app() }).await;
    // Two instances on each side of one conversation.
    let mut clients: Vec<Client> = Vec::new();
    for user in ["ann", "ann", "bob", "bob"] {
        clients.push(server.login(user).await);
    }
    let mut sent: Vec<Vec<String>> = vec![Vec::new(); CONNECTIONS];
    let mut asked: Vec<HashMap<u64, String>> = vec![HashMap::new(); CONNECTIONS];
    for (index, repeat) in steps {
        let client = &mut clients[*index];
        let to = if client.user == "ann" { "bob" } else { "ann" };
        let earlier = repeat.and_then(|it| sent[*index].iter().rev().nth(it).cloned());
        let body = match earlier {
            Some(id) => client.text_with_id(to, "repeated", &id),
            None => {
                let body = client.text(to, "new");
                sent[*index].push(body["message"]["ID"].as_str().unwrap().to_owned());
                body
            }
        };
        let message_id = body["message"]["ID"].as_str().unwrap().to_owned();
        let id = client.request("message.send", body).await;
        asked[*index].insert(id, message_id);
    }
    let mut places: HashMap<String, u64> = HashMap::new();
    for (client, asked) in clients.iter_mut().zip(&asked) {
        for _ in 0..asked.len() {
            let (id, reply) = client.any_reply().await;
            let seq = reply.ok()["seq"].as_u64().unwrap();
            let first = *places.entry(asked[&id].clone()).or_insert(seq);
            assert_eq!(first, seq, "a repeat has the first one's place");
        }
    }
    let body = json!({ "conversationID": "C2Cbob", "count": 500 });
    let page = clients[0].call("message.page", body).await.ok();
    let entries = page["entries"].as_array().unwrap();
    assert_eq!(entries.len(), places.len(), "every ID once");
    for (index, entry) in entries.iter().enumerate() {
        assert_eq!(entry["seq"], index as u64 + 1, "no hole");
        assert_eq!(places[entry["message"]["ID"].as_str().unwrap()], index as u64 + 1);
        assert_eq!(entry["message"]["payload"]["text"], "new", "the first body holds");
    }
    for ids in sent {
        let order: Vec<_> = ids.iter().map(|id| places[id]).collect();
        assert!(order.is_sorted(), "one instance's order is kept");
    }
}
