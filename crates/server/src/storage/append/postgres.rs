//! A batch's trips to PostgreSQL, where other nodes write to the same logs.
//!
//! Nothing is locked between two trips. A conversation is read, its messages get their places here, and
//! one statement, which is its own transaction, writes them all on the condition that nobody has written
//! to the conversation since (its `rev` is still the one that was read). Where somebody has, nothing of
//! that conversation is written, and its messages take part in the next round with what is there now. So
//! a batch is one trip when its conversations are remembered and only this node writes to them, two
//! otherwise, and more only while several nodes write to the same conversation in the same moment. Of a
//! conversation that others write to it is remembered that remembering it does not pay.
//!
//! An ID that is stored already makes the whole statement fail; it is then known which ones to look for.
//! The statement also asks whether the instances that send are still in: a node that was cut off may
//! not know that one of its own was kicked, and nothing of it may be acknowledged any more.
//!
//! The statement locks its conversations in the order of their keys, so that two nodes wait for each
//! other but never both ways.

use std::collections::{BTreeSet, HashMap, HashSet};

use sqlx::{
    Arguments as _, PgConnection, Row as _,
    postgres::{PgArguments, PgRow},
    query_with,
};
use tim_protocol::entry::Entry;

use super::{
    Append, AppendError, Appended, Conversation, Found, Memory, Pair, Placed, Stored, Wanted, place,
};
use crate::storage::{ConversationKey, SessionKey, StorageError};

/// Rounds after which the messages of a conversation that others keep writing to are given up.
const ROUNDS: u32 = 50;

const FIND: &str = "WITH want AS (SELECT * FROM unnest($1::int8[], $2::int8[], $3::int8[]) \
    AS t (sender, client_time, random)), \
    pair AS (SELECT * FROM unnest($4::int8[], $5::int8[]) AS t (a, b)) \
    SELECT 0::int8, m.sender, m.client_time, m.random, m.conversation, 0::int8, 0::int8, 0::int8, \
    0::int8, 0::int8, m.entry FROM want JOIN message m ON m.sender = want.sender \
    AND m.client_time = want.client_time AND m.random = want.random \
    UNION ALL \
    SELECT 1, c.a, c.b, c.key, c.seq, c.rev, c.time, c.shown_seq, c.active_time, c.first_seq, NULL \
    FROM pair JOIN conversation c ON c.a = pair.a AND c.b = pair.b \
    UNION ALL \
    SELECT 2, s.key, 0, 0, 0, 0, 0, 0, 0, 0, NULL \
    FROM session s WHERE s.key = ANY($6::int8[]) AND s.kicked IS NULL";

const CREATE: &str = "INSERT INTO conversation (app, a, b) \
    SELECT * FROM unnest($1::int8[], $2::int8[], $3::int8[]) AS t (app, a, b) ORDER BY a, b \
    ON CONFLICT DO NOTHING";

const ADD_MEMBERS: &str = "INSERT INTO member (account, conversation) \
    SELECT DISTINCT * FROM unnest($1::int8[], $2::int8[]) AS t (account, conversation) \
    ORDER BY account, conversation ON CONFLICT DO NOTHING";

const STORE: &str = "WITH new AS (SELECT * FROM unnest($1::int8[], $2::int8[], $3::int8[], \
    $4::int8[], $5::int8[], $6::int8[], $7::int8[], $8::int8[]) \
    AS t (key, was_rev, first_seq, seq, rev, time, shown_seq, active_time)), \
    held AS (SELECT c.key FROM conversation c WHERE c.key = ANY($1) \
    ORDER BY c.key FOR NO KEY UPDATE), \
    moved AS (UPDATE conversation c SET seq = new.seq, rev = new.rev, time = new.time, \
    shown_seq = new.shown_seq, active_time = new.active_time FROM held \
    JOIN new ON new.key = held.key WHERE c.key = held.key AND c.rev = new.was_rev \
    AND c.first_seq = new.first_seq AND (SELECT count(*) FROM session s \
    WHERE s.key = ANY($9::int8[]) AND s.kicked IS NULL) = cardinality($9) RETURNING c.key), \
    added AS (INSERT INTO message (conversation, seq, sender, client_time, random, time, \
    is_counted, entry) SELECT m.* FROM unnest($10::int8[], $11::int8[], $12::int8[], $13::int8[], \
    $14::int8[], $15::int8[], $16::int8[], $17::text[]) \
    AS m (conversation, seq, sender, client_time, random, time, is_counted, entry) \
    JOIN moved ON moved.key = m.conversation) \
    SELECT key FROM moved";

/// What is remembered between batches.
#[derive(Default)]
pub(in crate::storage) struct Appender {
    memory: Memory,
    /// Conversations that others write to as well, with the revision of the last write from here.
    contested: HashMap<Pair, i64>,
}

/// Most of them; then it is found out anew.
const MOST_CONTESTED: usize = 10_000;

impl Appender {
    /// Somebody else has changed conversations.
    pub(in crate::storage) fn forget(&mut self) {
        self.memory.forget();
    }

