//! A client that can what is measured: register, log in, send and receive, count its archive.
//!
//! Plain TCP, SASL PLAIN, no stream management, no roster. What it does not expect ends in an error
//! that shows the stanza, so that a server that refuses something is not measured as a fast one.

use anyhow::{Context as _, Result, ensure};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use tokio::{
    io::{AsyncWriteExt as _, BufWriter},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::stanza::{Stanza, Stanzas};

/// The host both servers serve.
pub const DOMAIN: &str = "localhost";
/// About what people write.
pub const TEXT: &str = "A message of the length that people really write to each other, give or take \
                        a few words, so that nothing is measured that nobody sends.";

const PASSWORD: &str = "secret";
/// Both servers answer at most this many messages at once.
const PAGE: usize = 50;

/// A connection; logged in once [`Client::log_in`] has returned it.
pub struct Client {
    /// What arrives.
    pub stanzas: Stanzas<OwnedReadHalf>,
    /// What is sent; nothing leaves before a flush.
    pub output: BufWriter<OwnedWriteHalf>,
}

impl Client {
    /// Opens a stream; nobody is logged in.
    pub async fn connect(address: &str) -> Result<Self> {
        let socket = TcpStream::connect(address).await?;
        // As browsers and mobile clients have it; batches are made here, by flushing.
        socket.set_nodelay(true)?;
        let (input, output) = socket.into_split();
        let mut client = Self { stanzas: Stanzas::new(input), output: BufWriter::new(output) };
        client.open_stream().await?;
        Ok(client)
    }

    /// Makes an account. The stream stays open for more.
    pub async fn register(&mut self, user: &str) -> Result<()> {
        self.send(&format!(
            "<iq type='set' id='register'><query xmlns='jabber:iq:register'><username>{user}</username><password>{PASSWORD}</password></query></iq>"
        ))
        .await?;
        self.result("register").await.map(drop)
    }

    /// Connects as `user`, whose messages come from now on.
    pub async fn log_in(address: &str, user: &str) -> Result<Self> {
        let mut client = Self::connect(address).await?;
        let secret = BASE64_STANDARD.encode(format!("\0{user}\0{PASSWORD}"));
        client
            .send(&format!(
                "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{secret}</auth>"
            ))
            .await?;
        let answer = client.stanzas.next().await?;
        ensure!(answer.name == "success", "{user} was not let in: {answer:?}");
        let mut client = Self { stanzas: client.stanzas.restarted(), output: client.output };
        client.open_stream().await?;
        client
            .send("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>bench</resource></bind></iq>")
            .await?;
        client.result("bind").await?;
        client
            .send("<iq type='set' id='session'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>")
            .await?;
        client.result("session").await?;
        client.send("<presence/>").await?;
        // A server tells every resource of a user, this one too, who is there: from then on messages come.
        while client.stanzas.next().await?.name != "presence" {}
        Ok(client)
    }

    /// Name and version, as the server itself says it.
    pub async fn version(&mut self) -> Result<String> {
        self.send(&format!(
            "<iq type='get' id='version' to='{DOMAIN}'><query xmlns='jabber:iq:version'/></iq>"
        ))
        .await?;
        let answer = self.result("version").await?;
        let part = |name| answer.find(name).map_or("", |it| it.text.as_str());
        Ok(format!("{} {}", part("name"), part("version")))
    }

    /// How many messages the user's archive holds.
    ///
    /// # Errors
    ///
    /// When there is no archive, and when what it holds are not the messages of this benchmark.
    pub async fn archived(&mut self) -> Result<usize> {
        self.send(&format!(
            "<iq type='set' id='archive'><query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>{PAGE}</max></set></query></iq>"
        ))
        .await?;
        let mut page = 0;
        let end = loop {
            let stanza = self.stanzas.next().await?;
            if stanza.name == "iq" {
                break stanza;
            }
            page += usize::from(stanza.find("body").is_some_and(|it| it.text == TEXT));
        };
        ensure!(end.kind == "result", "no archive: {end:?}");
        let count = end.find("count").with_context(|| format!("an archive's size in {end:?}"))?;
        let count = count.text.parse()?;
        ensure!(page == PAGE.min(count), "of {count} archived messages {page} could be read");
        Ok(count)
    }

    async fn open_stream(&mut self) -> Result<()> {
        self.send(&format!(
            "<?xml version='1.0'?><stream:stream to='{DOMAIN}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
        ))
        .await?;
        let features = self.stanzas.next().await?;
        ensure!(features.name == "features", "an XMPP server's features instead of {features:?}");
        Ok(())
    }

    async fn send(&mut self, xml: &str) -> Result<()> {
        self.output.write_all(xml.as_bytes()).await?;
        Ok(self.output.flush().await?)
    }

    /// The answer to a question.
    async fn result(&mut self, id: &str) -> Result<Stanza> {
        loop {
            let stanza = self.stanzas.next().await?;
            // A server may ask or tell things in between.
            if stanza.name == "iq" && stanza.id == id {
                ensure!(stanza.kind == "result", "{id} was refused: {stanza:?}");
                return Ok(stanza);
            }
        }
    }
}
