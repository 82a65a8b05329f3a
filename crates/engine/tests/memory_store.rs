//! The reference store passes the suite it is the reference for.

use tim_engine::store::{contract, memory::MemoryStore};

#[test]
fn memory_store_keeps_the_contract() {
    futures::executor::block_on(contract::all(async || MemoryStore::default()));
}
