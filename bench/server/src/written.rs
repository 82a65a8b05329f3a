//! What the database has written, seen from outside.

use std::path::Path;

use anyhow::Result;
use tim_rig::Postgres;

use crate::setting::{DATABASE, Setting};

/// Bytes since the beginning.
pub struct Written {
    /// The write-ahead log of PostgreSQL; that of SQLite is used again and again and counts with the size.
    pub log: f64,
    /// Tables and indexes, with what is free inside.
    pub size: f64,
}

impl Written {
    /// Asks the engine, or looks at the files.
    pub async fn until_now(setting: &Setting) -> Result<Self> {
        match &setting.postgres {
            Some(postgres) => Self::by(postgres).await,
            None => Ok(Self { log: 0.0, size: file_bytes(setting.nodes[0].folder()) }),
        }
    }

    async fn by(postgres: &Postgres) -> Result<Self> {
        let log = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')";
        let size = "SELECT pg_database_size(current_database())";
        let log = postgres.sql(DATABASE, log).await?.parse()?;
        Ok(Self { log, size: postgres.sql(DATABASE, size).await?.parse()? })
    }

    /// What was written since.
    pub fn since(&self, before: &Self) -> Self {
        Self { log: self.log - before.log, size: self.size - before.size }
    }
}

/// Of a node's database and its log.
fn file_bytes(folder: &Path) -> f64 {
    let files = ["data/tim.db", "data/tim.db-wal"].map(|it| folder.join(it));
    files.iter().filter_map(|it| it.metadata().ok()).map(|it| it.len() as f64).sum()
}
