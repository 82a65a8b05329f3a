//! All that is known of one conversation, and what a batch does to it.
//!
//! A stored message is `fresh` until a fold puts it into a segment. What only this device has is never
//! in a segment: it may move, and no loss of a file may take it away. Pure: knows names of files, not
//! files.

use tim_protocol::ids::Seq;

use crate::{
    files,
    items::{Item, Items},
};

/// One conversation.
#[derive(Debug, Default)]
pub struct Conversation {
    /// Its ID.
    pub id: String,
    /// What its files are named by.
    pub number: u64,
    /// Its JSON; empty as long as there is none.
    pub row: String,
    /// When it was last read, on the store's own clock.
    pub opened: u64,
    /// Messages below this place have been lost; 0 when none were.
    pub lost: Seq,
    /// The number of its next segment.
    pub next: u64,
    /// In the order in which they were made.
    pub segments: Vec<Segment>,
    /// Stored messages since the last fold.
    pub fresh: Items,
    /// Messages that only this device has.
    pub locals: Items,
}

/// A file with stored messages of a conversation, in any order. An ID may be in several.
#[derive(Debug, Default)]
pub struct Segment {
    /// What its file is named by.
    pub number: u64,
    /// Its length; what lies behind in the file does not count.
    pub bytes: u64,
    /// No message is at a lower place.
    pub low: Seq,
    /// No message is at a higher place.
    pub high: Seq,
    /// Messages below have been dropped.
    pub floor: Seq,
    /// Its file is known to end where it should. Not kept: it is asked for after a start.
    pub sound: bool,
    /// More than half of it is of no use, as was seen when it was read. Not kept either.
    pub wasteful: bool,
}

impl Conversation {
    /// The file of a segment.
    pub fn file(&self, segment: &Segment) -> String {
        files::segment(self.number, segment.number)
    }

    /// Takes in a message.
    pub fn put(&mut self, item: Item) {
        self.locals.0.retain(|it| it.id != item.id);
        if item.is_local() { &mut self.locals } else { &mut self.fresh }.put(item);
    }

    /// Drops the stored messages below a place, and gives the files that are of no use any more.
    pub fn evict(&mut self, below: Seq) -> Vec<String> {
        self.fresh.0.retain(|it| it.position.seq >= below);
        self.locals.0.retain(|it| it.position.sub > 0 || it.position.seq >= below);
        if below >= self.lost {
            self.lost = 0;
        }
        for it in &mut self.segments {
            // One that has nothing below stays one that can be added to anywhere.
            if it.low < below {
                it.floor = it.floor.max(below);
            }
        }
        self.take(&|it| it.high < it.floor)
    }

    /// Gives up all segments; what is in them has been lost.
    pub fn lose(&mut self) -> Vec<String> {
        for it in &self.segments {
            self.lost = self.lost.max(it.high.saturating_add(1));
        }
        self.take(&|_| true)
    }

    /// Lets go of some segments and gives their files.
    pub fn take(&mut self, which: &dyn Fn(&Segment) -> bool) -> Vec<String> {
        let files = self.segments.iter().filter(|it| which(it)).map(|it| self.file(it)).collect();
        self.segments.retain(|it| !which(it));
        files
    }

    /// What its segments take.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().fold(0, |sum, it| sum.saturating_add(it.bytes))
    }

    /// The segment that reaches highest among those that come after another in that order.
    pub fn next_lower(&self, last: Option<(Seq, u64)>) -> Option<usize> {
        let mut found: Option<usize> = None;
        for (at, it) in self.segments.iter().enumerate() {
            let reach = (it.high, it.number);
            let is_next = last.is_none_or(|last| reach < last)
                && found.is_none_or(|at| reach > self.segments[at].reach());
            if is_next {
                found = Some(at);
            }
        }
        found
    }
}

impl Segment {
    /// By what segments are ordered when they are read from the newest message down.
    pub fn reach(&self) -> (Seq, u64) {
        (self.high, self.number)
    }

    /// Whether a message at a place may be in it.
    pub fn covers(&self, seq: Seq) -> bool {
        (self.low.max(self.floor)..=self.high).contains(&seq)
    }
}
