//! Messages of a conversation in list order: by place, ties by ID.
//!
//! A sorted vector. Almost everything is added at one of its ends, and one piece of code serves both
//! the cache and the memory store.

use tim_protocol::ids::MessageId;

use crate::{gather::Gather, store::Position};

/// Part of an order.
type Iter<'a> = std::slice::Iter<'a, (Position, MessageId)>;

/// A sorted list of places and IDs.
#[derive(Clone, Debug, Default)]
pub(crate) struct Order(Vec<(Position, MessageId)>);

impl Order {
    /// Adds a message; nothing when it is there already.
    pub fn insert(&mut self, position: Position, id: MessageId) {
        let entry = (position, id);
        if let Err(at) = self.0.binary_search(&entry) {
            self.0.insert(at, entry);
        }
    }

    /// Takes a message out.
    pub fn remove(&mut self, position: Position, id: &MessageId) {
        let at = self.first_at(position);
        let found = self.0[at..].iter().take_while(|(it, _)| *it == position);
        if let Some(offset) = found.map(|(_, it)| it).position(|it| it == id) {
            self.0.remove(at + offset);
        }
    }

    /// Takes the oldest messages out, all at once: each time the others move up.
    pub fn drop_oldest(&mut self, count: usize) -> Vec<MessageId> {
        let rest = self.0.split_off(count.min(self.0.len()));
        std::mem::replace(&mut self.0, rest).into_iter().map(|(_, id)| id).gather()
    }

    /// Number of messages.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The messages from a place on, up to but not including another.
    pub fn between(&self, from: Position, to: Position) -> Iter<'_> {
        let from = self.first_at(from);
        let to = self.first_at(to).max(from);
        self.0[from..to].iter()
    }

    /// The messages before a place.
    pub fn before(&self, to: Position) -> Iter<'_> {
        self.0[..self.first_at(to)].iter()
    }

    /// All messages.
    pub fn iter(&self) -> Iter<'_> {
        self.0.iter()
    }

    fn first_at(&self, position: Position) -> usize {
        self.0.partition_point(|(it, _)| *it < position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stays_sorted_and_knows_its_ends() {
        let mut order = Order::default();
        let id = |n: u32| format!("1-1-{n}").parse::<MessageId>().unwrap();
        for (seq, n) in [(3, 1), (1, 2), (2, 3), (2, 1), (2, 3)] {
            order.insert(Position::stored(seq), id(n));
        }
        let seqs = |part: Iter<'_>| part.map(|it| it.0.seq).collect::<Vec<_>>();
        assert_eq!(seqs(order.before(Position::stored(3))), [1, 2, 2]);
        assert_eq!(seqs(order.between(Position::stored(2), Position::stored(4))), [2, 2, 3]);
        order.remove(Position::stored(2), &id(3));
        order.remove(Position::stored(9), &id(9));
        assert_eq!((order.len(), order.drop_oldest(2)), (3, vec![id(2), id(1)]));
        assert_eq!((order.drop_oldest(2), order.len()), (vec![id(1)], 0));
    }
}
