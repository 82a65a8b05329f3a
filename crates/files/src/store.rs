//! The engine's port over the files: opening, writing, reading.
//!
//! A write is one record at the end of the journal; what it changes is then changed in memory, by the
//! same function that replays the journal at the next start. Each operation has the state to itself
//! until it ends. Neither when nor how the journal is folded is known here, only that it has grown.

use std::{cell::RefCell, rc::Rc};

use tim_engine::store::{Batch, Position, Snapshot, Store, StoreError};
use tim_protocol::ids::{ConversationId, MessageId};

use crate::{
    cache::{Cache, Key},
    codec::{Reader, frame},
    conversation::Conversation,
    files::{FileError, Files, META, journal},
    items::{Item, Items},
    state::{Bad, State, encode, record},
    turns::Turns,
};

/// How much of everything, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// A journal that has become longer is folded; one four times as long must be.
    pub journal: usize,
    /// A segment, unless a single message is longer.
    pub segment: usize,
    /// Segments kept in memory.
    pub cache: u64,
    /// All segments together.
    pub budget: u64,
}

impl Default for Limits {
    fn default() -> Self {
        // What one conversation has in a whole journal fits into one segment.
        Self { journal: 192 << 10, segment: 256 << 10, cache: 2 << 20, budget: 50 << 20 }
    }
}

/// History in files.
pub struct FileStore<F> {
    pub(crate) files: F,
    pub(crate) limits: Limits,
    state: Turns<State>,
    cache: RefCell<Cache>,
}

impl<F: Files> FileStore<F> {
    /// Opens what is in the files, nothing when there are none. A damaged `meta` is the end of all of
    /// it: everything is removed and the store is empty; so is a journal that has lost its beginning,
    /// to a user who cleared the files while they were in use. What was torn off its end had not been
    /// written.
    ///
    /// # Errors
    /// When the files cannot be read, or are of a later version; then they stay as they are.
    pub async fn open(files: F) -> Result<Self, StoreError> {
        Self::with_limits(files, Limits::default()).await
    }

    /// Like [`FileStore::open`], with limits of one's own.
    ///
    /// # Errors
    /// As there.
    pub async fn with_limits(files: F, limits: Limits) -> Result<Self, StoreError> {
        let mut state = match files.read(META).await?.map(|it| State::decode(&it)) {
            None => State::new(),
            Some(Ok(state)) => state,
            Some(Err(Bad::Newer)) => return Err(newer()),
            Some(Err(Bad::Damaged)) => {
                files.clear().await?;
                State::new()
            }
        };
        let journal = files.read(&journal(state.generation)).await?.unwrap_or_default();
        state.journal = journal.len();
        match replay(&mut state, &journal) {
            Replay::Newer => return Err(newer()),
            Replay::Headless => {
                files.clear().await?;
                state = State::new();
            }
            Replay::Torn => state.sound = false,
            Replay::Whole => {}
        }
        state.fold_at = limits.journal;
        Ok(Self { files, limits, state: Turns::new(state), cache: RefCell::default() })
    }

    /// Writes a batch; the record that it has become.
    async fn append(&self, state: &mut State, batch: &Batch) -> Result<Vec<u8>, FileError> {
        if !state.sound || state.journal > 4 * self.limits.journal {
            self.fold(state).await?;
        }
        match self.append_once(state, batch).await {
            Err(error) if error.full => {
                self.make_room(state, state.bytes() / 4).await;
                // The journal may end in a part of the record.
                self.fold(state).await?;
                self.append_once(state, batch).await
            }
            done => done,
        }
    }

    async fn append_once(&self, state: &mut State, batch: &Batch) -> Result<Vec<u8>, FileError> {
        let record = encode(batch, state.journal);
        // Also when this is given up half-way.
        state.sound = false;
        self.files.append(&journal(state.generation), &record).await?;
        state.sound = true;
        state.journal += record.len();
        Ok(record)
    }

    /// What a segment holds. When that cannot be read any more, the whole conversation is lost.
    pub(crate) async fn read(
        &self,
        state: &mut State,
        conversation: usize,
        segment: usize,
    ) -> Result<Rc<Items>, StoreError> {
        let it = &mut state.conversations[conversation];
        let name = it.file(&it.segments[segment]);
        let key = key(it, segment);
        let segment = &mut it.segments[segment];
        if let Some(items) = self.cache.borrow_mut().get(key) {
            return Ok(items);
        }
        let Some(items) = parse(self.files.read(&name).await?, segment.bytes) else {
            let files = it.lose();
            state.garbage.extend(files);
            return Err(StoreError::Gone);
        };
        let alive = items.0.iter().filter(|it| it.position.seq >= segment.floor);
        let used = alive.fold(0, |sum, it| sum + it.size() as u64);
        segment.wasteful = used < segment.bytes / 2;
        let items = Rc::new(items);
        self.cache.borrow_mut().put(key, Rc::clone(&items), self.limits.cache);
        Ok(items)
    }

    fn is_cached(&self, state: &State, conversation: usize, segment: usize) -> bool {
        self.cache.borrow().has(key(&state.conversations[conversation], segment))
    }
}

