//! Why the server ends a connection, with the close code the client sees.
//!
//! `docs/protocol.md` lists the same table for people who write clients.

use axum::extract::ws::{CloseFrame, Utf8Bytes};
use tim_protocol::{CLOSE_RESTART, push::KickReason};

/// The end of a connection, decided by the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The client logged out.
    LoggedOut,
    /// Not JSON, or no request: there is no `id` to answer.
    NotARequest,
    /// Binary frames carry nothing.
    Binary,
    /// Larger than any frame may be.
    TooLarge,
    /// The server goes away for a moment.
    Restart,
    /// The first frame was refused; its reply says why.
    NotLoggedIn,
    /// Nobody logged in in time.
    LoginTooLate,
    /// This instance is out; a push said why.
    Kicked(KickReason),
    /// Nothing was heard for too long.
    Silent,
    /// The client reads too slowly.
    TooSlow,
    /// The same instance has another connection.
    Replaced,
}

impl End {
    pub(super) fn code(self) -> u16 {
        match self {
            Self::LoggedOut => 1000,
            Self::NotARequest => 1002,
            Self::Binary => 1003,
            Self::TooLarge => 1009,
            Self::Restart => CLOSE_RESTART,
            Self::NotLoggedIn => 4001,
            Self::LoginTooLate => 4002,
            Self::Kicked(_) => 4003,
            Self::Silent => 4004,
            Self::TooSlow => 4005,
            Self::Replaced => 4006,
        }
    }

    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::LoggedOut => "logged out",
            Self::NotARequest => "not a request: JSON with id and do expected",
            Self::Binary => "text frames only",
            Self::TooLarge => "frame too large",
            Self::Restart => "restarting, come back",
            Self::NotLoggedIn => "login refused",
            Self::LoginTooLate => "no login in time",
            Self::Kicked(_) => "kicked",
            Self::Silent => "no sign of life",
            Self::TooSlow => "reads too slowly",
            Self::Replaced => "continued on another connection",
        }
    }

    pub(super) fn frame(self) -> CloseFrame {
        let reason = Utf8Bytes::from_static(self.reason());
        CloseFrame { code: self.code(), reason }
    }
}
