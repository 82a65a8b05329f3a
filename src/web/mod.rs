//! The engine's ports over a web page.
//!
//! Plain Rust types in every signature; JavaScript values stay inside. Decides nothing: when to
//! retry and what is lost is the engine's matter.

mod idb;
mod page;
mod socket;
mod watch;

pub use idb::IdbStore;
pub use page::Page;
pub use socket::WebSocket;
pub use watch::PageWatch;
