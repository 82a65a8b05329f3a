//! A world for the engine: clock, network, server, devices with their stores, all simulated, all
//! from one seed, all on one thread.
//!
//! Time stands still while anything can run and then jumps to the next timer, so a minute of
//! waiting costs nothing and a failing run can be repeated exactly. Begin reading at [`world`].
//!
//! The server here is a peer for adverse networks only; how the real one behaves is tested with the
//! real one.

pub mod app;
pub mod device;
pub mod network;
pub mod server;
pub mod sim;
pub mod store;
pub mod world;

pub use device::{Device, code};
pub use network::{Fate, Faults, Way};
pub use world::World;
