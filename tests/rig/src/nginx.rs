//! nginx in front of servers of a test, with the configuration of `deploy/nginx.conf`.
//!
//! Only the marked lines differ from what operators run: addresses, folders and small numbers.

use std::fs::{self, Permissions};
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use anyhow::{Result, ensure};
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::certificate::Certificate;
use crate::port::Port;
use crate::process::{Account, Farewell, Process, Program};
use crate::programs::program;
use crate::template;

const TEMPLATE: &str = include_str!("../../../deploy/nginx.conf");
const PATIENCE: Duration = Duration::from_secs(20);

/// A running nginx; dropping it ends it and removes its folder.
#[derive(Debug)]
pub struct Nginx {
    // Dropped in this order: nobody writes into the folder when it is removed.
    process: Process,
    port: Port,
    folder: TempDir,
}

impl Nginx {
    /// One that spreads connections over these servers, at least one, which need not be up yet. With a
    /// certificate it speaks TLS and nothing else.
    ///
    /// # Errors
    /// When nginx is not installed or does not start, with the end of its log.
    pub async fn start(upstreams: &[SocketAddr], tls: Option<&Certificate>) -> Result<Self> {
        ensure!(!upstreams.is_empty(), "nginx does not start without a server behind it");
        let folder = TempDir::with_prefix("tim-rig-nginx-")?;
        // Its workers run as somebody else, who finds nothing secret here.
        fs::set_permissions(folder.path(), Permissions::from_mode(0o755))?;
        let port = Port::claim()?;
        let path = |name: &str| folder.path().join(name).display().to_string();
        let account = Account::instead_of_root("www-data")?;
        let (mut listen, mut certificate) =
            (format!("        listen {};", port.address()), String::new());
        if let Some(tls) = tls {
            let files = tls.write_to(folder.path())?;
            listen = format!("        listen {} ssl;", port.address());
            certificate = format!(
                "        ssl_certificate {};\n        ssl_certificate_key {};",
                files.certificate.display(),
                files.key.display()
            );
        }
        let nodes = upstreams
            .iter()
            .map(|it| format!("        server {it} max_fails=2 fail_timeout=5s;"))
            .collect::<Vec<_>>();
        let configuration = template::fill(
            TEMPLATE,
            &[
                ("account", account.map_or("", |_| "user www-data;").to_owned()),
                ("pid", format!("pid {};", path("pid"))),
                ("log", "error_log stderr warn;".to_owned()),
                ("files", String::new()),
                ("capacity", "    worker_connections 1000;".to_owned()),
                (
                    "folders",
                    format!(
                        "    client_body_temp_path {};\n    proxy_temp_path {};",
                        path("body"),
                        path("proxy")
                    ),
                ),
                ("nodes", nodes.join("\n")),
                ("listen", listen),
                ("certificate", certificate),
            ],
        )?;
        let (file, log) = (folder.path().join("nginx.conf"), folder.path().join("log"));
        fs::write(&file, configuration)?;
        // Asked to end it takes its workers along.
        let mut process = Program::new(&program("nginx", "nginx-light")?, Farewell::Terminate)
            .args(["-e", "stderr", "-g", "daemon off;", "-c"])
            .arg(&file)
            .start(&log, &log)?;
        let accepts = async || TcpStream::connect(port.address()).await.is_ok();
        process.ready(PATIENCE, accepts).await?;
        Ok(Self { process, port, folder })
    }

    /// The address clients connect to.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// CPU time of all its processes since it was started, in seconds.
    #[must_use]
    pub fn cpu_seconds(&self) -> f64 {
        self.process.cpu_seconds()
    }

    /// Its log since the beginning.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}
