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

use futures::{
    FutureExt,
    future::{LocalBoxFuture, Shared},
    lock::Mutex,
};
use tim_protocol::{
    code::Code,
    ids::{ConversationId, MessageId, Seq},
};

use crate::{
    client::Client,
    error::Error,
    message::Held,
    output::Status,
    ports::Host,
    store::{Batch, Position, Record, Snapshot, Store, StoreError, memory::MemoryStore},
    table::Table,
};

/// How long changes are collected before they are written. Most messages are answered within it, so
/// they are written once instead of as `unSend` first; a page that is left writes at once.
const COLLECT_MS: u64 = 25;

/// Messages kept per conversation; older ones are dropped and fetched again on demand.
const KEPT_PER_CONVERSATION: u64 = 50_000;

/// The store with what is not written yet.
pub(crate) struct Keeper<S> {
    store: RefCell<Rc<Backend<S>>>,
    /// One writer at a time; whoever holds it writes for all.
    writer: Mutex<()>,
    pending: RefCell<Pending>,
    /// What must be written before that, each on its own.
    earlier: RefCell<Vec<Batch>>,
    scheduled: Cell<bool>,
}

/// A store on its way back; see [`Client::close_store`].
pub(crate) type Closing = Shared<LocalBoxFuture<'static, ()>>;

enum Backend<S> {
    Device(S),
    Memory(MemoryStore),
}

#[derive(Default)]
struct Pending {
    messages: Table<MessageId, Record>,
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
            writer: Mutex::new(()),
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

