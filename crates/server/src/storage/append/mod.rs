//! A message's way into the log: repeats are found, places are given, rows are written.
//!
//! Done for all messages of a batch at once. This file holds what both engines have in common and
//! what needs no database: given what is stored already, [`place`] decides what becomes of each
//! message. [`sqlite`] and [`postgres`] read and write, each in as few trips as its engine allows; both
//! remember the conversations that were written lately. The rules:
//!
//! - A message whose ID is stored already, or stands earlier in the same batch, gets the first
//!   one's answer and changes nothing. Under the same ID in another conversation it is refused.
//! - `seq` and `rev` follow the conversation's last ones without a hole; `time` never decreases.
//! - A message that neither counts nor shows leaves the conversation out of everybody's list.

pub(super) mod postgres;
pub(super) mod sqlite;

use std::{
    collections::{HashMap, HashSet, hash_map::Entry as Slot},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use tim_protocol::{call::Sent, entry::Entry, ids::Seq};

use super::{AccountKey, ConversationKey, SessionKey, Storage, StorageError};

/// A message to be stored.
pub struct Append {
    /// The tenant, for a conversation that does not exist yet.
    pub app: i64,
    /// Who sends.
    pub sender: AccountKey,
    /// To whom; may be the sender.
    pub receiver: AccountKey,
    /// The instance that sends: it gets the answer and no push.
    pub origin: SessionKey,
    /// The line of the log, complete but for `seq`, `rev` and `message.time`.
    pub entry: Entry,
    /// Told once, after the commit.
    pub done: Box<dyn FnOnce(Result<Sent, AppendError>) + Send>,
}

/// Why a message was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendError {
    /// Its ID belongs to a message of another conversation.
    OtherConversation,
    /// The instance that sends is out; its node has not heard of it yet.
    SessionEnded,
    /// The transaction failed; it may be sent again.
    NotCommitted,
}

/// A message that has just been committed.
#[derive(Clone, Debug)]
pub struct Stored {
    /// Who sent.
    pub sender: AccountKey,
    /// To whom.
    pub receiver: AccountKey,
    /// The instance that sent.
    pub origin: SessionKey,
    /// Its log.
    pub conversation: ConversationKey,
    /// Its place.
    pub seq: Seq,
    /// The line of the log as JSON.
    pub entry: Arc<str>,
}

/// What became of a batch.
#[derive(Default)]
pub(super) struct Appended {
    /// The new messages, in the order of their places.
    pub stored: Vec<Stored>,
    /// One for each message of the batch.
    pub outcomes: Vec<Result<Sent, AppendError>>,
}

/// The three numbers of a message ID, as columns.
type IdColumns = (i64, i64, i64);
/// Two people, the smaller key first.
type Pair = (i64, i64);

/// What has to be known of a message to look it up.
#[derive(Clone, Copy, Debug)]
struct Wanted {
    id: IdColumns,
    pair: Pair,
    app: i64,
    origin: SessionKey,
}

/// Where a log stands.
#[derive(Clone, Debug)]
struct Conversation {
    key: i64,
    /// As it was read; tells whether old messages were removed since.
    first_seq: i64,
    /// As it was read; tells whether somebody else has written since.
    was_rev: i64,
    seq: i64,
    rev: i64,
    time: i64,
    shown_seq: i64,
    active_time: i64,
    /// Both people have it in their list.
    was_listed: bool,
    has_grown: bool,
}

/// What the database has of a batch.
#[derive(Default)]
struct Found {
    /// Messages whose ID is stored: their conversation and entry.
    repeats: HashMap<IdColumns, (i64, String)>,
    conversations: HashMap<Pair, Conversation>,
    /// Instances that may send; `None` when that need not be asked.
    instances: Option<HashSet<SessionKey>>,
}

/// A batch whose messages have their places.
#[derive(Default)]
struct Placed {
    appended: Appended,
    rows: Vec<NewRow>,
    conversations: HashMap<Pair, Conversation>,
}

/// A message as a row.
struct NewRow {
    /// The columns before `entry`: conversation, seq, sender, client_time, random, time, is_counted.
    numbers: [i64; 7],
    entry: Arc<str>,
}

/// Listed conversations as they were committed last.
#[derive(Default)]
struct Memory(HashMap<Pair, Conversation>);

/// Most conversations that are remembered, about a megabyte.
const REMEMBERED: usize = 10_000;

impl Append {
    fn pair(&self) -> Pair {
        (self.sender.0.min(self.receiver.0), self.sender.0.max(self.receiver.0))
    }

    fn id_columns(&self) -> IdColumns {
        let parts = self.entry.message.id.parts();
        // The identifier was checked to fit signed columns when it was read.
        (self.sender.0, parts.client_time.cast_signed(), i64::from(parts.random))
    }
}

impl Wanted {
    fn of(append: &Append) -> Self {
        let Append { app, origin, .. } = *append;
        Self { id: append.id_columns(), pair: append.pair(), app, origin }
    }
}

impl Memory {
    fn forget(&mut self) {
        self.0.clear();
    }

    fn forget_some(&mut self, wanted: &[Wanted]) {
        for it in wanted {
            self.0.remove(&it.pair);
        }
    }

    /// Remembers conversations as they were committed.
    fn keep(&mut self, conversations: impl IntoIterator<Item = (Pair, Conversation)>) {
        for (pair, it) in conversations.into_iter().filter(|(_, it)| it.active_time > 0) {
            if self.0.len() >= REMEMBERED {
                self.forget();
            }
            let it = Conversation { was_rev: it.rev, was_listed: true, has_grown: false, ..it };
            self.0.insert(pair, it);
        }
    }

