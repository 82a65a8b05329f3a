//! The servers that work with this database: who is there, and who was heard of lately.
//!
//! A server puts a row here when it starts, says at every beat that it is still there, and removes the
//! row when it ends. One that has said nothing for long is taken for dead by the others, who free the
//! instances that were connected to it. Time is the database's own, so that no server's clock matters.

use super::{
    AccountKey, Connection, NodeKey, Storage, StorageError,
    sql::{query, run},
};

/// What a server says of itself, as JSON.
pub type NodeState = String;

/// A server, seen by another one.
#[derive(Clone, Debug)]
pub struct Neighbour {
    /// Its number.
    pub key: NodeKey,
    /// How long ago it was heard of, in milliseconds.
    pub silent_ms: u64,
    /// What it said of itself then.
    pub state: NodeState,
}

/// What a beat finds.
#[derive(Clone, Debug)]
pub struct Beat {
    /// The database's clock in milliseconds since 1970.
    pub time_ms: u64,
    /// Whether the others had taken this server for dead.
    pub was_buried: bool,
    /// The other servers, dead ones too.
    pub others: Vec<Neighbour>,
}

/// The database's clock in milliseconds.
macro_rules! now {
    ($before:literal, $after:literal) => {
        (
            concat!($before, "CAST(unixepoch('subsec') * 1000 AS INTEGER)", $after),
            concat!($before, "(extract(epoch FROM clock_timestamp()) * 1000)::int8", $after),
        )
    };
}

async fn join(connection: &mut Connection, state: &str) -> Result<NodeKey, StorageError> {
    if let Connection::Sqlite(_) = connection {
        // Nobody else can be there: what is found was left by a server that was killed.
        run(connection, "UPDATE session SET node = NULL WHERE node IS NOT NULL").await?;
        run(connection, "DELETE FROM node").await?;
    }
    let (sqlite, postgres) = now!("INSERT INTO node (beat, state) VALUES (", ", $1) RETURNING key");
    let row = query(connection.words(sqlite, postgres)).bind(state).fetch_one(connection).await?;
    Ok(NodeKey(row.get(0)?))
}

async fn beat(
    connection: &mut Connection,
    node: NodeKey,
    state: &str,
) -> Result<Beat, StorageError> {
    let (sqlite, postgres) = now!("UPDATE node SET state = $2, beat = ", " WHERE key = $1");
    let sql = connection.words(sqlite, postgres);
    let was_buried = query(sql).bind(node.0).bind(state).execute(connection).await? == 0;
    if was_buried {
        let (sqlite, postgres) = now!("INSERT INTO node (key, state, beat) VALUES ($1, $2, ", ")");
        let sql = connection.words(sqlite, postgres);
        query(sql).bind(node.0).bind(state).execute(connection).await?;
    }
    let (sqlite, postgres) = now!("SELECT key, beat, state, ", " FROM node ORDER BY key");
    let sql = connection.words(sqlite, postgres);
    let mut beat = Beat { time_ms: 0, was_buried, others: Vec::new() };
    for row in query(sql).fetch_all(connection).await? {
        beat.time_ms = row.number(3)?;
        let (key, silent_ms) = (NodeKey(row.get(0)?), beat.time_ms.saturating_sub(row.number(1)?));
        if key != node {
            beat.others.push(Neighbour { key, silent_ms, state: row.get(2)? });
        }
    }
    Ok(beat)
}

async fn remove(connection: &mut Connection, node: NodeKey) -> Result<(), StorageError> {
    query("UPDATE session SET node = NULL WHERE node = $1")
        .bind(node.0)
        .execute(connection)
        .await?;
    query("DELETE FROM node WHERE key = $1").bind(node.0).execute(connection).await?;
    Ok(())
}

async fn bury(
    connection: &mut Connection,
    node: NodeKey,
    silent_ms: u64,
) -> Result<bool, StorageError> {
    let (sqlite, postgres) = now!("DELETE FROM node WHERE key = $1 AND beat < ", " - $2");
    let sql = connection.words(sqlite, postgres);
    let silent_ms = i64::try_from(silent_ms).unwrap_or(i64::MAX);
    let is_dead = query(sql).bind(node.0).bind(silent_ms).execute(connection).await? > 0;
    if is_dead {
        remove(connection, node).await?;
    }
    Ok(is_dead)
}

impl Storage {
    /// A server starts. Its number is larger than that of any before.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn join(&self, state: NodeState) -> Result<NodeKey, StorageError> {
        self.writer
            .write_and_wait(AccountKey(0), move |it| {
                let state = state.clone();
                Box::pin(async move { join(it, &state).await })
            })
            .await
    }

    /// A server says that it is there and looks who else is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn beat(&self, node: NodeKey, state: NodeState) -> Result<Beat, StorageError> {
        self.writer
            .write_and_wait(AccountKey(node.0), move |it| {
                let state = state.clone();
                Box::pin(async move { beat(it, node, &state).await })
            })
            .await
    }

    /// Takes a server for dead unless it was heard of within `silent_ms`; whether that was so. Its
    /// instances are nowhere then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn bury(&self, node: NodeKey, silent_ms: u64) -> Result<bool, StorageError> {
        let of = AccountKey(node.0);
        self.writer.write_and_wait(of, move |it| Box::pin(bury(it, node, silent_ms))).await
    }

    /// A server ends. Its instances are nowhere then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn leave(&self, node: NodeKey) -> Result<(), StorageError> {
        self.writer.write_and_wait(AccountKey(node.0), move |it| Box::pin(remove(it, node))).await
    }

    /// What this database is called, where several share a bus.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn cluster_id(&self) -> Result<String, StorageError> {
        self.read(|it| {
            Box::pin(
                async move { Ok(query("SELECT id FROM cluster").fetch_one(it).await?.get(0)?) },
            )
        })
        .await
    }
}
