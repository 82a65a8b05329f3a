//! A WebSocket of `tim.v1` that costs little: small buffers, no task of its own.

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use futures::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::value::RawValue;
use tim_protocol::SUBPROTOCOL;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Message, Utf8Bytes,
        client::IntoClientRequest as _,
        protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode},
    },
};

/// A link that does not answer for so long is given up.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Read at once. The library's default would cost each connection 128 KB.
const READ_BUFFER: usize = 2 * 1024;
/// Gathered before it is written.
const WRITE_BUFFER: usize = 16 * 1024;

/// A link is gone, or not worth waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The close code, if the server said one.
    pub code: Option<u16>,
}

const SILENT: Lost = Lost { code: None };

/// A frame of the server, its body unread.
#[derive(Debug, Deserialize)]
pub struct Incoming<'a> {
    /// The request that is answered; none in a push.
    #[serde(default)]
    pub id: Option<u64>,
    /// 0 or what went wrong.
    #[serde(default)]
    pub code: u32,
    /// The name of a push.
    #[serde(default, borrow)]
    pub push: Option<&'a str>,
    /// The rest.
    #[serde(default, borrow)]
    pub body: Option<&'a RawValue>,
}

impl<'a> Incoming<'a> {
    /// Reads a frame; `None` when it is none.
    pub fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// The body as `T`; `None` when it has another shape or is not there.
    pub fn body<T: Deserialize<'a>>(&self) -> Option<T> {
        serde_json::from_str(self.body?.get()).ok()
    }
}

/// An open connection.
pub struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    /// Connects within the patience there is.
    pub async fn open(target: SocketAddr, source: Option<Ipv4Addr>) -> Result<Self, Lost> {
        timeout(PATIENCE, Self::connect(target, source)).await.ok().flatten().ok_or(SILENT)
    }

    async fn connect(target: SocketAddr, source: Option<Ipv4Addr>) -> Option<Self> {
        let socket =
            if target.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.ok()?;
        if let Some(source) = source.filter(|_| target.is_ipv4()) {
            // After a storm ports of this address still wait for late packets.
            socket.set_reuseaddr(true).ok()?;
            socket.bind((source, 0).into()).ok()?;
        }
        let stream = socket.connect(target).await.ok()?;
        stream.set_nodelay(true).ok()?;
        let mut request = format!("ws://{target}/im/ws").into_client_request().ok()?;
        request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse().ok()?);
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER);
        let (socket, _) = client_async_with_config(request, stream, Some(config)).await.ok()?;
        Some(Self(socket))
    }

    /// The next text frame. Nothing is lost when this is not awaited to its end.
    pub async fn next(&mut self) -> Result<Utf8Bytes, Lost> {
        loop {
            match self.0.next().await {
                Some(Ok(Message::Text(text))) => return Ok(text),
                Some(Ok(Message::Close(frame))) => {
                    return Err(Lost { code: frame.map(|it| it.code.into()) });
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(SILENT),
            }
        }
    }

    /// Puts a frame into the buffer.
    pub async fn feed(&mut self, frame: Utf8Bytes) -> Result<(), Lost> {
        let fed = timeout(PATIENCE, self.0.feed(Message::Text(frame))).await;
        fed.ok().and_then(Result::ok).ok_or(SILENT)
    }

    /// Writes what is in the buffer.
    pub async fn flush(&mut self) -> Result<(), Lost> {
        timeout(PATIENCE, self.0.flush()).await.ok().and_then(Result::ok).ok_or(SILENT)
    }

    /// Goes without a word, as a cable that is pulled.
    pub fn cut(self) {
        // Without this the address's port could not be used again for a minute.
        let _ = self.0.get_ref().set_zero_linger();
    }

    /// Says goodbye. With [`CloseCode::Away`] it goes as a page that is closed: its instance counts
    /// against no limit.
    pub async fn close(mut self, code: CloseCode) {
        let frame = CloseFrame { code, reason: Utf8Bytes::default() };
        let _ = timeout(Duration::from_secs(1), self.0.close(Some(frame))).await;
    }
}
