//! The engine's contract: over files in memory and on a disk, with limits so small that folding and
//! merging never stop, and opened again before every operation.

use futures::executor::block_on;
use tim_engine::store::{Batch, Snapshot, Store, StoreError, Wanted, contract};
use tim_files::{FileStore, Files, Limits};
use tim_protocol::ids::ConversationId;

use crate::{
    ports::{MemoryFiles, RealFiles},
    talk::TINY,
};

async fn opened<F: Files>(files: F, limits: Limits) -> FileStore<F> {
    FileStore::with_limits(files, limits).await.expect("it can be opened")
}

/// A store that is opened for each operation.
struct Forgetful<F>(F);

impl<F: Files + Clone> Forgetful<F> {
    async fn opened(&self) -> FileStore<F> {
        opened(self.0.clone(), TINY).await
    }
}

impl<F: Files + Clone> Store for Forgetful<F> {
    const MESSAGES_PER_CONVERSATION: u64 = 5_000;

    async fn load(&self) -> Result<Snapshot, StoreError> {
        self.opened().await.load().await
    }

    async fn write(&self, batch: &Batch) -> Result<(), StoreError> {
        self.opened().await.write(batch).await
    }

    async fn find(
        &self,
        conversation: &ConversationId,
        wanted: Wanted<'_>,
    ) -> Result<Vec<String>, StoreError> {
        self.opened().await.find(conversation, wanted).await
    }

    fn close(&self) {}
}

#[test]
fn holds_over_files_in_memory() {
    block_on(contract::all(async || opened(MemoryFiles::default(), Limits::default()).await));
}

#[test]
fn holds_over_slow_files() {
    block_on(contract::all(async || {
        let files = MemoryFiles::default();
        files.slow.set(true);
        opened(files, TINY).await
    }));
}

#[test]
fn holds_over_real_files() {
    block_on(contract::all(async || opened(RealFiles::new(), Limits::default()).await));
}

#[test]
fn holds_when_everything_is_folded_and_merged_all_the_time() {
    block_on(contract::all(async || opened(MemoryFiles::default(), TINY).await));
    block_on(contract::all(async || opened(RealFiles::new(), TINY).await));
}

#[test]
fn holds_when_it_is_opened_for_each_operation() {
    block_on(contract::all(async || Forgetful(MemoryFiles::default())));
    block_on(contract::all(async || Forgetful(RealFiles::new())));
}
