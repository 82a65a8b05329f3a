//! Real nodes and engines are hurt while people write to each other; nothing may be lost.

mod bus;
mod database;
mod disk;
mod killed;
mod link;
mod node;
mod presence;
mod slow;
mod told;
