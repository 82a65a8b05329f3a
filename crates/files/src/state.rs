//! Everything that is known without reading a segment, and its two written forms.
//!
//! A batch is a list of changes; so is `meta`, which has a few kinds more. One function applies them:
//! to what was just written, to what is replayed, to what a start reads. So a store that was opened
//! again is what it was.

use tim_engine::store::{Batch, Snapshot};

use crate::{
    codec::{Reader, begin, end, frame, put_number, put_text},
    conversation::{Conversation, Segment},
    files,
    items::{Item, UNFOLDED, put_record},
};

/// The version of all files. It stands at the beginning of `meta` and of every record of a journal.
const VERSION: u64 = 1;

// Kinds of changes.
const MESSAGE: u64 = 1;
const EVICTION: u64 = 2;
const ROW: u64 = 3;
const VALUE: u64 = 4;
const CONVERSATION: u64 = 5;
const SEGMENT: u64 = 6;
const GARBAGE: u64 = 7;

/// All that is in memory.
#[derive(Debug, Default)]
pub struct State {
    /// How often `meta` has been written; names the journal.
    pub generation: u64,
    /// The stamp of the last fold.
    pub stamp: u64,
    /// Counts readings of conversations.
    pub clock: u64,
    next_conversation: u64,
    /// By ID.
    pub conversations: Vec<Conversation>,
    values: Vec<(String, String)>,
    /// Files to be removed once `meta` does not need them any more.
    pub garbage: Vec<String>,
    /// The length of the journal.
    pub journal: usize,
    /// Whether the journal may be added to. Behind something torn nothing could be read.
    pub sound: bool,
    /// How long the journal may become before it is folded.
    pub fold_at: usize,
}

/// Why bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// They are damaged.
    Damaged,
    /// They were written by a later version.
    Newer,
}

/// What a payload says behind its version.
pub fn changes(payload: &[u8]) -> Result<Reader<'_>, Bad> {
    let mut reader = Reader(payload);
    match reader.number() {
        Some(VERSION) => Ok(reader),
        Some(version) if version > VERSION => Err(Bad::Newer),
        _ => Err(Bad::Damaged),
    }
}

/// What a record of the journal says, and where in it that was written.
pub fn record(payload: &[u8]) -> Result<(u64, Reader<'_>), Bad> {
    let mut changes = changes(payload)?;
    let place = changes.number().ok_or(Bad::Damaged)?;
    Ok((place, changes))
}

/// A batch as a record of the journal, to be written at a place. A record that is found at another has
/// lost what was before it.
pub fn encode(batch: &Batch, place: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let payload = begin(&mut out);
    put_numbers(&mut out, &[VERSION, place as u64]);
    for record in &batch.messages {
        put_change(&mut out, MESSAGE, record.conversation.as_str());
        put_record(&mut out, record);
    }
    for (conversation, below) in &batch.evictions {
        put_change(&mut out, EVICTION, conversation.as_str());
        put_number(&mut out, *below);
    }
    for (conversation, json) in &batch.conversations {
        put_change(&mut out, ROW, conversation.as_str());
        put_text(&mut out, json);
    }
    for (key, json) in &batch.values {
        put_change(&mut out, VALUE, key);
        put_text(&mut out, json);
    }
    end(&mut out, payload);
    out
}

/// Every change begins with its kind and what it is about.
fn put_change(out: &mut Vec<u8>, kind: u64, about: &str) {
    put_number(out, kind);
    put_text(out, about);
}

fn put_numbers(out: &mut Vec<u8>, numbers: &[u64]) {
    for number in numbers {
        put_number(out, *number);
    }
}

impl State {
    /// Nothing, and nothing written.
    pub fn new() -> Self {
        Self { sound: true, ..Self::default() }
    }

