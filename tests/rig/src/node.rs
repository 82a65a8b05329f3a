//! One `tim-server`, as an operator would run it: a program, a configuration file, a data folder.
//!
//! It knows the names of the program's arguments and settings, nothing of what clients say to it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use crate::port::Port;
use crate::process::{Farewell, Process, Program, Signal};
use crate::{http, tree};

/// The app every node serves.
pub const APP: u32 = 1_400_000_001;
/// The key of its UserSigs; a look at it tells that it protects nothing.
pub const SECRET_KEY: &str = "not-a-secret-key-of-tests-0000000000000000000000000000000000000000";

/// How long it may take to start, migrations on a busy machine included, or to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// Limits that one machine with all connections does not reach.
const LIMITS: [(&str, u32); 4] = [
    ("connectionsPerAddress", 1_000_000),
    ("requestsPerSecond", 1_000_000),
    ("loginFailuresPerUser", 0),
    ("loginFailuresPerAddress", 0),
];

/// What goes into the configuration file besides the address and the limits.
#[derive(Clone, Debug, Default)]
pub struct NodeSettings {
    /// `database`: the URL of a PostgreSQL; without it the data is in the node's folder.
    pub database: Option<String>,
    /// `bus`: the URL of a NATS server.
    pub bus: Option<String>,
    /// `node`: its name among the others.
    pub name: Option<String>,
    /// `log`; `info` if empty.
    pub log: String,
    /// More top-level lines.
    pub server: String,
    /// More lines of `[limits]`; those of connections, requests and login failures are so high that
    /// one machine does not reach them, unless they stand here.
    pub limits: String,
    /// More lines of the `[[app]]`; the rig sets number, keys and `c2cSendRatePerSecond`.
    pub app: String,
}

impl NodeSettings {
    fn file(&self, listen: SocketAddr) -> String {
        let log = if self.log.is_empty() { "info" } else { &self.log };
        let mut text = format!("listen = \"{listen}\"\nlog = \"{log}\"\n");
        let names = [("database", &self.database), ("bus", &self.bus), ("node", &self.name)];
        for (key, value) in names {
            if let Some(value) = value {
                text.push_str(&format!("{key} = \"{value}\"\n"));
            }
        }
        let (server, limits, app) = (&self.server, &self.limits, &self.app);
        let ours = LIMITS.iter().filter(|it| !limits.contains(it.0));
        let ours: String = ours.map(|(name, value)| format!("{name} = {value}\n")).collect();
        text + &format!(
            "{server}\n\n[limits]\n{ours}{limits}\n\n[[app]]\nsdkAppID = {APP}\n\
             secretKeys = [\"{SECRET_KEY}\"]\nc2cSendRatePerSecond = 1000000\n{app}\n"
        )
    }
}

/// The program to test: `$TIM_SERVER_BIN`, or this repository's release build, or its debug build.
///
/// # Errors
/// A sentence that says how to build it.
pub fn binary() -> Result<PathBuf> {
    let named = std::env::var_os("TIM_SERVER_BIN").filter(|it| !it.is_empty());
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target");
    let built = ["release", "debug"].map(|it| target.join(it).join("tim-server"));
    let files = named.map_or_else(|| built.to_vec(), |it| vec![it.into()]);
    files.into_iter().find(|it| it.is_file()).context(
        "tim-server is not there; `cargo build --release -p tim-server` makes it, \
         TIM_SERVER_BIN names another one",
    )
}

/// A running (or stopped) `tim-server`; dropping it kills it and removes its folder.
#[derive(Debug)]
pub struct Node {
    // Dropped in this order: nobody writes into the folder when it is removed.
    process: Option<Process>,
    binary: PathBuf,
    port: Port,
    folder: TempDir,
}

impl Node {
    /// Starts one with an empty data folder and waits until it is healthy.
    ///
    /// # Errors
    /// When it ends or is not healthy in time, with the end of its log.
    pub async fn start(binary: &Path, settings: &NodeSettings) -> Result<Self> {
        let folder = TempDir::with_prefix("tim-rig-node-")?;
        let port = Port::claim()?;
        fs::write(folder.path().join("config.toml"), settings.file(port.address()))?;
        let mut node = Self { process: None, binary: binary.to_owned(), port, folder };
        node.start_again().await?;
        Ok(node)
    }

    /// Starts it again with the same configuration, data and port, and waits until it is healthy.
    ///
    /// # Errors
    /// When it runs already, ends or is not healthy in time, with the end of its log.
    pub async fn start_again(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "the node is running");
        let output = self.folder.path().join("output");
        // Written anew by each start, so that the line below is of this one.
        fs::write(&output, "")?;
        let mut process = Program::new(&self.binary, Farewell::Kill)
            .arg("--config")
            .arg(self.folder.path().join("config.toml"))
            .arg("--data")
            .arg(self.folder.path().join("data"))
            .start(&output, &self.log_file())?;
        let address = self.address();
        let line = format!("http://{address}\n");
        let said = async || fs::read_to_string(&output).is_ok_and(|it| it.contains(&line));
        process.ready(PATIENCE, said).await?;
        let healthy = async || http::get(address, "/healthz").await.is_ok_and(|it| it.0 == 200);
        process.ready(PATIENCE, healthy).await?;
        self.process = Some(process);
        Ok(())
    }

    /// Where it listens; the same after [`Node::start_again`].
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Its process ID.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pid(&self) -> Result<u32> {
        Ok(self.process()?.pid())
    }

    /// Ends it without a word (SIGKILL).
    ///
    /// # Errors
    /// When it does not go away.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(process) = &mut self.process {
            process.kill()?;
        }
        self.process = None;
        Ok(())
    }

    /// Asks it to end (SIGTERM) and waits; how it ended.
    ///
    /// # Errors
    /// When it does not run, or does not end within half a minute.
    pub async fn terminate(&mut self) -> Result<ExitStatus> {
        let process = self.process.as_mut().context("the node is stopped")?;
        let status = process.end(Signal::TERM, PATIENCE).await?;
        self.process = None;
        Ok(status)
    }

    /// Stops it where it is: connections stay open and nothing answers.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pause(&self) -> Result<()> {
        self.process()?.pause()
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn resume(&self) -> Result<()> {
        self.process()?.resume()
    }

    /// CPU time since it was started, in seconds.
    ///
    /// # Errors
    /// When it does not run.
    pub fn cpu_seconds(&self) -> Result<f64> {
        Ok(self.process()?.cpu_seconds())
    }

    /// Memory in use (resident set).
    ///
    /// # Errors
    /// When it does not run.
    pub fn memory_kilobytes(&self) -> Result<u64> {
        tree::memory_kilobytes(self.pid()?).context("the node has ended")
    }

    /// Files, sockets and pipes it has open.
    ///
    /// # Errors
    /// When it does not run.
    pub fn open_files(&self) -> Result<usize> {
        tree::open_files(self.pid()?).context("the node has ended")
    }

    /// Status and body of `GET /healthz`.
    ///
    /// # Errors
    /// When it does not answer within five seconds.
    pub async fn health(&self) -> Result<(u16, String)> {
        http::get(self.address(), "/healthz").await
    }

    /// Its log since the beginning, of all starts.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// How it ended, if it has by itself.
    ///
    /// # Errors
    /// When it was stopped through this handle.
    pub fn try_wait(&mut self) -> Result<Option<ExitStatus>> {
        self.process.as_mut().context("the node is stopped")?.try_wait()
    }

    /// The folder with `config.toml`, `data` and `log`; gone with the handle.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn process(&self) -> Result<&Process> {
        self.process.as_ref().context("the node is stopped")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("log")
    }
}
