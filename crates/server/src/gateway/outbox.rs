//! What waits to be written to one socket: a bounded queue that costs nothing while it is empty.
//!
//! Replies and pushes are put here from any task and never wait. Only the connection's task takes
//! them out, all at once, so that many frames share one write. A client that does not read lets
//! the queue grow to its bound; then it is cut, and catches up from the log when it comes back:
//! nothing is dropped silently.
//!
//! The queue also counts requests that are not answered yet, since their answers will need room.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use serde::Serialize;
use tim_protocol::{call::Method, frame, push::KickReason};
use tokio::{sync::Notify, time::sleep};

use super::{Gateway, close::End};
use crate::{
    bus::{Event, Inbox},
    service::Refusal,
    storage::SessionKey,
};

/// Time between two looks at what is not answered yet.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// The queue of one connection.
pub(super) struct Outbox {
    // A std mutex: nothing awaits while it is held.
    state: Mutex<State>,
    changed: Notify,
    most_bytes: usize,
}

#[derive(Default)]
struct State {
    frames: Vec<Bytes>,
    bytes: usize,
    unanswered: u32,
    end: Option<End>,
    /// The login has been answered. Pushes that come earlier wait in `early`, so that the answer is
    /// the first thing a client hears.
    is_open: bool,
    early: Vec<Bytes>,
    /// A kick that came earlier waits, too.
    early_end: Option<End>,
    /// The number of the instance's connection that this is; 0 until the login has been answered.
    connection: i64,
    /// The newest connection of the instance that was heard of.
    newest_connection: i64,
}

/// What the connection's task has to do.
pub(super) struct Work {
    /// To be written, in this order.
    pub frames: Vec<Bytes>,
    /// To be done after that.
    pub end: Option<End>,
}

