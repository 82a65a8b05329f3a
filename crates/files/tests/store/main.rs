//! What the store promises, over files in memory to which anything happens, and over real ones.
//!
//! - `ports`: the files; `talk`: made-up conversations;
//! - `contract`: the engine's suite; `model`: random histories against the engine's memory store, with
//!   kills, failures and full disks;
//! - `damage`, `room`, `cost`: one promise each.

mod contract;
mod cost;
mod damage;
mod model;
mod ports;
mod room;
mod talk;
