//! A NATS server of one's own, without persistence: what the bus of a cluster stands on.

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::certificate::Certificate;
use crate::port::Port;
use crate::process::{Farewell, Process, Program, Signal};
use crate::programs::program;

const PATIENCE: Duration = Duration::from_secs(20);

/// How a NATS server is started.
#[derive(Clone, Debug, Default)]
pub struct NatsSettings {
    /// User and password that clients must give; letters, digits and `-_.~` only, since they stand in
    /// the URL as they are.
    pub login: Option<(String, String)>,
    /// Clients must use TLS, with this certificate.
    pub certificate: Option<Certificate>,
    /// More lines of its configuration file.
    pub extra: String,
}

/// A running (or stopped) NATS server; dropping it ends it and removes its folder.
#[derive(Debug)]
pub struct Nats {
    // Dropped in this order: nobody writes into the folder when it is removed.
    process: Option<Process>,
    settings: NatsSettings,
    port: Port,
    folder: TempDir,
}

impl Nats {
    /// One that lets everybody in, accepting connections.
    ///
    /// # Errors
    /// When NATS is not installed or does not start, with the end of its log.
    pub async fn start() -> Result<Self> {
        Self::start_with(NatsSettings::default()).await
    }

    /// One with these settings, accepting connections.
    ///
    /// # Errors
    /// When NATS is not installed or does not start, with the end of its log.
    pub async fn start_with(settings: NatsSettings) -> Result<Self> {
        let folder = TempDir::with_prefix("tim-rig-nats-")?;
        let port = Port::claim()?;
        let mut lines = format!("listen: \"{}\"\n", port.address());
        if let Some((user, password)) = &settings.login {
            lines.push_str(&format!(
                "authorization {{ user: \"{user}\", password: \"{password}\" }}\n"
            ));
        }
        if let Some(certificate) = &settings.certificate {
            let files = certificate.write_to(folder.path())?;
            let (chain, key) = (files.certificate.display(), files.key.display());
            lines.push_str(&format!("tls {{ cert_file: \"{chain}\", key_file: \"{key}\" }}\n"));
        }
        fs::write(folder.path().join("nats.conf"), lines + &settings.extra)?;
        let mut nats = Self { process: None, settings, port, folder };
        nats.start_again().await?;
        Ok(nats)
    }

    /// Where clients find it, with their login.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.settings.certificate.is_some() { "tls" } else { "nats" };
        let login = self.settings.login.as_ref();
        let login = login.map(|(user, password)| format!("{user}:{password}@")).unwrap_or_default();
        format!("{scheme}://{login}{}", self.port.address())
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// Ends it; its clients lose their connection.
    ///
    /// # Errors
    /// When it does not end in time.
    pub async fn stop(&mut self) -> Result<()> {
        if let Some(process) = &mut self.process {
            process.end(Signal::INT, PATIENCE).await?;
        }
        self.process = None;
        Ok(())
    }

    /// Ends it without a word.
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

    /// Starts it again on the same port and waits until it greets.
    ///
    /// # Errors
    /// When it runs already or does not start, with the end of its log.
    pub async fn start_again(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "NATS is running");
        let log = self.folder.path().join("log");
        let mut process = Program::new(&program("nats-server", "nats-server")?, Farewell::Kill)
            .arg("--config")
            .arg(self.folder.path().join("nats.conf"))
            .start(&log, &log)?;
        let address = self.address();
        process.ready(PATIENCE, async || greets(address).await).await?;
        self.process = Some(process);
        Ok(())
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

    /// Its log since the beginning.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn process(&self) -> Result<&Process> {
        self.process.as_ref().context("NATS is stopped")
    }
}

/// Whether a server says who it is, which it does before anything else and before TLS.
async fn greets(address: SocketAddr) -> bool {
    let greeting = async {
        let mut bytes = [0; 5];
        TcpStream::connect(address).await?.read_exact(&mut bytes).await?;
        Ok::<_, std::io::Error>(bytes)
    };
    greeting.await.is_ok_and(|it| &it == b"INFO ")
}
