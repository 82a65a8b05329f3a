//! One after another, in the order in which they asked.
//!
//! Not the mutex of `futures`: with that one whoever comes when it has just become free goes first, so
//! an older write that was waiting could take effect after a newer one; and it is made for threads,
//! which is more to download.

use std::{
    cell::{Cell, RefCell},
    future::Future,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// Who has asked. Clones are the same line.
#[derive(Clone, Debug, Default)]
pub struct Line(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// The first has its turn, or is about to take it.
    places: RefCell<Vec<Place>>,
    next: Cell<usize>,
}

#[derive(Debug)]
struct Place {
    ticket: usize,
    waker: Option<Waker>,
}

/// A place in a line; whoever drops it lets the next one in.
#[derive(Debug)]
pub struct Turn {
    line: Line,
    ticket: usize,
}

/// Resolves when everybody who asked before is done. Dropping it gives the place up.
#[derive(Debug)]
#[must_use = "a place that is not waited for keeps others waiting"]
pub struct Waiting(Option<Turn>);

impl Line {
    /// Takes the last place, at once.
    pub fn turn(&self) -> Waiting {
        let ticket = self.0.next.get();
        self.0.next.set(ticket.wrapping_add(1));
        self.0.places.borrow_mut().push(Place { ticket, waker: None });
        Waiting(Some(Turn { line: self.clone(), ticket }))
    }

    /// Whether nobody has a place.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.0.places.borrow().is_empty()
    }
}

impl Future for Waiting {
    type Output = Turn;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Turn> {
        if let Some(Turn { line, ticket }) = &self.0 {
            for (at, place) in line.0.places.borrow_mut().iter_mut().enumerate() {
                if at > 0 && place.ticket == *ticket {
                    place.waker = Some(context.waker().clone());
                    return Poll::Pending;
                }
            }
        }
        Poll::Ready(self.0.take().expect("nobody asks for what they have"))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let first = {
            let mut places = self.line.0.places.borrow_mut();
            places.retain(|it| it.ticket != self.ticket);
            places.first_mut().and_then(|it| it.waker.take())
        };
        if let Some(waker) = first {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn who_asks_when_it_has_just_become_free_waits_behind_those_who_asked_before() {
        let line = Line::default();
        let first = line.turn().now_or_never().expect("nobody has it");
        let mut second = Box::pin(line.turn());
        assert!(second.as_mut().now_or_never().is_none());
        drop(first);
        let mut third = Box::pin(line.turn());
        assert!(third.as_mut().now_or_never().is_none(), "the second has not taken it yet");
        let second = second.now_or_never().expect("it is the second's turn");
        assert!(third.as_mut().now_or_never().is_none() && !line.is_free());
        drop(second);
        drop(third.now_or_never().expect("it is the third's turn"));
        assert!(line.is_free());
    }

    #[test]
    fn who_stops_waiting_holds_nobody_up() {
        let line = Line::default();
        let first = line.turn().now_or_never().expect("nobody has it");
        let mut second = Box::pin(line.turn());
        let mut third = Box::pin(line.turn());
        assert!(second.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none());
        drop(first);
        drop(second);
        assert!(third.now_or_never().is_some());
    }
}
