//! The reference store: everything in memory, gone with the page.
//!
//! Used natively in tests, and in an app when the device's own store cannot be used.

use std::{cell::RefCell, rc::Rc};

use tim_protocol::ids::{ConversationId, MessageId};

use crate::{gather::Gather, order::Order, table::Table};

use super::{Batch, Position, Record, Snapshot, Store, StoreError, Wanted};

/// History in memory. Clones share their content, like two tabs share a database.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Rc<RefCell<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    messages: Table<MessageId, Record>,
    logs: Vec<(ConversationId, Order)>,
    conversations: Vec<(ConversationId, String)>,
    values: Vec<(String, String)>,
}

impl Tables {
    fn log(&self, conversation: &ConversationId) -> Option<&Order> {
        self.logs.iter().find(|(id, _)| id == conversation).map(|(_, log)| log)
    }

    fn log_mut(&mut self, conversation: &ConversationId) -> &mut Order {
        let known = self.logs.iter().position(|(id, _)| id == conversation);
        let at = known.unwrap_or_else(|| {
            self.logs.push((conversation.clone(), Order::default()));
            self.logs.len() - 1
        });
        &mut self.logs[at].1
    }

    fn put(&mut self, record: Record) {
        self.remove(&record.id);
        self.log_mut(&record.conversation).insert(record.position, record.id.clone());
        self.messages.insert(record.id.clone(), record);
    }

    fn remove(&mut self, id: &MessageId) {
        if let Some(old) = self.messages.remove(id) {
            self.log_mut(&old.conversation).remove(old.position, id);
        }
    }
}

/// Writes a row over the one of the same key.
fn replace<K: Clone + PartialEq>(rows: &mut Vec<(K, String)>, row: &(K, String)) {
    match rows.iter_mut().find(|(key, _)| *key == row.0) {
        Some((_, json)) => json.clone_from(&row.1),
        None => rows.push(row.clone()),
    }
}

impl MemoryStore {
    /// Whether it has a message.
    pub(crate) fn contains(&self, id: &MessageId) -> bool {
        self.0.borrow().messages.contains(id)
    }

    /// See [`Store::load`]. Nothing here waits for anything or fails.
    pub(crate) fn load_now(&self) -> Snapshot {
        let tables = self.0.borrow();
        let mut snapshot = Snapshot { values: tables.values.clone(), ..Snapshot::default() };
        for (_, json) in &tables.conversations {
            snapshot.conversations.push(json.clone());
        }
        for record in tables.messages.values() {
            if record.outbox {
                snapshot.outbox.push(record.json.clone());
            }
        }
        snapshot
    }

    /// See [`Store::write`].
    pub(crate) fn write_now(&self, batch: &Batch) {
        let mut tables = self.0.borrow_mut();
        for record in &batch.messages {
            tables.put(record.clone());
        }
        for (conversation, below) in &batch.evictions {
            let old = tables.log(conversation).map(|it| it.before(Position::stored(*below)));
            let Some(old) = old else { continue };
            for (position, id) in old.cloned().gather() {
                if position.sub == 0 {
                    tables.remove(&id);
                }
            }
        }
        batch.conversations.iter().for_each(|it| replace(&mut tables.conversations, it));
        batch.values.iter().for_each(|it| replace(&mut tables.values, it));
    }

    /// See [`Store::find`].
    pub(crate) fn find_now(
        &self,
        conversation: &ConversationId,
        wanted: Wanted<'_>,
    ) -> Vec<String> {
        let tables = self.0.borrow();
        let mut texts = Vec::new();
        let mut put = |id| {
            if let Some(record) = tables.messages.get(id) {
                texts.push(record.json.clone());
            }
        };
        match wanted {
            Wanted::Message(id) => put(id),
            Wanted::Older { before, limit } => {
                if let Some(log) = tables.log(conversation).map(|it| it.before(before)) {
                    let above = log.len().saturating_sub(limit);
                    log.skip(above).for_each(|(_, id)| put(id));
                }
            }
        }
        texts
    }
}

impl Store for MemoryStore {
    const MESSAGES_PER_CONVERSATION: u64 = 50_000;

    async fn load(&self) -> Result<Snapshot, StoreError> {
        Ok(self.load_now())
    }

    async fn write(&self, batch: &Batch) -> Result<(), StoreError> {
        self.write_now(batch);
        Ok(())
    }

    async fn find(
        &self,
        conversation: &ConversationId,
        wanted: Wanted<'_>,
    ) -> Result<Vec<String>, StoreError> {
        Ok(self.find_now(conversation, wanted))
    }

    fn close(&self) {}
}
