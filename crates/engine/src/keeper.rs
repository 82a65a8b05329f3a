//! Writes to the store behind the back of everything else, and reads so that nothing is missed.
//!
//! Changes are collected for a moment and written in one transaction; while one is being written the
//! next collects. A read first sees to it that everything collected is written.
//! When the store fails, the engine goes on in memory: what could not be written is kept there, the
//! failure is reported once, nothing that was sent is lost.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use tim_protocol::{
    code::Code,
    ids::{ConversationId, MessageId, Seq},
};

use crate::{
    client::Client,
    error::Error,
    gather::Gather,
    line::Line,
    message::Held,
    output::Status,
    ports::{Host, LogLevel},
    ranges::Ranges,
    store::{Batch, Record, Snapshot, Store, StoreError, Wanted, memory::MemoryStore},
    table::Table,
};

/// How long changes are collected before they are written; a page that is left writes at once.
const COLLECT_MS: u64 = 25;

/// How long a message on its way is not written, counted from the first writing after it. Most are
/// answered within it and so are written once instead of as `unSend` first.
const UNDER_WAY_MS: u64 = 150;

/// The store with what is not written yet.
pub(crate) struct Keeper<S> {
    store: RefCell<Rc<Backend<S>>>,
    /// One writer at a time; whoever holds it writes for all.
    writer: Line,
    pending: RefCell<Pending>,
    /// What must be written before that, each on its own.
    earlier: RefCell<Vec<Batch>>,
    scheduled: Cell<bool>,
}

/// Which messages on their way are to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnderWay {
    /// All.
    All,
    /// Those that take their time.
    Late,
}

enum Backend<S> {
    Device(S),
    Memory(MemoryStore),
}

#[derive(Default)]
struct Pending {
    messages: Table<MessageId, Record>,
    /// Messages on their way, of which memory knows the rest, and since when they were not written; 0
    /// for those that came after the last writing.
    under_way: Vec<(MessageId, u64)>,
    conversations: Vec<ConversationId>,
    /// Conversations whose session has ended: their JSON was made before it was forgotten.
    rows: Vec<(ConversationId, String)>,
    values: Vec<(String, String)>,
    evictions: Vec<(ConversationId, Seq)>,
}

impl<S: Store> Keeper<S> {
    /// Keeps in a store, or in memory when there is none.
    pub fn new(store: Option<S>) -> Self {
        let backend =
            store.map_or_else(|| Backend::Memory(MemoryStore::default()), Backend::Device);
        Self {
            store: RefCell::new(Rc::new(backend)),
            writer: Line::default(),
            pending: RefCell::default(),
            earlier: RefCell::default(),
            scheduled: Cell::new(false),
        }
    }

    fn store(&self) -> Rc<Backend<S>> {
        Rc::clone(&self.store.borrow())
    }

    /// Gives the store back; nothing may be collected any more.
    pub fn give_back(&self) {
        match &*self.store() {
            Backend::Device(store) => store.close(),
            Backend::Memory(store) => store.close(),
        }
    }

    fn has_pending(&self) -> bool {
        let pending = self.pending.borrow();
        !(pending.messages.is_empty()
            && pending.under_way.is_empty()
            && pending.conversations.is_empty()
            && pending.rows.is_empty()
            && pending.values.is_empty()
            && pending.evictions.is_empty()
            && self.earlier.borrow().is_empty())
    }

    /// Collects a message.
    pub fn put(&self, held: &Held) {
        self.put_record(held.to_record());
    }

    /// Collects a message as it is kept.
    pub fn put_record(&self, record: Record) {
        let mut pending = self.pending.borrow_mut();
        let under_way = &mut pending.under_way;
        if let Some(at) = under_way.iter().position(|(id, _)| *id == record.id) {
            under_way.remove(at);
        }
        pending.messages.insert(record.id.clone(), record);
    }

    /// Collects a message on its way; its record is made when it is written.
    pub fn put_under_way(&self, id: MessageId) {
        let mut pending = self.pending.borrow_mut();
        pending.messages.remove(&id);
        pending.under_way.push((id, 0));
    }

    /// Collects a value.
    pub fn put_value(&self, key: &str, json: String) {
        let values = &mut self.pending.borrow_mut().values;
        values.retain(|(it, _)| it != key);
        values.push((key.to_owned(), json));
    }

    /// Collects a conversation; its JSON is made when it is written.
    pub fn mark(&self, conversation: &ConversationId) {
        let marked = &mut self.pending.borrow_mut().conversations;
        if !marked.contains(conversation) {
            marked.push(conversation.clone());
        }
    }
}

