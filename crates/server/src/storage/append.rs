//! A message's way into the log: repeats are found, places are given, rows are written.
//!
//! Runs for all messages of a batch at once. A message that comes alone waits for every trip to the
//! database, therefore there are two, however many messages: what is known of them, and what is new;
//! the transaction begins in the first and ends in the last, unless the writer has more to do in it.
//! Conversations that were written lately are remembered, and then there is one trip: the message is
//! written as if it were new. If it is not, the log's unique IDs refuse the transaction, and it is
//! done again in two. Whoever else changes rows of conversations does it by the writer's
//! `write_logs`, which makes this forget. The rules:
//!
//! - A message whose ID is stored already, or stands earlier in the same batch, gets the first
//!   one's answer and changes nothing. Under the same ID in another conversation it is refused.
//! - `seq` and `rev` follow the conversation's last ones without a hole; `time` never decreases.
//! - A message that neither counts nor shows leaves the conversation out of everybody's list.

use std::{
    collections::{HashMap, hash_map::Entry as Slot},
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use sqlx::{
    Arguments as _, AssertSqlSafe, Row as _, SqlSafeStr as _, SqlStr, query_with,
    sqlite::SqliteArguments,
};
use tim_protocol::{call::Sent, entry::Entry, ids::Seq};

use super::{
    AccountKey, Connection, ConversationKey, SessionKey, Storage, StorageError,
    shapes::{MOST_ROWS, Shapes, filled, pieces},
    writer::roll_back,
};

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

/// Most conversations that are remembered, about a megabyte.
const REMEMBERED: usize = 10_000;

#[derive(Clone)]
struct Conversation {
    key: i64,
    seq: i64,
    rev: i64,
    time: i64,
    shown_seq: i64,
    active_time: i64,
    was_listed: bool,
    has_grown: bool,
}

/// Whose the transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transaction {
    /// The batch's own: it is begun with the first trip and committed with the last.
    Own,
    /// The caller's, and under way.
    Callers,
}

/// The statements of a batch.
pub(super) struct Appender {
    find: Shapes,
    begin_and_find: Shapes,
    insert: Shapes,
    begin_and_insert: Shapes,
    update: Shapes,
    /// The last trip's text.
    last: HashMap<Last, Arc<str>>,
    /// Listed conversations as they were committed last.
    remembered: HashMap<Pair, Conversation>,
}

/// Which trips are made to the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trips {
    /// Reading and writing inside the caller's transaction.
    Inside,
    /// Reading, which begins the transaction, and writing, which ends it.
    Two,
    /// Writing alone, which does both.
    One,
}

/// Of what the last trip's text is made.
#[derive(PartialEq, Eq, Hash)]
struct Last {
    messages: usize,
    conversations: usize,
    begins: bool,
    ends: bool,
}

/// No other connection may begin to write before this transaction has ended.
const BEGIN: &str = "BEGIN IMMEDIATE; ";

/// What the database has of a batch.
#[derive(Default)]
struct Found {
    /// Messages whose ID is stored: their conversation and entry.
    repeats: HashMap<IdColumns, (i64, String)>,
    conversations: HashMap<Pair, Conversation>,
}

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

/// Seconds since 1970.
fn now_s() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    now.as_secs().cast_signed()
}

impl Appender {
    pub(super) fn new() -> Self {
        // CROSS JOIN: look each wanted row up, never walk the large table. Lines of both kinds have
        // the same columns; only a message has an entry.
        let find = |begin: &str| {
            Shapes::new(
                &[begin, "WITH want (sender, client_time, random, a, b) AS (VALUES "].concat(),
                5,
                ") SELECT m.sender, m.client_time, m.random, m.conversation, 0, 0, 0, 0, m.entry \
                 FROM want CROSS JOIN message m WHERE m.sender = want.sender \
                 AND m.client_time = want.client_time AND m.random = want.random \
                 UNION ALL \
                 SELECT c.a, c.b, c.key, c.seq, c.rev, c.time, c.shown_seq, c.active_time, NULL \
                 FROM (SELECT DISTINCT a, b FROM want) want CROSS JOIN conversation c \
                 WHERE c.a = want.a AND c.b = want.b",
            )
        };
        let insert = |begin: &str| {
            let text = "INSERT INTO message (conversation, seq, sender, client_time, random, time, \
                        is_counted, entry) VALUES ";
            Shapes::new(&[begin, text].concat(), 8, "")
        };
        Self {
            find: find(""),
            begin_and_find: find(BEGIN),
            insert: insert(""),
            begin_and_insert: insert(BEGIN),
            update: Shapes::new(
                "WITH new (key, seq, rev, time, shown_seq, active_time) AS (VALUES ",
                6,
                ") UPDATE conversation SET seq = new.seq, rev = new.rev, time = new.time, \
                 shown_seq = new.shown_seq, active_time = new.active_time \
                 FROM new WHERE conversation.key = new.key",
            ),
            last: HashMap::new(),
            remembered: HashMap::new(),
        }
    }

