//! The bus inside one process: a table of inboxes.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use futures::future::{BoxFuture, FutureExt as _, ready};

use super::{Bus, Event, Inbox, State, Subscription};
use crate::storage::{AccountKey, NodeKey};

/// Mostly one instance per account: a short list beats a nested table.
type Table = HashMap<AccountKey, Vec<Arc<dyn Inbox>>>;

/// Delivers within this process. Clones share the table.
#[derive(Clone, Default)]
pub struct LocalBus {
    // A std lock: nothing awaits while it is held, and inboxes do not call back.
    table: Arc<RwLock<Table>>,
}

impl Bus for LocalBus {
    fn publish(&self, to: AccountKey, event: Event) {
        self.deliver(to, &event);
    }

    fn deliver(&self, to: AccountKey, event: &Event) {
        let table = self.table.read().unwrap_or_else(PoisonError::into_inner);
        for inbox in table.get(&to).into_iter().flatten() {
            inbox.deliver(event);
        }
    }

    fn subscribe(&self, to: AccountKey, inbox: Arc<dyn Inbox>) -> BoxFuture<'_, Subscription> {
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        let inboxes = table.entry(to).or_insert_with(|| Vec::with_capacity(1));
        inboxes.push(Arc::clone(&inbox));
        drop(table);
        let table = Arc::downgrade(&self.table);
        let subscription = Subscription::new(move || {
            let Some(table) = table.upgrade() else { return };
            let mut table = table.write().unwrap_or_else(PoisonError::into_inner);
            if let Some(inboxes) = table.get_mut(&to) {
                inboxes.retain(|it| !Arc::ptr_eq(it, &inbox));
                if inboxes.is_empty() {
                    table.remove(&to);
                }
            }
        });
        ready(subscription).boxed()
    }

    fn state(&self) -> State {
        State::Alone
    }

    fn losses(&self) -> u64 {
        0
    }

    fn heard(&self) -> Vec<(NodeKey, Duration)> {
        Vec::new()
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        ready(()).boxed()
    }
}
