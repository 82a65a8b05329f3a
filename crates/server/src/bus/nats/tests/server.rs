//! A real nats-server for a test: on a free port of this machine, gone with the test.

use std::{
    io::ErrorKind,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// A nats-server.
pub(super) struct Server {
    child: Child,
    pub port: u16,
    /// Where other servers join it, if it was started so.
    route_port: Option<u16>,
    arguments: Vec<String>,
    folder: TempDir,
}

impl Server {
    /// Starts one; returns when it listens.
    pub(super) async fn start(arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|it| (*it).to_owned()).collect();
        let folder = tempfile::tempdir().unwrap();
        let child = spawn(&arguments, "-1", folder.path());
        let ports = folder.path().join(format!("nats-server_{}.ports", child.id()));
        let mut server = Self { child, port: 0, route_port: None, arguments, folder };
        let text = server
            .waits_for(|| {
                // The file is there before all of its text is.
                std::fs::read_to_string(&ports).ok().filter(|it| it.ends_with('}'))
            })
            .await;
        let mut ports = text.split("127.0.0.1:").skip(1).map(|rest| {
            rest.split(|it: char| !it.is_ascii_digit()).next().unwrap().parse().unwrap()
        });
        server.port = ports.next().unwrap();
        server.route_port = ports.next();
        server
    }

    async fn waits_for<T>(&mut self, mut find: impl FnMut() -> Option<T>) -> T {
        let begun = Instant::now();
        loop {
            if let Some(it) = find() {
                return it;
            }
            assert_eq!(self.child.try_wait().unwrap(), None, "nats-server ended at once");
            assert!(begun.elapsed() < Duration::from_secs(10), "nats-server does not start");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(super) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub(super) fn route_url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.route_port.expect("it was started with --cluster"))
    }

    /// Ends it the hard way.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, on the same port.
    pub(super) async fn start_again(&mut self) {
        self.child = spawn(&self.arguments, &self.port.to_string(), self.folder.path());
        let address = ("127.0.0.1", self.port);
        self.waits_for(|| std::net::TcpStream::connect(address).ok()).await;
    }

    /// Sends it a signal, by the name that `kill` knows.
    pub(super) fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn spawn(arguments: &[String], port: &str, folder: &Path) -> Child {
    let mut command = Command::new("nats-server");
    command.args(["-a", "127.0.0.1", "-p", port, "--ports_file_dir"]).arg(folder).args(arguments);
    match command.stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("this test needs nats-server: install the package nats-server (Debian, Ubuntu)")
        }
        Err(error) => panic!("nats-server does not start: {error}"),
    }
}
