//! The task of one connection: it alone reads and writes its socket.
//!
//! One loop waits for five things: frames to write, the request at hand, the next frame, a
//! deadline, the server's end (which is followed by waiting for one's turn to leave). A request is taken up when the one before it has been handed over, so
//! that writes keep the order of their frames; it is not awaited until it is on disk, so that many
//! can be under way (the window). While the window is full no frame is read: that is the
//! back-pressure a client feels.
//!
//! A deadline is checked when its timer fires, not moved at every frame.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures::{SinkExt as _, StreamExt as _, future::BoxFuture};
use tim_protocol::{
    frame, limits,
    push::{KickReason, Kicked},
};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    Gateway,
    close::End,
    dispatch::{self, Handled},
    outbox::{Outbox, Work},
};
use crate::service::{limits::Rate, now_ms, now_s, sessions::Session};

/// How long a new connection may say nothing.
const LOGIN_DEADLINE: Duration = Duration::from_secs(10);
/// How long a client may say nothing.
const SILENCE: Duration = Duration::from_millis(limits::SERVER_SILENCE_MS);
/// How long a write may make no progress at all.
const WRITE_DEADLINE: Duration = Duration::from_secs(20);
/// How long the other side may take to answer a close.
const CLOSE_DEADLINE: Duration = Duration::from_secs(1);
/// How long a client that has to leave may wait for requests at hand.
const DRAIN_DEADLINE: Duration = Duration::from_secs(5);

/// The other side is gone, or not worth waiting for.
struct Gone;

pub(super) struct Connection {
    gateway: Arc<Gateway>,
    address: IpAddr,
    outbox: Arc<Outbox>,
    session: Option<Arc<Session>>,
    heard: Instant,
    /// When to leave, once the server stops.
    turn: Option<Instant>,
    rate: Rate,
}

/// The request at hand, if any.
type Current = Option<BoxFuture<'static, Handled>>;

async fn current(current: &mut Current) -> Handled {
    match current {
        Some(request) => request.await,
        None => std::future::pending().await,
    }
}

impl Connection {
    pub(super) fn new(gateway: Arc<Gateway>, address: IpAddr) -> Self {
        let outbox = Outbox::new(gateway.limits.outgoing_bytes);
        let (heard, rate) = (Instant::now(), Rate::default());
        Self { gateway, address, outbox, session: None, heard, turn: None, rate }
    }

    pub(super) async fn run(mut self, mut socket: WebSocket) {
        metrics::gauge!("tim_connections").increment(1.0);
        // The other side may have stopped reading; its socket goes either way.
        let _ = match self.serve(&mut socket).await {
            Ok(end) => {
                let code = end.code().to_string();
                metrics::counter!("tim_closed_total", "code" => code).increment(1);
                timeout(CLOSE_DEADLINE, finish(&mut socket, end)).await
            }
            // The library has its answer to a close ready; it only needs to be written.
            Err(Gone) => timeout(CLOSE_DEADLINE, socket.flush()).await,
        };
        if let Some(session) = &self.session
            && !self.gateway.stop.is_cancelled()
        {
            self.gateway.service.disconnected(session).await;
        }
        metrics::gauge!("tim_connections").decrement(1.0);
    }

    /// Serves until one side wants to end. `Err` when there is nobody to say goodbye to.
    async fn serve(&mut self, socket: &mut WebSocket) -> Result<End, Gone> {
        let gateway = Arc::clone(&self.gateway);
        let mut request: Current = None;
        let mut timer = Box::pin(sleep_until(self.next_deadline()));
        loop {
            let Work { frames, end } = self.outbox.take();
            if !frames.is_empty() {
                self.write(socket, frames).await?;
            }
            if let Some(end) = end {
                return Ok(end);
            }
            let may_read = request.is_none() && self.outbox.unanswered() < gateway.limits.window;
            // First that the server stops, then that it does not wait for one's turn.
            let leaving = if self.turn.is_none() { &gateway.stop } else { &gateway.hurry };
            tokio::select! {
                biased;
                () = leaving.cancelled() => {
                    if self.turn.is_some() {
                        return self.drain(socket, request).await;
                    }
                    self.turn = Some(gateway.departures.next());
                    timer.as_mut().reset(self.next_deadline());
                }
                handled = current(&mut request) => {
                    request = None;
                    match handled {
                        Handled::Done => {}
                        Handled::LoggedIn(session) => {
                            self.session = Some(session);
                            self.heard = Instant::now();
                            timer.as_mut().reset(self.next_deadline());
                        }
                        Handled::End(end) => self.outbox.end(end),
                    }
                }
                // Before the frames: whoever never stops sending has deadlines too.
                () = &mut timer => {
                    if self.turn.is_some_and(|it| it <= Instant::now()) {
                        return self.drain(socket, request).await;
                    }
                    if self.session.is_none() && request.is_some() {
                        // The login is there; that the database takes its time is not its fault.
                        self.heard = Instant::now();
                    }
                    if let Some(end) = self.overdue() {
                        self.outbox.end(end);
                    } else {
                        let next = self.next_deadline();
                        timer.as_mut().reset(next);
                    }
                }
                frame = socket.next(), if may_read => {
                    // Before the login only its deadline counts, whatever else is sent.
                    if self.session.is_some() {
                        self.heard = Instant::now();
                    }
                    match self.read(frame).await? {
                        Ok(next) => request = next,
                        Err(end) => self.outbox.end(end),
                    }
                }
                // Last: what is queued is written at every turn anyway, and a stream of pushes must not
                // keep the client's own frames from being read.
                () = self.outbox.changed() => {}
            }
        }
    }

