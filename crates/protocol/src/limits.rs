//! Sizes, counts and times that both sides know.
//!
//! "Bytes" are UTF-8 bytes. A server may tell a client smaller or larger values for some of them
//! at login (see [`crate::call::Settings`]); these are the ones that hold until then.

/// Longest userID.
pub const USER_ID_BYTES: usize = 32;
/// Longest groupID or topicID.
pub const GROUP_ID_BYTES: usize = 96;
/// Longest UserSig that is looked at.
pub const USER_SIG_BYTES: usize = 4096;
/// Longest UserSig content after inflating, against decompression bombs.
pub const USER_SIG_INFLATED_BYTES: usize = 4096;
/// How far in the future a UserSig may have been issued, for clocks that disagree, in seconds.
pub const USER_SIG_CLOCK_SKEW_S: u64 = 300;

/// Payload as JSON plus `cloudCustomData` of one message.
pub const MESSAGE_BODY_BYTES: usize = 12_288;
/// Largest frame either side accepts.
pub const FRAME_BYTES: usize = 256 * 1024;
/// Largest page of messages the API gives.
pub const PAGE_COUNT: u32 = 15;
/// Messages of one second that a page by time may hold beyond its count.
pub const SAME_SECOND_COUNT: u32 = 100;
/// Largest page of messages the wire gives, for catching up.
pub const CHANGES_COUNT: u32 = 500;
/// Most profiles asked for at once; the rest is dropped.
pub const PROFILES_COUNT: usize = 100;

/// Longest `nick`, `avatar` or `selfSignature` of a profile, and a custom field's value.
pub const PROFILE_TEXT_BYTES: usize = 500;
/// Longest `location` of a profile.
pub const PROFILE_LOCATION_BYTES: usize = 16;
/// Most custom fields of a profile.
pub const PROFILE_CUSTOM_FIELDS: usize = 20;

/// Time between two heartbeats of a client.
pub const HEARTBEAT_MS: u64 = 30_000;
/// How long a heartbeat's answer may take before the link counts as lost.
pub const HEARTBEAT_TIMEOUT_MS: u64 = 10_000;
/// A client whose link is up compares its cursors with the conversation list that often, should a push have
/// been lost without anybody knowing.
pub const RESYNC_MS: u64 = 300_000;
/// Silence after which the server gives a connection up.
pub const SERVER_SILENCE_MS: u64 = 75_000;
/// Deadline of a login.
pub const LOGIN_DEADLINE_MS: u64 = 30_000;
/// Deadline of a request, counted from the call; of a sent message, counted from its frame.
pub const REQUEST_DEADLINE_MS: u64 = 15_000;
/// How long a message waits for a connection before it fails.
pub const SEND_QUEUE_MS: u64 = 30_000;
/// How long a logout waits for the server.
pub const LOGOUT_DEADLINE_MS: u64 = 3_000;
/// How long a client may be away and still catch up change by change.
pub const DELTA_MAX_AGE_MS: u64 = 7 * 24 * 3600 * 1000;
