//! HAProxy in front of servers of a test, with the configuration of `deploy/haproxy.cfg`.
//!
//! Only the marked lines differ from what operators run: addresses, TLS only if it is asked for, small
//! numbers, health checks every 200 ms. Servers are exchanged while it runs, through its control socket, as an operator
//! would: connections that are open stay open.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use crate::certificate::Certificate;
use crate::port::Port;
use crate::process::{Account, Farewell, Process, Program};
use crate::programs::program;
use crate::template;

const TEMPLATE: &str = include_str!("../../../deploy/haproxy.cfg");
const PATIENCE: Duration = Duration::from_secs(20);
/// Servers it has room for.
pub const SERVERS: usize = 16;

/// A running HAProxy; dropping it ends it and removes its folder.
#[derive(Debug)]
pub struct HaProxy {
    // Dropped in this order: nobody writes into the folder when it is removed.
    process: Process,
    port: Port,
    folder: TempDir,
}

impl HaProxy {
    /// One that spreads connections over these servers, which need not be up yet.
    ///
    /// # Errors
    /// When there are more than [`SERVERS`], HAProxy is not installed or does not start, with the end
    /// of its log.
    pub async fn start(backends: &[SocketAddr]) -> Result<Self> {
        Self::start_with(backends, None).await
    }

    /// The same; with a certificate it speaks TLS and nothing else.
    ///
    /// # Errors
    /// Those of [`HaProxy::start`].
    pub async fn start_with(backends: &[SocketAddr], tls: Option<&Certificate>) -> Result<Self> {
        let folder = TempDir::with_prefix("tim-rig-haproxy-")?;
        let port = Port::claim()?;
        let control = folder.path().join("control").display().to_string();
        let account = Account::instead_of_root("haproxy")?;
        let account = account.map_or("", |_| "    user haproxy\n    group haproxy");
        let mut listen = format!("    bind {}", port.address());
        if let Some(tls) = tls {
            // One file with both, which it reads before it gives up being root.
            let pem = folder.path().join("tim.pem");
            fs::write(&pem, format!("{}{}", tls.certificate, tls.key))?;
            listen.push_str(&format!(" ssl crt {} alpn http/1.1", pem.display()));
        }
        let configuration = template::fill(
            TEMPLATE,
            &[
                ("account", account.to_owned()),
                ("capacity", "    maxconn 4000".to_owned()),
                ("control", format!("    stats socket {control} mode 600 level admin")),
                ("listen", listen),
                ("checks", "    default-server check inter 200ms fall 2 rise 1".to_owned()),
                ("nodes", servers()),
            ],
        )?;
        let (file, log) = (folder.path().join("haproxy.cfg"), folder.path().join("log"));
        fs::write(&file, configuration)?;
        // In the foreground, one process.
        let mut process = Program::new(&program("haproxy", "haproxy")?, Farewell::Kill)
            .args(["-db", "-f"])
            .arg(&file)
            .start(&log, &log)?;
        let accepts = async || TcpStream::connect(port.address()).await.is_ok();
        process.ready(PATIENCE, accepts).await?;
        let haproxy = Self { process, port, folder };
        haproxy.set_backends(backends).await?;
        Ok(haproxy)
    }

    /// The address clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// New connections go to these servers from now on; open ones stay where they are.
    ///
    /// # Errors
    /// When there are more than [`SERVERS`].
    pub async fn set_backends(&self, backends: &[SocketAddr]) -> Result<()> {
        ensure!(backends.len() <= SERVERS, "room for {SERVERS} servers, not {}", backends.len());
        for number in 1..=SERVERS {
            let server = format!("nodes/node{number}");
            let mut commands = format!("set server {server} state maint");
            if let Some(backend) = backends.get(number - 1) {
                let (ip, port) = (backend.ip(), backend.port());
                commands.push_str(&format!(
                    "; set server {server} addr {ip} port {port}; set server {server} state ready"
                ));
            }
            let answer = self.command(&commands).await?;
            let is_done = !answer.contains("No such") && !answer.contains("Invalid");
            ensure!(is_done, "HAProxy does not take {server}: {}", answer.trim());
        }
        Ok(())
    }

    /// The servers that pass their health checks now, in the order they were given.
    ///
    /// # Errors
    /// When HAProxy does not answer.
    pub async fn healthy(&self) -> Result<Vec<SocketAddr>> {
        let table = self.command("show stat").await?;
        let mut rows = table.trim_start_matches("# ").lines().map(|it| it.split(',').collect());
        let names: Vec<&str> = rows.next().context("HAProxy shows no table")?;
        let column = |name: &str| names.iter().position(|it| *it == name);
        let status = column("status").context("the table has no status")?;
        let address = column("addr").context("the table has no address")?;
        let up = rows.filter(|row| row.get(status).is_some_and(|it| it.starts_with("UP")));
        // Rows of whole backends have no address.
        Ok(up.filter_map(|row: Vec<&str>| row.get(address)?.parse().ok()).collect())
    }

    /// One line of its control language, or several with `;` between; what it answers.
    ///
    /// # Errors
    /// When HAProxy has ended.
    pub async fn command(&self, commands: &str) -> Result<String> {
        let mut stream = UnixStream::connect(self.control()).await.context("HAProxy has ended")?;
        stream.write_all(format!("{commands}\n").as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }

    /// CPU time since it was started, in seconds.
    #[must_use]
    pub fn cpu_seconds(&self) -> f64 {
        self.process.cpu_seconds()
    }

    fn control(&self) -> PathBuf {
        self.folder.path().join("control")
    }
}

/// Places for servers; the address is nobody's until one is set.
fn servers() -> String {
    let lines = (1..=SERVERS).map(|it| format!("    server node{it} 127.0.0.1:1 disabled"));
    lines.collect::<Vec<_>>().join("\n")
}
