//! The reference store: everything in memory, gone with the page.
//!
//! Used natively in tests, and in a page when its own database cannot be used.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, HashMap},
    rc::Rc,
};

use tim_protocol::ids::{ConversationId, MessageId};

use super::{Batch, Position, Record, Snapshot, Store, StoreError};

/// History in memory. Clones share their content, like two tabs share a database.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Rc<RefCell<Tables>>);

#[derive(Debug, Default)]
struct Tables {
    messages: HashMap<MessageId, Record>,
    logs: HashMap<ConversationId, BTreeSet<(Position, MessageId)>>,
    conversations: BTreeMap<ConversationId, String>,
    values: BTreeMap<String, String>,
}

impl Tables {
    fn put(&mut self, record: Record) {
        self.remove(&record.id.clone());
        self.logs
            .entry(record.conversation.clone())
            .or_default()
            .insert((record.position, record.id.clone()));
        self.messages.insert(record.id.clone(), record);
    }

    fn remove(&mut self, id: &MessageId) {
        if let Some(old) = self.messages.remove(id)
            && let Some(log) = self.logs.get_mut(&old.conversation)
        {
            log.remove(&(old.position, old.id));
        }
    }
}

impl Store for MemoryStore {
    async fn load(&self) -> Result<Snapshot, StoreError> {
        let tables = self.0.borrow();
        let mut outbox: Vec<Record> =
            tables.messages.values().filter(|it| it.outbox).cloned().collect();
        outbox.sort_by(|a, b| (a.position, &a.id).cmp(&(b.position, &b.id)));
        Ok(Snapshot {
            conversations: tables.conversations.values().cloned().collect(),
            outbox,
            values: tables.values.iter().map(|(key, json)| (key.clone(), json.clone())).collect(),
        })
    }

    async fn write(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut tables = self.0.borrow_mut();
        for record in &batch.messages {
            tables.put(record.clone());
        }
        for (conversation, below) in &batch.evictions {
            let old: Vec<MessageId> = tables
                .logs
                .get(conversation)
                .into_iter()
                .flatten()
                .filter(|(position, _)| position.seq < *below)
                .map(|(_, id)| id.clone())
                .collect();
            for id in old {
                tables.remove(&id);
            }
        }
        tables.conversations.extend(batch.conversations.iter().cloned());
        tables.values.extend(batch.values.iter().cloned());
        Ok(())
    }

    async fn older(
        &self,
        conversation: &ConversationId,
        before: Position,
        limit: usize,
    ) -> Result<Vec<Record>, StoreError> {
        let tables = self.0.borrow();
        let mut page: Vec<Record> = tables
            .logs
            .get(conversation)
            .into_iter()
            .flat_map(|log| log.iter().rev())
            .skip_while(|(position, _)| *position >= before)
            .take(limit)
            .map(|(_, id)| tables.messages[id].clone())
            .collect();
        page.reverse();
        Ok(page)
    }

    async fn message(&self, id: &MessageId) -> Result<Option<Record>, StoreError> {
        Ok(self.0.borrow().messages.get(id).cloned())
    }

    fn close(&self) {}
}
