//! The engine's port over the files: opening, writing, reading.
//!
//! A write is one record at the end of the journal; what it changes is then changed in memory, by the
//! same function that replays the journal at the next start. Each operation has the state to itself
//! until it ends. Neither when nor how the journal is folded is known here, only that it has grown.

use std::{cell::RefCell, rc::Rc};

use tim_engine::store::{Batch, Position, Snapshot, Store, StoreError, Wanted};
use tim_protocol::ids::ConversationId;

use crate::{
    cache::{Cache, Key},
    codec::{Reader, frame, payload},
    conversation::Conversation,
    files::{FileError, Files, META, journal},
    items::{Item, Items, Search, UNFOLDED},
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
        let mut state = match files.read(META).await? {
            None => Ok(State::new()),
            Some(meta) => State::decode(&meta),
        };
        if let Ok(it) = &mut state {
            let journal = files.read(&journal(it.generation)).await?.unwrap_or_default();
            if let Err(bad) = replay(it, &journal) {
                state = Err(bad);
            }
        }
        let mut state = match state {
            Ok(state) => state,
            Err(Bad::Newer) => {
                return Err(StoreError::unusable("the files were written by a later version"));
            }
            Err(Bad::Damaged) => {
                files.clear().await?;
                State::new()
            }
        };
        state.fold_at = limits.journal;
        Ok(Self { files, limits, state: Turns::new(state), cache: RefCell::default() })
    }

    /// Writes a batch; the record that it has become.
    async fn append(&self, state: &mut State, batch: &Batch) -> Result<Vec<u8>, FileError> {
        let mut full = false;
        loop {
            // Without room the journal may end in a part of the record.
            if full || !state.sound || state.journal > 4 * self.limits.journal {
                self.fold(state, full).await?;
            }
            match self.append_once(state, batch).await {
                Err(error) if error.full && !full => full = true,
                done => return done,
            }
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
            let mut files = it.lose();
            state.garbage.append(&mut files);
            return Err(StoreError::Gone);
        };
        let mut used = 0;
        for it in &items.0 {
            if it.position.seq >= segment.floor {
                used += it.size() as u64;
            }
        }
        segment.wasteful = used < segment.bytes / 2;
        let items = Rc::new(items);
        self.cache.borrow_mut().put(key, Rc::clone(&items), self.limits.cache);
        Ok(items)
    }

    /// The next segment that a search has to look into, of those that it has not seen: those in memory
    /// first, then the one that reaches highest.
    fn next_for(
        &self,
        search: &Search<'_>,
        found: &Items,
        conversation: &Conversation,
        seen: &[bool],
    ) -> Option<usize> {
        let mut next = None;
        let mut best = (false, 0, 0);
        for (at, it) in conversation.segments.iter().enumerate() {
            if !seen[at] && search.concerns(it.start(), it.high, found) {
                let here = (self.cache.borrow().has(key(conversation, at)), it.high, it.number);
                if next.is_none() || here > best {
                    (next, best) = (Some(at), here);
                }
            }
        }
        next
    }

    /// The JSON of messages of a conversation, ascending.
    async fn search(
        &self,
        conversation: &str,
        search: Search<'_>,
    ) -> Result<Vec<String>, StoreError> {
        let mut turn = self.state.turn().await;
        let state = &mut *turn;
        let mut page = Items::default();
        if let Ok(at) = state.find(conversation) {
            if search.id.is_none() {
                state.clock += 1;
                state.conversations[at].opened = state.clock;
            }
            let it = &state.conversations[at];
            page.gather(&it.fresh, &search, 0);
            page.gather(&it.locals, &search, 0);
            // Nothing is newer than what no fold has seen.
            let newest = page.0.first().filter(|it| it.stamp == UNFOLDED);
            if search.id.is_none() || newest.is_none() {
                if it.lost > 0 {
                    return Err(StoreError::Gone);
                }
                let mut seen = vec![false; it.segments.len()];
                while let Some(next) =
                    self.next_for(&search, &page, &state.conversations[at], &seen)
                {
                    seen[next] = true;
                    let items = self.read(state, at, next).await?;
                    let floor = state.conversations[at].segments[next].floor;
                    page.gather(&items, &search, floor);
                }
            }
        }
        let mut texts = Vec::new();
        for it in page.0 {
            texts.push(it.json);
        }
        Ok(texts)
    }
}

/// Makes what a journal says. Behind what was torn off its end it must not be added to.
fn replay(state: &mut State, journal: &[u8]) -> Result<(), Bad> {
    state.journal = journal.len();
    let mut rest = journal;
    while !rest.is_empty() {
        let here = (journal.len() - rest.len()) as u64;
        let made = match frame(&mut rest).ok_or(Bad::Damaged).and_then(record) {
            Err(Bad::Newer) => return Err(Bad::Newer),
            // Its beginning is missing.
            Ok((place, _)) if place != here => return Err(Bad::Damaged),
            Ok((_, mut changes)) => state.apply(&mut changes),
            Err(Bad::Damaged) => None,
        };
        if made.is_none() {
            state.sound = false;
            break;
        }
    }
    Ok(())
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

impl<F: Files> Store for FileStore<F> {
    const MESSAGES_PER_CONVERSATION: u64 = 5_000;

    async fn load(&self) -> Result<Snapshot, StoreError> {
        Ok(self.state.turn().await.snapshot())
    }

    async fn write(&self, batch: &Batch) -> Result<(), StoreError> {
        let mut turn = self.state.turn().await;
        let state = &mut *turn;
        let written = self.append(state, batch).await?;
        if let Ok((_, mut changes)) = record(payload(&written)) {
            state.apply(&mut changes);
        }
        if state.journal > state.fold_at && self.fold(state, false).await.is_err() {
            // Everything is in the journal; it is tried again when that has grown further.
            state.fold_at = state.journal + self.limits.journal;
        }
        Ok(())
    }

    async fn find(
        &self,
        conversation: &ConversationId,
        wanted: Wanted<'_>,
    ) -> Result<Vec<String>, StoreError> {
        let search = match wanted {
            Wanted::Older { before, limit } => Search { before, limit, id: None },
            Wanted::Message(id) => {
                let before = Position { seq: u64::MAX, sub: u64::MAX };
                Search { before, limit: 1, id: Some(id.as_str()) }
            }
        };
        self.search(conversation.as_str(), search).await
    }

    fn trim(&self) {
        self.cache.borrow_mut().clear();
    }

    fn close(&self) {}
}
