//! A PostgreSQL of one's own, as durable as in production and quick to start.
//!
//! Two roles exist. `postgres`, the superuser, is asked through the socket file inside the folder
//! ([`Postgres::sql`]), which works whatever the network and the connection limit do. [`ROLE`] is what
//! servers under test log in as: it may create databases and nothing else, so the limit and the rights
//! of a plain role hold for them.

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tokio::process::Command;

use crate::certificate::Certificate;
use crate::port::Port;
use crate::process::{Account, Farewell, Process, Program, Signal};
use crate::programs::postgres_program;

/// The role of [`Postgres::url`].
pub const ROLE: &str = "tim";
/// How long starting, stopping or one statement may take; recovery on a busy disk is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// How [`ROLE`] proves who it is over TCP.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Authentication {
    /// It is believed.
    #[default]
    Trust,
    /// By this password (SCRAM). It stands in URLs as it is, so letters, digits and `-_.~` only.
    Password(String),
}

/// How a PostgreSQL is started.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// Over TCP.
    pub authentication: Authentication,
    /// Connections at most, three of them only for the superuser.
    pub max_connections: u32,
    /// Offers TLS with this certificate; without one it is refused.
    pub certificate: Option<Certificate>,
    /// Refuses connections over TCP that do not use TLS.
    pub requires_tls: bool,
    /// More lines of `postgresql.conf`, which win over the rig's own.
    pub extra: String,
}

impl Default for PostgresSettings {
    fn default() -> Self {
        Self {
            authentication: Authentication::Trust,
            max_connections: 100,
            certificate: None,
            requires_tls: false,
            extra: String::new(),
        }
    }
}

/// A running (or stopped) PostgreSQL; dropping it ends it and removes its folder.
#[derive(Debug)]
pub struct Postgres {
    // Dropped in this order: nobody writes into the folder when it is removed.
    process: Option<Process>,
    settings: PostgresSettings,
    port: Port,
    account: Option<Account>,
    folder: TempDir,
}

impl Postgres {
    /// One with the default settings, accepting connections.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start, with the end of its log.
    pub async fn start() -> Result<Self> {
        Self::start_with(PostgresSettings::default()).await
    }

    /// One with these settings, accepting connections.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start, with the end of its log.
    pub async fn start_with(settings: PostgresSettings) -> Result<Self> {
        let mut postgres = Self {
            process: None,
            settings,
            port: Port::claim()?,
            account: Account::instead_of_root("postgres")?,
            folder: TempDir::with_prefix("tim-rig-postgres-")?,
        };
        postgres.initialise().await?;
        postgres.start_again().await?;
        let mut role = format!("CREATE ROLE {ROLE} LOGIN CREATEDB");
        if let Authentication::Password(password) = &postgres.settings.authentication {
            role.push_str(&format!(" PASSWORD '{password}'"));
        }
        postgres.sql("postgres", &role).await?;
        Ok(postgres)
    }

    async fn initialise(&self) -> Result<()> {
        if let Some(account) = self.account {
            account.own(self.folder.path())?;
        }
        // Not synced: whoever switches the machine off now has no test to continue.
        let mut initdb = Program::new(&postgres_program("initdb")?, Farewell::Kill)
            .args(["--username=postgres", "--auth=trust", "--no-sync"])
            .args(["--encoding=UTF8", "--locale=C.UTF-8", "--pgdata"])
            .arg(self.data())
            .account(self.account)
            .start(&self.log_file(), &self.log_file())?;
        let mut status = None;
        while status.is_none() {
            tokio::time::sleep(crate::process::GLANCE).await;
            status = initdb.try_wait()?;
        }
        let is_done = status.is_some_and(|it| it.success());
        ensure!(is_done, "initdb failed:\n{}", self.log());
        fs::write(self.data().join("pg_hba.conf"), self.access())?;
        let file = self.data().join("postgresql.conf");
        let defaults = fs::read_to_string(&file)?;
        fs::write(&file, format!("{defaults}\n{}", self.configuration()?))?;
        Ok(())
    }

    /// Who may connect how.
    fn access(&self) -> String {
        let kind = if self.settings.requires_tls { "hostssl" } else { "host" };
        let method = match self.settings.authentication {
            Authentication::Trust => "trust",
            Authentication::Password(_) => "scram-sha-256",
        };
        format!("local all postgres trust\n{kind} all {ROLE} 127.0.0.1/32 {method}\n")
    }

