//! Why NATS is out of reach, in a sentence an operator can act on.
//!
//! The library tells an attempt's failure as text. What can be found out directly is: whether the
//! name resolves and whether anybody listens is tried once more, since a port that is silent looks
//! to the library just like a host that is gone. Texts that nothing is known of are passed on.

use std::{io::ErrorKind, time::Duration};

use async_nats::{Server, ServerAddr};
use tokio::{net::TcpStream, time::timeout};

use super::address;

/// How long a host may take to accept a connection when it is only asked whether it does.
const REACH: Duration = Duration::from_secs(1);

/// What is wrong with the servers that were tried; `None` when none was.
pub(super) async fn of(servers: &[Server], has_secret: bool) -> Option<String> {
    let mut troubles: Vec<String> = Vec::new();
    for server in servers {
        let trouble = match &server.last_error {
            Some(error) => Some(with(&server.addr, error, has_secret).await),
            // The library does not record that a name has no address.
            None => unresolved(&server.addr).await,
        };
        troubles.extend(trouble.filter(|it| !troubles.contains(it)));
    }
    (!troubles.is_empty()).then(|| troubles.join("; "))
}

async fn unresolved(server: &ServerAddr) -> Option<String> {
    let failed = server.socket_addrs().await.is_err();
    failed.then(|| format!("the name {} has no address", server.host()))
}

/// What is wrong with one server, by the library's text of the last failure.
pub(super) async fn with(server: &ServerAddr, error: &str, has_secret: bool) -> String {
    let name = address::name(server);
    let text = error.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|it| text.contains(it));
    if says(&["authorization violation"]) {
        return if has_secret {
            format!("NATS at {name} refuses this user and password")
        } else {
            format!("NATS at {name} wants a user and a password")
        };
    }
    if says(&["invalid peer certificate", "unknownca", "unknownissuer"]) {
        let detail = error.rsplit(": ").next().unwrap_or_default();
        return format!("the certificate of NATS at {name} is not trusted ({detail})");
    }
    if says(&["corrupt message", "invalidcontenttype"]) {
        return format!("NATS at {name} has no TLS, or another one, though the URL says tls://");
    }
    if says(&["certificaterequired"]) {
        return format!("NATS at {name} wants a client certificate, which is not supported");
    }
    if says(&["invalid server operation", "unable to parse unknown input", "expected info"]) {
        return format!("what listens at {name} does not speak NATS");
    }
    if says(&["dns error"]) {
        return format!("the name {} has no address", server.host());
    }
    if says(&["timed out", "refused", "unreachable", "no route"]) {
        return unreached(server, &name).await;
    }
    format!("NATS at {name} cannot be used ({error})")
}

/// Whether nobody is there, or somebody who says nothing.
async fn unreached(server: &ServerAddr, name: &str) -> String {
    match timeout(REACH, TcpStream::connect((server.host(), server.port()))).await {
        Ok(Ok(_)) => {
            format!("what listens at {name} does not speak NATS, or not at once: it says nothing")
        }
        Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => {
            format!("nobody listens at {name}")
        }
        Ok(Err(error)) => format!("{name} cannot be reached ({error})"),
        Err(_) => format!("{name} does not answer"),
    }
}
