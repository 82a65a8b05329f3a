//! The app at an engine of a run: writes down what it received, tells the run when it is connected.
//!
//! A connection counts as ready when the first synchronisation is done and the link is up; the engine
//! does not tell an app when it has caught up after that.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    sync::{Arc, atomic::Ordering},
};

use tim_engine::output::{Event, NetState, Output};
use tim_protocol::{ids::MessageId, message::Text};

use super::host::Listener;
use crate::{
    record::{Book, Delivery},
    run::shared::Shared,
    stamp,
};

pub(super) struct Recorder {
    pub(super) book: RefCell<Book>,
    shared: Arc<Shared>,
    /// When the messages were due that were described and not received yet.
    due_us: RefCell<HashMap<MessageId, Option<u64>>>,
    is_synchronised: Cell<bool>,
    is_connected: Cell<bool>,
    is_ready: Cell<bool>,
}

impl Recorder {
    pub(super) fn new(shared: &Arc<Shared>, index: usize) -> Self {
        let client = u32::try_from(index).unwrap_or(u32::MAX);
        Self {
            book: RefCell::new(Book { client, ..Book::default() }),
            shared: Arc::clone(shared),
            due_us: RefCell::default(),
            is_synchronised: Cell::new(false),
            is_connected: Cell::new(false),
            is_ready: Cell::new(false),
        }
    }

    /// The run is over.
    pub(super) fn end(&self) {
        self.book.borrow_mut().online_at_end = self.is_ready.get();
    }

    fn hear(&self, event: &Event) {
        match event {
            Event::Ready => {
                self.is_synchronised.set(true);
                self.shared.counts.logins.fetch_add(1, Ordering::Relaxed);
            }
            Event::NotReady => self.is_synchronised.set(false),
            Event::NetState(state) => {
                let connects = *state == NetState::Connected;
                if connects && self.is_synchronised.get() {
                    self.shared.counts.reconnects.fetch_add(1, Ordering::Relaxed);
                }
                self.is_connected.set(connects);
            }
            Event::KickedOut(_) => {
                self.shared.counts.kicked.fetch_add(1, Ordering::Relaxed);
            }
            Event::MessagesReceived(ids) => ids.iter().for_each(|id| self.received(id)),
            _ => {}
        }
        let is_ready = self.is_synchronised.get() && self.is_connected.get();
        match (self.is_ready.replace(is_ready), is_ready) {
            (false, true) => self.shared.ready(),
            (true, false) => self.shared.lost(),
            _ => {}
        }
    }

    fn received(&self, id: &MessageId) {
        let due_us = self.due_us.borrow_mut().remove(id).flatten();
        self.book.borrow_mut().received.push(Delivery { id: id.parts(), seq: None });
        self.shared.delivered(due_us);
    }
}

impl Listener for Recorder {
    fn take(&self, _now_ms: u64, batch: Vec<Output>) {
        for output in batch {
            match output {
                Output::Message(view) if view.v.flow == "in" => {
                    let text = view.m.payload.read::<Text>();
                    let due_us = text.and_then(|it| stamp::due_us(&it.text));
                    self.due_us.borrow_mut().insert(view.m.id.clone(), due_us);
                }
                Output::Forget { ids } => {
                    self.due_us.borrow_mut().retain(|id, _| !ids.contains(id));
                }
                Output::Event(event) => self.hear(&event),
                _ => {}
            }
        }
    }
}