impl Outbox {
    pub(super) fn new(most_bytes: usize) -> Arc<Self> {
        let (state, changed) = (Mutex::default(), Notify::new());
        Arc::new(Self { state, changed, most_bytes })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a frame at the end of the queue. After the end was decided nothing is taken any more.
    pub(super) fn push(&self, frame: Bytes) {
        self.put(&mut self.state(), frame);
        self.changed.notify_one();
    }

    fn put(&self, state: &mut State, frame: Bytes) {
        if state.end.is_some() {
            return;
        }
        state.bytes += frame.len();
        state.frames.push(frame);
        if state.bytes > self.most_bytes {
            // What waits would only delay the end; the log has it all.
            state.frames = Vec::new();
            state.end = Some(End::TooSlow);
            metrics::counter!("tim_slow_consumers_total").increment(1);
        }
    }

    /// Puts a push into the queue, or aside until the login has been answered.
    fn push_event(&self, frame: &Bytes) {
        let mut state = self.state();
        if !state.is_open {
            state.early.push(frame.clone());
            return;
        }
        self.put(&mut state, frame.clone());
        drop(state);
        self.changed.notify_one();
    }

    /// The login has been answered: lets pushes through.
    pub(super) fn open(&self, connection: i64) {
        let mut state = self.state();
        state.is_open = true;
        state.connection = connection;
        for frame in std::mem::take(&mut state.early) {
            self.put(&mut state, frame);
        }
        state.end_if_replaced();
        if let Some(end) = state.early_end {
            state.end.get_or_insert(end);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// The instance has a connection of this number.
    fn hear_of_connection(&self, number: i64) {
        let mut state = self.state();
        state.newest_connection = state.newest_connection.max(number);
        state.end_if_replaced();
        drop(state);
        self.changed.notify_one();
    }

    /// The instance is out: ends the connection, at the earliest when the login has been answered.
    fn kick(&self, reason: KickReason) {
        let mut state = self.state();
        if state.is_open {
            state.end.get_or_insert(End::Kicked(reason));
        } else {
            state.early_end = Some(End::Kicked(reason));
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Ends the connection after what is queued. The first reason holds.
    pub(super) fn end(&self, end: End) {
        self.state().end.get_or_insert(end);
        self.changed.notify_one();
    }

    /// Whether the client was found too slow.
    pub(super) fn is_too_slow(&self) -> bool {
        self.state().end == Some(End::TooSlow)
    }

    /// Requests that are not answered yet.
    pub(super) fn unanswered(&self) -> u32 {
        self.state().unanswered
    }

    /// Waits for a change; may also return without one.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// A change may have been heard by somebody who takes nothing out; who waits next hears it again.
    pub(super) fn recall(&self) {
        let state = self.state();
        if !state.frames.is_empty() || state.end.is_some() {
            self.changed.notify_one();
        }
    }

    /// Takes everything out.
    pub(super) fn take(&self) -> Work {
        let mut state = self.state();
        state.bytes = 0;
        // The room goes along: an idle connection keeps none.
        Work { frames: std::mem::take(&mut state.frames), end: state.end }
    }
}

impl State {
    fn end_if_replaced(&mut self) {
        if self.is_open && self.newest_connection > self.connection {
            self.end.get_or_insert(End::Replaced);
        }
    }
}

/// The place of an answer that is still to come.
pub(super) struct Answer {
    gateway: Arc<Gateway>,
    outbox: Arc<Outbox>,
    id: u64,
    method: Method,
}

impl Answer {
    pub(super) fn new(
        gateway: &Arc<Gateway>,
        outbox: &Arc<Outbox>,
        id: u64,
        method: Method,
    ) -> Self {
        outbox.state().unanswered += 1;
        Self { gateway: Arc::clone(gateway), outbox: Arc::clone(outbox), id, method }
    }

    /// Waits until everything else that was asked for has been answered. Looks now and then: only the
    /// connection's task is told of changes.
    pub(super) async fn is_the_last(&self) {
        while self.outbox.unanswered() > 1 {
            sleep(LOOK_AGAIN).await;
        }
    }

    /// Answers.
    pub(super) fn give<T: Serialize>(self, result: Result<T, Refusal>) {
        let text = match result {
            Ok(body) => {
                self.gateway.served[self.method as usize].increment(1);
                frame::reply(self.id, &body)
            }
            Err(Refusal { code, text }) => {
                let (method, number) = (self.method.as_str(), code.0.to_string());
                metrics::counter!("tim_requests_total", "method" => method, "code" => number)
                    .increment(1);
                frame::refusal(self.id, code, text)
            }
        };
        self.outbox.push(text.into());
    }
}

/// Also for an answer that will never come, so that a connection does not wait for it.
impl Drop for Answer {
    fn drop(&mut self) {
        self.outbox.state().unanswered -= 1;
        self.outbox.changed.notify_one();
    }
}

/// Puts an instance's events into its connection's queue.
pub(super) struct Listener {
    pub session: SessionKey,
    pub outbox: Arc<Outbox>,
}

impl Inbox for Listener {
    fn deliver(&self, event: &Event) {
        match event {
            Event::Frame { text, except } if *except != Some(self.session) => {
                self.outbox.push_event(text);
            }
            Event::Kick { session, reason } if *session == self.session => {
                self.outbox.kick(*reason);
            }
            Event::Replaced { session, connection } if *session == self.session => {
                self.outbox.hear_of_connection(*connection);
            }
            Event::Frame { .. } | Event::Kick { .. } | Event::Replaced { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_ends_the_connection_and_takes_nothing_more() {
        let outbox = Outbox::new(10);
        outbox.push("123456".into());
        assert!(!outbox.is_too_slow());
        outbox.push("123456".into());
        assert!(outbox.is_too_slow());
        outbox.push("1".into());
        outbox.end(End::LoggedOut);
        let work = outbox.take();
        assert!(work.frames.is_empty());
        assert_eq!(work.end, Some(End::TooSlow));
    }

    #[test]
    fn only_a_newer_connection_of_the_instance_ends_one() {
        let listener = Listener { session: SessionKey(1), outbox: Outbox::new(10) };
        let hear = |session, connection| {
            listener.deliver(&Event::Replaced { session: SessionKey(session), connection });
            listener.outbox.take().end
        };
        assert_eq!(hear(1, 2), None, "which connection this is shows only at the login's answer");
        listener.outbox.open(3);
        assert_eq!(hear(1, 2), None);
        assert_eq!(hear(2, 4), None);
        assert_eq!(hear(1, 4), Some(End::Replaced));
    }

    #[test]
    fn a_kick_that_comes_before_the_logins_answer_waits_for_it() {
        let listener = Listener { session: SessionKey(1), outbox: Outbox::new(100) };
        let reason = KickReason::MultipleAccount;
        listener.deliver(&Event::Kick { session: SessionKey(1), reason });
        listener.outbox.push("answer".into());
        let work = listener.outbox.take();
        assert_eq!((work.frames.len(), work.end), (1, None));
        listener.outbox.open(1);
        assert_eq!(listener.outbox.take().end, Some(End::Kicked(reason)));
    }

    #[test]
    fn what_was_taken_makes_room() {
        let outbox = Outbox::new(10);
        for _ in 0..3 {
            outbox.push("123456".into());
            assert_eq!(outbox.take().frames.len(), 1);
        }
        assert!(!outbox.is_too_slow());
    }
}
