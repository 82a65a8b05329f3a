//! A client that logs in and then never reads: a phone in a tunnel, a page in a debugger.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use futures::{SinkExt as _, StreamExt as _};
use tim_load::frames::socket::Incoming;
use tim_protocol::{
    SUBPROTOCOL,
    call::{LoggedIn, Login},
    frame,
    ids::UserId,
};
use tim_rig::node::APP;
use tokio::{
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest as _},
};

use crate::words;

/// What the system takes from the network for it before it stops the sender, in bytes.
const RECEIVE_BUFFER: u32 = 16 * 1024;
/// How long what is expected may take, once it is read.
const PATIENCE: Duration = Duration::from_secs(10);

/// A connection that nobody reads.
pub struct Deaf {
    socket: WebSocketStream<TcpStream>,
    /// The secret that resumes its instance.
    pub session: String,
}

impl Deaf {
    /// Logs in and reads no further than the answer.
    ///
    /// # Errors
    /// When it is refused or nobody answers.
    pub async fn login(target: SocketAddr, user: &str) -> Result<Self> {
        let user: UserId = user.parse().context("no userID")?;
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
        let stream = socket.connect(target).await?;
        let mut request = format!("ws://{target}/im/ws").into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse()?);
        let (mut socket, _) = client_async(request, stream).await?;
        let login = Login {
            sdk_app_id: i64::from(APP),
            user_id: user.to_string(),
            user_sig: words::user_sig(&user),
            client: "tim-faults".to_owned(),
        };
        socket.send(Message::text(frame::request(1, &login))).await?;
        let Some(Ok(Message::Text(text))) = socket.next().await else { bail!("no answer") };
        let answer = Incoming::read(&text).context("no frame")?;
        ensure!(answer.code == 0, "refused with {}", answer.code);
        let answer: LoggedIn = answer.body().context("another answer")?;
        Ok(Self { socket, session: answer.session })
    }

    /// Reads what had been written to it until the end of the connection; how many bytes that was.
    ///
    /// # Errors
    /// When the server has not ended the connection.
    pub async fn hear_the_rest(mut self) -> Result<usize> {
        let mut bytes = 0;
        let rest = async {
            while let Some(Ok(frame)) = self.socket.next().await {
                bytes += frame.len();
            }
        };
        timeout(PATIENCE, rest).await.context("the connection goes on")?;
        Ok(bytes)
    }

    /// Reads from now on, saying nothing itself, until it has read so many bytes.
    ///
    /// # Errors
    /// When they do not come, or the server ends the connection before.
    pub async fn hear(&mut self, bytes: usize) -> Result<()> {
        let mut heard = 0;
        let reading = async {
            while heard < bytes {
                let frame = self.socket.next().await.context("the connection has ended")?;
                heard += frame?.len();
            }
            Ok::<_, anyhow::Error>(())
        };
        let read = timeout(PATIENCE, reading).await;
        read.map_err(|_| anyhow::anyhow!("{heard} of {bytes} bytes came"))?
    }
}
