//! TLS without a proxy: who gets through the handshake, and certificates that are renewed.

mod support;

use std::{path::Path, sync::Arc, time::Duration};

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use support::{APP, Server, app, pass, user_sig};
use tempfile::TempDir;
use tim_server::{
    config::{BadCertificate, Certificate},
    http::refresh_certificate,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName},
    },
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

const DEADLINE: Duration = Duration::from_secs(10);

/// Makes a certificate that vouches for itself and writes both files.
fn issue(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("certificate.pem"), made.cert.pem()).unwrap();
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
    made.cert.der().clone()
}

fn read(folder: &Path) -> Result<Certificate, BadCertificate> {
    Certificate::read(folder.join("certificate.pem"), folder.join("key.pem"))
}

async fn start(folder: &TempDir) -> (Server, Arc<Certificate>) {
    let certificate = Arc::new(read(folder.path()).unwrap());
    let shown = Arc::clone(&certificate);
    (Server::configured(app(), |config| config.tls = Some(shown)).await, certificate)
}

async fn greet(
    server: &Server,
    trusted: &CertificateDer<'static>,
    protocols: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|it| it.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

type Socket = WebSocketStream<TlsStream<TcpStream>>;

async fn call(socket: &mut Socket, method: &str, body: Value) {
    let request = json!({ "id": 1, "do": method, "body": body }).to_string();
    socket.send(Message::text(request)).await.unwrap();
    let answer = timeout(DEADLINE, socket.next()).await.unwrap().unwrap().unwrap();
    let answer: Value = serde_json::from_str(answer.to_text().unwrap()).unwrap();
    assert_eq!(answer["code"], 0, "{answer}");
}

async fn log_in(stream: TlsStream<TcpStream>) -> Socket {
    let mut request = "wss://localhost/im/ws".into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "tim.v1".parse().unwrap());
    let (mut socket, _) = client_async(request, stream).await.unwrap();
    let body = json!({ "SDKAppID": APP, "userID": "ann", "userSig": user_sig("ann") });
    call(&mut socket, "login", body).await;
    socket
}

#[tokio::test]
async fn a_client_chats_over_tls_and_plain_http_gets_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let trusted = issue(folder.path());
    let (server, _) = start(&folder).await;
    let stream = greet(&server, &trusted, &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(b"http/1.1".as_slice()));
    log_in(stream).await;

    assert!(greet(&server, &trusted, &["h2"]).await.is_err(), "only HTTP/1.1 is spoken");
    let mut plain = TcpStream::connect(server.address).await.unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(DEADLINE, plain.read_to_end(&mut answer)).await.unwrap();
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_cut_and_holds_up_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let trusted = issue(folder.path());
    let (server, _) = start(&folder).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    // The head of a record that never comes.
    silent.write_all(&[22, 3, 1, 2, 0]).await.unwrap();
    greet(&server, &trusted, &[]).await.unwrap();
    pass(11).await;
    let mut rest = Vec::new();
    let _ = timeout(DEADLINE, silent.read_to_end(&mut rest)).await.expect("an end in time");
    server.stop().await;
}

#[tokio::test]
async fn a_renewed_certificate_is_shown_to_new_connections_and_a_bad_one_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let old = issue(folder.path());
    let (server, certificate) = start(&folder).await;
    let mut kept = log_in(greet(&server, &old, &[]).await.unwrap()).await;

    // The server looks for itself, once a minute.
    let new = issue(folder.path());
    greet(&server, &old, &[]).await.expect("it has not looked yet");
    pass(61).await;
    let renewed = async {
        while greet(&server, &new, &[]).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, renewed).await.expect("the new certificate in time");
    assert!(greet(&server, &old, &[]).await.is_err());
    call(&mut kept, "ping", json!({})).await;

    // A key that belongs to another certificate, then no key at all: the pair in use stays.
    let elsewhere = tempfile::tempdir().unwrap();
    issue(elsewhere.path());
    std::fs::copy(elsewhere.path().join("key.pem"), folder.path().join("key.pem")).unwrap();
    assert!(matches!(certificate.read_again(), Err(BadCertificate::OtherKey { .. })));
    assert!(matches!(certificate.read_again(), Ok(false)), "each change is judged once");
    std::fs::remove_file(folder.path().join("key.pem")).unwrap();
    refresh_certificate(&certificate).await;
    greet(&server, &new, &[]).await.unwrap();
    let newest = issue(folder.path());
    refresh_certificate(&certificate).await;
    greet(&server, &newest, &[]).await.unwrap();
}

#[test]
fn what_is_wrong_with_the_files_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = (folder.path().join("certificate.pem"), folder.path().join("key.pem"));
    let problem = || read(folder.path()).unwrap_err().to_string();
    assert!(problem().contains("`tls.certificate`: the file"), "{}", problem());
    let der = issue(folder.path());
    read(folder.path()).unwrap();
    let pem = std::fs::read_to_string(&certificate).unwrap();

    std::fs::write(&certificate, &der).unwrap();
    assert!(problem().contains("certificate.pem is no PEM file"), "{}", problem());
    std::fs::copy(&key, &certificate).unwrap();
    assert!(problem().contains("no usable certificate in"), "{}", problem());
    std::fs::write(&certificate, pem.replace('a', "!")).unwrap();
    assert!(problem().contains("no usable certificate in"), "{}", problem());
    std::fs::write(&certificate, &pem).unwrap();

    std::fs::write(&key, &pem).unwrap();
    assert!(problem().contains("`tls.key`: there is no usable private key"), "{}", problem());
    std::fs::write(&key, "").unwrap();
    assert!(problem().contains("key.pem is no PEM file"), "{}", problem());
    let elsewhere = tempfile::tempdir().unwrap();
    issue(elsewhere.path());
    std::fs::copy(elsewhere.path().join("key.pem"), &key).unwrap();
    assert!(problem().contains("does not match"), "{}", problem());
}
