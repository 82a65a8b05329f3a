//! Sending, receiving and reading messages over real sockets.

mod support;

use futures::SinkExt as _;
use serde_json::{Value, json};
use support::{Client, Server, app, seqs, texts};
use tim_server::config::App;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_message_reaches_the_receiver_and_both_histories() {
    let server = Server::start().await;
    let (mut ann, mut bob) = (server.login("ann").await, server.login("bob").await);
    let sent = ann.say("bob", "hello").await;
    assert_eq!((&sent["seq"], &sent["rev"]), (&json!(1), &json!(1)));
    let push = bob.push("message").await;
    let entry = &push["entries"][0];
    assert_eq!(entry["seq"], 1);
    assert_eq!(entry["message"]["payload"]["text"], "hello");
    assert_eq!(entry["message"]["time"], sent["time"]);
    assert_eq!(bob.texts("C2Cann").await, ["hello"]);
    assert_eq!(ann.texts("C2Cbob").await, ["hello"]);
    ann.no_push().await;
}

#[tokio::test]
async fn other_instances_of_the_sender_get_the_message_too() {
    let server = Server::start().await;
    let (mut first, mut second) = (server.login("ann").await, server.login("ann").await);
    server.login("bob").await;
    first.say("bob", "from the first").await;
    assert_eq!(texts(&second.push("message").await["entries"]), ["from the first"]);
    second.say("bob", "from the second").await;
    assert_eq!(texts(&first.push("message").await["entries"]), ["from the second"]);
    first.no_push().await;
    second.no_push().await;
}

#[tokio::test]
async fn a_message_to_oneself_is_stored_once_and_never_unread() {
    let server = Server::start().await;
    let (mut first, mut second) = (server.login("ann").await, server.login("ann").await);
    first.say("ann", "note").await;
    assert_eq!(seqs(&second.push("message").await["entries"]), [1]);
    first.no_push().await;
    assert_eq!(first.texts("C2Cann").await, ["note"]);
    let list = first.call("conversation.list", json!({})).await.ok();
    assert_eq!(list["conversations"].as_array().unwrap().len(), 1);
    assert_eq!(list["conversations"][0].get("unreadCount"), None);
}

