//! Who and where: identifiers that are parsed once at the edge and cannot be mixed up.
//!
//! Every type here serialises as the plain string the API documents and refuses anything else
//! when it is read. Nothing in this file knows whether a user or a conversation exists.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::{
    json::{self, Bad, FromJson, Json, ToJson, write_str},
    limits,
};

/// The fixed conversation that holds group system notices, and the sender of tips.
pub const SYSTEM: &str = "@TIM#SYSTEM";

/// Why a text is not the identifier it was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadId {
    /// What it should have been, as a noun: `userID`, `conversationID`, …
    pub expected: &'static str,
}

impl fmt::Display for BadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a valid ")?;
        f.write_str(self.expected)
    }
}

impl std::error::Error for BadId {}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl FromJson for $name {
            fn blank() -> Self {
                Self(String::new())
            }

            fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
                let text = json.as_str().ok_or("a string")?;
                *self = text.parse().map_err(|it: BadId| it.expected)?;
                Ok(())
            }
        }

        impl ToJson for $name {
            fn write(&self, out: &mut String) {
                write_str(&self.0, out);
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                Self::try_from(text.to_owned())
            }
        }
    };
}

text_id! {
    /// A person: 1–32 bytes of printable ASCII without space, not beginning with a reserved
    /// prefix (`@TIM#`, `@TGS#`).
    UserId
}

text_id! {
    /// Where messages go, seen from one user: `C2C<userID>`, `GROUP<groupID>` or `@TIM#SYSTEM`.
    ///
    /// The two people of a one-to-one conversation name it differently: each by the other.
    ConversationId
}

text_id! {
    /// Names a message for ever: `<tinyID of the sender>-<client time in s>-<random>`.
    ///
    /// Made by the sender, so that the same send can be repeated without a second message.
    MessageId
}

impl TryFrom<String> for UserId {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        let well_formed = (1..=limits::USER_ID_BYTES).contains(&text.len())
            && text.bytes().all(|byte| (0x21..=0x7e).contains(&byte))
            && !text.starts_with("@TIM#")
            && !text.starts_with("@TGS#");
        if well_formed { Ok(Self(text)) } else { Err(BadId { expected: "userID" }) }
    }
}

/// What kind of conversation an identifier names, with the rest of the identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConversationKind<'a> {
    /// One-to-one; the text is the peer's userID.
    C2c(&'a str),
    /// A group or a topic; the text is its ID.
    Group(&'a str),
    /// The system notices.
    System,
}

impl ConversationId {
    /// The one-to-one conversation with `peer`.
    #[must_use]
    pub fn c2c(peer: &UserId) -> Self {
        Self(["C2C", peer.as_str()].concat())
    }

    /// What the identifier names.
    #[must_use]
    pub fn kind(&self) -> ConversationKind<'_> {
        if self.0 == SYSTEM {
            ConversationKind::System
        } else if let Some(group) = self.0.strip_prefix("GROUP") {
            ConversationKind::Group(group)
        } else {
            ConversationKind::C2c(&self.0["C2C".len()..])
        }
    }

    /// The other person of a one-to-one conversation.
    #[must_use]
    pub fn peer(&self) -> Option<UserId> {
        match self.kind() {
            ConversationKind::C2c(peer) => Some(UserId(peer.to_owned())),
            _ => None,
        }
    }
}

impl TryFrom<String> for ConversationId {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        let well_formed = match text.strip_prefix("GROUP") {
            Some(group) => !group.is_empty() && group.len() <= limits::GROUP_ID_BYTES,
            None => match text.strip_prefix("C2C") {
                Some(peer) => peer.parse::<UserId>().is_ok(),
                None => text == SYSTEM,
            },
        };
        if well_formed { Ok(Self(text)) } else { Err(BadId { expected: "conversationID" }) }
    }
}

impl MessageId {
    /// Puts an identifier together.
    #[must_use]
    pub fn new(sender: TinyId, client_time: u64, random: u32) -> Self {
        Self([sender.0, client_time, u64::from(random)].map(|it| json::write(&it)).join("-"))
    }