impl<S: Store> Backend<S> {
    async fn write(&self, batch: &Batch) -> Result<(), StoreError> {
        match self {
            Self::Device(store) => store.write(batch).await,
            Self::Memory(store) => {
                store.write_now(batch);
                Ok(())
            }
        }
    }
}

impl<H: Host> Client<H> {
    /// Changes the store's future content and sees to it that it gets written soon.
    pub(crate) fn keep(&self, change: impl FnOnce(&Keeper<H::Store>)) {
        let Some(keeper) = self.keeper() else { return };
        change(&keeper);
        if !keeper.scheduled.replace(true) {
            self.spawn(|client| async move {
                while keeper.has_pending() {
                    client.host().sleep(COLLECT_MS).await;
                    client.write(&keeper, UnderWay::Late).await;
                    client.drain();
                }
                keeper.scheduled.set(false);
            });
        }
    }

    /// Writes everything collected so far.
    pub(crate) async fn flush(&self, keeper: &Keeper<H::Store>) {
        self.write(keeper, UnderWay::All).await;
    }

    async fn write(&self, keeper: &Keeper<H::Store>, under_way: UnderWay) {
        let _writer = keeper.writer.turn().await;
        let mut batches = keeper.earlier.take();
        batches.push(self.batch(keeper, under_way));
        for batch in batches {
            if batch.is_empty() {
                continue;
            }
            let backend = keeper.store();
            if let Err(error) = backend.write(&batch).await {
                self.go_on_in_memory(keeper, batch, &error);
            }
        }
    }

    /// Writes the messages that are waiting while something else is being written. They go on waiting:
    /// what says how far a log is held is only ever written together with its messages or after them,
    /// so that no failure in between leaves a hole.
    async fn write_beside(&self, keeper: &Keeper<H::Store>) {
        let messages = {
            let pending = keeper.pending.borrow();
            let mut messages = pending.messages.values().cloned().gather();
            self.with(|state| {
                let held = pending.under_way.iter().filter_map(|(id, _)| state.messages.get(id));
                held.map(Held::to_record).gather_into(&mut messages);
            });
            messages
        };
        let batch = Batch { messages, ..Batch::default() };
        let backend = keeper.store();
        // A failure is met again by whoever writes them next.
        let _ = backend.write(&batch).await;
    }

    /// Drops what is kept of a log up to a place. What is collected from now on stays, also below.
    pub(crate) fn drop_log(&self, conversation: &ConversationId, to: Seq) {
        let Some(keeper) = self.keeper() else { return };
        let mut batch = self.batch(&keeper, UnderWay::All);
        batch.evictions.push((conversation.clone(), to + 1));
        keeper.earlier.borrow_mut().push(batch);
        self.keep(|keeper| keeper.mark(conversation));
    }

    /// Starts writing what is collected, for a page that may be gone in a moment: the store gets it
    /// in this turn, whatever else is being written.
    pub fn flush_soon(&self) {
        if let Some(keeper) = self.keeper() {
            self.spawn(|client| async move {
                if !keeper.writer.is_free() {
                    client.write_beside(&keeper).await;
                }
                client.flush(&keeper).await;
            });
        }
    }

    fn batch(&self, keeper: &Keeper<H::Store>, under_way: UnderWay) -> Batch {
        self.settle(keeper, under_way);
        let mut pending = keeper.pending.borrow_mut();
        let rest = std::mem::take(&mut pending.under_way);
        let pending =
            std::mem::replace(&mut *pending, Pending { under_way: rest, ..Pending::default() });
        Batch {
            messages: pending.messages.into_values().gather(),
            conversations: pending.rows,
            values: pending.values,
            evictions: pending.evictions,
        }
    }

    /// Makes the records of messages on their way and the JSON of the marked conversations: now, or
    /// before the session is forgotten.
    pub(crate) fn settle(&self, keeper: &Keeper<H::Store>, under_way: UnderWay) {
        let now_ms = self.host().now_ms();
        let mut pending = keeper.pending.borrow_mut();
        let Pending { messages, under_way: waiting, conversations, rows, evictions, .. } =
            &mut *pending;
        self.with(|state| {
            let mut rest = Vec::new();
            for (id, since_ms) in std::mem::take(waiting) {
                let since_ms = if since_ms == 0 { now_ms } else { since_ms };
                // A clock that was set back must not keep them waiting.
                let waited_ms = now_ms.checked_sub(since_ms).unwrap_or(UNDER_WAY_MS);
                if under_way == UnderWay::Late && waited_ms < UNDER_WAY_MS {
                    rest.push((id, since_ms));
                } else if let Some(held) = state.messages.get(&id) {
                    messages.insert(id, held.to_record());
                }
            }
            *waiting = rest;
            for id in std::mem::take(conversations) {
                if let Some(it) = state.conversations.get_mut(&id) {
                    // Older ones are dropped and fetched again on demand.
                    let kept = H::Store::MESSAGES_PER_CONVERSATION;
                    if it.ranges.held() > kept + kept / 10 {
                        let below = it.ranges.newest(kept);
                        it.ranges.forget_below(below);
                        it.begin = None;
                        evictions.push((id.clone(), below));
                    }
                    rows.push((id, it.write_json()));
                }
            }
        });
    }

