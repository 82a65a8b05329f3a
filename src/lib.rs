//! The SDK's face towards JavaScript, compiled to WebAssembly.
//!
//! Two thin sides of [`tim_engine`], which does the thinking:
//!
//! - `js`: the class that the npm package's facade calls; the only place with `JsValue` in
//!   signatures towards JavaScript.
//! - `web` or `mini`, by feature: the engine's ports over a page (WebSocket, IndexedDB, timers) or
//!   over a mini-program's host (its sockets and files, through one object). What both need is in
//!   `inbox` and `outlet`.
//!
//! Neither side knows the other; this file joins them. On other targets the crate is empty, so that
//! the workspace builds everywhere.
#![cfg(target_arch = "wasm32")]

#[cfg(all(feature = "web", feature = "mini"))]
compile_error!("a module is for one host: choose the feature `web` or `mini`");

pub mod js;
#[cfg(feature = "mini")]
pub mod mini;
pub mod outlet;
#[cfg(feature = "web")]
pub mod web;

mod inbox;

#[cfg(feature = "mini")]
use mini::{Program as Host, ProgramWatch as Watch};
#[cfg(feature = "web")]
use web::{Page as Host, PageWatch as Watch};

/// The engine in its host.
pub(crate) type Engine = tim_engine::client::Client<Host>;

// A third of the size of the standard one, and no slower; it asks for memory as needed.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
