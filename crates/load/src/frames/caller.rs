//! A connection that asks one thing after the other: logins, and reading logs after a run.

use std::net::{Ipv4Addr, SocketAddr};

use serde::de::DeserializeOwned;
use tim_protocol::{
    call::{Call, Login, Resume},
    frame,
};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::{Utf8Bytes, protocol::frame::coding::CloseCode};

use super::socket::{Incoming, Lost, PATIENCE, Socket};

/// Why a call came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The server refused it.
    Code(u32),
    /// The link is gone, or the answer makes no sense.
    Lost(Lost),
}

impl From<Lost> for Refusal {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

/// A socket with one request at a time.
pub struct Caller {
    socket: Socket,
    next_id: u64,
}

impl Caller {
    /// Connects.
    pub async fn open(target: SocketAddr, source: Option<Ipv4Addr>) -> Result<Self, Refusal> {
        Ok(Self { socket: Socket::open(target, source).await?, next_id: 0 })
    }

    /// A call, answered as `R`; pushes that come in between are passed over.
    pub async fn call<C: Call, R: DeserializeOwned>(&mut self, call: &C) -> Result<R, Refusal> {
        self.next_id += 1;
        let text = frame::request(self.next_id, call);
        self.socket.feed(Utf8Bytes::from(text)).await?;
        self.socket.flush().await?;
        let answer = timeout(PATIENCE, self.answer()).await;
        answer.unwrap_or(Err(Refusal::Lost(Lost { code: None })))
    }

    async fn answer<R: DeserializeOwned>(&mut self) -> Result<R, Refusal> {
        loop {
            let text = self.socket.next().await?;
            let frame = Incoming::read(&text).filter(|it| it.id == Some(self.next_id));
            let Some(frame) = frame else { continue };
            if frame.code != 0 {
                return Err(Refusal::Code(frame.code));
            }
            let body = frame.body.map_or("{}", |it| it.get());
            let body = serde_json::from_str(body);
            return body.map_err(|_| Refusal::Lost(Lost { code: None }));
        }
    }

    /// Begins an instance.
    pub async fn login<R: DeserializeOwned>(
        &mut self,
        app: u32,
        user: &str,
        user_sig: String,
    ) -> Result<R, Refusal> {
        let client = "tim-load".to_owned();
        let login =
            Login { sdk_app_id: i64::from(app), user_id: user.to_owned(), user_sig, client };
        self.call(&login).await
    }

    /// Continues an instance.
    pub async fn resume(&mut self, session: &str) -> Result<(), Refusal> {
        let resume = Resume { session: session.to_owned() };
        self.call::<_, serde::de::IgnoredAny>(&resume).await.map(drop)
    }

    /// Goes as a page that is closed.
    pub async fn leave(self) {
        self.socket.close(CloseCode::Away).await;
    }

    /// The socket, to go on with more than one request at a time.
    pub fn into_socket(self) -> Socket {
        self.socket
    }
}
