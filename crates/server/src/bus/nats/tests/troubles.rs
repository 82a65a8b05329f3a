//! What the operator is told when NATS cannot be used.

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
};

use super::*;

/// Both ways of asking tell the same. Returns what they tell.
async fn trouble(url: &str, ca_file: Option<PathBuf>) -> String {
    let bus = NatsBus::connect(NatsOptions { ca_file: ca_file.clone(), ..options(url, 1) });
    let bus = bus.await.unwrap();
    let mut told = String::new();
    eventually("the trouble is told", || {
        if let State::Away { why, .. } = bus.state() {
            told = why.to_string();
        }
        told != "not connected yet"
    })
    .await;
    assert_eq!(check(url, ca_file).await, Err(BusError::Away(told.clone())), "{url}");
    assert!(!told.contains("secret"), "{told}");
    told
}

#[tokio::test]
async fn a_good_nats_is_introduced() {
    let server = Server::start(&["--user", "u", "--pass", "secret"]).await;
    let port = server.port;
    let told = check(&format!("nats://u:secret@127.0.0.1:{port}"), None).await.unwrap();
    assert!(told.starts_with("NATS 2.") && told.contains(&format!("127.0.0.1:{port}")), "{told}");
    assert!(!told.contains("secret"), "{told}");
}

#[tokio::test]
async fn nobody_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let told = trouble(&format!("nats://127.0.0.1:{port}"), None).await;
    assert_eq!(told, format!("nobody listens at 127.0.0.1:{port}"));
    let told = trouble("nats://nats.invalid", None).await;
    assert_eq!(told, "the name nats.invalid has no address");
}

#[tokio::test]
async fn a_wrong_password() {
    let server = Server::start(&["--user", "u", "--pass", "right"]).await;
    let port = server.port;
    let told = trouble(&format!("nats://u:secret@127.0.0.1:{port}"), None).await;
    assert_eq!(told, format!("NATS at 127.0.0.1:{port} refuses this user and password"));
    let told = trouble(&format!("nats://127.0.0.1:{port}"), None).await;
    assert_eq!(told, format!("NATS at 127.0.0.1:{port} wants a user and a password"));
}

#[tokio::test]
async fn a_user_who_may_not_use_the_subjects() {
    for permissions in ["publish: x", "subscribe: \"tim.v1.test.inbox.>\""] {
        let file = tempfile::NamedTempFile::new().unwrap();
        let user = format!("{{ user: u, password: p, permissions: {{ {permissions} }} }}");
        std::fs::write(file.path(), format!("authorization {{ users: [{user}] }}")).unwrap();
        let server = Server::start(&["--config", &file.path().to_string_lossy()]).await;
        let url = format!("nats://u:p@127.0.0.1:{}", server.port);
        let bus = NatsBus::connect(options(&url, 1)).await.unwrap();
        eventually("the trouble is told", || match bus.state() {
            State::Away { why, .. } => why.contains("lets this user do too little"),
            State::Up | State::Alone => false,
        })
        .await;
    }
}

#[tokio::test]
async fn tls_that_does_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (cert_file, key_file) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&cert_file, cert.pem()).unwrap();
    std::fs::write(&key_file, signing_key.serialize_pem()).unwrap();
    let (cert_text, key_text) = (cert_file.to_string_lossy(), key_file.to_string_lossy());
    let server = Server::start(&["--tls", "--tlscert", &cert_text, "--tlskey", &key_text]).await;
    let port = server.port;
    for scheme in ["tls", "nats"] {
        let told = trouble(&format!("{scheme}://localhost:{port}"), None).await;
        let expected = format!("the certificate of NATS at localhost:{port} is not trusted");
        assert!(told.starts_with(&expected), "{told}");
        let url = format!("{scheme}://localhost:{port}");
        check(&url, Some(cert_file.clone())).await.expect("a trusted certificate is fine");
    }

    let plain = Server::start(&[]).await;
    let told = trouble(&format!("tls://localhost:{}", plain.port), Some(cert_file)).await;
    assert!(told.starts_with(&format!("NATS at localhost:{} has no TLS", plain.port)), "{told}");
}

/// Serves each connection with a function for as long as the test lives.
async fn listen<F: Future<Output = ()> + Send + 'static>(
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    port
}

#[tokio::test]
async fn something_that_is_not_nats() {
    let talking = listen(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        future::pending::<()>().await;
    });
    let silent = listen(|stream| async move {
        let _open = stream;
        future::pending::<()>().await;
    });
    let hanging_up = listen(|stream| async move { drop(stream) });
    for port in [talking.await, silent.await, hanging_up.await] {
        let told = trouble(&format!("nats://127.0.0.1:{port}"), None).await;
        let expected = format!("what listens at 127.0.0.1:{port} does not speak NATS");
        assert!(told.starts_with(&expected), "{told}");
    }
}

#[tokio::test]
async fn the_sentence_does_not_change_from_attempt_to_attempt() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let url = format!("nats://127.0.0.1:{port},nats://localhost:{port}");
    let bus = NatsBus::connect(options(&url, 1)).await.unwrap();
    let expected =
        format!("nobody listens at 127.0.0.1:{port}; nobody listens at localhost:{port}");
    eventually("both are told of", || match bus.state() {
        State::Away { why, .. } => *why == *expected,
        State::Up | State::Alone => false,
    })
    .await;
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn lines(&self, word: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|it| it.contains(word)).map(String::from).collect()
    }
}

#[tokio::test]
async fn the_log_tells_of_changes_only_and_of_no_secret() {
    let server = Server::start(&["--user", "u", "--pass", "right"]).await;
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // All tasks of the test run on this thread.
    let _logging = tracing::subscriber::set_default(subscriber);
    let url = format!("nats://u:secret@127.0.0.1:{}", server.port);
    let _bus = NatsBus::connect(options(&url, 1)).await.unwrap();
    eventually("it was tried a few times", || log.lines("establishing connection").len() > 4).await;
    let told = log.lines("tim_server::bus");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("refuses this user and password"), "{told:#?}");
    assert_eq!(log.lines("secret"), [""; 0]);
}
