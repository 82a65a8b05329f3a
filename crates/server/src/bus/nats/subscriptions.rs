//! What this node listens to on NATS, and when NATS is known to have understood.
//!
//! Each account is a subject of its own, and a node listens to those of the accounts that are connected
//! to it: NATS itself knows which nodes an event concerns, and nobody else hears of it. A subscription
//! costs the library some eight kilobytes.
//!
//! Whoever subscribes is answered when NATS has confirmed the subject. Confirmations are had in
//! batches: while one is on its way, new ones gather for the next, so that a thousand logins at
//! once cost a handful of round trips. When NATS is away, or silent for a second, the answer comes
//! without; the confirmation that comes later then counts as a loss.
//!
//! With several joined servers of NATS, those by which other nodes are connected confirm it as well.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_nats::{Client, Message, Subscriber};
use bytes::Bytes;
use futures::StreamExt as _;
use tokio::{
    select,
    sync::{Notify, watch},
    task::AbortHandle,
    time::timeout,
};

use super::{
    beats::Beats,
    link::{Link, Loss},
    subjects::Subjects,
};
use crate::{
    bus::{Bus as _, Event, LocalBus, wire},
    storage::AccountKey,
};

/// How long whoever subscribes waits for NATS.
const PATIENCE: Duration = Duration::from_secs(1);

/// An account somebody listens for.
struct Listened {
    /// How many inboxes there are.
    inboxes: usize,
    /// It is confirmed with this batch.
    batch: u64,
    /// Delivers what comes in, once NATS was told.
    delivery: Option<Delivery>,
}

/// A task that delivers. Ends when it is dropped, and does nothing more after that.
struct Delivery {
    /// An aborted task may still run for a moment, while another takes its place. Held while an
    /// event is delivered.
    is_on: Arc<Mutex<bool>>,
    task: AbortHandle,
}

impl Drop for Delivery {
    fn drop(&mut self) {
        *self.is_on.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.task.abort();
    }
}

#[derive(Default)]
struct Table {
    accounts: HashMap<AccountKey, Listened>,
    /// Of the batch that gathers.
    new: HashSet<AccountKey>,
    /// The number of the batch that gathers.
    batch: u64,
}

/// All that this node listens to.
pub(super) struct Subscriptions {
    // A std mutex: nothing awaits while it is held.
    table: Mutex<Table>,
    has_new: Notify,
    /// The last batch that was confirmed.
    confirmed: watch::Sender<u64>,
    /// Somebody did not get to see the confirmation of a batch.
    was_impatient: AtomicBool,
    local: LocalBus,
    link: Arc<Link>,
}

impl Subscriptions {
    pub(super) fn new(local: LocalBus, link: Arc<Link>) -> Arc<Self> {
        Arc::new(Self {
            table: Mutex::new(Table { batch: 1, ..Table::default() }),
            has_new: Notify::new(),
            confirmed: watch::Sender::new(0),
            was_impatient: AtomicBool::new(false),
            local,
            link,
        })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an inbox of an account. Answers the batch that is waited for.
    pub(super) fn enter(&self, account: AccountKey) -> u64 {
        let mut table = self.table();
        let gathering = table.batch;
        match table.accounts.entry(account) {
            Entry::Occupied(mut listened) => {
                listened.get_mut().inboxes += 1;
                listened.get().batch
            }
            Entry::Vacant(place) => {
                place.insert(Listened { inboxes: 1, batch: gathering, delivery: None });
                table.new.insert(account);
                drop(table);
                self.has_new.notify_one();
                gathering
            }
        }
    }

    /// Waits for the confirmation of a batch, for as long as there is hope.
    pub(super) async fn confirmed(&self, batch: u64) {
        if *self.confirmed.borrow() >= batch {
            return;
        }
        let mut confirmed = self.confirmed.subscribe();
        let is_confirmed = select! {
            it = timeout(PATIENCE, confirmed.wait_for(|it| *it >= batch)) => it.is_ok(),
            () = self.link.away() => false,
        };
        if !is_confirmed {
            self.was_impatient.store(true, Ordering::Release);
        }
    }

    /// Takes an inbox of an account away.
    pub(super) fn leave(&self, account: AccountKey) {
        let mut table = self.table();
        let Some(listened) = table.accounts.get_mut(&account) else { return };
        listened.inboxes -= 1;
        if listened.inboxes == 0 {
            table.accounts.remove(&account);
        }
    }

    /// Ends all deliveries.
    pub(super) fn end(&self) {
        self.table().accounts.clear();
    }

    /// Tells NATS of new accounts, until the bus ends.
    pub(super) async fn tell(
        self: Arc<Self>,
        client: Client,
        subjects: Arc<Subjects>,
        beats: Arc<Beats>,
    ) {
        loop {
            self.has_new.notified().await;
            self.link.up().await;
            let (batch, accounts) = {
                let mut table = self.table();
                table.batch += 1;
                (table.batch - 1, std::mem::take(&mut table.new))
            };
            for account in accounts {
                // An error means that the client has ended, and with it the bus.
                let Ok(subscriber) = client.subscribe(subjects.user(account)).await else { return };
                self.deliver(account, batch, subscriber);
            }
            while self.link.confirm(&client).await.is_err() {
                self.was_impatient.store(true, Ordering::Release);
                self.link.up().await;
            }
            if !beats.reach(&client, &subjects).await {
                self.was_impatient.store(true, Ordering::Release);
            }
            self.confirmed.send_replace(batch);
            if self.was_impatient.swap(false, Ordering::AcqRel) {
                self.link.lost(Loss::Unconfirmed);
            }
        }
    }

    /// Begins to deliver what comes in for an account, unless it was left in the meantime.
    fn deliver(&self, account: AccountKey, batch: u64, subscriber: Subscriber) {
        let mut table = self.table();
        let Some(listened) = table.accounts.get_mut(&account).filter(|it| it.batch == batch) else {
            return;
        };
        let is_on = Arc::new(Mutex::new(true));
        let delivering =
            deliver(subscriber, Arc::clone(&is_on), self.local.clone(), Arc::clone(&self.link));
        let task = tokio::spawn(delivering).abort_handle();
        listened.delivery = Some(Delivery { is_on, task });
    }
}

/// Reads an event and takes its text out of the library's buffer: a client that does not read would
/// keep the 64 kilobytes alive of which its frame is a part.
fn read(message: &Message) -> Option<(AccountKey, Event)> {
    wire::read(Bytes::copy_from_slice(&message.payload))
}

async fn deliver(
    mut subscriber: Subscriber,
    is_on: Arc<Mutex<bool>>,
    local: LocalBus,
    link: Arc<Link>,
) {
    while let Some(message) = subscriber.next().await {
        let Some((account, event)) = read(&message) else {
            link.lost(Loss::Unreadable);
            continue;
        };
        let is_on = is_on.lock().unwrap_or_else(PoisonError::into_inner);
        if !*is_on {
            return;
        }
        local.publish(account, event);
    }
}
