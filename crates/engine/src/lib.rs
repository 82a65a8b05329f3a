//! The SDK's mind, without a browser.
//!
//! This crate never does I/O and knows no JavaScript: it reaches the world through the ports of
//! [`ports`] and [`store`]. Decisions are plain functions over values; operations are short async
//! functions over the ports that read like the sentence in the specification.
//!
//! # Layout (a reading order)
//!
//! - [`ports`], [`store`]: what the engine asks of its surroundings.
//! - [`output`]: what it says to the app; [`error`]: how calls fail; [`gate`]: when they may be made.
//! - [`client`]: one instance; `state`: what it knows; `keeper`: how that gets into the store.
//! - [`session`]: logging in and out; `connection`: the link to the server; [`requests`] and
//!   [`backoff`]: its patience.
//! - `sync`: what happened meanwhile; [`arrivals`]: in which order; `receiving`: what becomes of it;
//!   [`ranges`]: what is held.
//! - `compose`, [`sending`], [`history`], [`reading`], [`list`], [`users`]: the calls, by domain.
//! - `api`: the calls by name, for the facade.
//! - `table`, [`oneshot`], [`line`], `gather`: a map, a channel, a mutex and lists that are little to
//!   download.

pub mod arrivals;
pub mod backoff;
pub mod client;
pub mod error;
pub mod gate;
pub mod history;
pub mod line;
pub mod list;
pub mod message;
pub mod oneshot;
pub mod output;
pub mod pace;
pub mod ports;
pub mod ranges;
pub mod reading;
pub mod requests;
pub mod sending;
pub mod session;
pub mod store;
pub mod users;

mod api;
mod compose;
mod connection;
mod conversation;
mod gather;
mod keeper;
mod order;
mod receiving;
mod state;
mod sync;
mod table;
