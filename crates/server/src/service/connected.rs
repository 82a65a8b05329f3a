//! The instances that are connected to this server, and on which of its connections.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::storage::{AccountKey, SessionKey};

type Table = HashMap<SessionKey, (AccountKey, i64)>;

/// The table of them; clones share it.
#[derive(Clone, Default)]
pub struct ConnectedInstances(Arc<Mutex<Table>>);

/// An instance stands in the table while this lives.
pub struct Connected {
    table: ConnectedInstances,
    session: SessionKey,
    connection: i64,
}

impl ConnectedInstances {
    // A std mutex: nothing awaits while it is held.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An instance is here now. It may be here twice for a moment; the newer connection counts.
    pub(super) fn add(
        &self,
        session: SessionKey,
        account: AccountKey,
        connection: i64,
    ) -> Connected {
        self.table().insert(session, (account, connection));
        Connected { table: self.clone(), session, connection }
    }

    /// All of them, with their connections.
    pub(super) fn held(&self) -> Vec<(SessionKey, i64)> {
        self.table().iter().map(|(session, (_, connection))| (*session, *connection)).collect()
    }

    /// Whose an instance is, if it is here.
    pub(super) fn account_of(&self, session: SessionKey) -> Option<AccountKey> {
        self.table().get(&session).map(|it| it.0)
    }

    /// The accounts of all of them; those with several are there several times.
    pub(super) fn accounts(&self) -> Vec<AccountKey> {
        self.table().values().map(|it| it.0).collect()
    }
}

impl Connected {
    pub(super) fn connection(&self) -> i64 {
        self.connection
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        let mut table = self.table.table();
        if table.get(&self.session).is_some_and(|it| it.1 == self.connection) {
            table.remove(&self.session);
        }
    }
}
