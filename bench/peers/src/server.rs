//! A server in its own process: started on a free port in a folder of its own, measured from outside,
//! ended with its handle.
//!
//! Neither server wants to be root. When we are, it gets the user its package made, by `setpriv`,
//! which becomes the server, so that the process we started is the one we measure. The system ends it
//! when we are killed.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tokio::{net::TcpStream, time::sleep};

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(30);

/// A kind of server.
pub struct Peer {
    /// What people call it.
    pub name: &'static str,
    /// The Debian package, and the user that belongs to it.
    pub package: &'static str,
    /// Writes its configuration into the folder and answers the command that starts it in the
    /// foreground; `None` when it is not installed.
    pub prepare: fn(folder: &Path, port: u16) -> Result<Option<Invocation>>,
}

/// A program with its arguments and its whole environment, but for `PATH`.
pub struct Invocation {
    /// A path or a name.
    pub program: String,
    /// In order.
    pub arguments: Vec<String>,
    /// Names and values.
    pub environment: Vec<(&'static str, String)>,
}

/// A running server.
pub struct Server {
    child: Child,
    /// Host and port.
    pub address: String,
    folder: TempDir,
}

impl Server {
    /// Starts it and waits until it listens; `None` when it is not installed.
    pub async fn start(peer: &Peer) -> Result<Option<Self>> {
        let folder = tempfile::Builder::new().prefix("tim-bench-peers-").tempdir()?;
        let port = free_port()?;
        let Some(invocation) = (peer.prepare)(folder.path(), port)? else { return Ok(None) };
        let log = fs::File::create(folder.path().join("output.log"))?;
        let mut command = unprivileged(peer.package, folder.path())?;
        command
            .arg(invocation.program)
            .args(invocation.arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(invocation.environment)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        // The main thread starts it, and is the one whose end would end it, too.
        let child = command.spawn().context("cannot start `setpriv` of util-linux")?;
        let mut server = Self { child, address: format!("127.0.0.1:{port}"), folder };
        server.listens().await.with_context(|| server.last_words())?;
        Ok(Some(server))
    }

    async fn listens(&mut self) -> Result<()> {
        let began = Instant::now();
        while TcpStream::connect(&self.address).await.is_err() {
            ensure!(self.child.try_wait()?.is_none(), "it ended at once");
            ensure!(began.elapsed() < START, "it does not listen after {} s", START.as_secs());
            sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// What it printed, as the context of an error.
    pub fn last_words(&self) -> String {
        match fs::read_to_string(self.folder.path().join("output.log")) {
            Ok(said) if !said.trim().is_empty() => {
                format!("the server printed:\n{}", said.trim_end())
            }
            _ => "the server printed nothing".into(),
        }
    }

    /// CPU time of all its threads so far, in seconds. What it started beside itself does nothing here.
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

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port nobody listens on. Neither server says which one it got when it chooses by itself.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Begins a command that runs as `user` when we are root; the folder becomes that user's.
fn unprivileged(user: &str, folder: &Path) -> Result<Command> {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL"]);
    let id = Command::new("id").arg("-u").output().context("cannot start `id`")?;
    if id.stdout.trim_ascii() == b"0" {
        let given = Command::new("chown").arg("-R").arg(user).arg(folder).status();
        ensure!(given.context("cannot start `chown`")?.success(), "there is no user {user}");
        command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
    }
    Ok(command)
}