    /// Collects a message.
    pub fn put(&self, held: &Held) {
        self.pending.borrow_mut().messages.insert(held.message.id.clone(), held.to_record());
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

/// Runs an operation on whichever store is in use.
macro_rules! on {
    ($backend:expr, $store:ident => $operation:expr) => {
        match &*$backend {
            Backend::Device($store) => $operation,
            Backend::Memory($store) => $operation,
        }
    };
}

impl<H: Host> Client<H> {
    /// Changes the store's future content and sees to it that it gets written soon.
    pub(crate) fn keep(&self, change: impl FnOnce(&Keeper<H::Store>)) {
        let Some(keeper) = self.keeper() else { return };
        change(&keeper);
        if !keeper.scheduled.replace(true) {
            self.spawn(|client| async move {
                client.host().sleep(COLLECT_MS).await;
                keeper.scheduled.set(false);
                client.flush(&keeper).await;
                client.drain();
            });
        }
    }

    /// Writes everything collected so far.
    pub(crate) async fn flush(&self, keeper: &Keeper<H::Store>) {
        let _writer = keeper.writer.lock().await;
        let mut batches = keeper.earlier.take();
        batches.push(self.batch(keeper));
        for batch in batches {
            if batch.is_empty() {
                continue;
            }
            let backend = keeper.store();
            if let Err(error) = on!(backend, store => store.write(&batch).await) {
                self.go_on_in_memory(keeper, batch, &error).await;
            }
        }
    }

    /// Drops what is kept of a log up to a place. What is collected from now on stays, also below.
    pub(crate) fn drop_log(&self, conversation: &ConversationId, to: Seq) {
        let Some(keeper) = self.keeper() else { return };
        let mut batch = self.batch(&keeper);
        batch.evictions.push((conversation.clone(), to + 1));
        keeper.earlier.borrow_mut().push(batch);
        self.keep(|keeper| keeper.mark(conversation));
    }

    /// Starts writing what is collected, for a page that may be gone in a moment.
    pub fn flush_soon(&self) {
        if let Some(keeper) = self.keeper() {
            self.spawn(|client| async move { client.flush(&keeper).await });
        }
    }

    fn batch(&self, keeper: &Keeper<H::Store>) -> Batch {
        self.settle(keeper);
        let pending = keeper.pending.take();
        Batch {
            messages: pending.messages.into_values().collect(),
            conversations: pending.rows,
            values: pending.values,
            evictions: pending.evictions,
        }
    }

    /// Makes the JSON of the marked conversations: now, or before the session is forgotten.
    pub(crate) fn settle(&self, keeper: &Keeper<H::Store>) {
        let mut pending = keeper.pending.borrow_mut();
        let marked = std::mem::take(&mut pending.conversations);
        self.with(|state| {
            for id in marked {
                if let Some(it) = state.conversations.get_mut(&id) {
                    if it.ranges.held() > KEPT_PER_CONVERSATION + KEPT_PER_CONVERSATION / 10 {
                        let below = it.ranges.newest(KEPT_PER_CONVERSATION);
                        it.ranges.forget_below(below);
                        it.begin = None;
                        pending.evictions.push((id.clone(), below));
                    }
                    pending.rows.push((id, it.write_json()));
                }
            }
        });
    }

    /// The store's content at the beginning of a session.
    pub(crate) async fn load(&self, keeper: &Keeper<H::Store>) -> Snapshot {
        let backend = keeper.store();
        match on!(backend, store => store.load().await) {
            Ok(snapshot) => snapshot,
            Err(error) => {
                self.go_on_in_memory(keeper, Batch::default(), &error).await;
                Snapshot::default()
            }
        }
    }

    /// See [`Store::older`].
    pub(crate) async fn kept_older(
        &self,
        conversation: &ConversationId,
        before: Position,
        limit: usize,
    ) -> Vec<Held> {
        let Some(keeper) = self.keeper() else { return Vec::new() };
        self.flush(&keeper).await;
        let backend = keeper.store();
        let page = on!(backend, store => store.older(conversation, before, limit).await);
        self.read(&keeper, page).await
    }

    /// See [`Store::message`].
    pub(crate) async fn kept_message(&self, id: &MessageId) -> Option<Held> {
        let keeper = self.keeper()?;
        self.flush(&keeper).await;
        let backend = keeper.store();
        let found = on!(backend, store => store.message(id).await);
        self.read(&keeper, found.map(|it| it.into_iter().collect())).await.pop()
    }

    async fn read(
        &self,
        keeper: &Keeper<H::Store>,
        page: Result<Vec<Record>, StoreError>,
    ) -> Vec<Held> {
        match page {
            // A damaged record is left out; its place is fetched again when somebody asks.
            Ok(records) => records.iter().filter_map(Held::from_record).collect(),
            Err(error) => {
                self.go_on_in_memory(keeper, Batch::default(), &error).await;
                Vec::new()
            }
        }
    }

    /// Leaves the device's store for good. What it held is fetched again when somebody asks; what
    /// only this device has is taken along as far as it is in memory.
    async fn go_on_in_memory(&self, keeper: &Keeper<H::Store>, batch: Batch, error: &StoreError) {
        let memory = MemoryStore::default();
        match &*keeper.store() {
            Backend::Device(device) => {
                device.close();
                self.report(&store_failure(error));
            }
            // Somebody else has seen it fail meanwhile.
            Backend::Memory(memory) => {
                let _ = memory.write(&batch).await;
                return;
            }
        }
        let mut rest = batch;
        self.with(|state| {
            for conversation in state.conversations.values_mut() {
                conversation.ranges = crate::ranges::Ranges::default();
            }
            let unsent = state.messages.values().filter(|it| it.status != Status::Success);
            rest.messages.extend(unsent.map(Held::to_record));
        });
        rest.evictions.clear();
        rest.conversations.clear();
        // Memory takes everything.
        let _ = memory.write(&rest).await;
        *keeper.store.borrow_mut() = Rc::new(Backend::Memory(memory));
        self.drain();
    }

    /// Lets go of the store at once, so that a session that begins meanwhile gets its own; what is
    /// left is written and the store given back in a task. Resolves when that, and every closing
    /// before, is done.
    pub(crate) fn close_store(&self) -> Closing {
        let Some(keeper) = self.0.keeper.borrow_mut().take() else {
            return self.0.closing.borrow().clone();
        };
        let (client, before) = (self.clone(), self.0.closing.borrow().clone());
        let closing = async move {
            before.await;
            client.flush(&keeper).await;
            keeper.give_back();
        };
        let closing = closing.boxed_local().shared();
        *self.0.closing.borrow_mut() = closing.clone();
        let running = closing.clone();
        self.spawn(|_| running);
        closing
    }
}

/// What the app is told when its database cannot be used.
pub(crate) fn store_failure(error: &StoreError) -> Error {
    Error::with(
        Code::DATABASE_OPERATE_FAILED,
        ["the local database cannot be used, history is kept in memory only: ", &error.0].concat(),
    )
}