    fn configuration(&self) -> Result<String> {
        let (folder, settings) = (self.folder.path().display(), &self.settings);
        let mut lines = format!(
            "listen_addresses = '127.0.0.1'\n\
             port = {}\n\
             unix_socket_directories = '{folder}'\n\
             max_connections = {}\n\
             shared_buffers = 16MB\n\
             fsync = on\n\
             synchronous_commit = on\n",
            self.port.number(),
            settings.max_connections
        );
        if let Some(certificate) = &settings.certificate {
            let files = certificate.write_to(self.folder.path())?;
            if let Some(account) = self.account {
                account.own(&files.key)?;
                account.own(&files.certificate)?;
            }
            let (chain, key) = (files.certificate.display(), files.key.display());
            lines.push_str(&format!(
                "ssl = on\nssl_cert_file = '{chain}'\nssl_key_file = '{key}'\n"
            ));
        }
        Ok(lines + &settings.extra + "\n")
    }

    /// Where [`ROLE`] finds a database.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let secret = match &self.settings.authentication {
            Authentication::Trust => String::new(),
            Authentication::Password(password) => format!(":{password}"),
        };
        format!("postgres://{ROLE}{secret}@{}/{database}", self.port.address())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> std::net::SocketAddr {
        self.port.address()
    }

    /// Makes an empty database that belongs to [`ROLE`]; its URL.
    ///
    /// # Errors
    /// When there is one already or the server is not up.
    pub async fn create_database(&self, name: &str) -> Result<String> {
        self.sql("postgres", &format!("CREATE DATABASE \"{name}\" OWNER {ROLE}")).await?;
        Ok(self.url(name))
    }

    /// Runs statements as the superuser, all of one call in one transaction. The rows that came out, one
    /// per line, columns separated by `|`.
    ///
    /// # Errors
    /// With the server's complaint.
    pub async fn sql(&self, database: &str, statements: &str) -> Result<String> {
        let mut psql = Command::new(postgres_program("psql")?);
        psql.args(["--no-psqlrc", "--quiet", "--no-align", "--tuples-only"])
            .args(["--set", "ON_ERROR_STOP=1", "--username", "postgres", "--host"])
            .arg(self.folder.path())
            .args(["--port", &self.port.number().to_string(), "--dbname", database])
            .args(["--command", statements])
            // The variables of whoever runs the tests may name another server.
            .env_clear()
            .env("PGCLIENTENCODING", "UTF8")
            .stdin(Stdio::null())
            .kill_on_drop(true);
        let output = tokio::time::timeout(PATIENCE, psql.output())
            .await
            .context("the database did not answer in time")??;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}", complaint.trim());
        Ok(String::from_utf8(output.stdout)?.trim_end().to_owned())
    }

    /// Ends it in good order: connections are closed, everything is written (fast shutdown).
    ///
    /// # Errors
    /// When it does not end within a minute.
    pub async fn stop(&mut self) -> Result<()> {
        if let Some(process) = &mut self.process {
            process.end(Signal::INT, PATIENCE).await?;
        }
        self.process = None;
        Ok(())
    }

    /// Ends all its processes at once, as a crash of the machine would end them; what was committed is
    /// on disk and comes back with [`Postgres::start_again`].
    ///
    /// # Errors
    /// When one of them does not go away.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(process) = &mut self.process {
            process.kill()?;
            self.forget_memory();
        }
        self.process = None;
        Ok(())
    }

    /// A killed server leaves a small segment of shared memory, which only its next start would remove.
    fn forget_memory(&self) {
        let note = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
        let segment = note.lines().nth(6).and_then(|it| it.split_whitespace().nth(1));
        if let Some(segment) = segment {
            // Nothing depends on it; at worst a few bytes stay until the machine starts again.
            let _ = std::process::Command::new("ipcrm").args(["--shmem-id", segment]).output();
        }
    }

    /// Starts it again in the same folder and on the same port, and waits until it accepts connections.
    ///
    /// # Errors
    /// When it runs already or does not start, with the end of its log.
    pub async fn start_again(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "PostgreSQL is running");
        let note = self.data().join("postmaster.pid");
        // The note of a killed one says that it is ready.
        let _ = fs::remove_file(&note);
        // An immediate shutdown takes all its children and its shared memory along.
        let mut process = Program::new(&postgres_program("postgres")?, Farewell::Quit)
            .arg("-D")
            .arg(self.data())
            .account(self.account)
            .start(&self.log_file(), &self.log_file())?;
        // The last line of its note is how `pg_ctl` knows as well.
        let ready = async || fs::read_to_string(&note).is_ok_and(|it| it.contains("\nready"));
        process.ready(PATIENCE, ready).await?;
        self.process = Some(process);
        Ok(())
    }

    /// Stops all its processes where they are: connections stay open and nothing answers.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pause(&self) -> Result<()> {
        self.process()?.pause()
    }

    /// Lets them go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn resume(&self) -> Result<()> {
        self.process()?.resume()
    }

    /// CPU time of all its processes since it was started, in seconds.
    ///
    /// # Errors
    /// When it does not run.
    pub fn cpu_seconds(&self) -> Result<f64> {
        Ok(self.process()?.cpu_seconds())
    }

    /// Its log since the beginning.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    fn process(&self) -> Result<&Process> {
        self.process.as_ref().context("PostgreSQL is stopped")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}
