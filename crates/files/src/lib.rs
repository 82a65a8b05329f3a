//! The engine's history in files, for hosts that have a folder and no database.
//!
//! Everything that is written goes to the end of one journal, a record per batch: one call to the host,
//! whole or not at all, in order. When the journal has grown it is folded: its messages go to the
//! segments of their conversations, everything else to `meta`, and a new journal begins. Starting
//! reads `meta` and the journal; a page reads the few segments it lies in.
//!
//! # Files
//!
//! - `meta`: what is known of everything but the stored messages themselves, and the number of the
//!   journal. It is replaced as a whole; that moment makes a fold happen.
//! - `journal-<g>`: the batches since `meta` was written; each names its place, so that a journal that
//!   lost its beginning does not pass for a whole one.
//! - `c<k>-<n>`: a segment: messages of conversation number `k`. What lies behind the length that `meta`
//!   knows, and files that `meta` does not name, are left-overs of an interruption; nobody reads them.
//!
//! # Layout (a reading order)
//!
//! - [`files`]: what is asked of the host; `codec`: frames, numbers and texts as bytes.
//! - `items`: messages in order, the newer of two wins; `conversation`: all of one conversation, and
//!   what a batch does to it; `state`: all conversations, read from and written to bytes.
//! - `turns`: one operation after another; `store`: the engine's port; `fold`: the journal's end;
//!   `merge`: keeping it small; `cache`: segments that were read.
//!
//! Without any host: the tests run it over a vector and over real files.

mod cache;
mod codec;
mod conversation;
pub mod files;
mod fold;
mod items;
mod merge;
mod state;
mod store;
mod turns;

pub use files::{FileError, Files};
pub use store::{FileStore, Limits};
