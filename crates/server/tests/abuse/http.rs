//! Requests that are none, and paths that lead out of the page's folder.

use serde_json::json;

use crate::support::{Server, app, http};

async fn with_pages() -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("pages")).unwrap();
    std::fs::write(folder.path().join("pages/index.html"), "the page").unwrap();
    std::fs::write(folder.path().join("secret"), "the secret").unwrap();
    let pages = folder.path().join("pages");
    (Server::configured(app(), |config| config.web_root = Some(pages)).await, folder)
}

#[tokio::test]
async fn no_path_leads_out_of_the_folder() {
    let (server, folder) = with_pages().await;
    let absolute = folder.path().join("secret").display().to_string();
    for path in [
        "/../secret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/%2e%2e%2fsecret",
        "/pages/../../secret",
        "/./../secret",
        "/..\\secret",
        "/..%5csecret",
        "/%252e%252e/secret",
        "/index.html/../../secret",
        "//secret",
        "/%00/../secret",
        &format!("/{absolute}"),
        &format!("/{}", absolute.replace('/', "%2f")),
    ] {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = http(server.address, &request).await;
        assert!(!answer.contains("the secret"), "{path}: {answer}");
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
    }
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert!(http(server.address, request).await.contains("the page"));
}

#[tokio::test]
async fn requests_that_are_none_get_an_error_and_an_end() {
    let (server, _folder) = with_pages().await;
    let mut witness = server.login("witness").await;
    let close = "Host: localhost\r\nConnection: close\r\n\r\n";
    let headers: String = (0..5_000).map(|it| format!("A{it}: b\r\n")).collect();
    let few_but_many: String = (0..200).map(|it| format!("A{it}: b\r\n")).collect();
    for (request, status) in [
        (format!("GET / HTTP/1.1\r\nCookie: {}\r\n{close}", "x".repeat(300_000)), "431"),
        (format!("GET /{} HTTP/1.1\r\n{close}", "x".repeat(300_000)), "4"),
        (format!("GET / HTTP/1.1\r\n{headers}{close}"), "431"),
        (format!("GET / HTTP/1.1\r\n{few_but_many}{close}"), "431"),
        (format!("POST /im/ws HTTP/1.1\r\n{close}"), "405"),
        (format!("DELETE /healthz HTTP/1.1\r\n{close}"), "405"),
        (format!("PROPFIND / HTTP/1.1\r\n{close}"), "405"),
        (format!("GET / HTTP/9.9\r\n{close}"), "400"),
        (format!("GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n{close}"), "400"),
        (format!("G@T / HTTP/1.1\r\n{close}"), "4"),
        ("\0\0\0\0\0\0\r\n\r\n".to_owned(), "400"),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), "400"),
    ] {
        let answer = raw_answer(&server, &request).await;
        let expected = format!("HTTP/1.1 {status}");
        // It may have hung up while the rest was still being written.
        let beginning: String = request.chars().take(40).collect();
        assert!(answer.is_empty() || answer.starts_with(&expected), "{beginning}: {answer}");
        witness.call("ping", json!({})).await.ok();
    }
}

/// Like [`http`], for requests the server hangs up on before it has read them.
async fn raw_answer(server: &Server, request: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(server.address).await.unwrap();
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let reading = stream.read_to_end(&mut answer);
    let _ =
        tokio::time::timeout(std::time::Duration::from_secs(10), reading).await.expect("an end");
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_body_nobody_asked_for_is_not_read() {
    let server = Server::start().await;
    let request =
        "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n";
    let answer = raw_answer(&server, request).await;
    assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
}
