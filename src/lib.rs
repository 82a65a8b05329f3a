//! The SDK's browser face, compiled to WebAssembly.
//!
//! Two thin sides of [`tim_engine`], which does the thinking:
//!
//! - `js`: the class that the npm package's facade calls; the only place with `JsValue` in
//!   signatures towards JavaScript.
//! - `web`: the engine's ports over a page: WebSocket, IndexedDB, timers.
//!
//! Neither knows the other; this file joins them. On other targets the crate is empty, so that the
//! workspace builds everywhere.
#![cfg(target_arch = "wasm32")]

pub mod js;
pub mod web;

/// The engine in a page.
pub(crate) type Engine = tim_engine::client::Client<web::Page>;

// A third of the size of the standard one, and no slower; it asks for memory as needed.
#[global_allocator]
static ALLOCATOR: talc::wasm::WasmDynamicTalc = talc::wasm::new_wasm_dynamic_allocator();
