//! Short runs against a real server in this process: both kinds of clients, storms, a restart.

use std::{net::SocketAddr, path::Path, time::Duration};

use tim_load::{
    Load,
    check::Kind,
    options::{Mix, Options, Storm},
    report::Report,
};
use tim_protocol::usersig::SecretKey;
use tim_server::config::{App, Config};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle, time::timeout};

const APP: u32 = 1_400_000_001;
const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const DEADLINE: Duration = Duration::from_secs(90);

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    async fn start(folder: &Path) -> Self {
        let mut config = Config::new(folder.to_owned());
        let secret_keys = vec![SecretKey::new(KEY.to_owned())];
        let app = App { secret_keys, c2c_send_rate_per_second: 1_000_000, ..App::new(APP) };
        config.apps = vec![app];
        config.limits.requests_per_second = 1_000_000;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async {
            let _ = stopped.await;
        };
        let running = tim_server::run(listener, config, shutdown, std::future::pending());
        let task = tokio::spawn(async { running.await.unwrap() });
        Self { address, stop, task }
    }

    async fn stop(self) {
        drop(self.stop);
        timeout(DEADLINE, self.task).await.unwrap().unwrap();
    }
}

fn options(server: &Server) -> Options {
    let options = Options::new(vec![server.address], APP, KEY.to_owned());
    Options { connections: 10, rate: 200.0, ..options }
}

async fn run(options: Options) -> Report {
    let load = Load::start(options).unwrap();
    timeout(DEADLINE, load.finish()).await.expect("a run ends").unwrap()
}

/// Waits for another hundred acknowledgements.
async fn more_acknowledged(load: &Load) {
    let least = load.progress().acknowledged + 100;
    let acknowledged = async {
        while load.progress().acknowledged < least {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(DEADLINE, acknowledged).await.expect("messages go on");
}

#[track_caller]
fn all_went_well(report: &Report, messages: u64) {
    assert!(report.is_good(), "{report}");
    let counted = &report.messages;
    assert_eq!(
        [counted.scheduled, counted.acknowledged, counted.delivered],
        [messages; 3],
        "{report}"
    );
    assert_eq!(report.check.as_ref().unwrap().messages, messages, "{report}");
    assert_eq!(report.send_to_received_ms.count, messages);
}

#[tokio::test(flavor = "multi_thread")]
async fn raw_frames_survive_a_storm() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let storms = vec![Storm { at_s: 0.5, share: 0.5 }];
    let base = options(&server);
    let report = run(Options { storms, messages: Some(300), idle: 4, ..base }).await;
    all_went_well(&report, 300);
    assert_eq!((report.logins.count, report.links.reconnects), (14, 7));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn engines_and_raw_frames_write_to_each_other_through_a_storm() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let storms = vec![Storm { at_s: 0.5, share: 1.0 }];
    let base = options(&server);
    let options = Options { engines: 5, mix: Mix::Random, storms, messages: Some(300), ..base };
    let report = run(options).await;
    all_went_well(&report, 300);
    assert_eq!((report.logins.engines, report.links.reconnects), (5, 10));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_closed_loop_sends_exactly_what_it_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let closed = Options { closed_loop: true, messages: Some(500), ..options(&server) };
    all_went_well(&run(Options { senders: Some(3), ..closed.clone() }).await, 500);
    let engines = Options { connections: 4, engines: 4, users: "sdk".to_owned(), ..closed };
    all_went_well(&run(engines).await, 500);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_moves_in_the_middle_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let load = Load::start(Options { engines: 3, ..options(&server) }).unwrap();
    load.ready().await.unwrap();
    more_acknowledged(&load).await;
    server.stop().await;
    let server = Server::start(folder.path()).await;
    load.set_targets(vec![server.address]);
    more_acknowledged(&load).await;
    let report = timeout(DEADLINE, load.stop_and_check()).await.unwrap().unwrap();
    assert!(report.is_good(), "{report}");
    assert_eq!(report.messages.unanswered, 0, "{report}");
    assert!(report.links.reconnects >= 10, "{report}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_forgets_is_found_out() {
    let (folder, empty) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(folder.path()).await;
    let load = Load::start(Options { settle: 5.0, ..options(&server) }).unwrap();
    load.ready().await.unwrap();
    more_acknowledged(&load).await;
    server.stop().await;
    let server = Server::start(empty.path()).await;
    load.set_targets(vec![server.address]);
    let report = timeout(DEADLINE, load.stop_and_check()).await.unwrap().unwrap();
    let lost = report.check.as_ref().unwrap().by_kind.get(&Kind::Lost);
    assert!(lost.is_some_and(|it| *it >= 100), "{report}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_ends_the_run_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path()).await;
    let load = Load::start(Options { key: "f".repeat(64), ..options(&server) }).unwrap();
    let error = timeout(DEADLINE, load.finish()).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("70009"), "{error}");
    server.stop().await;
}
