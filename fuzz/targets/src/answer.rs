//! Frames from a server: whatever it says, the client reads it as serde would, or refuses it.
//!
//! The text is taken as a frame; its body, or the whole text when it is none, is taken as every reply
//! and every push there is. A body is cut out of its text by one reader, so that its bytes are covered,
//! too.

use serde::Deserialize;
use serde_json::value::RawValue;
use tim_protocol::{
    call::{
        ConversationList, Done, LoggedIn, MessageChanges, MessageControlInfo, MessagePage, Pong,
        Profiles, ReadPosition, Resumed, Sent,
    },
    conversation::ConversationRow,
    entry::Entry,
    frame::ServerFrame,
    json::Json,
    message::Message,
    push::{
        Kicked, NewMessages, OnlineMessage, ProfilesChanged, Push, ReadByMe, ReadByPeer, Resync,
    },
    user::{Profile, ProfileChange},
};

use crate::agreement::{same, same_tree};

/// A frame as serde would read it.
#[derive(Deserialize)]
struct Frame<'a> {
    id: Option<u64>,
    code: Option<u32>,
    push: Option<String>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

/// The target `answer`.
pub fn answer(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let tree = same_tree(text);
    let Some(frame) = ServerFrame::read(text) else {
        assert!(!tree.as_ref().is_some_and(Json::is_object), "an object is a frame: {text}");
        return bodies(text, tree.as_ref());
    };
    if let Ok(by_serde) = serde_json::from_str::<Frame<'_>>(text) {
        let code = by_serde.code.unwrap_or_default();
        assert_eq!((frame.id(), frame.code().0), (by_serde.id, code), "{text}");
        assert_eq!(frame.push(), by_serde.push.as_deref(), "{text}");
        let body = frame.body().filter(|it| !it.is_null()).map(Json::raw);
        assert_eq!(body, by_serde.body.map(RawValue::get), "{text}");
    }
    let _ = frame.message();
    let Some(body) = frame.body() else { return bodies(text, tree.as_ref()) };
    if let Some(name) = frame.push() {
        let _ = Push::read(name, body);
    }
    bodies(body.raw(), Some(body));
}

fn bodies(text: &str, tree: Option<&Json<'_>>) {
    same::<LoggedIn>(text, tree);
    same::<Resumed>(text, tree);
    same::<Done>(text, tree);
    same::<Pong>(text, tree);
    same::<Sent>(text, tree);
    same::<MessagePage>(text, tree);
    same::<MessageChanges>(text, tree);
    same::<ConversationList>(text, tree);
    same::<ConversationRow>(text, tree);
    same::<ReadPosition>(text, tree);
    same::<Profiles>(text, tree);
    same::<Profile>(text, tree);
    same::<ProfileChange>(text, tree);
    same::<MessageControlInfo>(text, tree);
    same::<Message>(text, tree);
    same::<Entry>(text, tree);
    pushes(text, tree);
}

/// What a push of each name carries is what its type reads.
fn pushes(text: &str, tree: Option<&Json<'_>>) {
    let read = |name| tree.and_then(|it| Push::read(name, it).ok().flatten());
    macro_rules! alike {
        ($($push:ident)*) => {
            $(assert_eq!(read($push::NAME), same::<$push>(text, tree).map(Push::$push), "{text}");)*
        };
    }
    alike!(NewMessages OnlineMessage ReadByMe ReadByPeer ProfilesChanged Kicked Resync);
}
