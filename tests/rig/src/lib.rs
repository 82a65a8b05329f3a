//! Private engines, server processes and broken cables for tests.
//!
//! Everything here is the real thing: PostgreSQL, NATS, HAProxy, nginx and `tim-server` as processes of
//! their own, on free loopback ports, in temporary folders. They end with their handle, when a test
//! panics, and when the test program itself is killed. The rig knows nothing of chat: it starts
//! things, hurts them on purpose and says how they are.
//!
//! # Layout
//! - [`postgres`], [`nats`]: the engines a cluster stands on.
//! - [`node`]: one `tim-server`; [`certificate`]: for those that speak TLS.
//! - [`haproxy`], [`nginx`]: what stands before nodes, with the configurations of `deploy/`.
//! - [`cable`]: a TCP connection that can be hurt.
//! - [`process`]: how a process is started, paused and ended; [`tree`]: what Linux says about it;
//!   [`port`]: its port; [`programs`]: where programs are found; [`http`]: one question over HTTP.

pub mod cable;
pub mod certificate;
pub mod haproxy;
pub mod http;
pub mod nats;
pub mod nginx;
pub mod node;
pub mod port;
pub mod postgres;
pub mod process;
pub mod programs;
mod template;
pub mod tree;

pub use cable::{Cable, Direction, Loss};
pub use certificate::Certificate;
pub use haproxy::HaProxy;
pub use nats::{Nats, NatsSettings};
pub use nginx::Nginx;
pub use node::{Node, NodeSettings};
pub use postgres::{Authentication, Postgres, PostgresSettings};
