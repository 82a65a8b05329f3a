//! Profiles over a real socket: reading anybody's, changing one's own, every refusal with its code,
//! and who is told of a change.

mod support;

use serde_json::json;
use support::{Server, app};
use tim_server::config::{App, CustomFieldRule};

#[tokio::test]
async fn profiles_come_in_the_order_asked_once_per_mention() {
    let server = Server::start().await;
    let (mut ann, _bob) = (server.login("ann").await, server.login("bob").await);
    let list = json!({ "userIDList": ["bob", "nobody", "ann", "not an id", "bob"] });
    let profiles = ann.call("user.get", list).await.ok();
    let names: Vec<_> =
        profiles["profiles"].as_array().unwrap().iter().map(|it| &it["userID"]).collect();
    assert_eq!(names, ["bob", "ann", "bob"]);
    let nobody = ann.call("user.get", json!({ "userIDList": [] })).await.ok();
    assert_eq!(nobody["profiles"], json!([]));
}

#[tokio::test]
async fn a_change_reaches_the_other_instances_once() {
    let server = Server::start().await;
    let (mut ann, mut other) = (server.login("ann").await, server.login("ann").await);
    let field = json!([{ "key": "Tag_Profile_Custom_a", "value": "1" }]);
    let change =
        json!({ "nick": "Ann", "gender": "Gender_Type_Female", "profileCustomField": field });
    let profile = ann.call("user.update", change.clone()).await.ok();
    assert_eq!((&profile["nick"], &profile["profileCustomField"]), (&json!("Ann"), &field));
    assert_eq!(other.push("profile").await["profiles"], json!([profile]));
    // The same again changes nothing and tells nobody.
    assert_eq!(ann.call("user.update", change).await.ok(), profile);
    other.no_push().await;
    ann.no_push().await;
    let again = server.connect().await.login("ann").await;
    assert_eq!(again["profile"], profile);
}

#[tokio::test]
async fn a_change_with_anything_wrong_changes_nothing() {
    let server = Server::start().await;
    let mut ann = server.login("ann").await;
    for (change, code) in [
        (json!({}), 70402),
        (json!({ "nick": "x", "gender": "male" }), 40605),
        (json!({ "nick": "x", "birthday": "today" }), 40610),
        (json!({ "nick": "x", "location": "x".repeat(17) }), 40601),
        (json!({ "nick": "x", "nickname": "y" }), 40605),
        (json!({ "nick": "x", "adminForbidType": "AdminForbid_Type_SendOut" }), 40008),
    ] {
        assert_eq!(ann.call("user.update", change.clone()).await.code, code, "{change}");
    }
    let fields: Vec<_> = (0..21)
        .map(|it| json!({ "key": format!("Tag_Profile_Custom_k{it}"), "value": "v" }))
        .collect();
    let change = json!({ "nick": "x", "profileCustomField": fields });
    assert_eq!(ann.call("user.update", change).await.code, 40601);
    let mine = ann.call("user.get", json!({ "userIDList": ["ann"] })).await.ok();
    assert_eq!(mine["profiles"], json!([{ "userID": "ann" }]));
}

#[tokio::test]
async fn declared_custom_fields_keep_their_rights() {
    let rule = |key: &str, user_read, user_write| CustomFieldRule {
        key: format!("Tag_Profile_Custom_{key}"),
        user_read,
        user_write,
    };
    let custom_fields =
        vec![rule("open", true, true), rule("secret", false, true), rule("fixed", true, false)];
    let server = Server::with(App { custom_fields, ..app() }).await;
    let mut ann = server.login("ann").await;
    let mut write = async |key: &str| {
        let field = json!([{ "key": format!("Tag_Profile_Custom_{key}"), "value": "1" }]);
        let reply = ann.call("user.update", json!({ "profileCustomField": field })).await;
        (reply.code, reply.body["profileCustomField"].clone())
    };
    let open = json!([{ "key": "Tag_Profile_Custom_open", "value": "1" }]);
    assert_eq!(write("open").await, (0, open.clone()));
    assert_eq!(write("secret").await, (0, open));
    assert_eq!(write("fixed").await.0, 40008);
    assert_eq!(write("other").await.0, 40008);
}
