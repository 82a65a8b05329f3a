//! The message: what the sender wrote and what the server added.
//!
//! This is the part of a message that is the same for everybody who sees it. What depends on the
//! viewer (`flow`, `isRead`, `status`, …) is no fact of the message and is not here; its place in
//! the log is in [`crate::entry`]. `senderTinyID`, `clientTime` and `random` of the public object
//! are the three parts of [`Message::id`] and travel nowhere else.
//!
//! Fields with their default value are left out of the JSON.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::{
    ids::MessageId,
    is_default,
    json::{self, Bad, FromJson, Json, ObjectReader, ToJson, write_str},
    json_names, json_object,
};

/// A message as everybody sees it. One-to-one and group messages alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    /// Made by the sender, unique for ever; a repeat of a send carries the same one.
    #[serde(rename = "ID")]
    pub id: MessageId,
    /// One of the `MSG_*` values.
    #[serde(rename = "type")]
    pub kind: MessageType,
    /// Its shape depends on `kind`; see the payload types of this module.
    pub payload: Payload,
    /// One-to-one or group.
    pub conversation_type: ConversationType,
    /// The sender's userID, `@TIM#SYSTEM` for tips and notices.
    pub from: String,
    /// The receiver's userID, or a groupID or topicID.
    pub to: String,
    /// Whole seconds: the sender's guess until the server has stored the message, then its time
    /// of storing. Never decreases along a log.
    #[serde(default, skip_serializing_if = "is_default")]
    pub time: u64,
    /// Groups: the place in the log. One-to-one: a counter of the sending instance, not unique.
    #[serde(default, skip_serializing_if = "is_default")]
    pub sequence: u64,
    /// The counter of the sending instance.
    #[serde(default, skip_serializing_if = "is_default")]
    pub client_sequence: u64,
    /// Meaningful for groups only.
    #[serde(default, skip_serializing_if = "is_default")]
    pub priority: Priority,
    /// The sender's nick when the server stored the message.
    #[serde(default, skip_serializing_if = "is_default")]
    pub nick: String,
    /// The sender's avatar when the server stored the message.
    #[serde(default, skip_serializing_if = "is_default")]
    pub avatar: String,
    /// Free text of the app, carried along with the payload and counted into the size limit.
    #[serde(default, skip_serializing_if = "is_default")]
    pub cloud_custom_data: String,
    /// The sender asked for a receipt and the server granted it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub need_read_receipt: bool,
    /// The sender asked for extensions and the server granted them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_support_extension: bool,
    /// Taken back by its sender.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_revoked: bool,
    /// Who took it back.
    #[serde(default, skip_serializing_if = "is_default")]
    pub revoker: Option<String>,
    /// Changed after it was sent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub is_modified: bool,
    /// Number of changes.
    #[serde(default, skip_serializing_if = "is_default")]
    pub version: u32,
}

json_object!(Message {
    id: "ID",
    kind: "type",
    payload: "payload",
    conversation_type: "conversationType",
    from: "from" required,
    to: "to" required,
    time: "time",
    sequence: "sequence",
    client_sequence: "clientSequence",
    priority: "priority",
    nick: "nick",
    avatar: "avatar",
    cloud_custom_data: "cloudCustomData",
    need_read_receipt: "needReadReceipt",
    is_support_extension: "isSupportExtension",
    is_revoked: "isRevoked",
    revoker: "revoker",
    is_modified: "isModified",
    version: "version",
});

/// A `MSG_*` value. A type this build does not know is kept as it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageType(Cow<'static, str>);

impl MessageType {
    /// `MSG_TEXT`
    pub const TEXT: Self = Self(Cow::Borrowed("TIMTextElem"));
    /// `MSG_CUSTOM`
    pub const CUSTOM: Self = Self(Cow::Borrowed("TIMCustomElem"));
    /// `MSG_FACE`
    pub const FACE: Self = Self(Cow::Borrowed("TIMFaceElem"));
    /// `MSG_LOCATION`
    pub const LOCATION: Self = Self(Cow::Borrowed("TIMLocationElem"));

    /// The value as it stands in `message.type`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromJson for MessageType {
    fn blank() -> Self {
        Self(Cow::Borrowed(""))
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        self.0 = Cow::Owned(String::from_json(json)?);
        Ok(())
    }
}