    /// Somebody else has changed conversations.
    pub(super) fn forget(&mut self) {
        self.remembered.clear();
    }

    /// Stores a batch of at most [`MOST_ROWS`] messages. If that fails, the caller rolls back.
    pub(super) async fn store(
        &mut self,
        connection: &mut Connection,
        appends: &mut [Append],
        transaction: Transaction,
    ) -> Result<Appended, StorageError> {
        if appends.is_empty() {
            return Ok(Appended::default());
        }
        debug_assert!(appends.len() <= MOST_ROWS, "the writer takes no larger batch");
        let wanted: Vec<_> = appends.iter().map(|it| (it.id_columns(), it.pair())).collect();
        if transaction == Transaction::Callers {
            // Whether it gets committed is not known here.
            self.forget_some(&wanted);
            let found = self.find(connection, &wanted, Trips::Inside).await?;
            return Ok(self.place(connection, appends, found, Trips::Inside).await?.0);
        }
        if let Some(found) = self.remember(&wanted) {
            match self.place(connection, appends, found, Trips::One).await {
                Ok((batch, conversations)) => {
                    self.keep(conversations);
                    return Ok(batch);
                }
                Err(_) => {
                    self.forget_some(&wanted);
                    roll_back(connection).await;
                }
            }
        }
        let found = self.find(connection, &wanted, Trips::Two).await?;
        let (batch, conversations) = self.place(connection, appends, found, Trips::Two).await?;
        self.keep(conversations);
        Ok(batch)
    }

    fn forget_some(&mut self, wanted: &[(IdColumns, Pair)]) {
        for (_, pair) in wanted {
            self.remembered.remove(pair);
        }
    }

    /// Remembers conversations as they were committed.
    fn keep(&mut self, conversations: HashMap<Pair, Conversation>) {
        if self.remembered.len() + conversations.len() > REMEMBERED {
            self.forget();
        }
        let listed = conversations.into_iter().filter(|(_, it)| it.was_listed);
        self.remembered
            .extend(listed.map(|(pair, it)| (pair, Conversation { has_grown: false, ..it })));
    }

    /// What the database must have of a batch whose messages are all new.
    fn remember(&self, wanted: &[(IdColumns, Pair)]) -> Option<Found> {
        let remembered =
            |&(_, pair): &(IdColumns, Pair)| Some((pair, self.remembered.get(&pair)?.clone()));
        let conversations = wanted.iter().map(remembered).collect::<Option<_>>()?;
        Some(Found { repeats: HashMap::new(), conversations })
    }

    /// Gives the new messages of a batch their places and writes them. Answers also how the
    /// conversations are now.
    async fn place(
        &mut self,
        connection: &mut Connection,
        appends: &mut [Append],
        found: Found,
        trips: Trips,
    ) -> Result<(Appended, HashMap<Pair, Conversation>), StorageError> {
        let Found { repeats, mut conversations } = found;
        let mut in_batch: HashMap<IdColumns, usize> = HashMap::with_capacity(appends.len());
        let mut batch = Appended::default();
        let mut rows = Vec::with_capacity(appends.len());
        for index in 0..appends.len() {
            let (pair, id) = (appends[index].pair(), appends[index].id_columns());
            let outcome = if let Some((conversation, entry)) = repeats.get(&id) {
                let here = conversations.get(&pair).is_some_and(|it| it.key == *conversation);
                if here { Ok(first_answer(entry)?) } else { Err(AppendError::OtherConversation) }
            } else {
                match in_batch.entry(id) {
                    Slot::Occupied(first) if appends[*first.get()].pair() == pair => {
                        batch.outcomes[*first.get()].clone()
                    }
                    Slot::Occupied(_) => Err(AppendError::OtherConversation),
                    Slot::Vacant(slot) => {
                        slot.insert(index);
                        let append = &mut appends[index];
                        let conversation = match conversations.entry(pair) {
                            Slot::Occupied(known) => known.into_mut(),
                            Slot::Vacant(slot) => {
                                slot.insert(create(connection, append.app, pair).await?)
                            }
                        };
                        conversation.place(&mut append.entry);
                        let entry = serde_json::to_string(&append.entry)?.into();
                        rows.push(NewRow::of(append, conversation.key, id, Arc::clone(&entry)));
                        batch.stored.push(Stored {
                            sender: append.sender,
                            receiver: append.receiver,
                            origin: append.origin,
                            conversation: ConversationKey(conversation.key),
                            seq: append.entry.seq,
                            entry,
                        });
                        Ok(answer(&append.entry))
                    }
                }
            };
            batch.outcomes.push(outcome);
        }
        self.write(connection, &rows, &mut conversations, trips).await?;
        Ok((batch, conversations))
    }

