//! Removing old messages, a few at a time so that senders never wait long.
//!
//! Places are not given again: the log simply begins later.

use super::{Connection, Storage, StorageError, sql::query};

/// Conversations looked at in one transaction.
const CONVERSATIONS: i64 = 100;
/// Messages removed from one conversation in one transaction.
const MESSAGES: i64 = 500;

/// Where the next step goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Step {
    after: i64,
    removed: u64,
    is_done: bool,
}

async fn remove_some(
    connection: &mut Connection,
    app: i64,
    before_s: i64,
    after: i64,
) -> Result<Step, StorageError> {
    // Senders on other nodes wait until this step is done.
    let sql = connection.words(
        "SELECT key, first_seq, seq FROM conversation WHERE key > $1 AND app = $2 \
         ORDER BY key LIMIT $3",
        "SELECT key, first_seq, seq FROM conversation WHERE key > $1 AND app = $2 \
         ORDER BY key LIMIT $3 FOR NO KEY UPDATE",
    );
    let rows = query(sql).bind(after).bind(app).bind(CONVERSATIONS).fetch_all(connection).await?;
    let mut step = Step { after, removed: 0, is_done: rows.is_empty() };
    for row in rows {
        let (key, first_seq, newest): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        // Time never decreases along a log: the first one that is young enough ends the old ones.
        let young = query(
            "SELECT seq FROM message WHERE conversation = $1 AND seq >= $2 AND seq < $3 \
             AND time >= $4 ORDER BY seq LIMIT 1",
        )
        .bind(key)
        .bind(first_seq)
        .bind(first_seq + MESSAGES)
        .bind(before_s)
        .fetch_optional(connection)
        .await?;
        let young: Option<i64> = young.map(|it| it.get(0)).transpose()?;
        let end = young.unwrap_or((first_seq + MESSAGES).min(newest + 1));
        if end > first_seq {
            query("DELETE FROM message WHERE conversation = $1 AND seq < $2")
                .bind(key)
                .bind(end)
                .execute(connection)
                .await?;
            // A conversation whose last shown message is gone leaves the lists with it.
            query(
                "UPDATE conversation SET first_seq = $2, active_time = \
                 CASE WHEN seq < $2 THEN 0 ELSE active_time END WHERE key = $1",
            )
            .bind(key)
            .bind(end)
            .execute(connection)
            .await?;
            step.removed += (end - first_seq).cast_unsigned();
        }
        if young.is_none() && end <= newest {
            // More of it is old; the next step begins with the same conversation.
            return Ok(step);
        }
        step.after = key;
    }
    Ok(step)
}

impl Storage {
    /// Removes an app's messages that were stored before a second. Answers how many.
    ///
    /// # Errors
    /// When the database fails; what was removed until then stays removed.
    pub async fn remove_messages(&self, app: i64, before_s: u64) -> Result<u64, StorageError> {
        let (mut after, mut removed) = (0, 0);
        let before_s = i64::try_from(before_s).unwrap_or(i64::MAX);
        loop {
            let step = self
                .writer
                .write_logs(move |it| Box::pin(remove_some(it, app, before_s, after)))
                .await?;
            removed += step.removed;
            after = step.after;
            if step.is_done {
                return Ok(removed);
            }
            // Let senders in between.
            tokio::task::yield_now().await;
        }
    }
}