impl ToJson for MessageType {
    fn write(&self, out: &mut String) {
        write_str(&self.0, out);
    }
}

/// `message.conversationType`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConversationType {
    /// One-to-one.
    #[serde(rename = "C2C")]
    C2c,
    /// Group or topic.
    #[serde(rename = "GROUP")]
    Group,
    /// System notices.
    #[serde(rename = "@TIM#SYSTEM")]
    System,
}

json_names!(required ConversationType { C2c: "C2C", Group: "GROUP", System: "@TIM#SYSTEM" });

/// `message.priority`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Priority {
    /// Always accepted within a group's rate.
    High,
    /// The usual one.
    #[default]
    Normal,
    /// Gives way above three quarters of the rate.
    Low,
    /// Gives way above half of the rate.
    Lowest,
}

json_names!(Priority { High: "High", Normal: "Normal", Low: "Low", Lowest: "Lowest" });

/// A message's payload as JSON text.
///
/// Kept as text because most of its way nobody looks inside: it is checked once when a message
/// enters (see [`Payload::checked`]) and copied from there on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload(Box<str>);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|it| Self(it.into()))
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw: &RawValue = serde_json::from_str(&self.0).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl FromJson for Payload {
    fn blank() -> Self {
        Self(Box::default())
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        self.0 = json.raw().into();
        Ok(())
    }
}

impl ToJson for Payload {
    fn write(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

/// Why a payload was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPayload {
    /// The type is not one that can be sent by a client of this version.
    Type,
    /// A member is missing, of a wrong type or outside its range.
    Content,
}

impl Payload {
    /// The JSON text of a payload type.
    #[must_use]
    pub fn of<T: ToJson>(payload: &T) -> Self {
        Self(json::write(payload).into())
    }

    /// The payload as JSON text.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.0
    }

    /// Reads the payload as `T`; `None` when it has another shape.
    #[must_use]
    pub fn read<T: FromJson>(&self) -> Option<T> {
        json::read(&self.0).ok()
    }

    /// Checks a payload that comes from outside against its type, fills in what may be left out and
    /// drops what does not belong to it.
    ///
    /// # Errors
    /// [`BadPayload`], when it is not what a message of this type carries.
    pub fn checked(&self, kind: &MessageType) -> Result<Self, BadPayload> {
        fn checked<T: ToJson + FromJson>(
            payload: &Payload,
            valid: impl Fn(&T) -> bool,
        ) -> Result<Payload, BadPayload> {
            payload.read::<T>().filter(valid).map(|it| Payload::of(&it)).ok_or(BadPayload::Content)
        }
        if *kind == MessageType::TEXT {
            checked::<Text>(self, |it| !it.text.is_empty())
        } else if *kind == MessageType::CUSTOM {
            checked::<Custom>(self, |_| true)
        } else if *kind == MessageType::FACE {
            checked::<Face>(self, |_| true)
        } else if *kind == MessageType::LOCATION {
            checked::<Location>(self, |it| it.longitude.is_within(180) && it.latitude.is_within(90))
        } else {
            Err(BadPayload::Type)
        }
    }
}

/// Payload of a text message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Not empty; may be all white space.
    pub text: String,
}

json_object!(full Text { text: "text" });
json_object!(read Text { text: "text" });

/// Payload of a custom message. All three may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Custom {
    /// The app's data.
    pub data: String,
    /// A description for people; the only part that search looks at.
    pub description: String,
    /// More of the app's data.
    pub extension: String,
}

json_object!(full Custom { data: "data", description: "description", extension: "extension" });
json_object!(read Custom { data: "data", description: "description", extension: "extension" });

/// Payload of a face (sticker) message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Face {
    /// The app's number of the face; 0 is a number like any other.
    pub index: Decimal,
    /// The app's data.
    pub data: String,
}

json_object!(full Face { index: "index", data: "data" });
json_object!(read Face { index: "index", data: "data" });

/// Payload of a location message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Name of the place; may be empty.
    pub description: String,
    /// Degrees east, −180…180.
    pub longitude: Decimal,
    /// Degrees north, −90…90.
    pub latitude: Decimal,
}

json_object!(full Location {
    description: "description",
    longitude: "longitude",
    latitude: "latitude",
});

