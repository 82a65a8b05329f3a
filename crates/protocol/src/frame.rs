//! The envelope of every frame: JSON in one WebSocket text frame.
//!
//! - request `{"id":7,"do":"message.send","body":{…}}`
//! - reply `{"id":7,"code":0,"body":{…}}` or `{"id":7,"code":20003,"message":"…"}`
//! - push `{"push":"message","body":{…}}`
//!
//! Bodies stay text here; [`crate::call`] and [`crate::push`] say what is in them. Unknown members
//! are ignored everywhere, so that either side may be newer.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{call::Call, code::Code};

/// A request as the server reads it.
#[derive(Debug, Deserialize)]
pub struct RequestFrame<'a> {
    /// Chosen by the client, echoed in the reply; unique among its unanswered requests.
    pub id: u64,
    /// The name of the call.
    #[serde(rename = "do", borrow)]
    pub method: Cow<'a, str>,
    /// The call's parameters; absent is the same as `{}`.
    #[serde(default, borrow)]
    pub body: Option<&'a RawValue>,
}

/// A frame from the server as the client reads it: a reply when it has an `id`, else a push.
#[derive(Debug, Deserialize)]
pub struct ServerFrame<'a> {
    /// The request this answers.
    #[serde(default)]
    pub id: Option<u64>,
    /// 0 or what went wrong.
    #[serde(default)]
    pub code: Code,
    /// What went wrong, for people.
    #[serde(default, borrow)]
    pub message: Option<Cow<'a, str>>,
    /// The name of the push.
    #[serde(default, borrow)]
    pub push: Option<Cow<'a, str>>,
    /// The result, or the content of the push.
    #[serde(default, borrow)]
    pub body: Option<&'a RawValue>,
}

/// Writes a request.
///
/// # Panics
/// Never: calls hold nothing that JSON cannot.
#[must_use]
pub fn request<C: Call>(id: u64, call: &C) -> String {
    #[derive(Serialize)]
    struct Frame<'a, C> {
        id: u64,
        #[serde(rename = "do")]
        method: &'static str,
        body: &'a C,
    }
    to_text(&Frame { id, method: C::METHOD.as_str(), body: call })
}

/// Writes the reply to a call that succeeded.
#[must_use]
pub fn reply<T: Serialize>(id: u64, body: &T) -> String {
    #[derive(Serialize)]
    struct Frame<'a, T> {
        id: u64,
        code: u32,
        body: &'a T,
    }
    to_text(&Frame { id, code: 0, body })
}

/// Writes the reply to a call that failed.
#[must_use]
pub fn refusal(id: u64, code: Code, message: &str) -> String {
    #[derive(Serialize)]
    struct Frame<'a> {
        id: u64,
        code: Code,
        message: &'a str,
    }
    to_text(&Frame { id, code, message })
}

/// Writes a push.
#[must_use]
pub fn push<T: Serialize>(name: &str, body: &T) -> String {
    #[derive(Serialize)]
    struct Frame<'a, T> {
        push: &'a str,
        body: &'a T,
    }
    to_text(&Frame { push: name, body })
}

fn to_text<T: Serialize>(frame: &T) -> String {
    serde_json::to_string(frame).expect("frames are plain data with string keys")
}
