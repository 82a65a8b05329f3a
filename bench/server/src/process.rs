//! A server in its own process: started on a free port, ended with its handle.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

/// The app both servers are asked about.
pub const APP: u32 = 1_400_000_001;
/// Its secret key.
pub const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Limits that one machine with all connections does not reach.
const CONFIG: &str = r#"
listen = "127.0.0.1:0"
log = "warn"

[limits]
connectionsPerAddress = 100000
requestsPerSecond = 1000000

[[app]]
sdkAppID = 1400000001
secretKeys = ["0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]
c2cSendRatePerSecond = 1000000
"#;

/// A running server with a folder of its own.
pub struct Process {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    _folder: TempDir,
}

impl Process {
    /// Starts the server that is measured.
    pub async fn tim_server(binary: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let config = folder.path().join("config.toml");
        fs::write(&config, CONFIG)?;
        let mut command = Command::new(binary);
        command.arg("--config").arg(config).arg("--data").arg(folder.path().join("data"));
        Self::start(command, folder).await
    }

    /// Starts the reference, which is this program.
    pub async fn reference() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("reference").arg(folder.path());
        Self::start(command, folder).await
    }

    /// The first line a server prints ends with its address.
    async fn start(mut command: Command, folder: TempDir) -> Result<Self> {
        let mut child = command.stdout(Stdio::piped()).spawn().context("it does not start")?;
        let output = child.stdout.take().context("its output is read here")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        let address = line.trim().rsplit("http://").next().unwrap_or_default();
        let address = address.parse().context("it did not say where it listens")?;
        // The line is printed when the port is bound; give the database a moment to open.
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok(Self { child, address, _folder: folder })
    }

    /// Its process id, to measure it from outside.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