#[tokio::test]
async fn pipelined_sends_keep_the_order_of_their_frames() {
    let server = Server::start().await;
    let (mut ann, mut bob) = (server.login("ann").await, server.login("bob").await);
    let mut ids = Vec::new();
    for number in 1..=50 {
        let body = ann.text("bob", &number.to_string());
        ids.push((ann.request("message.send", body).await, number));
    }
    for expected in ids {
        let (id, reply) = ann.any_reply().await;
        assert_eq!((id, reply.ok()["seq"].as_u64().unwrap()), expected);
    }
    let mut received = Vec::new();
    while received.len() < 50 {
        received.extend(seqs(&bob.push("message").await["entries"]));
    }
    assert_eq!(received, (1..=50).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_repeat_gets_the_first_answer_and_changes_nothing() {
    let server = Server::start().await;
    let (mut ann, mut bob) = (server.login("ann").await, server.login("bob").await);
    server.login("cid").await;
    let first = ann.text("bob", "first");
    let answer = ann.call("message.send", first.clone()).await.ok();
    bob.push("message").await;
    let id = first["message"]["ID"].as_str().unwrap().to_owned();
    let changed = ann.text_with_id("bob", "changed", &id);
    assert_eq!(ann.call("message.send", changed).await.ok(), answer);
    let elsewhere = ann.text_with_id("cid", "first", &id);
    assert_eq!(ann.call("message.send", elsewhere).await.code, 20001);
    bob.no_push().await;
    assert_eq!(ann.texts("C2Cbob").await, ["first"]);
    assert_eq!(ann.texts("C2Ccid").await, [""; 0]);
}

#[tokio::test]
async fn a_repeat_within_one_batch_is_a_repeat() {
    let server = Server::start().await;
    let mut ann = server.login("ann").await;
    server.login("bob").await;
    server.login("cid").await;
    let body = ann.text("bob", "once");
    let id = body["message"]["ID"].as_str().unwrap().to_owned();
    let elsewhere = ann.text_with_id("cid", "once", &id);
    // Three frames in one write: the server meets them together.
    for (number, body) in [&body, &body, &elsewhere].into_iter().enumerate() {
        let frame = json!({ "id": 100 + number, "do": "message.send", "body": body });
        ann.socket.feed(Message::text(frame.to_string())).await.unwrap();
    }
    ann.socket.flush().await.unwrap();
    let replies = [ann.any_reply().await, ann.any_reply().await, ann.any_reply().await];
    let code = |id: u64| replies.iter().find(|it| it.0 == id).unwrap().1.clone();
    assert_eq!(code(100).ok(), code(101).ok());
    assert_eq!(code(102).code, 20001);
    assert_eq!(ann.texts("C2Cbob").await, ["once"]);
}

#[tokio::test]
async fn repeats_and_other_writes_between_new_messages_leave_no_hole() {
    let server = Server::start().await;
    let (mut ann, mut bob) = (server.login("ann").await, server.login("bob").await);
    let mut bodies = Vec::new();
    for seq in 1..=60 {
        let body = ann.text("bob", &seq.to_string());
        let answer = ann.call("message.send", body.clone()).await.ok();
        assert_eq!((&answer["seq"], &answer["rev"]), (&json!(seq), &json!(seq)));
        bodies.push((body, answer));
        if seq % 3 == 0 {
            let (body, answer) = bodies[bodies.len() / 2].clone();
            assert_eq!(ann.call("message.send", body).await.ok(), answer);
        }
        if seq % 5 == 0 {
            let read = json!({ "conversationID": "C2Cann", "seq": seq });
            bob.call("conversation.read", read).await.ok();
        }
        if seq % 7 == 0 {
            ann.call("user.update", json!({ "nick": seq.to_string() })).await.ok();
        }
    }
    let texts: Vec<_> = (1..=60).map(|it| it.to_string()).collect();
    let found = ann.texts("C2Cbob").await;
    assert!(!found.is_empty());
    assert_eq!(found, texts[texts.len() - found.len()..]);
}

#[tokio::test]
async fn what_a_sender_may_not_decide_is_decided_by_the_server() {
    let server = Server::start().await;
    let mut ann = server.login("ann").await;
    server.login("bob").await;
    ann.call("user.update", json!({ "nick": "Ann", "avatar": "a.png" })).await.ok();
    let mut body = ann.text("bob", "hi");
    for (name, value) in [
        ("time", json!(1)),
        ("nick", json!("The boss")),
        ("isRevoked", json!(true)),
        ("needReadReceipt", json!(true)),
        ("version", json!(7)),
        ("unheardOf", json!("x")),
    ] {
        body["message"][name] = value;
    }
    body["message"]["payload"]["own"] = json!(1);
    let sent = ann.call("message.send", body).await.ok();
    assert_eq!((&sent["nick"], &sent["avatar"]), (&json!("Ann"), &json!("a.png")));
    assert_eq!(sent.get("needReadReceipt"), None);
    let page = ann.call("message.page", json!({ "conversationID": "C2Cbob", "count": 1 })).await;
    let message = page.ok()["entries"][0]["message"].clone();
    assert_eq!(message["nick"], "Ann");
    assert!(message["time"].as_u64().unwrap() > 1);
    assert_eq!(message["payload"], json!({ "text": "hi" }));
    for absent in ["isRevoked", "needReadReceipt", "version", "unheardOf"] {
        assert_eq!(message.get(absent), None, "{absent}");
    }
}

/// A send with one member of the message replaced.
async fn code_with(client: &mut Client, name: &str, value: Value) -> u64 {
    let mut body = client.text("bob", "hi");
    body["message"][name] = value;
    client.call("message.send", body).await.code
}

#[tokio::test]
async fn messages_that_may_not_be_sent_are_refused_and_not_stored() {
    let server = Server::start().await;
    let (mut ann, bob) = (server.login("ann").await, server.login("bob").await);
    let foreign = format!("{}-1-1", bob.tiny_id);
    for (name, value, code) in [
        ("from", json!("bob"), 20001),
        ("ID", json!(foreign), 20001),
        ("ID", json!("1-2"), 20001),
        ("to", json!(""), 20001),
        ("to", json!("@TIM#SYSTEM"), 20001),
        ("to", json!("nobody"), 20003),
        ("type", json!("TIMGroupTipElem"), 20001),
        ("type", json!("TIMUnheardOfElem"), 20001),
        ("payload", json!({}), 20001),
        ("payload", json!({ "text": "" }), 20001),
        ("payload", json!("text"), 20001),
        ("conversationType", json!("GROUP"), 10010),
        ("conversationType", json!("@TIM#SYSTEM"), 20001),
        ("conversationType", json!("TOPIC"), 20001),
        ("payload", json!({ "text": "x".repeat(12_289) }), 80002),
        ("cloudCustomData", json!("x".repeat(12_280)), 80002),
    ] {
        assert_eq!(code_with(&mut ann, name, value.clone()).await, code, "{name} {value}");
    }
    assert_eq!(ann.call("message.send", json!({})).await.code, 20001);
    let mut both = ann.text("bob", "hi");
    both["onlineUserOnly"] = json!(true);
    both["messageControlInfo"] = json!({ "excludedFromUnreadCount": true });
    assert_eq!(ann.call("message.send", both).await.code, 20001);
    assert_eq!(ann.texts("C2Cbob").await, [""; 0]);
}

#[tokio::test]
async fn a_payload_of_exactly_the_limit_is_sent() {
    let server = Server::start().await;
    let (mut ann, mut bob) = (server.login("ann").await, server.login("bob").await);
    // {"text":"…"} is 11 bytes around the text.
    assert_eq!(code_with(&mut ann, "payload", json!({ "text": "x".repeat(12_277) })).await, 0);
    assert_eq!(code_with(&mut ann, "payload", json!({ "text": "x".repeat(12_278) })).await, 80002);
    assert_eq!(bob.push("message").await["entries"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_unknown_receiver_is_made_when_the_app_says_so() {
    let server = Server::with(App { auto_create_receiver: true, ..app() }).await;
    let mut ann = server.login("ann").await;
    ann.say("later", "see you").await;
    let mut later = server.login("later").await;
    assert_eq!(later.texts("C2Cann").await, ["see you"]);
}

#[tokio::test]
async fn an_online_message_is_delivered_and_stored_nowhere() {
    let server = Server::start().await;
    let (mut ann, mut other) = (server.login("ann").await, server.login("ann").await);
    let mut bob = server.login("bob").await;
    server.login("gone").await;
    for to in ["bob", "gone"] {
        let mut body = ann.text(to, "typing");
        body["onlineUserOnly"] = json!(true);
        let sent = ann.call("message.send", body).await.ok();
        assert_eq!((sent.get("seq"), sent.get("rev")), (None, None));
    }
    assert_eq!(bob.push("online").await["message"]["payload"]["text"], "typing");
    assert_eq!(other.push("online").await["message"]["to"], "bob");
    ann.no_push().await;
    assert_eq!(bob.texts("C2Cann").await, [""; 0]);
    let list = bob.call("conversation.list", json!({})).await.ok();
    assert_eq!(list["conversations"], json!([]));
}

#[tokio::test]
async fn more_messages_than_the_rate_allows_are_refused() {
    let server = Server::with(App { c2c_send_rate_per_second: 3, ..app() }).await;
    let mut ann = server.login("ann").await;
    server.login("bob").await;
    let mut codes = Vec::new();
    for _ in 0..20 {
        let body = ann.text("bob", "flood");
        codes.push(ann.call("message.send", body).await.code);
    }
    let stored = codes.iter().filter(|code| **code == 0).count();
    assert!(codes.contains(&2996), "{codes:?}");
    assert!((3..=9).contains(&stored), "{codes:?}");
    assert_eq!(ann.texts("C2Cbob").await.len(), stored);
}

/// A conversation of ann and bob with `count` messages; ann.
async fn with_messages(server: &Server, count: usize) -> Client {
    let mut ann = server.login("ann").await;
    server.login("bob").await;
    for number in 1..=count {
        ann.say("bob", &number.to_string()).await;
    }
    ann
}

async fn page(client: &mut Client, options: Value) -> (Vec<u64>, bool) {
    let mut body = json!({ "conversationID": "C2Cbob" });
    body.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
    let page = client.call("message.page", body).await.ok();
    (seqs(&page["entries"]), page["isCompleted"].as_bool().unwrap())
}

#[tokio::test]
async fn pages_go_both_ways_from_every_kind_of_start() {
    let server = Server::start().await;
    let mut ann = with_messages(&server, 7).await;
    let id_of = |page: &Value, index: usize| page["entries"][index]["message"]["ID"].clone();
    let all = json!({ "conversationID": "C2Cbob", "count": 500 });
    let all = ann.call("message.page", all).await.ok();
    assert_eq!((&all["seq"], &all["rev"]), (&json!(7), &json!(7)));
    let (first, fourth) = (id_of(&all, 0), id_of(&all, 3));
    for (options, seqs, is_completed) in [
        (json!({ "count": 3 }), vec![5, 6, 7], false),
        (json!({ "count": 7 }), vec![1, 2, 3, 4, 5, 6, 7], true),
        (json!({ "count": 3, "seq": 3 }), vec![1, 2, 3], true),
        (json!({ "count": 2, "seq": 3 }), vec![2, 3], false),
        (json!({ "count": 2, "seq": 3, "direction": 1 }), vec![3, 4], false),
        (json!({ "count": 5, "seq": 3, "direction": 1 }), vec![3, 4, 5, 6, 7], true),
        (json!({ "count": 5, "seq": 99, "direction": 1 }), vec![], true),
        (json!({ "count": 2, "seq": 99 }), vec![6, 7], false),
        (json!({ "count": 2, "beforeID": fourth }), vec![2, 3], false),
        (json!({ "count": 3, "beforeID": fourth }), vec![1, 2, 3], true),
        (json!({ "count": 3, "beforeID": first }), vec![], true),
        (json!({ "count": 5, "time": 1 }), vec![], true),
        (json!({ "count": 5, "time": 1u64 << 40, "direction": 1 }), vec![], true),
    ] {
        assert_eq!(page(&mut ann, options.clone()).await, (seqs, is_completed), "{options}");
    }
}

#[tokio::test]
async fn bad_pages_are_refused_and_unknown_conversations_are_empty() {
    let server = Server::start().await;
    let mut ann = with_messages(&server, 1).await;
    server.login("cid").await;
    let mut code = async |body: Value| ann.call("message.page", body).await.code;
    for (body, expected) in [
        (json!({ "conversationID": "C2Cbob", "count": 0 }), 70402),
        (json!({ "conversationID": "C2Cbob", "count": 501 }), 70402),
        (json!({ "conversationID": "C2Cbob" }), 70402),
        (json!({ "conversationID": "bob", "count": 1 }), 70402),
        (json!({ "conversationID": "C2Cbob", "count": 1, "direction": 2 }), 70402),
        (json!({ "conversationID": "C2Cbob", "count": 1, "seq": 1, "time": 1 }), 70402),
        (json!({ "conversationID": "C2Cbob", "count": 1, "seq": -1 }), 70402),
        (json!({ "conversationID": "C2Cbob", "count": 1, "beforeID": "1-1-1" }), 6017),
        (json!({ "conversationID": "C2Cbob", "count": 1, "beforeID": "x" }), 70402),
        (json!({ "conversationID": "C2Ccid", "count": 1 }), 0),
        (json!({ "conversationID": "C2Cnobody", "count": 1 }), 0),
        (json!({ "conversationID": "GROUP1", "count": 1 }), 0),
        (json!({ "conversationID": "@TIM#SYSTEM", "count": 1 }), 0),
    ] {
        assert_eq!(code(body.clone()).await, expected, "{body}");
    }
}

#[tokio::test]
async fn a_message_of_another_conversation_is_no_start_for_a_page() {
    let server = Server::start().await;
    let mut ann = with_messages(&server, 1).await;
    server.login("cid").await;
    let to_cid = ann.text("cid", "hi");
    let id = to_cid["message"]["ID"].clone();
    ann.call("message.send", to_cid).await.ok();
    let body = json!({ "conversationID": "C2Cbob", "count": 1, "beforeID": id });
    assert_eq!(ann.call("message.page", body).await.code, 6017);
}

#[tokio::test]
async fn a_page_by_time_reaches_every_message_of_a_busy_second() {
    let server = Server::start().await;
    let mut ann = with_messages(&server, 60).await;
    let home = server.stop().await;
    // Ten messages before the busy second, forty in it, ten after it.
    home.sql(
        "UPDATE message SET time = CASE WHEN seq <= 10 THEN 1000 + seq WHEN seq <= 50 THEN 2000 \
         ELSE 3000 + seq END",
    )
    .await;
    let server = Server::at(home, app(), |_| {}).await;
    ann = {
        drop(ann);
        server.login("ann").await
    };
    let busy: Vec<u64> = (11..=50).collect();
    let at = |direction: u8| json!({ "count": 15, "time": 2000, "direction": direction });
    assert_eq!(page(&mut ann, at(0)).await, (busy.clone(), false));
    assert_eq!(page(&mut ann, at(1)).await, (busy, false));
    let (seqs, _) = page(&mut ann, json!({ "count": 15, "time": 3055 })).await;
    assert_eq!(seqs, (41..=55).collect::<Vec<_>>());
    let (seqs, _) = page(&mut ann, json!({ "count": 3, "time": 1005 })).await;
    assert_eq!(seqs, [3, 4, 5]);
    let (seqs, _) = page(&mut ann, json!({ "count": 3, "time": 1009, "direction": 1 })).await;
    assert_eq!(seqs, [9, 10, 11]);
}

#[tokio::test]
async fn changes_tell_what_is_new_in_pieces() {
    let server = Server::start().await;
    let mut ann = with_messages(&server, 5).await;
    let mut changes = async |after: u64, count: u64| {
        let body = json!({
            "conversationID": "C2Cbob", "afterSeq": after, "afterRev": after, "count": count,
        });
        let reply = ann.call("message.changes", body).await;
        (reply.code, reply.body)
    };
    let (_, first) = changes(1, 2).await;
    assert_eq!((seqs(&first["new"]), &first["isCompleted"]), (vec![2, 3], &json!(false)));
    assert_eq!((&first["seq"], &first["rev"]), (&json!(5), &json!(5)));
    let (_, second) = changes(3, 2).await;
    assert_eq!((seqs(&second["new"]), &second["isCompleted"]), (vec![4, 5], &json!(true)));
    let (_, none) = changes(5, 2).await;
    assert_eq!((&none["new"], &none["changed"]), (&json!([]), &json!([])));
    assert_eq!(none["isCompleted"], true);
    assert_eq!(changes(5, 0).await.0, 70402);
}

#[tokio::test]
async fn old_messages_are_removed_and_places_are_kept() {
    let server = Server::start().await;
    let mut ann = with_messages(&server, 5).await;
    drop(ann);
    let home = server.stop().await;
    home.sql("UPDATE message SET time = time - 200000 WHERE seq <= 3").await;
    let server = Server::at(home, App { retention_days: 1, ..app() }, |_| {}).await;
    ann = server.login("ann").await;
    // The first round runs at the start, beside the first requests.
    for _ in 0..100 {
        if page(&mut ann, json!({ "count": 5 })).await.0.len() == 2 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(page(&mut ann, json!({ "count": 5 })).await, (vec![4, 5], true));
    assert_eq!(ann.say("bob", "6").await["seq"], 6);
}

#[tokio::test]
async fn a_failed_transaction_is_answered_and_the_server_goes_on() {
    let server = Server::start().await;
    let (mut ann, mut bob) = (server.login("ann").await, server.login("bob").await);
    ann.say("bob", "1").await;
    let trigger = "CREATE TRIGGER refuse BEFORE INSERT ON message WHEN NEW.entry LIKE '%poison%' \
                   BEGIN SELECT RAISE(ABORT, 'the disk is full'); END";
    let check = "ALTER TABLE message ADD CONSTRAINT refuse CHECK (entry NOT LIKE '%poison%')";
    server.home.sql_of(trigger, check).await;
    let poisoned = ann.text("bob", "poison");
    assert_eq!(ann.call("message.send", poisoned.clone()).await.code, 20005);
    assert_eq!(ann.say("bob", "2").await["seq"], 2);
    let allow = "ALTER TABLE message DROP CONSTRAINT refuse";
    server.home.sql_of("DROP TRIGGER refuse", allow).await;
    // The same message may be sent again, and takes the next place.
    assert_eq!(ann.call("message.send", poisoned).await.ok()["seq"], 3);
    for seq in 1..=3 {
        assert_eq!(seqs(&bob.push("message").await["entries"]), [seq]);
    }
    bob.no_push().await;
}
