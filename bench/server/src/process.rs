//! A server in its own process: started on a free port, measured from outside, ended with its handle.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use tim_protocol::usersig::SecretKey;

/// The app both servers are asked about.
pub const APP: u32 = 1_400_000_001;
const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// The key both clients sign with.
pub fn key() -> SecretKey {
    SecretKey::new(KEY.to_owned())
}

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
    /// Host and port.
    pub address: String,
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
        let address = line.trim().rsplit("http://").next().unwrap_or_default().to_owned();
        anyhow::ensure!(!address.is_empty(), "it did not say where it listens");
        // The line is printed when the port is bound; give the database a moment to open.
        tokio::time::sleep(Duration::from_millis(300)).await;
        Ok(Self { child, address, _folder: folder })
    }

    /// CPU time used so far, in seconds.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in parentheses may hold spaces; the numbers come after it.
        let numbers = stat.rsplit(')').next().context("a stat line")?;
        let number = |index: usize| -> Result<f64> {
            Ok(numbers.split_whitespace().nth(index).context("a stat field")?.parse()?)
        };
        // The kernel counts in hundredths on every Linux this runs on.
        Ok((number(11)? + number(12)?) / 100.0)
    }

    /// Memory in use, in kilobytes.
    pub fn memory_kilobytes(&self) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|it| it.strip_prefix("VmRSS:")).context("VmRSS")?;
        Ok(line.split_whitespace().next().context("a number")?.parse()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
