//! Messages in list order: by place, ties by ID. Of two with the same ID and place the newer one is
//! kept.
//!
//! One shape for what the journal says, what a segment holds and what a page is made of. How new a
//! message is says its stamp: each fold has its own, a higher one than any fold before.

use tim_engine::store::{Position, Record};

use crate::codec::{Reader, put_number, put_text};

/// The stamp of what no fold has seen yet: newer than everything else.
pub const UNFOLDED: u64 = u64::MAX;

/// A message as it is kept.
#[derive(Clone, Debug)]
pub struct Item {
    pub id: String,
    pub position: Position,
    pub outbox: bool,
    pub stamp: u64,
    pub json: String,
}

impl Item {
    /// Not less than what it takes in a file.
    pub fn size(&self) -> usize {
        self.id.len() + self.json.len() + 48
    }

    /// Whether nobody could give it back. Such messages are few, and kept apart from the others.
    pub fn is_local(&self) -> bool {
        self.position.sub > 0 || self.outbox
    }

    /// Writes it.
    pub fn put(&self, out: &mut Vec<u8>, stamp: u64) {
        put_message(out, stamp, self.position, self.outbox, &self.id, &self.json);
    }

    /// Reads one.
    pub fn take(from: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            stamp: from.number()?,
            position: Position { seq: from.number()?, sub: from.number()? },
            outbox: from.number()? != 0,
            id: from.text()?,
            json: from.text()?,
        })
    }
}

/// Writes what [`Item::take`] reads: a message that no fold has seen.
pub fn put_record(out: &mut Vec<u8>, record: &Record) {
    put_message(out, 0, record.position, record.outbox, record.id.as_str(), &record.json);
}

fn put_message(
    out: &mut Vec<u8>,
    stamp: u64,
    position: Position,
    outbox: bool,
    id: &str,
    json: &str,
) {
    put_number(out, stamp);
    put_number(out, position.seq);
    put_number(out, position.sub);
    put_number(out, outbox.into());
    put_text(out, id);
    put_text(out, json);
}

/// Messages in list order.
#[derive(Debug, Default)]
pub struct Items(pub Vec<Item>);

impl Items {
    /// Puts a message in, unless a newer one of its ID is at its place.
    pub fn put(&mut self, item: Item) {
        let found = self.0.binary_search_by(|it| {
            it.position.cmp(&item.position).then_with(|| it.id.cmp(&item.id))
        });
        match found {
            Ok(at) if self.0[at].stamp > item.stamp => {}
            Ok(at) => self.0[at] = item,
            Err(at) => self.0.insert(at, item),
        }
    }

    /// Drops all but the last ones.
    pub fn keep_last(&mut self, count: usize) {
        self.0 = self.0.split_off(self.0.len().saturating_sub(count));
    }

    /// Drops all but some.
    pub fn keep(&mut self, which: &dyn Fn(&Item) -> bool) {
        self.0.retain(which);
    }

    /// Takes over what can be among what is searched for, and keeps no more than that. What lies below
    /// the floor is as if it were not there.
    pub fn gather(&mut self, from: &Self, search: &Search<'_>, floor: u64) {
        let mut left = search.limit;
        for item in from.0.iter().rev() {
            let lowest = self.0.first().filter(|_| self.0.len() >= search.limit);
            let is_lower = lowest.is_some_and(|it| item.position < it.position);
            if left == 0 || is_lower || item.position.seq < floor {
                break;
            }
            if item.position < search.before && search.id.is_none_or(|id| id == item.id) {
                self.put(item.clone());
                left -= 1;
            }
        }
        self.keep_last(search.limit);
    }
}

/// Which messages of a conversation are asked for: the newest that all of this is true of.
pub struct Search<'a> {
    pub before: Position,
    /// Not more of them.
    pub limit: usize,
    /// With this ID.
    pub id: Option<&'a str>,
}

impl Search<'_> {
    /// Whether messages from a lower to a higher place could change what was found so far.
    pub fn concerns(&self, low: u64, high: u64, found: &Items) -> bool {
        let low = Position::stored(low);
        let first = found.0.first().filter(|_| found.0.len() >= self.limit);
        low < self.before
            && match first {
                // A newer one of an ID is at the same place.
                Some(first) => {
                    first.position <= Position::stored(high)
                        && (self.id.is_none() || first.position >= low)
                }
                None => self.limit > 0,
            }
    }
}
