//! The Store port over IndexedDB.
//!
//! - `schema`: names and the steps that bring a database to the present version;
//! - `request`: requests and transactions as futures;
//! - `store`: the port.
//!
//! Written on `web-sys` directly: a batch is hundreds of puts and needs one handler, that of its
//! transaction, where a wrapper would make a few per put.

mod request;
mod schema;
mod store;

pub use store::IdbStore;
