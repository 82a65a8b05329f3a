//! TLS at the door: the handshake, and certificates that change while the server runs.
//!
//! Each handshake asks for the certificate of the moment (`config/tls.rs`), so that a renewed one needs
//! no restart and touches no open connection. Only HTTP/1.1 is offered: WebSockets are upgraded from it.

use std::{io, sync::Arc, time::Duration};

use rustls::{ServerConfig, crypto::ring};
use tokio::{
    net::TcpStream,
    time::{MissedTickBehavior, interval, timeout},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::config::Certificate;

/// A handshake must be over by then.
const HANDSHAKE_DEADLINE: Duration = Duration::from_secs(10);
/// How often the files are looked at.
const RENEWAL_PAUSE: Duration = Duration::from_secs(60);

/// Speaks TLS on accepted connections.
#[derive(Clone)]
pub(super) struct Tls(TlsAcceptor);

impl Tls {
    pub(super) fn new(certificate: Arc<Certificate>) -> Self {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("this provider speaks TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(certificate);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self(TlsAcceptor::from(Arc::new(config)))
    }

    /// Greets a client.
    ///
    /// # Errors
    /// When the client speaks something else, or not soon enough.
    pub(super) async fn greet(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        timeout(HANDSHAKE_DEADLINE, self.0.accept(stream)).await?
    }
}

/// Reads the certificate again whenever its files have changed, for ever.
pub async fn keep_certificate_fresh(certificate: Arc<Certificate>) {
    let mut ticks = interval(RENEWAL_PAUSE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // The first one comes at once, and the certificate has just been read.
    ticks.tick().await;
    loop {
        ticks.tick().await;
        refresh_certificate(&certificate).await;
    }
}

/// Reads the certificate again if its files have changed. What cannot be used is logged and changes
/// nothing.
pub async fn refresh_certificate(certificate: &Arc<Certificate>) {
    let certificate = Arc::clone(certificate);
    // Joining fails only when the runtime ends.
    let Ok(outcome) = tokio::task::spawn_blocking(move || certificate.read_again()).await else {
        return;
    };
    match outcome {
        Ok(true) => tracing::info!("new connections get the certificate that was read again"),
        Ok(false) => {}
        Err(error) => {
            let cause = std::error::Error::source(&error);
            tracing::warn!(cause, "the certificate in use stays: {error}");
        }
    }
}