    async fn find(
        &self,
        connection: &mut Connection,
        wanted: &[(IdColumns, Pair)],
        trips: Trips,
    ) -> Result<Found, StorageError> {
        let mut arguments = SqliteArguments::default();
        for &((sender, client_time, random), (a, b)) in filled(wanted) {
            add(&mut arguments, [sender, client_time, random, a, b])?;
        }
        let find = if trips == Trips::Two { &self.begin_and_find } else { &self.find };
        let sql = find.exact(wanted.len().next_power_of_two());
        let mut found = Found::default();
        for row in query_with(sql, arguments).fetch_all(connection).await? {
            if let Some(entry) = row.try_get(8)? {
                let id = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                found.repeats.insert(id, (row.try_get(3)?, entry));
            } else {
                let active_time = row.try_get(7)?;
                let conversation = Conversation {
                    key: row.try_get(2)?,
                    seq: row.try_get(3)?,
                    rev: row.try_get(4)?,
                    time: row.try_get(5)?,
                    shown_seq: row.try_get(6)?,
                    active_time,
                    was_listed: active_time > 0,
                    has_grown: false,
                };
                found.conversations.insert((row.try_get(0)?, row.try_get(1)?), conversation);
            }
        }
        Ok(found)
    }

    /// Writes the new messages and how far their conversations have come.
    async fn write(
        &mut self,
        connection: &mut Connection,
        rows: &[NewRow],
        conversations: &mut HashMap<Pair, Conversation>,
        trips: Trips,
    ) -> Result<(), StorageError> {
        for (&(a, b), conversation) in &mut *conversations {
            if conversation.active_time > 0 && !conversation.was_listed {
                add_member(connection, a, conversation.key).await?;
                add_member(connection, b, conversation.key).await?;
                conversation.was_listed = true;
            }
        }
        if rows.is_empty() && trips == Trips::Two {
            sqlx::query("COMMIT").execute(&mut *connection).await?;
        }
        let grown: Vec<_> = conversations.values().filter(|it| it.has_grown).collect();
        let ends = trips != Trips::Inside;
        let mut begins = trips == Trips::One;
        let mut pieces = pieces(rows).peekable();
        while let Some(piece) = pieces.next() {
            let mut arguments = SqliteArguments::default();
            arguments.reserve(piece.len() * 8, 0);
            for row in piece {
                add(&mut arguments, row.numbers)?;
                arguments.add(Arc::clone(&row.entry)).map_err(sqlx::Error::Encode)?;
            }
            let sql = if pieces.peek().is_some() {
                self.insert(begins).exact(piece.len())
            } else {
                for it in filled(&grown) {
                    let columns = [it.key, it.seq, it.rev, it.time, it.shown_seq, it.active_time];
                    add(&mut arguments, columns)?;
                }
                let conversations = grown.len().next_power_of_two();
                self.last(Last { messages: piece.len(), conversations, begins, ends })
            };
            query_with(sql, arguments).execute(&mut *connection).await?;
            begins = false;
        }
        Ok(())
    }

    fn insert(&self, begins: bool) -> &Shapes {
        if begins { &self.begin_and_insert } else { &self.insert }
    }

    /// What the last trip does. SQLite takes several statements in one text; the values follow each
    /// other.
    fn last(&mut self, last: Last) -> SqlStr {
        let text = if let Some(text) = self.last.get(&last) {
            Arc::clone(text)
        } else {
            let insert = self.insert(last.begins).exact(last.messages);
            let update = self.update.exact(last.conversations);
            let end = if last.ends { "; COMMIT" } else { "" };
            let text: Arc<str> = [insert.as_str(), "; ", update.as_str(), end].concat().into();
            self.last.insert(last, Arc::clone(&text));
            text
        };
        AssertSqlSafe(text).into_sql_str()
    }
}

impl Conversation {
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
}

struct NewRow {
    /// The columns before `entry`.
    numbers: [i64; 7],
    entry: Arc<str>,
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

fn add<const N: usize>(
    arguments: &mut SqliteArguments,
    values: [i64; N],
) -> Result<(), StorageError> {
    for value in values {
        arguments.add(value).map_err(sqlx::Error::Encode)?;
    }
    Ok(())
}

async fn create(
    connection: &mut Connection,
    app: i64,
    (a, b): Pair,
) -> Result<Conversation, StorageError> {
    let key = sqlx::query_scalar(
        "INSERT INTO conversation (app, a, b) VALUES ($1, $2, $3) RETURNING key",
    )
    .bind(app)
    .bind(a)
    .bind(b)
    .fetch_one(connection)
    .await?;
    Ok(Conversation {
        key,
        seq: 0,
        rev: 0,
        time: 0,
        shown_seq: 0,
        active_time: 0,
        was_listed: false,
        has_grown: false,
    })
}

async fn add_member(
    connection: &mut Connection,
    account: i64,
    conversation: i64,
) -> Result<(), StorageError> {
    sqlx::query(
        "INSERT INTO member (account, conversation) VALUES ($1, $2) ON CONFLICT DO NOTHING",
    )
    .bind(account)
    .bind(conversation)
    .execute(connection)
    .await?;
    Ok(())
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
    /// Hands a message to the writer. Messages are stored in the order of these calls; the outcome
    /// goes to [`Append::done`].
    pub async fn append(&self, append: Append) {
        self.writer.append(append).await;
    }
}
