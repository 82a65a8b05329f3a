//! The engine in a simulated world: scenarios as scripts, then chance.
//!
//! Each file is one theme of the specification. A script says what happens to whom and what the app
//! sees of it: events as lines (`received C2Cbob: hi`, `list C2Cbob(1)`, `total 1`), results, live
//! objects. What holds in every world is checked in [`support::app`].

#[path = "../support/mod.rs"]
mod support;

mod chance;
mod ending;
mod history;
mod linking;
mod login;
mod receiving;
mod sending;
mod starting;
