//! What client and server agree on.
//!
//! One set of types is the JSON on the wire, the object in a listener, the record on the
//! device and the column on the server. This crate does no I/O, knows no JavaScript, no
//! socket and no database, and compiles everywhere.
//!
//! # Layout (a reading order)
//!
//! - [`ids`]: who and where: users, conversations, messages, positions in a log.
//! - [`message`]: the message and its payloads; [`entry`]: a message at its place in a log.
//! - [`conversation`], [`user`]: the row of a conversation, the profile of a person.
//! - [`frame`]: the envelope of every frame; [`call`]: what a client may ask and what it gets;
//!   [`push`]: what the server says unasked.
//! - [`code`]: error numbers; [`limits`]: sizes and times; [`constants`]: the EVENT and TYPES
//!   tables of the public API.
//! - [`usersig`] (feature `usersig`): login credentials.

pub mod call;
pub mod code;
pub mod constants;
pub mod conversation;
pub mod entry;
pub mod frame;
pub mod ids;
pub mod json;
pub mod limits;
pub mod message;
pub mod push;
pub mod user;
#[cfg(feature = "usersig")]
pub mod usersig;

/// The WebSocket subprotocol: the version of everything in this crate.
pub const SUBPROTOCOL: &str = "tim.v1";

/// The close code of a server that goes away for a moment: it asks everybody to come back.
pub const CLOSE_RESTART: u16 = 1012;

/// Skips a field that has its default value, so that frames carry only what was set.
pub(crate) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
