//! The conversation list, read positions, and what they tell others.

mod support;

use serde_json::{Value, json};
use support::{Client, Server};

async fn list(client: &mut Client) -> Vec<Value> {
    let list = client.call("conversation.list", json!({})).await.ok();
    list["conversations"].as_array().unwrap().clone()
}

fn ids(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["conversationID"].as_str().unwrap()).collect()
}

async fn send_with(client: &mut Client, to: &str, text: &str, control: Value) {
    let mut body = client.text(to, text);
    body["messageControlInfo"] = control;
    client.call("message.send", body).await.ok();
}

async fn read(client: &mut Client, conversation: &str, seq: u64) -> (u64, u64) {
    let body = json!({ "conversationID": conversation, "seq": seq });
    let position = client.call("conversation.read", body).await.ok();
    (position["readSeq"].as_u64().unwrap(), position["unreadCount"].as_u64().unwrap())
}

#[tokio::test]
async fn the_list_holds_what_a_row_needs_most_recent_first() {
    let server = Server::start().await;
    let (mut ann, mut bob) = (server.login("ann").await, server.login("bob").await);
    let mut cid = server.login("cid").await;
    bob.call("user.update", json!({ "nick": "Bob" })).await.ok();
    bob.say("ann", "one").await;
    bob.say("ann", "two").await;
    // Rows of one second are in the order of their names; the next message is in a later one.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    cid.say("ann", "three").await;
    let rows = list(&mut ann).await;
    assert_eq!(ids(&rows), ["C2Ccid", "C2Cbob"]);
    let row = &rows[1];
    assert_eq!((&row["seq"], &row["rev"], &row["unreadCount"]), (&json!(2), &json!(2), &json!(2)));
    assert_eq!(row["last"]["message"]["payload"]["text"], "two");
    assert_eq!(row["activeTime"], row["last"]["message"]["time"]);
    assert_eq!(row["userProfile"]["nick"], "Bob");
    let mine = list(&mut bob).await;
    assert_eq!(ids(&mine), ["C2Cann"]);
    assert_eq!(mine[0].get("unreadCount"), None);
}

#[tokio::test]
async fn a_read_mark_moves_forward_and_tells_both_sides() {
    let server = Server::start().await;
    let (mut ann, mut other) = (server.login("ann").await, server.login("ann").await);
    let mut bob = server.login("bob").await;
    for text in ["1", "2", "3"] {
        bob.say("ann", text).await;
        ann.push("message").await;
        other.push("message").await;
    }
    assert_eq!(read(&mut ann, "C2Cbob", 2).await, (2, 1));
    let pushed = other.push("read").await;
    assert_eq!(pushed, json!({ "conversationID": "C2Cbob", "readSeq": 2, "unreadCount": 1 }));
    let pushed = bob.push("peerRead").await;
    assert_eq!((&pushed["conversationID"], &pushed["peerReadSeq"]), (&json!("C2Cann"), &json!(2)));
    let row = list(&mut bob).await.remove(0);
    assert_eq!(row["peerReadSeq"], 2);
    assert_eq!(row["peerReadTime"], pushed["peerReadTime"]);
    // Backwards is no move, beyond the end is the end.
    assert_eq!(read(&mut ann, "C2Cbob", 1).await, (2, 1));
    bob.no_push().await;
    assert_eq!(read(&mut ann, "C2Cbob", 99).await, (3, 0));
    assert_eq!(bob.push("peerRead").await["peerReadSeq"], 3);
    other.push("read").await;
    other.no_push().await;
    ann.no_push().await;
}

#[tokio::test]
async fn reading_what_does_not_exist_is_no_error() {
    let server = Server::start().await;
    let mut ann = server.login("ann").await;
    server.login("bob").await;
    for conversation in ["C2Cbob", "C2Cnobody", "GROUP1", "@TIM#SYSTEM"] {
        assert_eq!(read(&mut ann, conversation, 5).await, (0, 0), "{conversation}");
    }
    let body = json!({ "conversationID": "nothing", "seq": 1 });
    assert_eq!(ann.call("conversation.read", body).await.code, 70402);
}

#[tokio::test]
async fn excluded_messages_do_not_count_or_show() {
    let server = Server::start().await;
    let (mut ann, mut bob) = (server.login("ann").await, server.login("bob").await);
    send_with(
        &mut bob,
        "ann",
        "neither",
        json!({ "excludedFromUnreadCount": true, "excludedFromLastMessage": true }),
    )
    .await;
    assert!(list(&mut ann).await.is_empty());
    assert!(list(&mut bob).await.is_empty());
    send_with(&mut bob, "ann", "hidden", json!({ "excludedFromLastMessage": true })).await;
    let row = list(&mut ann).await.remove(0);
    assert_eq!((row.get("last"), &row["unreadCount"]), (None, &json!(1)));
    send_with(&mut bob, "ann", "quiet", json!({ "excludedFromUnreadCount": true })).await;
    let row = list(&mut ann).await.remove(0);
    assert_eq!(row["last"]["message"]["payload"]["text"], "quiet");
    assert_eq!(row["last"]["excludedFromUnreadCount"], true);
    assert_eq!((&row["unreadCount"], &row["seq"]), (&json!(1), &json!(3)));
    assert_eq!(ann.texts("C2Cbob").await, ["neither", "hidden", "quiet"]);
}

#[tokio::test]
async fn one_conversation_can_be_asked_for_before_its_first_message() {
    let server = Server::start().await;
    let (mut ann, mut bob) = (server.login("ann").await, server.login("bob").await);
    let get = json!({ "conversationID": "C2Cbob" });
    let row = ann.call("conversation.get", get.clone()).await.ok();
    assert_eq!((row.get("seq"), &row["userProfile"]["userID"]), (None, &json!("bob")));
    bob.say("ann", "hi").await;
    let row = ann.call("conversation.get", get).await.ok();
    assert_eq!((&row["seq"], &row["unreadCount"]), (&json!(1), &json!(1)));
    assert_eq!(list(&mut ann).await, [row]);
    for (conversation, code) in [("C2Cnobody", 20003), ("GROUP1", 10010), ("@TIM#SYSTEM", 2500)] {
        let body = json!({ "conversationID": conversation });
        assert_eq!(ann.call("conversation.get", body).await.code, code, "{conversation}");
    }
}
