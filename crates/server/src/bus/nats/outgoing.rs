//! What waits to be sent to other nodes: a bounded queue between publishers and NATS.
//!
//! Publishing is one push under a lock. A task takes everything out at once, writes the events for
//! the wire and hands them to the library, which joins what it has into one write. While NATS is
//! away, or slower than its publishers for long, events are dropped and counted: they are hints,
//! and stale ones are worth less than none.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_nats::{Client, PublishErrorKind};
use tokio::{select, sync::Notify, time::timeout};

use super::{
    link::{Link, Loss},
    subjects::Subjects,
};
use crate::{
    bus::{Event, wire},
    storage::AccountKey,
};

/// About a second of a busy node.
const MOST_EVENTS: usize = 16 * 1024;
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// How long the end may take.
const END: Duration = Duration::from_secs(2);

/// The queue.
#[derive(Default)]
pub(super) struct Outgoing {
    // A std mutex: nothing awaits while it is held.
    waiting: Mutex<Waiting>,
    /// Something waits, or the end was decided.
    changed: Notify,
    /// Everything has been handed over after the end was decided.
    ended: Notify,
}

#[derive(Default)]
struct Waiting {
    events: Vec<(AccountKey, Event)>,
    bytes: usize,
    is_ending: bool,
}

impl Outgoing {
    /// Puts an event at the end of the queue, or drops it. Never blocks.
    pub(super) fn push(&self, to: AccountKey, event: Event, link: &Link) {
        if !link.is_up() {
            link.lost(Loss::Away);
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.is_ending {
            return;
        }
        let bytes = waiting.bytes + text_bytes(&event);
        if waiting.events.len() >= MOST_EVENTS || bytes > MOST_BYTES {
            drop(waiting);
            link.lost(Loss::Overflow);
            return;
        }
        waiting.bytes = bytes;
        waiting.events.push((to, event));
        let is_first = waiting.events.len() == 1;
        drop(waiting);
        if is_first {
            self.changed.notify_one();
        }
    }

    /// What waits; `None` once nothing does and nothing will.
    async fn next(&self) -> Option<Vec<(AccountKey, Event)>> {
        loop {
            {
                let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                if !waiting.events.is_empty() {
                    waiting.bytes = 0;
                    return Some(std::mem::take(&mut waiting.events));
                }
                if waiting.is_ending {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    /// Sends what comes in, until the end.
    pub(super) async fn forward(
        self: Arc<Self>,
        client: Client,
        link: Arc<Link>,
        subjects: Arc<Subjects>,
    ) {
        while let Some(events) = self.next().await {
            let mut sent = 0;
            let all = async {
                for (to, event) in &events {
                    send(&client, &link, &subjects, *to, event).await;
                    sent += 1;
                }
            };
            // The library's own queue takes no more while NATS is away.
            select! {
                biased;
                () = link.away() => {}
                () = all => {}
            }
            for _ in sent..events.len() {
                link.lost(Loss::Away);
            }
        }
        select! {
            biased;
            () = link.away() => {}
            _ = client.flush() => {}
        }
        self.ended.notify_one();
    }

    /// Takes nothing more and waits until everything has left, for a bounded time.
    pub(super) async fn end(&self) {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_ending = true;
        self.changed.notify_one();
        let _ = timeout(END, self.ended.notified()).await;
    }
}

fn text_bytes(event: &Event) -> usize {
    match event {
        Event::Frame { text, .. } => text.len(),
        Event::Replaced { .. } | Event::Kick { .. } => 0,
    }
}

async fn send(client: &Client, link: &Link, subjects: &Subjects, to: AccountKey, event: &Event) {
    let sent = client.publish(subjects.user(to), wire::write(to, event)).await;
    match sent.map_err(|error| error.kind()) {
        Ok(()) => {}
        Err(PublishErrorKind::MaxPayloadExceeded) => link.lost(Loss::TooLarge),
        Err(_) => link.lost(Loss::Link),
    }
}
