//! Conversations seen by one of their people: the list, the read position, the unread count.

use futures::future::BoxFuture;
use tim_protocol::{
    ids::{Rev, Seq},
    user::Profile,
};

use super::{
    AccountKey, Connection, ConversationKey, Storage, StorageError,
    sql::{Row, query},
};

/// What one person's row of a conversation is made of.
#[derive(Clone, Debug)]
pub struct ConversationState {
    /// Its log.
    pub key: ConversationKey,
    /// Newest place.
    pub seq: Seq,
    /// Newest revision.
    pub rev: Rev,
    /// How far this person has read.
    pub read_seq: Seq,
    /// How far the other one has read.
    pub peer_read_seq: Seq,
    /// Time of the message at that place.
    pub peer_read_time: u64,
    /// Last activity; 0 when it stands in no list.
    pub active_time: u64,
    /// Countable messages of the other one after `read_seq`.
    pub unread_count: u32,
    /// The newest message that may be shown in a list, as JSON.
    pub last: Option<Box<str>>,
}

/// A row of the list.
#[derive(Clone, Debug)]
pub struct ListedConversation {
    /// The row.
    pub state: ConversationState,
    /// The other person.
    pub peer: Profile,
}

/// What a read mark did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadOutcome {
    /// The position that holds now.
    pub read_seq: Seq,
    /// What is unread after it.
    pub unread_count: u32,
    /// Time of the message at the position, when the position moved.
    pub moved_to_time: Option<u64>,
}

/// The columns that [`state`] reads, for the person `$1`; `m` and `p` are the two members' rows.
macro_rules! state_columns {
    () => {
        "SELECT c.key, c.seq, c.rev, c.active_time, \
         coalesce(m.read_seq, 0), coalesce(p.read_seq, 0), coalesce(p.read_time, 0), \
         (SELECT count(*) FROM message x WHERE x.conversation = c.key \
          AND x.seq > coalesce(m.read_seq, 0) AND x.sender <> $1 AND x.is_counted = 1), \
         (SELECT x.entry FROM message x WHERE x.conversation = c.key AND x.seq = c.shown_seq)"
    };
}

/// The list is cut before anything is counted.
const LIST: &str = concat!(
    "WITH recent AS (SELECT c.*, CASE WHEN c.a = $1 THEN c.b ELSE c.a END AS peer \
     FROM member mine JOIN conversation c ON c.key = mine.conversation \
     WHERE mine.account = $1 AND c.active_time > 0 \
     ORDER BY c.active_time DESC, c.key LIMIT $2) ",
    state_columns!(),
    ", q.profile FROM recent c JOIN account q ON q.key = c.peer \
     LEFT JOIN member m ON m.account = $1 AND m.conversation = c.key \
     LEFT JOIN member p ON p.account = c.peer AND p.conversation = c.key"
);

const ONE: &str = concat!(
    state_columns!(),
    " FROM conversation c \
     LEFT JOIN member m ON m.account = $1 AND m.conversation = c.key \
     LEFT JOIN member p ON p.account = $2 AND p.conversation = c.key \
     WHERE c.a = $3 AND c.b = $4"
);

fn state(row: &Row) -> Result<ConversationState, StorageError> {
    Ok(ConversationState {
        key: ConversationKey(row.get(0)?),
        seq: row.number(1)?,
        rev: row.number(2)?,
        active_time: row.number(3)?,
        read_seq: row.number(4)?,
        peer_read_seq: row.number(5)?,
        peer_read_time: row.number(6)?,
        unread_count: u32::try_from(row.number(7)?).unwrap_or(u32::MAX),
        last: row.get(8)?,
    })
}

/// Two people in the order of the table.
fn pair(me: AccountKey, peer: AccountKey) -> (i64, i64) {
    (me.0.min(peer.0), me.0.max(peer.0))
}

async fn unread_count(
    connection: &mut Connection,
    conversation: i64,
    me: AccountKey,
    read_seq: i64,
) -> Result<u32, StorageError> {
    let count = query(
        "SELECT count(*) FROM message WHERE conversation = $1 AND seq > $2 AND sender <> $3 \
         AND is_counted = 1",
    )
    .bind(conversation)
    .bind(read_seq)
    .bind(me.0)
    .fetch_one(connection)
    .await?
    .number(0)?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A person's row of a conversation as far as marks go: its log, the newest place, the mark.
async fn mark(
    connection: &mut Connection,
    me: AccountKey,
    peer: AccountKey,
) -> Result<Option<(i64, i64, i64)>, StorageError> {
    let (a, b) = pair(me, peer);
    let row = query(
        "SELECT c.key, c.seq, coalesce(m.read_seq, 0) FROM conversation c \
         LEFT JOIN member m ON m.account = $3 AND m.conversation = c.key \
         WHERE c.a = $1 AND c.b = $2",
    )
    .bind(a)
    .bind(b)
    .bind(me.0)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some((row.get(0)?, row.get(1)?, row.get(2)?)))
}

