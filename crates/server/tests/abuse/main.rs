//! People who do not play by the rules: each gets little, and everybody else is served meanwhile.
//!
//! - `logins`: wrong credentials, nobody at all, forged secrets;
//! - `frames`: too many, too large, never finished, of the wrong kind;
//! - `sockets`: slow and silent ones, and what a flood of them costs;
//! - `tenants`: users of another app with the same names;
//! - `http`: requests that are none.

#[path = "../support/mod.rs"]
mod support;

mod frames;
mod http;
mod logins;
mod raw;
mod sockets;
mod tenants;