impl FromJson for Location {
    fn blank() -> Self {
        Self { description: String::new(), longitude: Decimal::blank(), latitude: Decimal::blank() }
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        // May be empty, but not absent: the one text without a default.
        self.description.fill(json.get("description").ok_or("description")?)?;
        let mut object = ObjectReader::new(json);
        object.member("longitude", &mut self.longitude);
        object.member("latitude", &mut self.latitude);
        object.end()
    }
}

/// A number as the app wrote it: nobody calculates with it, so it keeps its digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal(Box<str>);

impl Decimal {
    /// Whether its size is at most `limit`, exactly, whatever its digits and exponent.
    #[must_use]
    pub fn is_within(&self, limit: u32) -> bool {
        let (digits, exponent) = match self.0.find(['e', 'E']) {
            Some(at) => (&self.0[..at], &self.0[at + 1..]),
            None => (&*self.0, "0"),
        };
        let Ok(exponent) = exponent.parse::<i32>() else { return false };
        let digits = digits.trim_start_matches('-');
        if digits.bytes().all(|it| matches!(it, b'0' | b'.')) {
            return true;
        }
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        // The point moves by the exponent; 20 places are beyond any limit.
        let point = whole.len() as i32 + exponent.clamp(-20_000, 20);
        let all = [whole, fraction].concat();
        let mut size = 0_u64;
        let mut rest = false;
        for (place, digit) in all.bytes().map(|it| u64::from(it - b'0')).enumerate() {
            if (place as i32) < point {
                size = size.saturating_mul(10).saturating_add(digit);
            } else {
                rest |= digit > 0;
            }
        }
        for _ in all.len() as i32..point {
            size = size.saturating_mul(10);
        }
        size < u64::from(limit) || size == u64::from(limit) && !rest
    }
}

impl FromJson for Decimal {
    fn blank() -> Self {
        Self(Box::default())
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        self.0 = json.as_number().ok_or("a number")?.into();
        Ok(())
    }
}

impl ToJson for Decimal {
    fn write(&self, out: &mut String) {
        out.push_str(&self.0);
    }
}

impl Message {
    /// Bytes that count against [`crate::limits::MESSAGE_BODY_BYTES`].
    #[must_use]
    pub fn body_bytes(&self) -> usize {
        self.payload.as_json().len() + self.cloud_custom_data.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(json: &str) -> Payload {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn payloads_are_filled_in_and_stripped() {
        let checked = |kind, json| payload(json).checked(&kind).map(|it| it.as_json().to_owned());
        assert_eq!(
            checked(MessageType::CUSTOM, r#"{"data":"x","own":1}"#).unwrap(),
            r#"{"data":"x","description":"","extension":""}"#
        );
        assert_eq!(
            checked(MessageType::FACE, r#"{"index":0}"#).unwrap(),
            r#"{"index":0,"data":""}"#
        );
    }

    #[test]
    fn decimals_are_compared_exactly() {
        let within = |text: &str, limit| Decimal(text.into()).is_within(limit);
        for good in ["0", "-180", "180.0", "1.8e2", "1e-7", "-0.0", "179.99999999999999999", "0e99"]
        {
            assert!(within(good, 180), "{good}");
        }
        for bad in ["180.00000000000000001", "-181", "1e21", "1.81e2", "1e99999", "0.0181e4"] {
            assert!(!within(bad, 180), "{bad}");
        }
    }

    #[test]
    fn payloads_outside_their_type_are_refused() {
        for (kind, json) in [
            (MessageType::TEXT, r#"{"text":""}"#),
            (MessageType::TEXT, r#"{"text":1}"#),
            (MessageType::TEXT, "null"),
            (MessageType::CUSTOM, r#"{"data":{}}"#),
            (MessageType::FACE, "{}"),
            (MessageType::FACE, r#"{"index":"1"}"#),
            (MessageType::LOCATION, r#"{"description":"","longitude":181,"latitude":0}"#),
            (MessageType::LOCATION, r#"{"longitude":1,"latitude":0}"#),
        ] {
            assert_eq!(payload(json).checked(&kind), Err(BadPayload::Content), "{json}");
        }
        let unknown: MessageType = serde_json::from_str(r#""TIMGroupTipElem""#).unwrap();
        assert_eq!(payload("{}").checked(&unknown), Err(BadPayload::Type));
    }
}
