//! One value from here to there, on one thread.
//!
//! The channel of `futures` is made for threads, and every type of value brings its locks into the
//! download again. This one is two cells. Dropping the sender ends the wait.

use std::{
    cell::Cell,
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// The sender is gone and has sent nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canceled;

/// The end that speaks, once.
pub struct Sender<T>(Rc<Slot<T>>);

/// The end that waits.
pub struct Receiver<T>(Rc<Slot<T>>);

struct Slot<T> {
    value: Cell<Option<T>>,
    line: Line,
}

/// What does not depend on the value.
#[derive(Default)]
struct Line {
    is_over: Cell<bool>,
    waker: Cell<Option<Waker>>,
}

impl Line {
    fn end(&self) {
        self.is_over.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// A new pair.
#[must_use]
pub fn channel<T>() -> (Sender<T>, Receiver<T>) {
    let slot = Rc::new(Slot { value: Cell::new(None), line: Line::default() });
    (Sender(Rc::clone(&slot)), Receiver(slot))
}

impl<T> Sender<T> {
    /// Sends the value.
    ///
    /// # Errors
    /// Gives it back when nobody waits for it any more.
    pub fn send(self, value: T) -> Result<(), T> {
        if self.is_canceled() {
            return Err(value);
        }
        self.0.value.set(Some(value));
        Ok(())
    }

    /// Whether nobody waits any more.
    #[must_use]
    pub fn is_canceled(&self) -> bool {
        Rc::strong_count(&self.0) == 1
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").finish_non_exhaustive()
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.line.end();
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, Canceled>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Slot { value, line } = &*self.0;
        if line.is_over.get() {
            return Poll::Ready(value.take().ok_or(Canceled));
        }
        line.waker.set(Some(context.waker().clone()));
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use futures::{
        FutureExt,
        executor::block_on,
        future::{join, ready},
    };

    use super::*;

    #[test]
    fn the_value_arrives_before_and_after_somebody_waits() {
        let (sender, receiver) = channel();
        assert_eq!(sender.send(1), Ok(()));
        assert_eq!(block_on(receiver), Ok(1));

        let (sender, receiver) = channel();
        let late = ready(()).map(|()| sender.send(2));
        assert_eq!(block_on(join(receiver, late)), (Ok(2), Ok(())));
    }

    #[test]
    fn either_end_learns_that_the_other_is_gone() {
        let (sender, receiver) = channel::<u8>();
        let mut receiver = receiver;
        assert_eq!((&mut receiver).now_or_never(), None);
        drop(sender);
        assert_eq!(block_on(receiver), Err(Canceled));

        let (sender, receiver) = channel();
        assert!(!sender.is_canceled());
        drop(receiver);
        assert!(sender.is_canceled());
        assert_eq!(sender.send(3), Err(3));
    }
}
