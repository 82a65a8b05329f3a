//! A value that one operation after another has to itself, in the order in which they asked.
//!
//! Not a mutex of futures: with that one whoever comes when it has just become free goes first, and an
//! older write that was waiting would take effect after a newer one.

use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    ops::{Deref, DerefMut},
    task::{Poll, Waker},
};

/// The value, and who waits for it.
pub struct Turns<T> {
    /// Here unless somebody has it.
    value: Cell<Option<Box<T>>>,
    /// Tickets of those who have asked; the first has the value or is about to take it.
    line: RefCell<Vec<(u64, Option<Waker>)>>,
    next: Cell<u64>,
}

/// A place in the line; with the value when it is the first. Dropping it lets the next one in.
pub struct Turn<'a, T> {
    turns: &'a Turns<T>,
    ticket: u64,
    value: Option<Box<T>>,
}

impl<T> Turns<T> {
    pub fn new(value: T) -> Self {
        Self {
            value: Cell::new(Some(Box::new(value))),
            line: RefCell::default(),
            next: Cell::new(0),
        }
    }

    /// Resolves when everybody who asked before is done.
    pub async fn turn(&self) -> Turn<'_, T> {
        let ticket = self.next.get();
        self.next.set(ticket + 1);
        self.line.borrow_mut().push((ticket, None));
        let mut turn = Turn { turns: self, ticket, value: None };
        poll_fn(|context| {
            let mut line = self.line.borrow_mut();
            if line[0].0 == ticket {
                turn.value = self.value.take();
                return Poll::Ready(());
            }
            if let Some((_, waker)) = line.iter_mut().find(|it| it.0 == ticket) {
                *waker = Some(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
        turn
    }
}

const IN_TURN: &str = "whoever is first in the line has the value";

impl<T> Deref for Turn<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_deref().expect(IN_TURN)
    }
}

impl<T> DerefMut for Turn<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_deref_mut().expect(IN_TURN)
    }
}

impl<T> Drop for Turn<'_, T> {
    fn drop(&mut self) {
        if self.value.is_some() {
            self.turns.value.set(self.value.take());
        }
        let first = {
            let mut line = self.turns.line.borrow_mut();
            line.retain(|it| it.0 != self.ticket);
            line.first_mut().and_then(|it| it.1.take())
        };
        if let Some(waker) = first {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, executor::block_on};

    use super::*;

    #[test]
    fn who_asks_when_it_has_just_become_free_waits_behind_those_who_asked_before() {
        let turns = Turns::new(Vec::new());
        let first = turns.turn().now_or_never().expect("nobody has it");
        let mut second = Box::pin(turns.turn());
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        let mut third = Box::pin(turns.turn());
        assert!(third.as_mut().now_or_never().is_none(), "the second has not taken it yet");
        block_on(async {
            second.await.push(2);
            third.await.push(3);
        });
        assert_eq!(*turns.turn().now_or_never().expect("all are done"), [2, 3]);
    }

    #[test]
    fn who_stops_waiting_holds_nobody_up() {
        let turns = Turns::new(0);
        let first = turns.turn().now_or_never().expect("nobody has it");
        let mut second = Box::pin(turns.turn());
        let mut third = Box::pin(turns.turn());
        assert!(second.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none());
        drop(first);
        drop(second);
        assert!(third.now_or_never().is_some());
    }
}