    /// Takes up what came from the socket.
    async fn read(
        &self,
        frame: Option<Result<Message, axum::Error>>,
    ) -> Result<Result<Current, End>, Gone> {
        let text = match frame {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(Ok(None)),
            Some(Ok(Message::Binary(_))) => return Ok(Err(End::Binary)),
            Some(Ok(Message::Close(frame))) => {
                // 1001: the page is being closed, and its instance with it.
                if frame.is_some_and(|it| it.code == 1001)
                    && let Some(session) = &self.session
                {
                    self.gateway.service.leave(session).await;
                }
                return Err(Gone);
            }
            Some(Err(error)) => {
                return if is_too_large(&error) { Ok(Err(End::TooLarge)) } else { Err(Gone) };
            }
            None => return Err(Gone),
        };
        let within_rate = self.rate.allows(now_ms(), self.gateway.limits.requests_per_second);
        Ok(Ok(Some(Box::pin(dispatch::handle(
            Arc::clone(&self.gateway),
            Arc::clone(&self.outbox),
            self.session.clone(),
            self.address,
            text,
            within_rate,
        )))))
    }

    /// Writes frames, unless the other side stops reading.
    async fn write(&self, socket: &mut WebSocket, frames: Vec<Bytes>) -> Result<(), Gone> {
        let writing = async {
            for frame in frames {
                let Ok(text) = Utf8Bytes::try_from(frame) else { continue };
                socket.feed(Message::Text(text)).await.map_err(|_| Gone)?;
            }
            socket.flush().await.map_err(|_| Gone)
        };
        let too_slow = async {
            while !self.outbox.is_too_slow() {
                self.outbox.changed().await;
            }
        };
        let written = tokio::select! {
            biased;
            written = timeout(WRITE_DEADLINE, writing) => written.unwrap_or(Err(Gone)),
            // The end is in the outbox already.
            () = too_slow => Ok(()),
        };
        // What came while this was written has been heard of by `too_slow` alone.
        self.outbox.recall();
        written
    }

    /// The server ends: answers what is at hand, takes nothing new.
    async fn drain(&self, socket: &mut WebSocket, request: Current) -> Result<End, Gone> {
        let answered = async {
            if let Some(request) = request
                && let Handled::End(end) = request.await
            {
                self.outbox.end(end);
            }
            while self.outbox.unanswered() > 0 {
                self.outbox.changed().await;
            }
        };
        let _ = timeout(DRAIN_DEADLINE, answered).await;
        let Work { frames, end } = self.outbox.take();
        self.write(socket, frames).await?;
        Ok(end.unwrap_or(End::Restart))
    }

    fn next_deadline(&self) -> Instant {
        let deadline = self.next_overdue();
        self.turn.map_or(deadline, |it| it.min(deadline))
    }

    fn next_overdue(&self) -> Instant {
        let Some(session) = &self.session else { return self.heard + LOGIN_DEADLINE };
        let left = session.expires_s.saturating_sub(now_s()).min(24 * 3600);
        (self.heard + SILENCE).min(Instant::now() + Duration::from_secs(left))
    }

    fn overdue(&self) -> Option<End> {
        match &self.session {
            None => (self.heard.elapsed() >= LOGIN_DEADLINE).then_some(End::LoginTooLate),
            Some(session) if session.expires_s <= now_s() => {
                Some(End::Kicked(KickReason::UserSigExpired))
            }
            Some(_) => (self.heard.elapsed() >= SILENCE).then_some(End::Silent),
        }
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    let source = std::error::Error::source(error);
    let error = source.and_then(|it| it.downcast_ref::<tungstenite::Error>());
    matches!(error, Some(tungstenite::Error::Capacity(_)))
}

/// Says goodbye and waits for the answer, so that what was written is read before the socket goes.
async fn finish(socket: &mut WebSocket, end: End) -> Result<(), axum::Error> {
    if let End::Kicked(reason) = end {
        let text = frame::push(Kicked::NAME, &Kicked { reason });
        socket.feed(Message::Text(text.into())).await?;
    }
    socket.send(Message::Close(Some(end.frame()))).await?;
    while let Some(Ok(_)) = socket.next().await {}
    Ok(())
}
