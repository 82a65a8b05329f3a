//! What must hold for every text that comes from a network.
//!
//! Each target is a function of arbitrary bytes that returns when all is well and panics when a promise
//! is broken: a panic, two readers that disagree, a value that does not survive being written. libFuzzer
//! calls them through `../fuzz_targets`; `tests/replay.rs` runs them on what was found before and on
//! mutations of it. Neither knows what a target does with its bytes.
//!
//! # Layout (a reading order)
//!
//! - `request`: frames from a client, as the server reads them, with the bodies of all calls;
//! - `answer`: frames from a server, as the client reads them, and as serde reads the same text;
//! - `usersig`: login credentials, from the outermost text to the innermost member;
//! - `cursor`: identifiers and the bodies that name a place in a log;
//! - `agreement`: what it means that two readers agree, and where they need not.

mod agreement;
mod answer;
mod cursor;
mod request;
mod usersig;

pub use answer::answer;
pub use cursor::cursor;
pub use request::request;
pub use usersig::usersig;

/// A target with the name of its program and of its corpus.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// `fuzz/fuzz_targets/<name>.rs`, `fuzz/corpus/<name>/`.
    pub name: &'static str,
    /// Panics when a promise is broken.
    pub run: fn(&[u8]),
}

/// Every target there is.
pub const TARGETS: [Target; 4] = [
    Target { name: "request", run: request },
    Target { name: "answer", run: answer },
    Target { name: "usersig", run: usersig },
    Target { name: "cursor", run: cursor },
];
