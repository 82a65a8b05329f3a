//! Running a statement on whichever engine the database is.
//!
//! Statements are written once, in the SQL that SQLite and PostgreSQL share: values are `$1, $2, …`
//! and are whole numbers, texts or bytes. Where one engine needs words of its own they stand beside
//! their twin ([`Connection::words`]). sqlx has such a layer itself (`Any`), but it hides what the two
//! ways of storing messages live on: arrays on PostgreSQL, several statements in one trip on SQLite.

use sqlx::{
    Arguments as _, AssertSqlSafe, ColumnIndex, Decode, PgPool, Postgres, Row as _,
    SqlSafeStr as _, SqlStr, Sqlite, SqlitePool, Type,
    pool::PoolConnection,
    postgres::{PgArguments, PgRow},
    sqlite::{SqliteArguments, SqliteRow},
};

use super::StorageError;

/// Connections to lend.
#[derive(Clone)]
pub(super) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// A connection that was lent; it goes back when it is dropped.
pub(super) enum Connection {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

/// A row of an answer.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// What can be bound to a statement.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Int(i64),
    Text(Box<str>),
    Bytes(Box<[u8]>),
}

/// What can be read from a row.
pub(super) trait Column:
    Type<Sqlite> + for<'r> Decode<'r, Sqlite> + Type<Postgres> + for<'r> Decode<'r, Postgres>
{
}

impl<T> Column for T where
    T: Type<Sqlite> + for<'r> Decode<'r, Sqlite> + Type<Postgres> + for<'r> Decode<'r, Postgres>
{
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl Pool {
    pub(super) async fn acquire(&self) -> Result<Connection, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(pool) => Connection::Sqlite(pool.acquire().await?),
            Self::Postgres(pool) => Connection::Postgres(pool.acquire().await?),
        })
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

impl Connection {
    /// Chooses between the words of the two engines.
    pub(super) fn words(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self {
            Self::Sqlite(_) => sqlite,
            Self::Postgres(_) => postgres,
        }
    }

    /// Closes it for good instead of giving it back: who knows what state it is in.
    pub(super) fn give_up(self) {
        match self {
            Self::Sqlite(mut it) => it.close_on_drop(),
            Self::Postgres(mut it) => it.close_on_drop(),
        }
    }
}

impl Row {
    pub(super) fn get<T: Column>(&self, index: usize) -> Result<T, sqlx::Error>
    where
        usize: ColumnIndex<SqliteRow> + ColumnIndex<PgRow>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(index),
            Self::Postgres(row) => row.try_get(index),
        }
    }

    /// A number that is never negative.
    pub(super) fn number(&self, index: usize) -> Result<u64, sqlx::Error> {
        Ok(self.get::<i64>(index)?.cast_unsigned())
    }
}

/// A statement and its values.
pub(super) struct Query {
    sql: SqlStr,
    values: Vec<Value>,
    is_kept: bool,
}

/// A statement that is prepared once for each connection.
pub(super) fn query(sql: &'static str) -> Query {
    Query { sql: sql.into_sql_str(), values: Vec::new(), is_kept: true }
}

/// A statement whose text was put together; it is not prepared for later. Only fixed words and
/// places for values may be in it.
pub(super) fn query_once(sql: String) -> Query {
    Query { sql: AssertSqlSafe(sql).into_sql_str(), values: Vec::new(), is_kept: false }
}

fn sqlite_arguments(values: Vec<Value>) -> Result<SqliteArguments, sqlx::Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        match value {
            Value::Int(it) => arguments.add(it),
            Value::Text(it) => arguments.add(it),
            Value::Bytes(it) => arguments.add(it),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

fn postgres_arguments(values: Vec<Value>) -> Result<PgArguments, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        match value {
            Value::Int(it) => arguments.add(it),
            Value::Text(it) => arguments.add(it),
            Value::Bytes(it) => arguments.add(it),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// The statement for one engine; a macro because the two have no type in common.
macro_rules! prepared {
    ($query:ident, $arguments:ident) => {
        sqlx::query_with($query.sql, $arguments($query.values)?).persistent($query.is_kept)
    };
}

impl Query {
    /// The next value.
    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs it; answers how many rows it changed.
    pub(super) async fn execute(self, on: &mut Connection) -> Result<u64, StorageError> {
        Ok(match on {
            Connection::Sqlite(on) => {
                prepared!(self, sqlite_arguments).execute(&mut **on).await?.rows_affected()
            }
            Connection::Postgres(on) => {
                prepared!(self, postgres_arguments).execute(&mut **on).await?.rows_affected()
            }
        })
    }

    pub(super) async fn fetch_all(self, on: &mut Connection) -> Result<Vec<Row>, StorageError> {
        Ok(match on {
            Connection::Sqlite(on) => {
                let rows = prepared!(self, sqlite_arguments).fetch_all(&mut **on).await?;
                rows.into_iter().map(Row::Sqlite).collect()
            }
            Connection::Postgres(on) => {
                let rows = prepared!(self, postgres_arguments).fetch_all(&mut **on).await?;
                rows.into_iter().map(Row::Postgres).collect()
            }
        })
    }

    pub(super) async fn fetch_optional(
        self,
        on: &mut Connection,
    ) -> Result<Option<Row>, StorageError> {
        Ok(match on {
            Connection::Sqlite(on) => {
                prepared!(self, sqlite_arguments).fetch_optional(&mut **on).await?.map(Row::Sqlite)
            }
            Connection::Postgres(on) => prepared!(self, postgres_arguments)
                .fetch_optional(&mut **on)
                .await?
                .map(Row::Postgres),
        })
    }

    pub(super) async fn fetch_one(self, on: &mut Connection) -> Result<Row, StorageError> {
        Ok(self.fetch_optional(on).await?.ok_or(sqlx::Error::RowNotFound)?)
    }
}

/// Runs words without values, as they stand.
pub(super) async fn run(on: &mut Connection, sql: &'static str) -> Result<(), StorageError> {
    query(sql).execute(on).await?;
    Ok(())
}