    /// What the database must have of a batch whose messages are all new.
    fn recall(&self, wanted: &[Wanted]) -> Option<Found> {
        let remembered = |it: &Wanted| Some((it.pair, self.0.get(&it.pair)?.clone()));
        let conversations = wanted.iter().map(remembered).collect::<Option<_>>()?;
        Some(Found { conversations, ..Found::default() })
    }
}

impl Found {
    /// The conversations that do not exist yet, with their apps. A repeat makes none.
    fn missing(&self, wanted: &[Wanted]) -> HashMap<Pair, i64> {
        let new = wanted.iter().filter(|it| {
            !self.repeats.contains_key(&it.id) && !self.conversations.contains_key(&it.pair)
        });
        new.map(|it| (it.pair, it.app)).collect()
    }
}

/// Gives the new messages of a batch their places. `found` has a conversation for each of them.
fn place(appends: &mut [&mut Append], found: Found) -> Result<Placed, StorageError> {
    let Found { repeats, conversations, instances } = found;
    let mut placed = Placed { conversations, ..Placed::default() };
    let mut in_batch: HashMap<IdColumns, usize> = HashMap::with_capacity(appends.len());
    for index in 0..appends.len() {
        let (pair, id) = (appends[index].pair(), appends[index].id_columns());
        let has_ended = |it: &HashSet<_>| !it.contains(&appends[index].origin);
        let outcome = if instances.as_ref().is_some_and(has_ended) {
            Err(AppendError::SessionEnded)
        } else if let Some((conversation, entry)) = repeats.get(&id) {
            let here = placed.conversations.get(&pair).is_some_and(|it| it.key == *conversation);
            if here { Ok(first_answer(entry)?) } else { Err(AppendError::OtherConversation) }
        } else {
            match in_batch.entry(id) {
                Slot::Occupied(first) if appends[*first.get()].pair() == pair => {
                    placed.appended.outcomes[*first.get()].clone()
                }
                Slot::Occupied(_) => Err(AppendError::OtherConversation),
                Slot::Vacant(slot) => {
                    slot.insert(index);
                    placed.take(appends[index], pair, id)?
                }
            }
        };
        placed.appended.outcomes.push(outcome);
    }
    Ok(placed)
}

impl Placed {
    fn take(
        &mut self,
        append: &mut Append,
        pair: Pair,
        id: IdColumns,
    ) -> Result<Result<Sent, AppendError>, StorageError> {
        let Some(conversation) = self.conversations.get_mut(&pair) else {
            return Ok(Err(AppendError::NotCommitted));
        };
        conversation.place(&mut append.entry);
        let entry: Arc<str> = serde_json::to_string(&append.entry)?.into();
        self.rows.push(NewRow::of(append, conversation.key, id, Arc::clone(&entry)));
        self.appended.stored.push(Stored {
            sender: append.sender,
            receiver: append.receiver,
            origin: append.origin,
            conversation: ConversationKey(conversation.key),
            seq: append.entry.seq,
            entry,
        });
        Ok(Ok(answer(&append.entry)))
    }
}

impl Conversation {
    fn new(key: i64) -> Self {
        Self {
            key,
            first_seq: 1,
            was_rev: 0,
            seq: 0,
            rev: 0,
            time: 0,
            shown_seq: 0,
            active_time: 0,
            was_listed: false,
            has_grown: false,
        }
    }

    /// Gives a message the next place.
    fn place(&mut self, entry: &mut Entry) {
        self.seq += 1;
        self.rev += 1;
        self.time = self.time.max(now_s());
        self.has_grown = true;
        if !entry.excluded_from_last_message {
            self.shown_seq = self.seq;
            self.active_time = self.time;
        } else if !entry.excluded_from_unread_count && self.active_time == 0 {
            self.active_time = self.time;
        }
        entry.seq = self.seq.cast_unsigned();
        entry.rev = self.rev.cast_unsigned();
        entry.message.time = self.time.cast_unsigned();
    }

    /// It now stands in lists where it did not before.
    fn is_newly_listed(&self) -> bool {
        self.active_time > 0 && !self.was_listed
    }
}

impl NewRow {
    fn of(append: &Append, conversation: i64, id: IdColumns, entry: Arc<str>) -> Self {
        let (sender, client_time, random) = id;
        let seq = append.entry.seq.cast_signed();
        let time = append.entry.message.time.cast_signed();
        let is_counted = i64::from(!append.entry.excluded_from_unread_count);
        let numbers = [conversation, seq, sender, client_time, random, time, is_counted];
        Self { numbers, entry }
    }
}

/// Seconds since 1970.
fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_secs().cast_signed()
}

/// What the sender is told.
fn answer(entry: &Entry) -> Sent {
    let message = &entry.message;
    Sent {
        seq: entry.seq,
        rev: entry.rev,
        time: message.time,
        nick: message.nick.clone(),
        avatar: message.avatar.clone(),
        need_read_receipt: message.need_read_receipt,
        is_support_extension: message.is_support_extension,
    }
}

fn first_answer(entry: &str) -> Result<Sent, StorageError> {
    Ok(answer(&serde_json::from_str(entry)?))
}

impl Storage {
    /// Hands a message to the writer. Messages of one conversation are stored in the order of these
    /// calls; the outcome goes to [`Append::done`].
    pub async fn append(&self, append: Append) {
        self.writer.append(append).await;
    }
}
