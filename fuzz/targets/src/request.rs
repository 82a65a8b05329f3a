//! Frames from a client: whatever it sends, the server reads a call it can write again, or refuses it.
//!
//! The body is also taken as the parameters of every other call: which one it is, is one changed word
//! away. What the service does with a message and a profile before anything is stored belongs here, as
//! those texts reach other people.

use std::fmt::Debug;

use tim_protocol::{
    call::{
        Call, ChangedMessages, GetConversation, GetProfiles, ListConversations, Login, Logout,
        Method, PageMessages, Ping, ReadConversation, Resume, SendMessage, UpdateProfile,
    },
    frame::{self, RequestFrame},
    json,
    message::Message,
    user::{Profile, ProfileChange},
};

use crate::agreement::{same, same_tree};

/// The target `request`.
pub fn request(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (id, body) = match serde_json::from_str::<RequestFrame<'_>>(text) {
        Ok(frame) => {
            if let Some(method) = Method::named(&frame.method) {
                assert_eq!(method.as_str(), frame.method);
            }
            (frame.id, frame.body.map_or("{}", |it| it.get()))
        }
        Err(_) => (0, text),
    };
    for method in Method::ALL {
        read(*method, id, body);
    }
}

fn read(method: Method, id: u64, body: &str) {
    match method {
        Method::Login => drop(call::<Login>(id, body)),
        Method::Resume => drop(call::<Resume>(id, body)),
        Method::Logout => drop(call::<Logout>(id, body)),
        Method::Ping => drop(call::<Ping>(id, body)),
        Method::SendMessage => {
            if let Some(it) = call::<SendMessage>(id, body) {
                message(&it.message);
            }
        }
        Method::PageMessages => drop(call::<PageMessages>(id, body)),
        Method::ChangedMessages => drop(call::<ChangedMessages>(id, body)),
        Method::ListConversations => drop(call::<ListConversations>(id, body)),
        Method::GetConversation => drop(call::<GetConversation>(id, body)),
        Method::ReadConversation => drop(call::<ReadConversation>(id, body)),
        Method::GetProfiles => drop(call::<GetProfiles>(id, body)),
        Method::UpdateProfile => {
            if let Some(UpdateProfile(change)) = call(id, body) {
                profile(&change);
            }
        }
    }
}

/// Whatever the server reads as a call, a client can have written.
pub fn call<C: Call + PartialEq + Debug>(id: u64, body: &str) -> Option<C> {
    let call: C = serde_json::from_str(body).ok()?;
    let text = frame::request(id, &call);
    let frame: RequestFrame<'_> = serde_json::from_str(&text).expect("a client writes frames");
    assert_eq!((frame.id, &*frame.method), (id, C::METHOD.as_str()));
    let again: C = serde_json::from_str(frame.body.expect("a client writes bodies").get())
        .unwrap_or_else(|error| panic!("{error} in {text}"));
    assert_eq!(again, call, "{text}");
    Some(call)
}

/// What has been checked is well-formed, needs no second check and has not grown beyond its escapes.
fn message(message: &Message) {
    let Ok(checked) = message.payload.checked(&message.kind) else { return };
    assert_eq!(checked.checked(&message.kind).as_ref(), Ok(&checked), "{message:?}");
    let (before, after) = (message.payload.as_json(), checked.as_json());
    assert!(after.len() <= 3 * before.len() + 64, "{before} became {after}");
    let text = json::write(&Message { payload: checked, ..message.clone() });
    assert!(same::<Message>(&text, same_tree(&text).as_ref()).is_some(), "{text}");
}

/// A profile that was changed is still one, and to change it again the same way changes nothing.
fn profile(change: &ProfileChange) {
    if !change.is_valid() {
        return;
    }
    let mut profile = Profile::empty("alice".parse().expect("a userID"));
    change.apply_to(&mut profile);
    let text = json::write(&profile);
    assert_eq!(same::<Profile>(&text, same_tree(&text).as_ref()).as_ref(), Some(&profile));
    let once = profile.clone();
    change.apply_to(&mut profile);
    assert_eq!(profile, once);
}
