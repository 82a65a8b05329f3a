//! Looking at a database without changing it, for `tim-server check`.

use super::{Connection, Location, Pool, StorageError, migrations, postgres, sql::query};

/// What was found.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Name and version of the engine.
    pub engine: String,
    /// Version of the schema; `None` before the first start.
    pub schema: Option<i64>,
    /// The version that this program works with.
    pub newest_schema: i64,
    /// The database's clock, in milliseconds since 1970.
    pub time_ms: u64,
    /// Servers that have said within the last ten seconds that they are there.
    pub nodes: u64,
    /// Instances that are connected to one of them.
    pub connected: u64,
}

pub(super) async fn inspect(location: &Location) -> Result<Inspection, StorageError> {
    if let Location::File(file) = location
        && !file.exists()
    {
        return Err(StorageError::NoFile);
    }
    let (_, read) = location.pools().await?;
    let result = look(&read).await;
    read.close().await;
    result
}

async fn look(pool: &Pool) -> Result<Inspection, StorageError> {
    let mut connection = pool.acquire().await?;
    let on = &mut connection;
    if let Connection::Postgres(_) = on {
        postgres::check(on).await?;
    }
    let about = on.words(
        "SELECT 'SQLite ' || sqlite_version(), CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        "SELECT split_part(version(), ' on ', 1), \
         (extract(epoch FROM clock_timestamp()) * 1000)::int8",
    );
    let about = query(about).fetch_one(on).await?;
    let tables = on.words(
        "SELECT count(*) FROM sqlite_master WHERE name = '_sqlx_migrations'",
        "SELECT count(*) FROM pg_tables WHERE tablename = '_sqlx_migrations' \
         AND schemaname = ANY(current_schemas(false))",
    );
    let is_new = query(tables).fetch_one(on).await?.number(0)? == 0;
    let mut found = Inspection {
        engine: about.get(0)?,
        schema: None,
        newest_schema: migrations::newest(),
        time_ms: about.number(1)?,
        nodes: 0,
        connected: 0,
    };
    if is_new {
        return Ok(found);
    }
    let version = query("SELECT max(version) FROM _sqlx_migrations").fetch_one(on).await?;
    found.schema = version.get(0)?;
    if found.schema == Some(found.newest_schema) {
        let since = i64::try_from(found.time_ms).unwrap_or(i64::MAX) - 10_000;
        let nodes = query("SELECT count(*) FROM node WHERE beat > $1").bind(since);
        found.nodes = nodes.fetch_one(on).await?.number(0)?;
        let connected = query("SELECT count(*) FROM session WHERE node IS NOT NULL");
        found.connected = connected.fetch_one(on).await?.number(0)?;
    }
    Ok(found)
}
