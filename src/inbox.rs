//! Frames between the socket that gets them and the engine that asks for them; the same for every
//! host.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    task::{Context, Poll, Waker},
};

/// What has arrived and was not asked for yet.
#[derive(Default)]
pub(crate) struct Inbox {
    waiting: RefCell<Vec<String>>,
    closed: Cell<bool>,
    reader: Cell<Option<Waker>>,
}

impl Inbox {
    /// Takes a frame in.
    pub fn push(&self, frame: String) {
        self.waiting.borrow_mut().push(frame);
        self.wake();
    }

    /// Nothing comes after what is here.
    pub fn end(&self) {
        self.closed.set(true);
        self.wake();
    }

    fn wake(&self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    /// The next frame; `None` after the last one of a closed connection. Only one call waits at a time.
    pub async fn next(&self) -> Option<String> {
        poll_fn(|context| self.poll(context)).await
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<String>> {
        let mut waiting = self.waiting.borrow_mut();
        let frame = (!waiting.is_empty()).then(|| waiting.remove(0));
        if frame.is_some() || self.closed.get() {
            return Poll::Ready(frame);
        }
        self.reader.set(Some(context.waker().clone()));
        Poll::Pending
    }
}