    /// Stores a batch. On a failure some of it may be stored: the caller does it again, and gets the
    /// first answers. `is_repeated` says that it is doing so: then what is found to be stored is
    /// announced all the same, since nobody has been told of it.
    pub(in crate::storage) async fn store(
        &mut self,
        connection: &mut PgConnection,
        appends: &mut [Append],
        is_repeated: bool,
    ) -> Result<Appended, StorageError> {
        let mut appended = Appended {
            stored: Vec::new(),
            outcomes: vec![Err(AppendError::NotCommitted); appends.len()],
        };
        let mut pending: Vec<usize> = (0..appends.len()).collect();
        for round in 0..ROUNDS {
            let wanted: Vec<_> = pending.iter().map(|it| Wanted::of(&appends[*it])).collect();
            let is_contested = |it: &Wanted| self.contested.contains_key(&it.pair);
            let may_recall = round == 0 && !is_repeated && !wanted.iter().any(is_contested);
            let remembered = if may_recall { self.memory.recall(&wanted) } else { None };
            let was_recalled = remembered.is_some();
            self.memory.forget_some(&wanted);
            let found = match remembered {
                Some(found) => found,
                None => find(connection, &wanted).await?,
            };
            if is_repeated {
                appended.stored.extend(stored_before(&pick(appends, &pending), &found)?);
            }
            let placed = place(&mut pick(appends, &pending), found)?;
            add_members(connection, &placed.conversations).await?;
            let moved = match write(connection, &wanted, &placed).await {
                Ok(moved) => moved,
                Err(error) if error.is_repetition() => continue,
                Err(error) => return Err(error),
            };
            let Placed { appended: now, conversations, .. } = placed;
            // What has not grown was answered from what is stored.
            let waits = |pair: &Pair| {
                let it = conversations.get(pair);
                it.is_some_and(|it| it.has_grown && !moved.contains(&it.key))
            };
            let mut left = Vec::new();
            for ((index, it), outcome) in pending.into_iter().zip(&wanted).zip(now.outcomes) {
                if waits(&it.pair) {
                    left.push(index);
                } else {
                    appended.outcomes[index] = outcome;
                }
            }
            for (pair, it) in conversations.iter().filter(|(_, it)| it.has_grown) {
                self.learn(*pair, it, moved.contains(&it.key), was_recalled);
            }
            let is_moved = |it: &Stored| moved.contains(&it.conversation.0);
            appended.stored.extend(now.stored.into_iter().filter(is_moved));
            self.memory.keep(conversations.into_iter().filter(|(_, it)| moved.contains(&it.key)));
            pending = left;
            if pending.is_empty() {
                break;
            }
        }
        Ok(appended)
    }
}

impl Appender {
    /// What a write, or one that was too late, says about others who write to the conversation.
    fn learn(&mut self, pair: Pair, it: &Conversation, is_moved: bool, was_recalled: bool) {
        if is_moved {
            // Nobody has written between the last two writes from here.
            if self.contested.get(&pair).is_some_and(|rev| *rev == it.was_rev) {
                self.contested.remove(&pair);
            } else if let Some(rev) = self.contested.get_mut(&pair) {
                *rev = it.rev;
            }
        } else if was_recalled {
            if self.contested.len() >= MOST_CONTESTED {
                self.contested.clear();
            }
            self.contested.insert(pair, 0);
        }
    }
}

/// The messages at these places, which ascend.
fn pick<'a>(appends: &'a mut [Append], places: &[usize]) -> Vec<&'a mut Append> {
    let mut places = places.iter().peekable();
    let is_picked = |(index, _): &(usize, _)| places.next_if(|it| **it == *index).is_some();
    appends.iter_mut().enumerate().filter(is_picked).map(|(_, it)| it).collect()
}

/// Those of a batch that are stored already, as if it had happened now.
fn stored_before(batch: &[&mut Append], found: &Found) -> Result<Vec<Stored>, StorageError> {
    let mut stored = Vec::new();
    for append in batch {
        let Some((conversation, text)) = found.repeats.get(&append.id_columns()) else { continue };
        let entry: Entry = serde_json::from_str(text)?;
        stored.push(Stored {
            sender: append.sender,
            receiver: append.receiver,
            origin: append.origin,
            conversation: ConversationKey(*conversation),
            seq: entry.seq,
            entry: text.as_str().into(),
        });
    }
    stored.sort_by_key(|it| (it.conversation, it.seq));
    Ok(stored)
}

/// Columns of numbers, as arrays.
struct Arrays(PgArguments);

impl Arrays {
    fn new() -> Self {
        Self(PgArguments::default())
    }

    fn add(&mut self, numbers: impl Iterator<Item = i64>) -> Result<(), sqlx::Error> {
        self.0.add(numbers.collect::<Vec<_>>()).map_err(sqlx::Error::Encode)
    }
}

