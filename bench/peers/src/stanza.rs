//! Stanzas: the pieces an XMPP stream consists of, read one by one.
//!
//! A stream is one XML document that stays open; its root's children are the stanzas. Names are kept
//! without their prefixes and namespaces are not looked at: both servers are known, and nothing they
//! send to this client means two things under one name.

use anyhow::{Context as _, Result, bail};
use quick_xml::{
    Reader,
    events::{BytesStart, Event},
};
use tokio::io::{AsyncRead, BufReader};

/// An element with what is in it.
#[derive(Debug, Default, PartialEq)]
pub struct Stanza {
    /// Without a prefix.
    pub name: String,
    /// The attribute `id`, or nothing.
    pub id: String,
    /// The attribute `type`, or nothing.
    pub kind: String,
    /// The text directly in it. References such as `&amp;` are left out.
    pub text: String,
    /// The elements directly in it.
    pub children: Vec<Stanza>,
}

impl Stanza {
    /// The first element of that name in it, at any depth.
    pub fn find(&self, name: &str) -> Option<&Self> {
        self.children.iter().find_map(|it| if it.name == name { Some(it) } else { it.find(name) })
    }

    fn begun(start: &BytesStart<'_>) -> Result<Self> {
        let attribute = |name| -> Result<String> {
            let found = start.try_get_attribute(name)?;
            Ok(found.map(|it| it.value.into_owned()).unwrap_or_default())
        };
        Ok(Self {
            name: start.local_name().into_inner().to_owned(),
            id: attribute("id")?,
            kind: attribute("type")?,
            ..Self::default()
        })
    }
}

/// The incoming half of a stream.
pub struct Stanzas<R> {
    reader: Reader<BufReader<R>>,
    /// Reused for every piece of XML.
    bytes: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Stanzas<R> {
    /// Reads what a server sends on a new connection.
    pub fn new(input: R) -> Self {
        Self { reader: Reader::from_reader(BufReader::new(input)), bytes: Vec::new() }
    }

    /// Begins a new document on the same connection, as streams do after authentication.
    pub fn restarted(self) -> Self {
        Self { reader: Reader::from_reader(self.reader.into_inner()), bytes: self.bytes }
    }

    /// The next stanza; waits for it. The opening of the stream is passed over.
    ///
    /// # Errors
    ///
    /// When the stream or the connection ends, and when it is not XML.
    pub async fn next(&mut self) -> Result<Stanza> {
        let mut open: Vec<Stanza> = Vec::new();
        loop {
            self.bytes.clear();
            let done = match self.reader.read_event_into_async(&mut self.bytes).await? {
                Event::Start(start) if start.name().into_inner() == "stream:stream" => continue,
                Event::Start(start) => {
                    open.push(Stanza::begun(&start)?);
                    continue;
                }
                Event::Empty(start) => Stanza::begun(&start)?,
                Event::Text(text) => {
                    if let Some(inside) = open.last_mut() {
                        inside.text.push_str(&text.into_inner());
                    }
                    continue;
                }
                Event::End(_) => open.pop().context("the server closed the stream")?,
                Event::Eof => bail!("the server closed the connection"),
                _ => continue,
            };
            match open.last_mut() {
                Some(parent) => parent.children.push(done),
                None => return Ok(done),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    const STREAM: &[u8] = b"<?xml version='1.0'?><stream:stream id='1' xmlns='jabber:client'>";

    #[tokio::test]
    async fn a_stanza_is_there_as_soon_as_its_last_byte_is() {
        let (mut server, client) = tokio::io::duplex(64);
        let mut stanzas = Stanzas::new(client);
        let sending = tokio::spawn(async move {
            server.write_all(STREAM).await.unwrap();
            for byte in b"<message id='7' type='chat'><x/><body>Hello</body></message>" {
                server.write_all(&[*byte]).await.unwrap();
            }
            server
        });
        let message = stanzas.next().await.unwrap();
        assert_eq!((message.name.as_str(), message.id.as_str()), ("message", "7"));
        assert_eq!(message.kind, "chat");
        assert_eq!(message.find("body").unwrap().text, "Hello");
        // The connection is still open: nothing after the stanza was waited for.
        drop(sending.await.unwrap());
        assert!(stanzas.next().await.is_err());
    }

    #[tokio::test]
    async fn a_new_document_begins_where_the_last_was_left() {
        let input =
            [STREAM, b"<success/>", STREAM, b"<features><bind/></features></stream:stream>"];
        let input = input.concat();
        let mut stanzas = Stanzas::new(input.as_slice());
        assert_eq!(stanzas.next().await.unwrap().name, "success");
        let mut stanzas = stanzas.restarted();
        assert!(stanzas.next().await.unwrap().find("bind").is_some());
        assert!(stanzas.next().await.is_err());
    }
}
