//! What JavaScript sees of the wasm: one class, text in and text out.
//!
//! The facade of the npm package (TypeScript) makes the public API of it: listeners, live objects,
//! errors. Text crosses because both sides have a JSON reader anyway and one crossing is cheaper
//! than one per field.

mod client;

pub use client::Client;