/// Moves a mark unless it is further already; whether it moved.
async fn move_mark(
    connection: &mut Connection,
    conversation: i64,
    me: AccountKey,
    position: i64,
) -> Result<Option<u64>, StorageError> {
    // The message itself may be gone by its age; what is left then tells the time well enough.
    let row = query(
        "SELECT time FROM message WHERE conversation = $1 AND seq >= $2 ORDER BY seq LIMIT 1",
    )
    .bind(conversation)
    .bind(position)
    .fetch_optional(connection)
    .await?;
    let time: i64 = row.map_or(Ok(0), |it| it.get(0))?;
    let moved = query(
        "INSERT INTO member (account, conversation, read_seq, read_time) \
         VALUES ($1, $2, $3, $4) ON CONFLICT (account, conversation) \
         DO UPDATE SET read_seq = excluded.read_seq, read_time = excluded.read_time \
         WHERE member.read_seq < excluded.read_seq",
    )
    .bind(me.0)
    .bind(conversation)
    .bind(position)
    .bind(time)
    .execute(connection)
    .await?;
    Ok((moved > 0).then_some(time.cast_unsigned()))
}

fn mark_read(
    connection: &mut Connection,
    me: AccountKey,
    peer: AccountKey,
    seq: Seq,
) -> BoxFuture<'_, Result<ReadOutcome, StorageError>> {
    Box::pin(async move {
        let Some((key, newest, before)) = mark(connection, me, peer).await? else {
            return Ok(ReadOutcome { read_seq: 0, unread_count: 0, moved_to_time: None });
        };
        let mut position = i64::try_from(seq).unwrap_or(i64::MAX).min(newest);
        let mut moved_to_time = None;
        if position > before {
            moved_to_time = move_mark(connection, key, me, position).await?;
        }
        if moved_to_time.is_none() {
            // It was there already, or somebody has just moved it further.
            position = mark(connection, me, peer).await?.map_or(before, |it| it.2);
        }
        let unread_count = unread_count(connection, key, me, position).await?;
        Ok(ReadOutcome { read_seq: position.cast_unsigned(), unread_count, moved_to_time })
    })
}

impl Storage {
    /// The most recently active conversations of a person, at most `limit`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn conversations(
        &self,
        me: AccountKey,
        limit: u32,
    ) -> Result<Vec<ListedConversation>, StorageError> {
        let mut listed = self
            .read(|it| {
                Box::pin(async move {
                    let rows = query(LIST).bind(me.0).bind(i64::from(limit)).fetch_all(it).await?;
                    rows.iter().map(listed).collect::<Result<Vec<_>, _>>()
                })
            })
            .await?;
        // Here and not in the statement: engines sort texts by rules of their own.
        listed.sort_by(|x, y| {
            let by_time = y.state.active_time.cmp(&x.state.active_time);
            by_time.then_with(|| x.peer.user_id.as_str().cmp(y.peer.user_id.as_str()))
        });
        Ok(listed)
    }

    /// One conversation of a person; `None` when the two never wrote to each other.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn conversation(
        &self,
        me: AccountKey,
        peer: AccountKey,
    ) -> Result<Option<ConversationState>, StorageError> {
        let (a, b) = pair(me, peer);
        self.read(|it| {
            Box::pin(async move {
                let one = query(ONE).bind(me.0).bind(peer.0).bind(a).bind(b);
                one.fetch_optional(it).await?.as_ref().map(state).transpose()
            })
        })
        .await
    }

    /// Moves a person's read position forward. Gives `then` where it stands afterwards.
    pub async fn mark_read(
        &self,
        me: AccountKey,
        peer: AccountKey,
        seq: Seq,
        then: impl FnOnce(Result<ReadOutcome, StorageError>) + Send + 'static,
    ) {
        self.writer.write(me, move |it| mark_read(it, me, peer, seq), then).await;
    }
}

fn listed(row: &Row) -> Result<ListedConversation, StorageError> {
    let peer = serde_json::from_str(&row.get::<String>(9)?)?;
    Ok(ListedConversation { state: state(row)?, peer })
}
