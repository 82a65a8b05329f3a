//! A socket below the WebSocket library: what a polite client would never write.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

const DEADLINE: Duration = Duration::from_secs(10);

/// First bytes of frames: the final bit and the kind.
pub const TEXT: u8 = 0x81;
pub const TEXT_BEGINS: u8 = 0x01;
pub const TEXT_GOES_ON: u8 = 0x00;
pub const PING: u8 = 0x89;

/// An upgraded connection.
pub struct Raw {
    pub stream: TcpStream,
    /// The head of the server's answer to the upgrade.
    pub head: String,
}

/// The head of a frame from a client; with a mask of zeros the payload stays as it is.
pub fn head(first: u8, length: u64) -> Vec<u8> {
    let mut head = vec![first];
    match length {
        0..126 => head.push(0x80 | length as u8),
        126..65_536 => {
            head.push(0x80 | 126);
            head.extend((length as u16).to_be_bytes());
        }
        _ => {
            head.push(0x80 | 127);
            head.extend(length.to_be_bytes());
        }
    }
    head.extend([0; 4]);
    head
}

/// A whole frame from a client.
pub fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(first, payload.len() as u64);
    frame.extend(payload);
    frame
}

impl Raw {
    pub async fn open(address: SocketAddr) -> Self {
        Self::open_with(address, "").await
    }

    /// Upgrades with more lines in the head of the request.
    pub async fn open_with(address: SocketAddr, lines: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET /im/ws HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Sec-WebSocket-Protocol: tim.v1\r\n{lines}\r\n"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(timeout(DEADLINE, stream.read_u8()).await.expect("an answer").unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        Self { stream, head }
    }

    /// Writes; the server may have hung up already.
    pub async fn write(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
    }

    /// The next frame of the server: its first byte and its payload; `None` at the end.
    pub async fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        let reading = async {
            let (first, short) = (self.stream.read_u8().await?, self.stream.read_u8().await?);
            let length = match short {
                126 => usize::from(self.stream.read_u16().await?),
                127 => usize::try_from(self.stream.read_u64().await?).unwrap(),
                short => usize::from(short),
            };
            let mut payload = vec![0; length];
            self.stream.read_exact(&mut payload).await?;
            std::io::Result::Ok((first, payload))
        };
        timeout(DEADLINE, reading).await.expect("a frame or an end in time").ok()
    }

    /// Reads to the end; the close code, if the server named one.
    pub async fn end(&mut self) -> Option<u16> {
        let mut code = None;
        while let Some((first, payload)) = self.read().await {
            if first == 0x88 {
                code = payload.get(..2).map(|it| u16::from_be_bytes([it[0], it[1]]));
            }
        }
        code
    }
}
