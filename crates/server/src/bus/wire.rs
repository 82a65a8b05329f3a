//! Events as other nodes get them: a small binary head, then the text of the frame.
//!
//! The subject says the version (`tim.v1`), so that nodes of different versions do not misread each
//! other; within one version this layout never changes. Numbers are big-endian.
//!
//! | event | bytes |
//! |---|---|
//! | frame | `0`, account (8), text |
//! | frame with an exception | `1`, account (8), the instance left out (8), text |
//! | replaced | `2`, account (8), instance (8), connection (8) |
//! | kick | `3`, account (8), instance (8), reason (1) |
//! | beat | node (8), number of its losses (8), its NATS server (the rest) |
//!
//! Whatever else arrives reads as nothing: it was written by somebody else.

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use tim_protocol::push::KickReason;

use super::Event;
use crate::storage::{AccountKey, NodeKey, SessionKey};

const FRAME: u8 = 0;
const FRAME_EXCEPT: u8 = 1;
const REPLACED: u8 = 2;
const KICK: u8 = 3;

/// The longest head.
const HEAD_BYTES: usize = 1 + 8 + 8 + 8;

/// Their places in this list are on the wire: new ones go to the end.
const REASONS: [KickReason; 4] = [
    KickReason::MultipleAccount,
    KickReason::MultipleDevice,
    KickReason::UserSigExpired,
    KickReason::RestApiKick,
];

fn reason_number(reason: KickReason) -> u8 {
    match reason {
        KickReason::MultipleAccount => 0,
        KickReason::MultipleDevice => 1,
        KickReason::UserSigExpired => 2,
        KickReason::RestApiKick => 3,
    }
}

/// Writes an event.
pub(super) fn write(to: AccountKey, event: &Event) -> Bytes {
    let text_bytes = match event {
        Event::Frame { text, .. } => text.len(),
        Event::Replaced { .. } | Event::Kick { .. } => 0,
    };
    let mut bytes = BytesMut::with_capacity(HEAD_BYTES + text_bytes);
    let head = |bytes: &mut BytesMut, kind| {
        bytes.put_u8(kind);
        bytes.put_i64(to.0);
    };
    match event {
        Event::Frame { text, except: None } => {
            head(&mut bytes, FRAME);
            bytes.put_slice(text);
        }
        Event::Frame { text, except: Some(session) } => {
            head(&mut bytes, FRAME_EXCEPT);
            bytes.put_i64(session.0);
            bytes.put_slice(text);
        }
        Event::Replaced { session, connection } => {
            head(&mut bytes, REPLACED);
            bytes.put_i64(session.0);
            bytes.put_i64(*connection);
        }
        Event::Kick { session, reason } => {
            head(&mut bytes, KICK);
            bytes.put_i64(session.0);
            bytes.put_u8(reason_number(*reason));
        }
    }
    bytes.freeze()
}

/// Reads an event. The frame's text is a slice of `bytes`.
pub(super) fn read(mut bytes: Bytes) -> Option<(AccountKey, Event)> {
    let kind = bytes.try_get_u8().ok()?;
    let to = AccountKey(bytes.try_get_i64().ok()?);
    let mut session = || bytes.try_get_i64().ok().map(SessionKey);
    let event = match kind {
        FRAME => Event::Frame { text: text(bytes)?, except: None },
        FRAME_EXCEPT => {
            let except = session()?;
            Event::Frame { text: text(bytes)?, except: Some(except) }
        }
        REPLACED => {
            let session = session()?;
            let connection = bytes.try_get_i64().ok()?;
            bytes.is_empty().then_some(Event::Replaced { session, connection })?
        }
        KICK => {
            let session = session()?;
            let reason = *REASONS.get(usize::from(bytes.try_get_u8().ok()?))?;
            bytes.is_empty().then_some(Event::Kick { session, reason })?
        }
        _ => return None,
    };
    Some((to, event))
}

/// Frames go out as text messages, which must be UTF-8.
fn text(bytes: Bytes) -> Option<Bytes> {
    std::str::from_utf8(&bytes).is_ok().then_some(bytes)
}

/// A sign of life of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Beat {
    /// Whose.
    pub node: NodeKey,
    /// How often events from it may have been lost, so that the others know of it.
    pub losses: u64,
    /// By which server of NATS it is connected.
    pub server: Box<str>,
}

impl Beat {
    /// Writes a beat.
    pub(super) fn write(&self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(16 + self.server.len());
        bytes.put_i64(self.node.0);
        bytes.put_u64(self.losses);
        bytes.put_slice(self.server.as_bytes());
        bytes.freeze()
    }