/// What is stored of a batch; conversations that do not exist are made.
async fn find(connection: &mut PgConnection, wanted: &[Wanted]) -> Result<Found, StorageError> {
    let found = look(connection, wanted).await?;
    let missing = found.missing(wanted);
    if missing.is_empty() {
        return Ok(found);
    }
    let mut arrays = Arrays::new();
    arrays.add(missing.values().copied())?;
    arrays.add(missing.keys().map(|it| it.0))?;
    arrays.add(missing.keys().map(|it| it.1))?;
    query_with(CREATE, arrays.0).execute(&mut *connection).await?;
    look(connection, wanted).await
}

async fn look(connection: &mut PgConnection, wanted: &[Wanted]) -> Result<Found, StorageError> {
    let pairs: BTreeSet<Pair> = wanted.iter().map(|it| it.pair).collect();
    let origins: BTreeSet<i64> = wanted.iter().map(|it| it.origin.0).collect();
    let mut arrays = Arrays::new();
    arrays.add(wanted.iter().map(|it| it.id.0))?;
    arrays.add(wanted.iter().map(|it| it.id.1))?;
    arrays.add(wanted.iter().map(|it| it.id.2))?;
    arrays.add(pairs.iter().map(|it| it.0))?;
    arrays.add(pairs.iter().map(|it| it.1))?;
    arrays.add(origins.into_iter())?;
    let (mut found, mut instances) = (Found::default(), HashSet::new());
    for row in query_with(FIND, arrays.0).fetch_all(connection).await? {
        let number = |column: usize| row.try_get::<i64, _>(column);
        match number(0)? {
            0 => {
                let id = (number(1)?, number(2)?, number(3)?);
                found.repeats.insert(id, (number(4)?, row.try_get(10)?));
            }
            1 => {
                found.conversations.insert((number(1)?, number(2)?), conversation(&row)?);
            }
            _ => {
                instances.insert(SessionKey(number(1)?));
            }
        }
    }
    found.instances = Some(instances);
    Ok(found)
}

fn conversation(row: &PgRow) -> Result<Conversation, sqlx::Error> {
    let number = |column: usize| row.try_get::<i64, _>(column);
    let (rev, active_time) = (number(5)?, number(8)?);
    Ok(Conversation {
        key: number(3)?,
        first_seq: number(9)?,
        was_rev: rev,
        seq: number(4)?,
        rev,
        time: number(6)?,
        shown_seq: number(7)?,
        active_time,
        was_listed: active_time > 0,
        has_grown: false,
    })
}

/// Puts conversations that are about to stand in lists there. Should the message not be written in
/// this round, this hurts nobody: lists look at the conversation itself.
async fn add_members(
    connection: &mut PgConnection,
    conversations: &HashMap<Pair, Conversation>,
) -> Result<(), StorageError> {
    let new: Vec<_> = conversations.iter().filter(|(_, it)| it.is_newly_listed()).collect();
    if new.is_empty() {
        return Ok(());
    }
    let mut arrays = Arrays::new();
    arrays.add(new.iter().flat_map(|(pair, _)| [pair.0, pair.1]))?;
    arrays.add(new.iter().flat_map(|(_, it)| [it.key, it.key]))?;
    query_with(ADD_MEMBERS, arrays.0).execute(connection).await?;
    Ok(())
}

/// Writes the new messages of the conversations that are still as they were read; answers which
/// those are.
async fn write(
    connection: &mut PgConnection,
    wanted: &[Wanted],
    placed: &Placed,
) -> Result<HashSet<i64>, StorageError> {
    if placed.rows.is_empty() {
        return Ok(HashSet::new());
    }
    let grown: Vec<_> = placed.conversations.values().filter(|it| it.has_grown).collect();
    let mut arrays = Arrays::new();
    arrays.add(grown.iter().map(|it| it.key))?;
    arrays.add(grown.iter().map(|it| it.was_rev))?;
    arrays.add(grown.iter().map(|it| it.first_seq))?;
    arrays.add(grown.iter().map(|it| it.seq))?;
    arrays.add(grown.iter().map(|it| it.rev))?;
    arrays.add(grown.iter().map(|it| it.time))?;
    arrays.add(grown.iter().map(|it| it.shown_seq))?;
    arrays.add(grown.iter().map(|it| it.active_time))?;
    arrays.add(senders(wanted, placed).into_iter())?;
    for column in 0..7 {
        arrays.add(placed.rows.iter().map(|it| it.numbers[column]))?;
    }
    let entries: Vec<&str> = placed.rows.iter().map(|it| &*it.entry).collect();
    arrays.0.add(entries).map_err(sqlx::Error::Encode)?;
    let rows = query_with(STORE, arrays.0).fetch_all(connection).await?;
    Ok(rows.iter().map(|row| row.try_get(0)).collect::<Result<_, _>>()?)
}

/// The instances whose messages are about to be written, without those that were refused.
fn senders(wanted: &[Wanted], placed: &Placed) -> BTreeSet<i64> {
    let outcomes = wanted.iter().zip(&placed.appended.outcomes);
    outcomes
        .filter(|(_, outcome)| **outcome != Err(AppendError::SessionEnded))
        .map(|(it, _)| it.origin.0)
        .collect()
}
