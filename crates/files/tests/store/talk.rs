//! Made-up conversations, and reading all of a store.

use futures::FutureExt;
use tim_engine::store::{Batch, Position, Record, Store, StoreError};
use tim_files::{FileStore, Limits};
use tim_protocol::ids::{ConversationId, MessageId};

use crate::ports::MemoryFiles;

/// So small that folding and merging never stop.
pub const TINY: Limits = Limits { journal: 200, segment: 500, cache: 1_000, budget: 1 << 20 };

pub fn conversation(name: &str) -> ConversationId {
    format!("C2C{name}").parse().expect("a plain name")
}

pub fn id(number: u64) -> MessageId {
    format!("144115188075855872-{number}-7").parse().expect("a well-formed ID")
}

/// A stored message.
pub fn stored(name: &str, seq: u64, json: &str) -> Record {
    Record {
        id: id(seq),
        conversation: conversation(name),
        position: Position::stored(seq),
        outbox: false,
        json: json.to_owned(),
    }
}

/// A message that only this device has.
pub fn local(name: &str, seq: u64, sub: u64) -> Record {
    Record {
        id: id(1_000_000 + seq * 1_000 + sub),
        position: Position { seq, sub },
        outbox: sub.is_multiple_of(2),
        ..stored(name, seq, &format!("local {seq}.{sub}"))
    }
}

pub fn messages(records: impl IntoIterator<Item = Record>) -> Batch {
    Batch { messages: records.into_iter().collect(), ..Batch::default() }
}

pub fn eviction(name: &str, below: u64) -> Batch {
    Batch { evictions: vec![(conversation(name), below)], ..Batch::default() }
}

/// What an operation gives that must not have to wait.
pub fn now<T>(operation: impl Future<Output = T>) -> T {
    operation.now_or_never().expect("these files answer at once")
}

pub fn open(files: &MemoryFiles, limits: Limits) -> FileStore<MemoryFiles> {
    now(FileStore::with_limits(files.clone(), limits)).expect("it can be opened")
}

/// All messages of a conversation.
pub fn all(store: &impl Store, name: &str) -> Result<Vec<String>, StoreError> {
    now(store.older(&conversation(name), Position::stored(u64::MAX), usize::MAX))
}
