//! All that is known of one conversation, and what a batch does to it.
//!
//! A stored message is `fresh` until a fold puts it into a segment. What only this device has is never
//! in a segment: it may move, and no loss of a file may take it away. Pure: knows names of files, not
//! files.

use tim_protocol::ids::Seq;

use crate::{
    codec::{begin, end},
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
    /// It should be rewritten: more than half of it is of no use, as was seen when it was read, or there
    /// are too many like it. Not kept either.
    pub wasteful: bool,
}

/// Fresh messages as a part of a segment.
pub struct Piece {
    count: usize,
    low: Seq,
    high: Seq,
    pub bytes: Vec<u8>,
}

impl Conversation {
    /// The file of a segment.
    pub fn file(&self, segment: &Segment) -> String {
        files::segment(self.number, segment.number)
    }

    /// Takes in a message.
    pub fn put(&mut self, item: Item) {
        self.locals.keep(&|it| it.id != item.id);
        if item.is_local() { &mut self.locals } else { &mut self.fresh }.put(item);
    }

    /// Drops the stored messages below a place, and gives the files that are of no use any more.
    pub fn evict(&mut self, below: Seq) -> Vec<String> {
        self.fresh.keep(&|it| it.position.seq >= below);
        self.locals.keep(&|it| it.position.sub > 0 || it.position.seq >= below);
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
    fn take(&mut self, which: &dyn Fn(&Segment) -> bool) -> Vec<String> {
        let mut files = Vec::new();
        let mut at = 0;
        while at < self.segments.len() {
            if which(&self.segments[at]) {
                let segment = self.segments.remove(at);
                files.push(self.file(&segment));
            } else {
                at += 1;
            }
        }
        files
    }

    /// Makes the messages of a segment fresh again, and gives its file.
    pub fn freshen(&mut self, segment: usize, items: &Items) -> String {
        let segment = self.segments.remove(segment);
        for it in &items.0 {
            if it.position.seq >= segment.floor {
                self.fresh.put(it.clone());
            }
        }
        self.file(&segment)
    }

    /// As many of the first fresh messages as fit into a segment. A stamp is given to those that no
    /// fold has seen.
    pub fn next_piece(&self, stamp: u64, most: usize) -> Option<Piece> {
        let low = self.fresh.0.first()?.position.seq;
        let mut piece = Piece { count: 0, low, high: low, bytes: Vec::new() };
        let payload = begin(&mut piece.bytes);
        for it in &self.fresh.0 {
            if piece.count > 0 && piece.bytes.len() + it.size() > most {
                break;
            }
            it.put(&mut piece.bytes, it.stamp.min(stamp));
            piece.high = it.position.seq;
            piece.count += 1;
        }
        end(&mut piece.bytes, payload);
        Some(piece)
    }

    /// The newest segment and its file, if a piece may be added there.
    pub fn place_for(&mut self, piece: &Piece, most: usize) -> Option<(String, &mut Segment)> {
        let last = self.segments.last_mut()?;
        let bytes = last.bytes.saturating_add(piece.bytes.len() as u64);
        let fits = bytes <= most as u64 && piece.low >= last.floor;
        fits.then(|| (files::segment(self.number, last.number), last))
    }

    /// The file of a segment that is to be made. A number is used once, so that nothing is mistaken for
    /// what was cached under it.
    pub fn new_file(&mut self) -> String {
        let file = files::segment(self.number, self.next);
        self.next = self.next.wrapping_add(1);
        file
    }

    /// A piece was added to the newest segment, or has become a new one.
    pub fn has_put_away(&mut self, piece: &Piece, is_new: bool) {
        if is_new {
            let number = self.next.wrapping_sub(1);
            self.segments.push(Segment { number, low: Seq::MAX, ..Segment::default() });
        }
        if let Some(last) = self.segments.last_mut() {
            last.bytes += piece.bytes.len() as u64;
            last.low = last.low.min(piece.low);
            last.high = last.high.max(piece.high);
            last.sound = true;
        }
        self.fresh.keep_last(self.fresh.0.len() - piece.count);
    }

    /// What its segments take.
    pub fn bytes(&self) -> u64 {
        self.segments.iter().fold(0, |sum, it| sum.saturating_add(it.bytes))
    }
}

impl Segment {
    /// No message that counts is at a lower place.
    pub fn start(&self) -> Seq {
        self.low.max(self.floor)
    }
}
