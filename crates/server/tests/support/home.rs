//! Where a test's server keeps its things: a folder, and in it the database. With
//! `TIM_TEST_POSTGRES=postgres://user@host:port` the database is a new one of that PostgreSQL instead,
//! so that the same tests show what holds on both.

use sqlx::{Connection as _, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;
use tim_rig::postgres::Postgres;
use tim_server::{config::Config, storage::Location};

pub struct Home {
    pub folder: TempDir,
    /// URL of the PostgreSQL database, when it is one.
    database: Option<String>,
    /// The PostgreSQL that was started for this test alone.
    _engine: Option<Postgres>,
}

impl Home {
    pub async fn new() -> Self {
        let database = match std::env::var("TIM_TEST_POSTGRES") {
            Ok(server) => Some(new_database(&server).await),
            Err(_) => None,
        };
        Self { folder: tempfile::tempdir().unwrap(), database, _engine: None }
    }

    /// With PostgreSQL in any case: the one that was named, or one of its own.
    pub async fn on_postgres() -> Self {
        if std::env::var("TIM_TEST_POSTGRES").is_ok() {
            return Self::new().await;
        }
        let engine = Postgres::start().await.unwrap();
        let database = Some(engine.create_database("tim").await.unwrap());
        Self { folder: tempfile::tempdir().unwrap(), database, _engine: Some(engine) }
    }

    /// Another server of the same database, with a folder of its own.
    pub fn neighbour(&self) -> Self {
        let database = self.database.clone();
        Self { folder: tempfile::tempdir().unwrap(), database, _engine: None }
    }

    pub fn config(&self) -> Config {
        let mut config = Config::new(self.folder.path().to_owned());
        config.database.clone_from(&self.database);
        config
    }

    pub fn location(&self) -> Location {
        self.config().location()
    }

    /// Runs statements behind the server's back, each engine its own.
    pub async fn sql_of(&self, sqlite: &'static str, postgres: &'static str) {
        match &self.database {
            Some(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                sqlx::raw_sql(postgres).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
            None => {
                let file = SqliteConnectOptions::new().filename(self.folder.path().join("tim.db"));
                let mut connection = SqliteConnection::connect_with(&file).await.unwrap();
                sqlx::raw_sql(sqlite).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    pub async fn sql(&self, statement: &'static str) {
        self.sql_of(statement, statement).await;
    }
}

async fn new_database(server: &str) -> String {
    let name = tempfile::Builder::new().prefix("tim_").rand_bytes(10).tempfile().unwrap();
    let name = name.path().file_name().unwrap().to_str().unwrap().to_lowercase();
    let mut connection = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
    let create = format!("CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0");
    sqlx::raw_sql(sqlx::AssertSqlSafe(create)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    format!("{server}/{name}")
}