    /// The store's content at the beginning of a session.
    pub(crate) async fn load(&self, keeper: &Keeper<H::Store>) -> Snapshot {
        let error = match &*keeper.store() {
            Backend::Device(store) => match store.load().await {
                Ok(snapshot) => return snapshot,
                Err(error) => error,
            },
            Backend::Memory(store) => return store.load_now(),
        };
        self.go_on_in_memory(keeper, Batch::default(), &error);
        Snapshot::default()
    }

    /// What is kept of a conversation; see [`Store::find`].
    pub(crate) async fn kept(
        &self,
        conversation: &ConversationId,
        wanted: Wanted<'_>,
    ) -> Vec<Held> {
        let Some(keeper) = self.keeper() else { return Vec::new() };
        self.flush(&keeper).await;
        let found = match &*keeper.store() {
            Backend::Device(store) => store.find(conversation, wanted).await,
            Backend::Memory(store) => Ok(store.find_now(conversation, wanted)),
        };
        match found {
            // A damaged text is left out; its place is fetched again when somebody asks.
            Ok(texts) => return texts.iter().filter_map(|it| Held::kept(it)).gather(),
            Err(StoreError::Gone) => {
                self.log(LogLevel::Warn, "the store has lost messages, they are fetched again");
                self.with(|state| {
                    let it = state.conversation(conversation);
                    it.ranges = Ranges::default();
                    it.begin = None;
                });
                self.drop_log(conversation, Seq::MAX - 1);
            }
            Err(error) => self.go_on_in_memory(&keeper, Batch::default(), &error),
        }
        Vec::new()
    }

    /// Memory is short: the store lets go of what it can read again.
    pub fn trim_store(&self) {
        if let Some(keeper) = self.keeper() {
            match &*keeper.store() {
                Backend::Device(store) => store.trim(),
                Backend::Memory(store) => store.trim(),
            }
        }
    }

    /// Leaves the device's store for good. What it held is fetched again when somebody asks; what
    /// only this device has is taken along as far as it is in memory.
    fn go_on_in_memory(&self, keeper: &Keeper<H::Store>, batch: Batch, error: &StoreError) {
        let memory = MemoryStore::default();
        match &*keeper.store() {
            Backend::Device(device) => {
                device.close();
                self.report(&store_failure(error));
            }
            // Somebody else has seen it fail meanwhile.
            Backend::Memory(memory) => {
                // What is there by now is newer.
                let messages = batch.messages.into_iter().filter(|it| !memory.contains(&it.id));
                let rest = Batch { messages: messages.gather(), ..Batch::default() };
                memory.write_now(&rest);
                return;
            }
        }
        let mut rest = batch;
        self.with(|state| {
            for conversation in state.conversations.values_mut() {
                conversation.ranges = Ranges::default();
            }
            let unsent = state.messages.values().filter(|it| it.status != Status::Success);
            unsent.map(Held::to_record).gather_into(&mut rest.messages);
        });
        rest.evictions.clear();
        rest.conversations.clear();
        memory.write_now(&rest);
        *keeper.store.borrow_mut() = Rc::new(Backend::Memory(memory));
        self.drain();
    }

    /// Lets go of the store at once, so that a session that begins meanwhile gets its own; what is
    /// left is written and the store given back in a task.
    pub(crate) fn close_store(&self) {
        if let Some(keeper) = self.0.keeper.borrow_mut().take() {
            let waiting = self.0.closing.turn();
            self.spawn(|client| async move {
                let _turn = waiting.await;
                client.flush(&keeper).await;
                keeper.give_back();
            });
        }
    }

    /// Resolves when every store that was let go of is given back.
    pub(crate) async fn stores_closed(&self) {
        self.0.closing.turn().await;
    }
}

/// What the app is told when its database cannot be used.
pub(crate) fn store_failure(error: &StoreError) -> Error {
    let reason = match error {
        StoreError::Unusable(reason) => reason,
        StoreError::Gone => "messages are missing",
    };
    Error::with(
        Code::DATABASE_OPERATE_FAILED,
        ["the local database cannot be used, history is kept in memory only: ", reason].concat(),
    )
}
