//! A batch's trips to SQLite: at most two, and one where everything is remembered.
//!
//! A message that comes alone waits for every trip, therefore there are two, however many messages:
//! what is known of them, and what is new; the transaction begins in the first and ends in the last,
//! unless the writer has more to do in it. Conversations that were written lately are remembered, and
//! then there is one trip: the message is written as if it were new. If it is not, the log's unique IDs
//! refuse the transaction, and it is done again in two. Whoever else changes rows of conversations
//! does it by the writer's `write_logs`, which makes this forget: nobody else writes to the file.

use std::{collections::HashMap, sync::Arc};

use sqlx::{
    Arguments as _, AssertSqlSafe, Row as _, SqlSafeStr as _, SqlStr, SqliteConnection, query,
    query_with, sqlite::SqliteArguments,
};

use super::{Append, Appended, Conversation, Found, Memory, NewRow, Pair, Wanted, place};
use crate::storage::{
    StorageError,
    shapes::{MOST_ROWS, Shapes, filled, pieces},
};

/// Whose the transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::storage) enum Transaction {
    /// The batch's own: it is begun with the first trip and committed with the last.
    Own,
    /// The caller's, and under way.
    Callers,
}

/// The statements of a batch.
pub(in crate::storage) struct Appender {
    find: Shapes,
    begin_and_find: Shapes,
    insert: Shapes,
    begin_and_insert: Shapes,
    update: Shapes,
    /// The last trip's text.
    last: HashMap<Last, Arc<str>>,
    memory: Memory,
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

impl Appender {
    pub(in crate::storage) fn new() -> Self {
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
            memory: Memory::default(),
        }
    }

    /// Somebody else has changed conversations.
    pub(in crate::storage) fn forget(&mut self) {
        self.memory.forget();
    }

    /// Stores a batch of at most [`MOST_ROWS`] messages. On a failure nothing of it is stored, once
    /// the transaction is rolled back.
    pub(in crate::storage) async fn store(
        &mut self,
        connection: &mut SqliteConnection,
        appends: &mut [Append],
        transaction: Transaction,
    ) -> Result<Appended, StorageError> {
        if appends.is_empty() {
            return Ok(Appended::default());
        }
        debug_assert!(appends.len() <= MOST_ROWS, "the writer takes no larger batch");
        let wanted: Vec<_> = appends.iter().map(Wanted::of).collect();
        if transaction == Transaction::Callers {
            // Whether it gets committed is not known here.
            self.memory.forget_some(&wanted);
            let found = self.find(connection, &wanted, Trips::Inside).await?;
            return Ok(self.write(connection, appends, &wanted, found, Trips::Inside).await?.0);
        }
        if let Some(found) = self.memory.recall(&wanted) {
            match self.write(connection, appends, &wanted, found, Trips::One).await {
                Ok((appended, conversations)) => {
                    self.memory.keep(conversations);
                    return Ok(appended);
                }
                Err(_) => {
                    self.memory.forget_some(&wanted);
                    // Fails when the database has rolled back by itself.
                    let _ = query("ROLLBACK").execute(&mut *connection).await;
                }
            }
        }
        let found = self.find(connection, &wanted, Trips::Two).await?;
        let (appended, conversations) =
            self.write(connection, appends, &wanted, found, Trips::Two).await?;
        self.memory.keep(conversations);
        Ok(appended)
    }

    async fn find(
        &self,
        connection: &mut SqliteConnection,
        wanted: &[Wanted],
        trips: Trips,
    ) -> Result<Found, StorageError> {
        let mut arguments = SqliteArguments::default();
        for it in filled(wanted) {
            let ((sender, client_time, random), (a, b)) = (it.id, it.pair);
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
                let (rev, active_time) = (row.try_get(4)?, row.try_get(7)?);
                let conversation = Conversation {
                    seq: row.try_get(3)?,
                    was_rev: rev,
                    rev,
                    time: row.try_get(5)?,
                    shown_seq: row.try_get(6)?,
                    active_time,
                    was_listed: active_time > 0,
                    ..Conversation::new(row.try_get(2)?)
                };
                found.conversations.insert((row.try_get(0)?, row.try_get(1)?), conversation);
            }
        }
        Ok(found)
    }

    /// Writes the new messages and how far their conversations have come. Answers also how the
    /// conversations are now.
    async fn write(
        &mut self,
        connection: &mut SqliteConnection,
        appends: &mut [Append],
        wanted: &[Wanted],
        mut found: Found,
        trips: Trips,
    ) -> Result<(Appended, HashMap<Pair, Conversation>), StorageError> {
        for (pair, app) in found.missing(wanted) {
            let created = create(connection, app, pair).await?;
            found.conversations.insert(pair, created);
        }
        let mut placed = place(&mut appends.iter_mut().collect::<Vec<_>>(), found)?;
        for (&(a, b), conversation) in &mut placed.conversations {
            if conversation.is_newly_listed() {
                add_member(connection, a, conversation.key).await?;
                add_member(connection, b, conversation.key).await?;
                conversation.was_listed = true;
            }
        }
        self.write_rows(connection, &placed.rows, &placed.conversations, trips).await?;
        Ok((placed.appended, placed.conversations))
    }

    async fn write_rows(
        &mut self,
        connection: &mut SqliteConnection,
        rows: &[NewRow],
        conversations: &HashMap<Pair, Conversation>,
        trips: Trips,
    ) -> Result<(), StorageError> {
        if rows.is_empty() && trips == Trips::Two {
            query("COMMIT").execute(&mut *connection).await?;
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
    connection: &mut SqliteConnection,
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
    Ok(Conversation::new(key))
}

async fn add_member(
    connection: &mut SqliteConnection,
    account: i64,
    conversation: i64,
) -> Result<(), StorageError> {
    query("INSERT INTO member (account, conversation) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(account)
        .bind(conversation)
        .execute(connection)
        .await?;
    Ok(())
}
