//! The client's JSON and serde's are the same JSON, type by type.
//!
//! The client reads and writes with the member lists of `tim_protocol::json`, the server with serde's
//! derives. Whatever one writes the other must read as the same value.

use std::fmt::Debug;

use serde::{Serialize, de::DeserializeOwned};
use tim_protocol::{
    call::{
        Call, ChangedMessages, ConversationList, Direction, Done, GetConversation, GetProfiles,
        ListConversations, LoggedIn, Login, Logout, MessageChanges, MessageControlInfo,
        MessagePage, PageMessages, Ping, Pong, Profiles, ReadConversation, ReadPosition, Resume,
        Resumed, SendMessage, Sent, UpdateProfile,
    },
    conversation::ConversationRow,
    entry::Entry,
    frame::{self, RequestFrame, ServerFrame},
    json::{self, FromJson, ToJson},
    message::Message,
    push::{Kicked, NewMessages, OnlineMessage, ProfilesChanged, Push, ReadByMe, ReadByPeer},
    user::{Profile, ProfileChange},
};

const MESSAGE: &str = r#"{"ID":"144115188075855872-1700000000-7","type":"TIMTextElem",
    "payload":{"text":"é \"quoted\"\n"},"conversationType":"C2C","from":"alice","to":"bob",
    "time":1700000001,"sequence":3,"clientSequence":3,"priority":"High","nick":"Ä","avatar":"a",
    "cloudCustomData":"{}","needReadReceipt":true,"isSupportExtension":true,"isRevoked":true,
    "revoker":"alice","isModified":true,"version":2,"unknown":[1]}"#;
const LEAN_MESSAGE: &str = r#"{"ID":"1-2-3","type":"TIMFaceElem","payload":{"index":0,"data":""},
    "conversationType":"GROUP","from":"a","to":"b","time":0}"#;
const PROFILE: &str = r#"{"userID":"alice","nick":"A","gender":"Gender_Type_Female","birthday":1,
    "location":"l","selfSignature":"s","allowType":"AllowType_Type_DenyAny","language":2,
    "avatar":"u","messageSettings":1,"adminForbidType":"AdminForbid_Type_SendOut","level":3,"role":4,
    "profileCustomField":[{"key":"Tag_Profile_Custom_a","value":"v"}]}"#;

