//! The newest messages of all logs, for a server that may have missed some of them on the bus.
//!
//! Only PostgreSQL has the index for it: with SQLite there is no bus that could lose anything.

use super::{
    AccountKey, ConversationKey, Storage, StorageError,
    sql::{Row, query},
};

/// A message that was stored lately.
#[derive(Clone, Debug)]
pub struct Recent {
    /// Its log.
    pub conversation: ConversationKey,
    /// Its place.
    pub seq: u64,
    /// The two people.
    pub people: (AccountKey, AccountKey),
    /// The line of the log as JSON.
    pub entry: Box<str>,
}

fn recent(row: &Row) -> Result<Recent, StorageError> {
    Ok(Recent {
        conversation: ConversationKey(row.get(0)?),
        seq: row.number(1)?,
        people: (AccountKey(row.get(2)?), AccountKey(row.get(3)?)),
        entry: row.get(4)?,
    })
}

impl Storage {
    /// Messages whose time is `since_s` or later, at most `most`, by log and place.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn recent(&self, since_s: u64, most: u32) -> Result<Vec<Recent>, StorageError> {
        self.read(|it| {
            Box::pin(async move {
                let rows = query(
                    "SELECT m.conversation, m.seq, c.a, c.b, m.entry \
                     FROM message m JOIN conversation c ON c.key = m.conversation \
                     WHERE m.time >= $1 ORDER BY m.conversation, m.seq LIMIT $2",
                )
                .bind(i64::try_from(since_s).unwrap_or(i64::MAX))
                .bind(i64::from(most))
                .fetch_all(it)
                .await?;
                rows.iter().map(recent).collect()
            })
        })
        .await
    }
}