/// How a journal was.
enum Replay {
    Whole,
    /// What was torn off its end had not been written.
    Torn,
    /// Its beginning is missing.
    Headless,
    /// Of a later version.
    Newer,
}

fn replay(state: &mut State, journal: &[u8]) -> Replay {
    let mut rest = journal;
    while !rest.is_empty() {
        let here = (journal.len() - rest.len()) as u64;
        match frame(&mut rest).ok_or(Bad::Damaged).and_then(record) {
            Err(Bad::Newer) => return Replay::Newer,
            Ok((place, _)) if place != here => return Replay::Headless,
            Ok((_, mut changes)) => {
                if state.apply(&mut changes).is_none() {
                    return Replay::Torn;
                }
            }
            Err(Bad::Damaged) => return Replay::Torn,
        }
    }
    Replay::Whole
}

fn key(conversation: &Conversation, segment: usize) -> Key {
    let segment = &conversation.segments[segment];
    (conversation.number, segment.number, segment.bytes)
}

/// What the file of a segment says.
fn parse(content: Option<Vec<u8>>, bytes: u64) -> Option<Items> {
    let content = content?;
    let mut rest = content.get(..usize::try_from(bytes).ok()?)?;
    let mut items = Items::default();
    while !rest.is_empty() {
        let mut messages = Reader(frame(&mut rest)?);
        while !messages.is_empty() {
            items.put(Item::take(&mut messages)?);
        }
    }
    Some(items)
}

fn newer() -> StoreError {
    StoreError::unusable("the files were written by a later version")
}

impl<F: Files> Store for FileStore<F> {
    const MESSAGES_PER_CONVERSATION: u64 = 5_000;

    async fn load(&self) -> Result<Snapshot, StoreError> {
        Ok(self.state.turn().await.snapshot())
    }

    async fn write(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut turn = self.state.turn().await;
        let state = &mut *turn;
        let written = self.append(state, batch).await?;
        if let Some(Ok((_, mut changes))) = frame(&mut written.as_slice()).map(record) {
            state.apply(&mut changes);
        }
        if state.journal > state.fold_at && self.fold(state).await.is_err() {
            // Everything is in the journal; it is tried again when that has grown further.
            state.fold_at = state.journal + self.limits.journal;
        }
        Ok(())
    }

    async fn older(
        &self,
        conversation: &ConversationId,
        before: Position,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let mut turn = self.state.turn().await;
        let state = &mut *turn;
        let Ok(at) = state.find(conversation.as_str()) else { return Ok(Vec::new()) };
        state.clock += 1;
        let it = &mut state.conversations[at];
        it.opened = state.clock;
        if it.lost > 0 {
            return Err(StoreError::Gone);
        }
        let mut page = Items::default();
        page.gather(&it.fresh, before, 0, limit);
        page.gather(&it.locals, before, 0, limit);
        let mut last = None;
        while let Some(next) = state.conversations[at].next_lower(last) {
            let segment = &state.conversations[at].segments[next];
            let (low, high, floor) = (segment.low, segment.high, segment.floor);
            let is_full = page.0.len() >= limit;
            if is_full && page.0.first().is_none_or(|it| it.position > Position::stored(high)) {
                break;
            }
            last = Some(segment.reach());
            if Position::stored(low) < before {
                let items = self.read(state, at, next).await?;
                page.gather(&items, before, floor, limit);
            }
        }
        Ok(page.0.into_iter().map(|it| it.json).collect())
    }

    async fn message(
        &self,
        conversation: &ConversationId,
        id: &MessageId,
    ) -> Result<Option<String>, StoreError> {
        let mut turn = self.state.turn().await;
        let state = &mut *turn;
        let id = id.as_str();
        let Ok(at) = state.find(conversation.as_str()) else { return Ok(None) };
        let it = &state.conversations[at];
        if let Some(item) = it.fresh.find(id).or_else(|| it.locals.find(id)) {
            return Ok(Some(item.json.clone()));
        }
        if it.lost > 0 {
            return Err(StoreError::Gone);
        }
        let mut found: Option<Item> = None;
        let mut todo: Vec<usize> = (0..it.segments.len()).collect();
        // Those in memory first, then the newest: only those at its place may have a newer one.
        while let Some(next) = todo
            .iter()
            .rposition(|it| self.is_cached(state, at, *it))
            .or_else(|| todo.len().checked_sub(1))
        {
            let next = todo.remove(next);
            let segment = &state.conversations[at].segments[next];
            if found.as_ref().is_some_and(|it| !segment.covers(it.position.seq)) {
                continue;
            }
            let floor = segment.floor;
            let items = self.read(state, at, next).await?;
            let here = items.find(id).filter(|it| it.position.seq >= floor);
            if let Some(item) =
                here.filter(|it| found.as_ref().is_none_or(|old| it.stamp > old.stamp))
            {
                found = Some(item.clone());
            }
        }
        Ok(found.map(|it| it.json))
    }

    fn trim(&self) {
        self.cache.borrow_mut().clear();
    }

    fn close(&self) {}
}