fn entry(extra: &str) -> String {
    format!(r#"{{"seq":5,"rev":6,{extra}"message":{MESSAGE}}}"#)
}

/// Both read the text as the same value.
fn read_alike<T: DeserializeOwned + FromJson + PartialEq + Debug>(text: &str) -> T {
    let by_serde: T = serde_json::from_str(text).expect(text);
    let by_json: T = json::read(text).expect(text);
    assert_eq!(by_json, by_serde, "{text}");
    by_json
}

/// What one writes the other reads as the same value.
fn write_alike<T: Serialize + DeserializeOwned + ToJson + PartialEq + Debug>(value: &T) {
    let by_json = json::write(value);
    let back: T = serde_json::from_str(&by_json).expect(&by_json);
    assert_eq!(&back, value, "{by_json}");
    let by_serde: serde_json::Value = serde_json::to_value(value).unwrap();
    let as_value: serde_json::Value = serde_json::from_str(&by_json).unwrap();
    assert_eq!(as_value, by_serde);
}

fn both<T>(text: &str)
where
    T: Serialize + DeserializeOwned + FromJson + ToJson + PartialEq + Debug,
{
    write_alike(&read_alike::<T>(text));
}

/// A call: serde reads what the client writes.
fn call<C: Call + PartialEq + Debug>(value: &C) {
    write_alike(value);
    let text = frame::request(7, value);
    let frame: RequestFrame = serde_json::from_str(&text).unwrap();
    assert_eq!((frame.id, &*frame.method), (7, C::METHOD.as_str()));
    let body: C = serde_json::from_str(frame.body.unwrap().get()).unwrap();
    assert_eq!(&body, value);
}

/// A call given as JSON.
fn call_of<C: Call + PartialEq + Debug>(text: &str) {
    call::<C>(&serde_json::from_str(text).expect(text));
}

#[test]
fn shared_objects() {
    both::<Message>(MESSAGE);
    both::<Message>(LEAN_MESSAGE);
    both::<Message>(&LEAN_MESSAGE.replace("\"a\"", "\"\"").replace("\"b\"", "\"\""));
    both::<Entry>(&entry(""));
    both::<Entry>(&format!(r#"{{"seq":0,"rev":0,"message":{MESSAGE}}}"#));
    both::<Entry>(&entry(r#""excludedFromUnreadCount":true,"excludedFromLastMessage":true,"#));
    both::<Profile>(PROFILE);
    both::<Profile>(r#"{"userID":"a"}"#);
    both::<MessageControlInfo>(r#"{"excludedFromLastMessage":true}"#);
    let row = format!(
        r#"{{"conversationID":"C2Cbob","seq":9,"rev":9,"unreadCount":2,"readSeq":3,"peerReadSeq":4,
        "peerReadTime":5,"last":{},"activeTime":6,"userProfile":{PROFILE}}}"#,
        entry("")
    );
    both::<ConversationRow>(&row);
    both::<ConversationRow>(r#"{"conversationID":"@TIM#SYSTEM"}"#);
    both::<ProfileChange>(
        r#"{"nick":"","gender":"","birthday":0,"location":"","selfSignature":"","allowType":
        "AllowType_Type_AllowAny","language":0,"avatar":"","messageSettings":0,"adminForbidType":
        "AdminForbid_Type_None","level":0,"role":0,"profileCustomField":[]}"#,
    );
    read_alike::<ConversationList>(&format!(r#"{{"conversations":[{row},{row}]}}"#));
}

#[test]
fn calls() {
    call_of::<Login>(r#"{"SDKAppID":-1,"userID":"a","userSig":"s","client":"1"}"#);
    call_of::<Login>(r#"{"SDKAppID":0,"userID":"","userSig":""}"#);
    call_of::<Resume>(r#"{"session":"s"}"#);
    call_of::<Resume>(r#"{"session":""}"#);
    call(&Logout {});
    call(&Ping {});
    call_of::<SendMessage>(&format!(
        r#"{{"message":{MESSAGE},"onlineUserOnly":true,
        "messageControlInfo":{{"excludedFromUnreadCount":true}}}}"#
    ));
    call_of::<SendMessage>(&format!(r#"{{"message":{LEAN_MESSAGE}}}"#));
    for place in ["", r#","seq":1"#, r#","time":0,"direction":1"#, r#","beforeID":"1-2-3""#] {
        call_of::<PageMessages>(&format!(r#"{{"conversationID":"C2Cb","count":15{place}}}"#));
    }
    call_of::<PageMessages>(r#"{"conversationID":"C2Cb","count":0}"#);
    let changed = r#"{"conversationID":"GROUPg","afterSeq":0,"afterRev":0,"count":500}"#;
    call_of::<ChangedMessages>(changed);
    call(&ListConversations {});
    call_of::<GetConversation>(r#"{"conversationID":"C2Cb"}"#);
    call_of::<ReadConversation>(r#"{"conversationID":"C2Cb","seq":0}"#);
    call(&GetProfiles { user_id_list: vec!["a".to_owned(), String::new()] });
    call(&UpdateProfile(ProfileChange { level: Some(0), ..ProfileChange::default() }));
}

#[test]
fn replies() {
    read_alike::<Done>("{}");
    let settings = r#"{"maxMessageBytes":12288,"conversationPullLimit":100}"#;
    read_alike::<LoggedIn>(&format!(
        r#"{{"tinyID":"144115188075855872","session":"s","serverTime":1,"profile":{PROFILE},
        "settings":{settings}}}"#
    ));
    read_alike::<Resumed>(&format!(r#"{{"serverTime":1,"profile":{PROFILE}}}"#));
    read_alike::<Pong>(r#"{"serverTime":1}"#);
    read_alike::<Sent>(r#"{"time":1}"#);
    read_alike::<Sent>(
        r#"{"seq":1,"rev":2,"time":3,"nick":"n","avatar":"a","needReadReceipt":true,
        "isSupportExtension":true}"#,
    );
    let page = format!(r#"[{},{}]"#, entry(""), entry(""));
    let end = r#""isCompleted":true,"seq":1,"rev":2}"#;
    read_alike::<MessagePage>(&format!(r#"{{"entries":{page},{end}"#));
    read_alike::<MessageChanges>(&format!(r#"{{"new":{page},"changed":[],{end}"#));
    read_alike::<ReadPosition>(r#"{"readSeq":1,"unreadCount":2}"#);
    read_alike::<Profiles>(&format!(r#"{{"profiles":[{PROFILE}]}}"#));
    assert!(json::read::<Direction>("2").is_err() && json::read::<Direction>("1").is_ok());
}

#[test]
fn pushes() {
    let page = format!(r#"{{"entries":[{}]}}"#, entry(""));
    read_alike::<NewMessages>(&page);
    read_alike::<OnlineMessage>(&format!(r#"{{"message":{MESSAGE}}}"#));
    read_alike::<ReadByMe>(r#"{"conversationID":"C2Cb","readSeq":1,"unreadCount":2}"#);
    read_alike::<ReadByPeer>(r#"{"conversationID":"C2Cb","peerReadSeq":1,"peerReadTime":2}"#);
    read_alike::<ProfilesChanged>(&format!(r#"{{"profiles":[{PROFILE}]}}"#));
    for reason in ["multipleAccount", "multipleDevice", "userSigExpired", "REST_API_Kick"] {
        read_alike::<Kicked>(&format!(r#"{{"type":"{reason}"}}"#));
    }
    let text = format!(r#"{{"push":"message","body":{page}}}"#);
    let frame = ServerFrame::read(&text).unwrap();
    assert_eq!((frame.id(), frame.push()), (None, Some("message")));
    let push = Push::read("message", frame.body().unwrap()).unwrap().unwrap();
    assert!(matches!(push, Push::NewMessages(it) if it.entries[0].seq == 5));
    assert!(Push::read("kicked", frame.body().unwrap()).is_err());
    assert_eq!(Push::read("from the future", frame.body().unwrap()), Ok(None));
}

#[test]
fn replies_in_their_frames() {
    let text = frame::reply(7, &Pong { server_time: 5 });
    let frame = ServerFrame::read(&text).unwrap();
    assert_eq!((frame.id(), frame.code().0), (Some(7), 0));
    assert_eq!(Pong::from_json(frame.body().unwrap()).unwrap().server_time, 5);
    let text = frame::refusal(8, tim_protocol::code::Code::UNKNOWN_ACCOUNT, "no such \"user\"");
    let frame = ServerFrame::read(&text).unwrap();
    assert_eq!((frame.code().0, frame.message()), (20003, Some("no such \"user\"")));
    assert!(ServerFrame::read("[]").is_none() && ServerFrame::read("{").is_none());
}

#[test]
fn both_refuse_the_same() {
    fn refused<T: DeserializeOwned + FromJson>(text: &str) {
        assert!(serde_json::from_str::<T>(text).is_err(), "{text}");
        assert!(json::read::<T>(text).is_err(), "{text}");
    }
    refused::<Message>(&MESSAGE.replace("144115188075855872-1700000000-7", "1-2"));
    refused::<Message>(&MESSAGE.replace("\"C2C\"", "\"c2c\""));
    refused::<Message>(&MESSAGE.replace("1700000001", "-1"));
    refused::<Message>(&MESSAGE.replace("\"High\"", "\"Highest\""));
    refused::<Message>("[]");
    refused::<Profile>("{}");
    refused::<Entry>(r#"{"seq":1,"rev":1}"#);
    for bad in [r#"{"nick":null}"#, r#"{"nick":1}"#, r#"{"nickname":"A"}"#, r#"{"level":1.5}"#] {
        refused::<ProfileChange>(bad);
    }
    refused::<ConversationRow>(r#"{"conversationID":"bob"}"#);
    refused::<Kicked>(r#"{"type":"because"}"#);
}
