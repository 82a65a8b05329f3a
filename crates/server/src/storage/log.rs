//! Reading a log: pages around a place, and what changed since somebody last looked.
//!
//! Entries leave as the text they were stored as. The position of the log is read before its
//! entries; a message that arrives in between is simply not in the answer.

use tim_protocol::{
    call::Direction,
    ids::{MessageIdParts, Rev, Seq, TinyId},
};

use super::{
    AccountKey, Connection, ConversationKey, Storage, StorageError,
    sql::{Row, query},
};

/// Where a log stands.
#[derive(Clone, Copy, Debug)]
pub struct LogPosition {
    /// Which log.
    pub key: ConversationKey,
    /// Oldest place that is still kept.
    pub first_seq: Seq,
    /// Newest place.
    pub seq: Seq,
    /// Newest revision.
    pub rev: Rev,
}

/// Where a page starts.
#[derive(Clone, Copy, Debug)]
pub enum PageStart {
    /// At a place, inclusive.
    Seq(Seq),
    /// At a second, inclusive.
    Time(u64),
}

/// A stretch of a log.
#[derive(Debug)]
pub struct Page {
    /// The time in seconds and the text of each entry, ascending.
    pub entries: Vec<(u64, Box<str>)>,
    /// Nothing further in the page's direction.
    pub is_completed: bool,
}

fn timed_entry(row: &Row) -> Result<(u64, Box<str>), StorageError> {
    Ok((row.number(0)?, row.get(1)?))
}

fn entries(rows: &[Row]) -> Result<Vec<Box<str>>, StorageError> {
    Ok(rows.iter().map(|row| row.get(0)).collect::<Result<_, _>>()?)
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The first place whose message is of `time` or later; one behind the newest when there is none.
/// Time never decreases along a log, so this halves the log instead of keeping an index.
async fn first_seq_at(
    connection: &mut Connection,
    log: LogPosition,
    time: u64,
) -> Result<Seq, StorageError> {
    let (mut low, mut high) = (log.first_seq, log.seq + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let found = query("SELECT time FROM message WHERE conversation = $1 AND seq = $2")
            .bind(log.key.0)
            .bind(signed(middle))
            .fetch_optional(connection)
            .await?;
        let found = found.map(|row| row.number(0)).transpose()?;
        // A message that is gone by its age was older than anything that is left.
        if found.is_none_or(|it| it < time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

async fn page(
    connection: &mut Connection,
    log: LogPosition,
    start: PageStart,
    direction: Direction,
    count: u32,
) -> Result<Page, StorageError> {
    let start = match start {
        PageStart::Seq(seq) => seq,
        PageStart::Time(time) => match direction {
            Direction::Newer => first_seq_at(connection, log, time).await?,
            Direction::Older => first_seq_at(connection, log, time.saturating_add(1)).await? - 1,
        },
    };
    let sql = match direction {
        Direction::Older => {
            "SELECT time, entry FROM message WHERE conversation = $1 AND seq <= $2 \
             AND seq <= $3 ORDER BY seq DESC LIMIT $4"
        }
        Direction::Newer => {
            "SELECT time, entry FROM message WHERE conversation = $1 AND seq >= $2 \
             AND seq <= $3 ORDER BY seq LIMIT $4"
        }
    };
    // One more than asked for tells whether there is more.
    let rows = query(sql)
        .bind(log.key.0)
        .bind(signed(start))
        .bind(signed(log.seq))
        .bind(i64::from(count) + 1)
        .fetch_all(connection)
        .await?;
    let mut entries = rows.iter().map(timed_entry).collect::<Result<Vec<_>, _>>()?;
    let is_completed = entries.len() <= count as usize;
    entries.truncate(count as usize);
    if direction == Direction::Older {
        entries.reverse();
    }
    Ok(Page { entries, is_completed })
}

impl Storage {
    /// Where the log of two people stands; `None` when there is none.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_position(
        &self,
        me: AccountKey,
        peer: AccountKey,
    ) -> Result<Option<LogPosition>, StorageError> {
        self.read(|it| {
            Box::pin(async move {
                let sql =
                    "SELECT key, first_seq, seq, rev FROM conversation WHERE a = $1 AND b = $2";
                let row = query(sql)
                    .bind(me.0.min(peer.0))
                    .bind(me.0.max(peer.0))
                    .fetch_optional(it)
                    .await?;
                let Some(row) = row else { return Ok(None) };
                Ok(Some(LogPosition {
                    key: ConversationKey(row.get(0)?),
                    first_seq: row.number(1)?,
                    seq: row.number(2)?,
                    rev: row.number(3)?,
                }))
            })
        })
        .await
    }

    /// The place of a message in this log.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn seq_of_message(
        &self,
        log: ConversationKey,
        id: MessageIdParts,
    ) -> Result<Option<Seq>, StorageError> {
        let Some(sender) = id.sender.0.checked_sub(TinyId::FIRST) else { return Ok(None) };
        self.read(|it| {
            Box::pin(async move {
                let row = query(
                    "SELECT seq FROM message WHERE sender = $1 AND client_time = $2 \
                     AND random = $3 AND conversation = $4",
                )
                .bind(sender.cast_signed())
                .bind(id.client_time.cast_signed())
                .bind(i64::from(id.random))
                .bind(log.0)
                .fetch_optional(it)
                .await?;
                Ok(row.map(|row| row.number(0)).transpose()?)
            })
        })
        .await
    }

    /// At most `count` entries from `start` on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn page(
        &self,
        log: LogPosition,
        start: PageStart,
        direction: Direction,
        count: u32,
    ) -> Result<Page, StorageError> {
        self.read(|it| Box::pin(page(it, log, start, direction, count))).await
    }

    /// New entries after a place, ascending.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn entries_after(
        &self,
        log: LogPosition,
        seq: Seq,
        count: u32,
    ) -> Result<Vec<Box<str>>, StorageError> {
        self.read(|it| {
            Box::pin(async move {
                let rows = query(
                    "SELECT entry FROM message WHERE conversation = $1 AND seq > $2 AND seq <= $3 \
                     ORDER BY seq LIMIT $4",
                )
                .bind(log.key.0)
                .bind(signed(seq))
                .bind(signed(log.seq))
                .bind(i64::from(count))
                .fetch_all(it)
                .await?;
                entries(&rows)
            })
        })
        .await
    }

    /// Entries up to a place that changed after a revision, by revision.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn entries_changed(
        &self,
        log: LogPosition,
        seq: Seq,
        rev: Rev,
    ) -> Result<Vec<Box<str>>, StorageError> {
        self.read(|it| {
            Box::pin(async move {
                let rows = query(
                    "SELECT entry FROM message WHERE conversation = $1 AND changed_rev > $2 \
                     AND seq <= $3 ORDER BY changed_rev",
                )
                .bind(log.key.0)
                .bind(signed(rev))
                .bind(signed(seq))
                .fetch_all(it)
                .await?;
                entries(&rows)
            })
        })
        .await
    }
}
