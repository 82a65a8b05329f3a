//! The engine's ports over a mini-program's host.
//!
//! - `platform`: the one JavaScript object all of it stands on, made by the npm package's adapter;
//! - `program`: clock, timers, tasks, log; `watch`: the program's life;
//! - `socket`: the Socket port; `files`: the files under the Store of `tim_files`.
//!
//! Names no global of any host: the module runs wherever somebody makes such an object. Plain Rust
//! types in every signature; decides nothing.

mod files;
mod platform;
mod program;
mod socket;
mod watch;

pub use program::Program;
pub use watch::ProgramWatch;

use wasm_bindgen::prelude::wasm_bindgen;

/// Takes that much memory from the host and keeps it for later: engines exist that lose track of a
/// memory that has grown, and one that is large enough at once rarely grows.
#[wasm_bindgen]
pub fn reserve(bytes: usize) {
    drop(std::hint::black_box(Vec::<u8>::with_capacity(bytes)));
}
