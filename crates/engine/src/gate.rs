//! Which calls are possible in which state of the session.
//!
//! The table of the specification as one function. Pure; the refusal's event and the shape of the
//! rejection are the caller's matter.

use tim_protocol::code::Code;

/// The state of the session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nobody is logged in.
    #[default]
    Idle,
    /// A login waits for its answer.
    LoggingIn,
    /// Logged in, the first synchronisation is running.
    Syncing,
    /// `SDK_READY` was dispatched.
    Ready,
}

/// What a call needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// Works in every state.
    Open,
    /// `logout`: somebody is logged in.
    LoggedIn,
    /// `create*Message`: somebody is logged in.
    Create,
    /// Everything else: the session is ready.
    Ready,
}

/// Lets a call through or names the code it is refused with.
///
/// # Errors
/// 2024, 3000 or 2999.
pub fn check(gate: Gate, phase: Phase) -> Result<(), Code> {
    match (gate, phase) {
        (Gate::Open, _) | (_, Phase::Ready) | (Gate::LoggedIn | Gate::Create, Phase::Syncing) => {
            Ok(())
        }
        (_, Phase::Idle) | (Gate::LoggedIn, Phase::LoggingIn) => Err(Code::USER_NOT_LOGGED_IN),
        (Gate::Create | Gate::Ready, Phase::LoggingIn) => Err(Code::LOGGING_IN),
        (Gate::Ready, Phase::Syncing) => Err(Code::SDK_IS_NOT_READY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_specification() {
        let phases = [Phase::Idle, Phase::LoggingIn, Phase::Syncing, Phase::Ready];
        for (gate, expected) in [
            (Gate::Open, [0, 0, 0, 0]),
            (Gate::LoggedIn, [2024, 2024, 0, 0]),
            (Gate::Create, [2024, 3000, 0, 0]),
            (Gate::Ready, [2024, 3000, 2999, 0]),
        ] {
            let codes = phases.map(|phase| check(gate, phase).map_or_else(|code| code.0, |()| 0));
            assert_eq!(codes, expected, "{gate:?}");
        }
    }
}
