//! A device's store that is slow, or fails when a test wants it to.
//!
//! Keeps everything in a [`MemoryStore`], which outlives the page like a database on disk. A failed
//! write writes nothing.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use tim_engine::store::{Batch, Snapshot, Store, StoreError, Wanted, memory::MemoryStore};
use tim_protocol::ids::ConversationId;

use super::sim::Sim;

/// What a device's database does; shared by all its pages.
#[derive(Default)]
pub struct Disk {
    /// Range of a single operation's time.
    pub slow_ms: Cell<(u64, u64)>,
    /// Cannot be opened.
    pub closed: Cell<bool>,
    /// Fails from this operation on, counted from 0.
    pub fails_from: Cell<Option<u64>>,
    /// Fails in this operation only.
    pub fails_at: Cell<Option<u64>>,
    pub operations: Cell<u64>,
    /// Messages that were written, each time.
    pub messages: Cell<u64>,
    /// Conversations of which it has lost messages by itself.
    pub lost: RefCell<Vec<ConversationId>>,
    /// Stores in use.
    pub open: Cell<i64>,
}

/// One opening of a device's database.
pub struct SimStore {
    pub sim: Sim,
    pub disk: Rc<Disk>,
    pub memory: MemoryStore,
    /// The page is gone: nothing is written any more.
    pub page: Rc<Cell<bool>>,
    pub given_back: Cell<bool>,
}

impl SimStore {
    async fn operation<T>(
        &self,
        run: impl AsyncFnOnce(&MemoryStore) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        assert!(!self.given_back.get(), "a store that was given back is used");
        let number = self.disk.operations.get();
        self.disk.operations.set(number + 1);
        let fails = self.disk.fails_from.get().is_some_and(|from| number >= from)
            || self.disk.fails_at.get() == Some(number);
        // Taken effect in the order of the calls, told later.
        let result = if fails || !self.page.get() {
            Err(StoreError::unusable("the disk is full"))
        } else {
            run(&self.memory).await
        };
        let (low, high) = self.disk.slow_ms.get();
        if high > 0 {
            self.sim.sleep(self.sim.between(low, high)).await;
        }
        result
    }

    fn unless_lost(&self, conversation: &ConversationId) -> Result<(), StoreError> {
        if self.disk.lost.borrow().contains(conversation) { Err(StoreError::Gone) } else { Ok(()) }
    }
}

impl Store for SimStore {
    const MESSAGES_PER_CONVERSATION: u64 = MemoryStore::MESSAGES_PER_CONVERSATION;

    async fn load(&self) -> Result<Snapshot, StoreError> {
        self.operation(async |memory| memory.load().await).await
    }

    async fn write(&self, batch: &Batch) -> Result<(), StoreError> {
        for (conversation, _) in &batch.evictions {
            self.disk.lost.borrow_mut().retain(|it| it != conversation);
        }
        self.disk.messages.set(self.disk.messages.get() + batch.messages.len() as u64);
        self.operation(async |memory| memory.write(batch).await).await
    }

    async fn find(
        &self,
        conversation: &ConversationId,
        wanted: Wanted<'_>,
    ) -> Result<Vec<String>, StoreError> {
        self.operation(async |memory| {
            self.unless_lost(conversation)?;
            memory.find(conversation, wanted).await
        })
        .await
    }

    fn close(&self) {
        if !self.given_back.replace(true) {
            self.disk.open.set(self.disk.open.get() - 1);
        }
    }
}