    /// Not after any other identifier, where they are ordered.
    #[must_use]
    pub fn first() -> Self {
        Self::new(TinyId(0), 0, 0)
    }

    /// The three numbers it is made of.
    #[must_use]
    pub fn parts(&self) -> MessageIdParts {
        parse_message_id(&self.0).expect("checked when the identifier was made")
    }
}

/// The numbers inside a [`MessageId`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageIdParts {
    /// Who made it.
    pub sender: TinyId,
    /// The sender's clock, in seconds.
    pub client_time: u64,
    /// Tells messages of one second apart.
    pub random: u32,
}

fn parse_message_id(text: &str) -> Option<MessageIdParts> {
    let mut parts = text.split('-');
    let sender = TinyId(decimal(parts.next()?)?);
    let client_time = decimal(parts.next()?)?;
    let random = u32::try_from(decimal(parts.next()?)?).ok()?;
    // Database columns are signed.
    let fits = sender.0 <= i64::MAX as u64 && client_time <= i64::MAX as u64;
    (parts.next().is_none() && fits).then_some(MessageIdParts { sender, client_time, random })
}

/// A number written the one canonical way: two spellings of one ID would be two messages.
fn decimal(text: &str) -> Option<u64> {
    let canonical = !text.is_empty()
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

impl TryFrom<String> for MessageId {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        match parse_message_id(&text) {
            Some(_) => Ok(Self(text)),
            None => Err(BadId { expected: "message ID" }),
        }
    }
}

/// The server's number of an account: 2^57 + a counter, a decimal string in JSON because it does
/// not fit a JavaScript number.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub struct TinyId(pub u64);

impl TinyId {
    /// The number of the account counted 0.
    pub const FIRST: u64 = 1 << 57;
}

impl fmt::Display for TinyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromJson for TinyId {
    fn blank() -> Self {
        Self(0)
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        self.0 = json.as_str().and_then(decimal).ok_or("tinyID")?;
        Ok(())
    }
}

impl ToJson for TinyId {
    fn write(&self, out: &mut String) {
        out.push('"');
        self.0.write(out);
        out.push('"');
    }
}

impl From<TinyId> for String {
    fn from(id: TinyId) -> String {
        json::write(&id.0)
    }
}

impl TryFrom<String> for TinyId {
    type Error = BadId;

    fn try_from(text: String) -> Result<Self, BadId> {
        decimal(&text).map(TinyId).ok_or(BadId { expected: "tinyID" })
    }
}

/// Place of a message in its conversation's log: dense, starts at 1, never changes.
///
/// 0 means "before the first message".
pub type Seq = u64;

/// Counts every change of a conversation's log: a new message, a recall, an edit.
///
/// Whoever holds everything up to a `Rev` asks for what came after it.
pub type Rev = u64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_ids_are_printable_short_and_not_reserved() {
        for good in ["a", "alice_01-x", "~!", &"u".repeat(32)] {
            assert!(good.parse::<UserId>().is_ok(), "{good}");
        }
        for bad in ["", "a b", "né", &"u".repeat(33), "@TIM#SYSTEM", "@TGS#1", "a\n"] {
            assert!(bad.parse::<UserId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn conversation_ids_parse_by_prefix_and_case() {
        let kind = |text: &str| text.parse::<ConversationId>().map(|id| format!("{:?}", id.kind()));
        assert_eq!(kind("C2Cbob").unwrap(), r#"C2c("bob")"#);
        assert_eq!(kind("GROUP@TGS#1").unwrap(), r#"Group("@TGS#1")"#);
        assert_eq!(kind("@TIM#SYSTEM").unwrap(), "System");
        for bad in ["", "C2C", "GROUP", "c2cbob", "bob", "C2Ca b", "@TIM#SYSTEM2"] {
            assert!(kind(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn message_ids_have_one_spelling() {
        let id: MessageId = "144115188075855872-1647417469-77069006".parse().unwrap();
        assert_eq!(id.parts().random, 77_069_006);
        for bad in ["", "1-2", "1-2-3-4", "1-02-3", "1-2-4294967296", "a-2-3", "+1-2-3", "1--3"] {
            assert!(bad.parse::<MessageId>().is_err(), "{bad}");
        }
    }
}