    /// Reads `meta`.
    pub fn decode(bytes: &[u8]) -> Result<Self, Bad> {
        let mut rest = bytes;
        let mut changes = changes(frame(&mut rest).ok_or(Bad::Damaged)?)?;
        Self::read(&mut changes).filter(|_| rest.is_empty()).ok_or(Bad::Damaged)
    }

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut counters = [0; 4];
        for counter in &mut counters {
            // There must be room to go on counting.
            *counter = from.number().filter(|it| *it < u64::MAX / 2)?;
        }
        let [generation, stamp, clock, next_conversation] = counters;
        let mut state = Self { generation, stamp, clock, ..Self::new() };
        state.apply(from)?;
        state.next_conversation = next_conversation;
        Some(state)
    }

    /// Writes `meta` for the generation after this one.
    pub fn encode_next(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let payload = begin(&mut out);
        let generation = self.generation + 1;
        let counters = [VERSION, generation, self.stamp, self.clock, self.next_conversation];
        put_numbers(&mut out, &counters);
        for it in &self.conversations {
            put_change(&mut out, CONVERSATION, &it.id);
            put_text(&mut out, &it.row);
            put_numbers(&mut out, &[it.number, it.opened, it.lost, it.next]);
            for segment in &it.segments {
                put_change(&mut out, SEGMENT, &it.id);
                let Segment { number, bytes, low, high, floor, .. } = *segment;
                put_numbers(&mut out, &[number, bytes, low, high, floor]);
            }
            for item in &it.locals.0 {
                put_change(&mut out, MESSAGE, &it.id);
                item.put(&mut out, 0);
            }
        }
        for (key, json) in &self.values {
            put_change(&mut out, VALUE, key);
            put_text(&mut out, json);
        }
        for name in &self.garbage {
            put_change(&mut out, GARBAGE, name);
        }
        put_change(&mut out, GARBAGE, &files::journal(self.generation));
        end(&mut out, payload);
        out
    }

    /// Makes changes. `None` when they cannot be read; those before are made.
    pub fn apply(&mut self, from: &mut Reader<'_>) -> Option<()> {
        while !from.is_empty() {
            let (kind, about) = (from.number()?, from.text()?);
            match kind {
                VALUE => {
                    let json = from.text()?;
                    match self.values.iter_mut().find(|it| it.0 == about) {
                        Some(it) => it.1 = json,
                        None => self.values.push((about, json)),
                    }
                    continue;
                }
                GARBAGE => {
                    self.garbage.push(about);
                    continue;
                }
                _ => {}
            }
            let at = self.find(&about).unwrap_or_else(|at| self.add(at, about));
            let it = &mut self.conversations[at];
            match kind {
                MESSAGE => {
                    let message = Item::take(from)?;
                    it.put(Item { stamp: UNFOLDED, ..message });
                }
                EVICTION => {
                    let mut files = it.evict(from.number()?);
                    self.garbage.append(&mut files);
                }
                ROW => it.row = from.text()?,
                CONVERSATION => {
                    it.row = from.text()?;
                    it.number = from.number()?;
                    it.opened = from.number()?;
                    it.lost = from.number()?;
                    it.next = from.number()?;
                }
                SEGMENT => it.segments.push(Segment {
                    number: from.number()?,
                    bytes: from.number()?,
                    low: from.number()?,
                    high: from.number()?,
                    floor: from.number()?,
                    ..Segment::default()
                }),
                _ => return None,
            }
        }
        Some(())
    }

    /// Where a conversation is, or would be.
    pub fn find(&self, id: &str) -> Result<usize, usize> {
        self.conversations.binary_search_by(|it| it.id.as_str().cmp(id))
    }

    fn add(&mut self, at: usize, id: String) -> usize {
        let number = self.next_conversation;
        self.next_conversation = number + 1;
        self.conversations.insert(at, Conversation { id, number, ..Conversation::default() });
        at
    }

    /// What all segments take.
    pub fn bytes(&self) -> u64 {
        self.conversations.iter().fold(0, |sum, it| sum.saturating_add(it.bytes()))
    }

    /// Gives up as many bytes of segments, or all there are: the conversations that nobody has opened
    /// for longest go first, whole. Gives their files. What only this device has is in no segment and
    /// stays.
    pub fn make_room(&mut self, bytes: u64) -> Vec<String> {
        let mut files = Vec::new();
        let mut freed = 0;
        while freed < bytes {
            let mut found: Option<&mut Conversation> = None;
            for it in &mut self.conversations {
                let is_older = found.as_ref().is_none_or(|found| it.opened < found.opened);
                if is_older && !it.segments.is_empty() {
                    found = Some(it);
                }
            }
            let Some(it) = found else { break };
            freed += it.bytes();
            files.append(&mut it.lose());
        }
        files
    }

    /// What the engine starts with.
    pub fn snapshot(&self) -> Snapshot {
        let mut snapshot = Snapshot { values: self.values.clone(), ..Snapshot::default() };
        for it in &self.conversations {
            if !it.row.is_empty() {
                snapshot.conversations.push(it.row.clone());
            }
            for it in &it.locals.0 {
                if it.outbox {
                    snapshot.outbox.push(it.json.clone());
                }
            }
        }
        snapshot
    }
}
