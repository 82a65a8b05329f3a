//! Pushing what the bus may have lost: the newest messages of all logs, read from the database.

use std::{collections::HashSet, sync::Arc};

use crate::{
    bus::Event,
    service::{
        Service,
        messages::{PUSH_BYTES, new_messages},
    },
    storage::{ConversationKey, Recent, StorageError},
};

/// A message's time is the second in which it got its place; it may be stored that much later, on a
/// server whose clock is a little behind. One that takes longer is found when the client compares its
/// cursors.
const MARGIN_S: u64 = 5;
/// Messages read at once. With more than that the clients ask for themselves.
const MOST: u32 = 20_000;

/// How far everything is known to have been pushed.
#[derive(Default)]
pub(super) struct Tail {
    good_until_s: u64,
    /// What the last reading has pushed.
    pushed: HashSet<(ConversationKey, u64)>,
}

impl Tail {
    /// Nothing was lost up to now.
    pub fn is_good_until(&mut self, now_s: u64) {
        self.good_until_s = now_s;
        self.pushed.clear();
    }

    /// Pushes what has been stored since; `false` when that was too much to be read.
    pub async fn catch_up(
        &mut self,
        service: &Arc<Service>,
        now_s: u64,
    ) -> Result<bool, StorageError> {
        // At the first beat nobody is connected yet who could have missed anything before it.
        let since = if self.good_until_s == 0 { now_s } else { self.good_until_s };
        let recent = service.storage.recent(since.saturating_sub(MARGIN_S), MOST).await?;
        let mut rest = &recent[..];
        let mut pushed = HashSet::with_capacity(recent.len());
        while let [first, ..] = rest {
            let mut bytes = 0;
            let end = rest.iter().position(|it| {
                bytes += it.entry.len();
                it.conversation != first.conversation || (bytes > PUSH_BYTES && it.seq != first.seq)
            });
            let (run, later) = rest.split_at(end.unwrap_or(rest.len()));
            self.push(service, run);
            pushed.extend(run.iter().map(|it| (it.conversation, it.seq)));
            rest = later;
        }
        self.pushed = pushed;
        self.good_until_s = now_s;
        metrics::counter!("tim_tail_messages_total").increment(recent.len() as u64);
        Ok(recent.len() < MOST as usize)
    }

    /// Pushes neighbours of one log to those of its people who are connected here.
    fn push(&self, service: &Service, run: &[Recent]) {
        let new: Vec<_> =
            run.iter().filter(|it| !self.pushed.contains(&(it.conversation, it.seq))).collect();
        let Some(first) = new.first() else { return };
        let text = new_messages(new.iter().map(|it| &*it.entry));
        let event = Event::Frame { text, except: None };
        service.bus.deliver(first.people.0, &event);
        if first.people.1 != first.people.0 {
            service.bus.deliver(first.people.1, &event);
        }
    }
}
