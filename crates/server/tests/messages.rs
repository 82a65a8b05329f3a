//! Sending, receiving and reading messages over real sockets.

mod support;

use serde_json::json;
use support::Server;

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
