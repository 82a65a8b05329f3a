//! One client that asks one thing after the other and believes every answer.

use std::net::SocketAddr;

use anyhow::{Context as _, Result};
use tim_load::frames::{
    caller::{Caller, Refusal},
    socket::Socket,
};
use tim_protocol::{
    call::{Direction, LoggedIn, MessagePage, PageMessages, Sent},
    entry::Entry,
    ids::{ConversationId, MessageId, TinyId, UserId},
    limits,
};
use tim_rig::node::APP;

use crate::words;

/// A logged-in instance on one connection.
pub struct Person {
    caller: Caller,
    user: UserId,
    tiny_id: TinyId,
    session: String,
}

impl Person {
    /// A new instance of a user at a server.
    ///
    /// # Errors
    /// When it is refused or nobody answers.
    pub async fn login(target: SocketAddr, user: &str) -> Result<Self, Refusal> {
        let user: UserId = user.parse().expect("tests name users that may be");
        let mut caller = Caller::open(target, None).await?;
        let answer: LoggedIn = caller.login(APP, user.as_str(), words::user_sig(&user)).await?;
        Ok(Self { caller, user, tiny_id: answer.tiny_id, session: answer.session })
    }

    /// Goes on with an instance on a new connection.
    ///
    /// # Errors
    /// When it is refused or nobody answers.
    pub async fn resume(target: SocketAddr, user: &str, session: &str) -> Result<Self, Refusal> {
        let user: UserId = user.parse().expect("tests name users that may be");
        let mut caller = Caller::open(target, None).await?;
        caller.resume(session).await?;
        // Only a login tells the number; who resumes to read does not need it.
        Ok(Self { caller, user, tiny_id: TinyId(0), session: session.to_owned() })
    }

    /// Says something; the ID it was given and where it was stored.
    ///
    /// # Errors
    /// When it is refused, or the connection is gone.
    pub async fn say(&mut self, to: &str, text: String) -> Result<(MessageId, Sent), Refusal> {
        let call = words::message(self.tiny_id, &self.user, to, text);
        Ok((call.message.id.clone(), self.caller.call(&call).await?))
    }

    /// The whole log with somebody, oldest first.
    ///
    /// # Errors
    /// When the server refuses a page, or the connection is gone.
    pub async fn log_with(&mut self, peer: &str) -> Result<Vec<Entry>> {
        let peer = peer.parse().context("no userID")?;
        let mut log: Vec<Entry> = Vec::new();
        loop {
            let page = PageMessages {
                conversation_id: ConversationId::c2c(&peer),
                seq: Some(log.last().map_or(1, |it| it.seq + 1)),
                time: None,
                before_id: None,
                direction: Direction::Newer,
                count: limits::CHANGES_COUNT.min(20),
            };
            let page = self.caller.call::<_, MessagePage<Entry>>(&page).await;
            let page = page.map_err(|it| anyhow::anyhow!("a page was refused: {it:?}"))?;
            let is_last = page.is_completed || page.entries.is_empty();
            log.extend(page.entries);
            if is_last {
                return Ok(log);
            }
        }
    }

    /// The secret that resumes this instance.
    #[must_use]
    pub fn session(&self) -> &str {
        &self.session
    }

    /// Its user.
    #[must_use]
    pub fn user(&self) -> &UserId {
        &self.user
    }

    /// The server's number of the account.
    #[must_use]
    pub fn tiny_id(&self) -> TinyId {
        self.tiny_id
    }

    /// The bare connection.
    #[must_use]
    pub fn into_socket(self) -> Socket {
        self.caller.into_socket()
    }
}
