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

use crate::{
    call::Call,
    code::Code,
    json::{self, Json, ObjectWriter, ToJson},
};

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
#[derive(Clone, Debug)]
pub struct ServerFrame<'a>(Json<'a>);

impl<'a> ServerFrame<'a> {
    /// Reads a frame; `None` when it is none.
    #[must_use]
    pub fn read(text: &'a str) -> Option<Self> {
        json::parse(text).filter(Json::is_object).map(Self)
    }

    /// The request this answers.
    #[must_use]
    pub fn id(&self) -> Option<u64> {
        self.0.member("id").ok().flatten()
    }

    /// 0 or what went wrong.
    #[must_use]
    pub fn code(&self) -> Code {
        self.0.member("code").unwrap_or(Code::INTERNAL)
    }

    /// What went wrong, for people.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.0.get("message").and_then(Json::as_str)
    }

    /// The name of the push.
    #[must_use]
    pub fn push(&self) -> Option<&str> {
        self.0.get("push").and_then(Json::as_str)
    }

    /// The result, or the content of the push.
    #[must_use]
    pub fn body(&self) -> Option<&Json<'a>> {
        self.0.get("body")
    }
}

/// Writes a request.
#[must_use]
pub fn request<C: Call>(id: u64, call: &C) -> String {
    // One function for all calls: each of its own would be downloaded by every page.
    fn text(id: u64, method: &str, body: &dyn ToJson) -> String {
        let mut out = String::new();
        let mut frame = ObjectWriter::new(&mut out);
        frame.member("id", &id);
        frame.member("do", &method);
        frame.member("body", body);
        frame.end();
        out
    }
    text(id, C::METHOD.as_str(), call)
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