    /// Reads a beat.
    pub(super) fn read(mut bytes: &[u8]) -> Option<Self> {
        let node = NodeKey(bytes.try_get_i64().ok()?);
        let losses = bytes.try_get_u64().ok()?;
        let server = std::str::from_utf8(bytes).ok()?.into();
        Some(Self { node, losses, server })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn examples() -> Vec<Event> {
        let session = SessionKey(i64::MAX);
        let mut events = vec![
            Event::Frame { text: r#"{"push":"x"}"#.into(), except: None },
            Event::Frame { text: "ü".into(), except: Some(session) },
            Event::Frame { text: Bytes::new(), except: Some(SessionKey(-1)) },
            Event::Replaced { session, connection: 4 },
        ];
        events.extend(REASONS.map(|reason| Event::Kick { session, reason }));
        events
    }

    #[test]
    fn what_is_written_reads_the_same() {
        for event in examples() {
            for to in [AccountKey(1), AccountKey(i64::MIN)] {
                assert_eq!(read(write(to, &event)), Some((to, event.clone())));
            }
        }
        let beat = Beat { node: NodeKey(7), losses: u64::MAX, server: "NA".into() };
        assert_eq!(Beat::read(&beat.write()), Some(beat));
    }

    /// Nodes of two builds talk to each other, so the bytes themselves are the contract.
    #[test]
    fn the_layout_stays() {
        let to = AccountKey(258);
        let head = |kind| [&[kind, 0, 0, 0, 0, 0, 0, 1, 2][..]].concat();
        let session = SessionKey(3);
        let three = [0, 0, 0, 0, 0, 0, 0, 3];
        let frame = |except| Event::Frame { text: "hi".into(), except };
        assert_eq!(write(to, &frame(None)), [&head(0)[..], b"hi"].concat());
        assert_eq!(write(to, &frame(Some(session))), [&head(1)[..], &three, b"hi"].concat());
        let replaced = Event::Replaced { session, connection: 3 };
        assert_eq!(write(to, &replaced), [&head(2)[..], &three, &three].concat());
        let beat = Beat { node: NodeKey(3), losses: 258, server: "N".into() };
        assert_eq!(beat.write(), [&three[..], &[0, 0, 0, 0, 0, 0, 1, 2], b"N"].concat());
        for (number, reason) in REASONS.into_iter().enumerate() {
            let kick = write(to, &Event::Kick { session, reason });
            assert_eq!(kick, [&head(3)[..], &three, &[u8::try_from(number).unwrap()]].concat());
        }
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_nothing() {
        for event in examples() {
            let bytes = write(AccountKey(1), &event);
            let head = if let Event::Frame { text, .. } = &event {
                bytes.len() - text.len()
            } else {
                let longer = [&bytes[..], b"\0"].concat();
                assert_eq!(read(longer.into()), None, "{event:?}");
                bytes.len()
            };
            for end in 0..head {
                assert_eq!(read(bytes.slice(..end)), None, "{event:?} cut at {end}");
            }
        }
        let beat = Beat { node: NodeKey(7), losses: 1, server: "".into() }.write();
        for end in 0..beat.len() {
            assert_eq!(Beat::read(&beat[..end]), None);
        }
        assert_eq!(Beat::read(&[&beat[..], b"\xff"].concat()), None);
    }

    #[test]
    fn what_others_wrote_is_nothing() {
        let foreign: &[&[u8]] = &[
            b"",
            b"hello world, how are you",
            b"{\"json\":1}",
            b"\x03\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\x01\x04",
            b"\0\0\0\0\0\0\0\0\x01\xff\xfe",
        ];
        for bytes in foreign {
            assert_eq!(read(Bytes::from_static(bytes)), None, "{bytes:?}");
        }
    }

    /// Random bytes, and whole events with some bytes changed: few random bytes are the head of one.
    fn foreign_bytes() -> impl Strategy<Value = Vec<u8>> {
        let changed = (
            prop::sample::select(examples()),
            any::<i64>(),
            prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
            prop::collection::vec(any::<u8>(), 0..3),
            any::<prop::sample::Index>(),
        )
            .prop_map(|(event, to, changes, more, end)| {
                let mut bytes = [&write(AccountKey(to), &event)[..], &more].concat();
                for (at, byte) in changes {
                    let at = at.index(bytes.len());
                    bytes[at] = byte;
                }
                // Most are left whole.
                if end.index(4) == 0 {
                    bytes.truncate(end.index(bytes.len() + 1));
                }
                bytes
            });
        prop_oneof![1 => any::<Vec<u8>>(), 4 => changed]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        #[test]
        fn whatever_is_read_would_be_written_so(bytes in foreign_bytes()) {
            if let Some(beat) = Beat::read(&bytes) {
                prop_assert_eq!(beat.write(), bytes.clone());
            }
            if let Some((to, event)) = read(bytes.clone().into()) {
                prop_assert_eq!(write(to, &event), bytes);
            }
        }
    }
}
