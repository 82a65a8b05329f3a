//! Where instances are connected, as the database has it and as a server believes.
//!
//! The two differ after a server was cut off from the others; it then looks here.

use std::collections::HashMap;

use tim_protocol::push::KickReason;

use super::{
    AccountKey, NodeKey, SessionKey, Storage, StorageError,
    sql::{query, query_once},
};

/// Instances that are looked at in one statement.
const LOOKED_AT: usize = 500;

/// The places of a statement's keys: `$1, $2, …`
fn places(count: usize) -> String {
    let places: Vec<_> = (1..=count).map(|it| format!("${it}")).collect();
    places.join(", ")
}

impl Storage {
    /// A connection has ended: its instance is nowhere, unless it is elsewhere already.
    pub async fn disconnect(&self, account: AccountKey, session: SessionKey, connection: i64) {
        // Nobody waits for it; a node that is gone is cleared of its instances as a whole.
        self.writer
            .write(
                account,
                move |it| {
                    Box::pin(async move {
                        query("UPDATE session SET node = NULL WHERE key = $1 AND connection = $2")
                            .bind(session.0)
                            .bind(connection)
                            .execute(it)
                            .await
                    })
                },
                |_| (),
            )
            .await;
    }

    /// Of instances that are connected here, as far as this node knows, with their connections: those
    /// that are out, and why, or that go on elsewhere (`None`).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn gone_sessions(
        &self,
        held: &[(SessionKey, i64)],
    ) -> Result<Vec<(SessionKey, i64, Option<KickReason>)>, StorageError> {
        let mut gone = Vec::new();
        for held in held.chunks(LOOKED_AT) {
            let sql = places(held.len());
            let rows = self
                .read(|it| {
                    let sql =
                        format!("SELECT key, kicked, connection FROM session WHERE key IN ({sql})");
                    let named = held.iter().fold(query_once(sql), |it, held| it.bind(held.0.0));
                    Box::pin(named.fetch_all(it))
                })
                .await?;
            let mut known = HashMap::new();
            for row in rows {
                let (kicked, connection) = (row.get::<Option<String>>(1)?, row.get::<i64>(2)?);
                known.insert(SessionKey(row.get(0)?), (kicked, connection));
            }
            for (session, connection) in held {
                match known.remove(session) {
                    Some((None, now)) if now == *connection => {}
                    Some((Some(kicked), _)) => {
                        let reason = serde_json::from_str(&kicked)?;
                        gone.push((*session, *connection, Some(reason)));
                    }
                    _ => gone.push((*session, *connection, None)),
                }
            }
        }
        Ok(gone)
    }

    /// Instances are connected to this server after all, though it was taken for dead.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn hold_sessions(
        &self,
        node: NodeKey,
        held: &[(SessionKey, i64)],
    ) -> Result<(), StorageError> {
        for held in held.chunks(LOOKED_AT) {
            let held = held.to_vec();
            self.writer
                .write_and_wait(AccountKey(node.0), move |it| {
                    let held = held.clone();
                    Box::pin(async move {
                        let sql = "UPDATE session SET node = $1 WHERE key = $2 AND connection = $3";
                        for (session, connection) in held {
                            let named = query(sql).bind(node.0).bind(session.0).bind(connection);
                            named.execute(it).await?;
                        }
                        Ok(())
                    })
                })
                .await?;
        }
        Ok(())
    }
}
