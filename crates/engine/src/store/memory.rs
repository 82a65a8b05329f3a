//! The reference store: everything in memory, gone with the page.
//!
//! Used natively in tests, and in a page when its own database cannot be used.

use std::{cell::RefCell, rc::Rc};

use tim_protocol::ids::{ConversationId, MessageId};

use crate::{gather::Gather, order::Order, table::Table};

use super::{Batch, Position, Record, Snapshot, Store, StoreError};

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
}

impl Store for MemoryStore {
    const MESSAGES_PER_CONVERSATION: u64 = 50_000;

    async fn load(&self) -> Result<Snapshot, StoreError> {
        let tables = self.0.borrow();
        Ok(Snapshot {
            conversations: tables.conversations.iter().map(|(_, json)| json.clone()).gather(),
            outbox: tables
                .messages
                .values()
                .filter(|it| it.outbox)
                .map(|it| it.json.clone())
                .gather(),
            values: tables.values.clone(),
        })
    }

    async fn write(&self, batch: &Batch) -> Result<(), StoreError> {
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
        Ok(())
    }

    async fn older(
        &self,
        conversation: &ConversationId,
        before: Position,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let tables = self.0.borrow();
        let Some(log) = tables.log(conversation).map(|it| it.before(before)) else {
            return Ok(Vec::new());
        };
        let above = log.len().saturating_sub(limit);
        Ok(log
            .skip(above)
            .filter_map(|(_, id)| tables.messages.get(id).map(|it| it.json.clone()))
            .gather())
    }

    async fn message(
        &self,
        _: &ConversationId,
        id: &MessageId,
    ) -> Result<Option<String>, StoreError> {
        Ok(self.0.borrow().messages.get(id).map(|it| it.json.clone()))
    }

    fn close(&self) {}
}
