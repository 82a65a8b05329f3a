//! Two apps in one server: the same names, and nothing to see of each other.

use serde_json::{Value, json};
use tim_protocol::usersig::sign;
use tim_server::{config::App, service::now_s};

use crate::support::{APP, Client, Server, app, key, user_sig};

const OTHER: u32 = APP + 1;

async fn two_apps() -> Server {
    let other = App { sdk_app_id: OTHER, ..app() };
    Server::configured(app(), |config| config.apps.push(other)).await
}

fn other_login(user: &str) -> Value {
    let user_sig = sign(&key(), OTHER, &user.parse().unwrap(), now_s(), 86_400);
    json!({ "SDKAppID": OTHER, "userID": user, "userSig": user_sig })
}

/// Somebody of the other app.
async fn stranger(server: &Server, user: &str) -> Client {
    let mut client = server.connect().await;
    let body = client.call("login", other_login(user)).await.ok();
    user.clone_into(&mut client.user);
    body["tinyID"].as_str().unwrap().clone_into(&mut client.tiny_id);
    body["session"].as_str().unwrap().clone_into(&mut client.session);
    client
}

#[tokio::test]
async fn a_credential_of_one_app_opens_no_other() {
    let server = two_apps().await;
    for (sdk_app_id, body) in
        [(APP, other_login("ann")), (OTHER, json!({ "userSig": user_sig("ann") }))]
    {
        let mut client = server.connect().await;
        let user_sig = &body["userSig"];
        let body = json!({ "SDKAppID": sdk_app_id, "userID": "ann", "userSig": user_sig });
        assert_eq!(client.call("login", body).await.code, 70014);
    }
}

#[tokio::test]
async fn the_same_names_in_another_app_are_other_people() {
    let server = two_apps().await;
    let (mut ann, mut bob) = (server.login("ann").await, server.login("bob").await);
    let (mut ann2, mut bob2) = (stranger(&server, "ann").await, stranger(&server, "bob").await);
    assert_ne!(ann.tiny_id, ann2.tiny_id);
    let secret = ann.text("bob", "secret");
    let sent = ann.call("message.send", secret.clone()).await.ok();
    assert_eq!(sent["seq"], 1);
    bob.push("message").await;
    ann.call("user.update", json!({ "nick": "Ann of the first app" })).await.ok();

    for client in [&mut ann2, &mut bob2] {
        client.no_push().await;
        let list = client.call("conversation.list", json!({})).await.ok();
        assert_eq!(list["conversations"], json!([]));
        let peer = if client.user == "ann" { "bob" } else { "ann" };
        let conversation = format!("C2C{peer}");
        assert_eq!(client.texts(&conversation).await, [""; 0]);
        let changes =
            json!({ "conversationID": conversation, "afterSeq": 0, "afterRev": 0, "count": 500 });
        let changes = client.call("message.changes", changes).await.ok();
        assert_eq!((&changes["new"], &changes["changed"]), (&json!([]), &json!([])));
        let place = json!({
            "conversationID": conversation, "beforeID": secret["message"]["ID"], "count": 10
        });
        assert_eq!(client.call("message.page", place).await.code, 6017);
        // Reading up to there moves nothing over there.
        client.call("conversation.read", json!({ "conversationID": conversation, "seq": 1 })).await;
    }
    let found = ann2.call("user.get", json!({ "userIDList": ["ann", "bob"] })).await.ok();
    assert!(!found.to_string().contains("first app"), "{found}");
    ann.no_push().await;
    let row = bob.call("conversation.get", json!({ "conversationID": "C2Cann" })).await.ok();
    assert_eq!(row["unreadCount"], 1);
}

#[tokio::test]
async fn nobody_speaks_with_the_number_of_somebody_else() {
    let server = two_apps().await;
    let (mut ann, mut bob) = (server.login("ann").await, server.login("bob").await);
    let (mut ann2, _bob2) = (stranger(&server, "ann").await, stranger(&server, "bob").await);
    let sent = ann.text("bob", "mine");
    ann.call("message.send", sent.clone()).await.ok();
    bob.push("message").await;
    // Another one's number in a new ID; the very ID of a message of the other app; another sender.
    let forged = ann2.text_with_id("bob", "forged", &format!("{}-{}-7", ann.tiny_id, now_s()));
    assert_eq!(ann2.call("message.send", forged).await.code, 20001);
    assert_eq!(ann2.call("message.send", sent.clone()).await.code, 20001);
    assert_eq!(bob.call("message.send", sent).await.code, 20001);
    let mut renamed = ann2.text("bob", "renamed");
    renamed["message"]["from"] = json!("bob");
    assert_eq!(ann2.call("message.send", renamed).await.code, 20001);
    // Only people of one's own app can be written to.
    server.login("only-here").await;
    let lost = ann2.text("only-here", "is somebody there?");
    assert_eq!(ann2.call("message.send", lost).await.code, 20003);
    bob.no_push().await;
    assert_eq!(bob.texts("C2Cann").await, ["mine"]);
}
