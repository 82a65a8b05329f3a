//! Keeps a link to the server as long as a session lasts.
//!
//! One task per session: connect, present the credential (or resume), hand frames on until the link
//! is lost, wait, again. It does not know what the frames mean: replies go to
//! [`crate::requests`], pushes and the catching up after a reconnect to [`crate::sync`].
//!
//! ```text
//! connecting ──open──▶ authenticating ──accepted──▶ up ──lost──▶ waiting ──▶ connecting …
//!      └──failed──────────────┴──lost──────────────────────────────▲
//!                             └──refused──▶ the session's end
//! ```

use std::{future::Future, rc::Rc};

use futures::{
    FutureExt,
    future::{Either, select},
    pin_mut,
};
use tim_protocol::{
    call::{Call, LoggedIn, Login, Ping, Resume, Resumed, Settings},
    code::Code,
    frame::{self, ServerFrame},
    ids::TinyId,
    json::Json,
    limits,
    push::{KickReason, Push},
};

use crate::{
    backoff::{Backoff, scattered_ms},
    client::{Client, read_reply},
    error::Error,
    oneshot,
    output::NetState,
    ports::{Host, LogLevel, Socket},
    requests::{Answer, Patience},
};

/// How long opening a socket may take.
const CONNECT_MS: u64 = 10_000;

/// A link that lasted this long was a good one: after its loss the next attempt is made at once.
const STEADY_MS: u64 = 1_000;

/// Tells when the first attempt of a session has failed.
pub(crate) struct Attempts(oneshot::Receiver<()>);

impl Attempts {
    /// Resolves when the first attempt has failed.
    pub async fn failed(self) {
        // An end without a failure is one, too.
        let _ = self.0.await;
    }
}

/// How serving one socket ended.
enum End {
    /// Try again.
    Lost,
    /// Try again at once: the server is there and wants the credential itself.
    Again,
    /// The session is over.
    Over,
}

/// What the task presents to the server.
struct Credentials {
    login: Login,
    /// From the login's answer; without it the credential itself is presented.
    session: Option<String>,
    /// Gets the first login's outcome.
    first: Option<oneshot::Sender<Result<LoggedIn, Error>>>,
    /// When the link was last up, to tell a short absence from a long one.
    up_ms: u64,
    /// The server no longer knew the session, so it may not know what we hold either.
    forgotten: bool,
}

impl<H: Host> Client<H> {
    /// Starts the task; the receiver gets the outcome of presenting the credential.
    pub(crate) fn connect(
        &self,
        generation: u64,
        login: Login,
    ) -> (oneshot::Receiver<Result<LoggedIn, Error>>, Attempts) {
        let (first, answer) = oneshot::channel();
        let (failed, failure) = oneshot::channel::<()>();
        let up_ms = self.host().now_ms();
        let credentials =
            Credentials { login, session: None, first: Some(first), up_ms, forgotten: false };
        self.spawn(move |client| async move {
            client.keep_connected(generation, credentials, failed).await;
        });
        (answer, Attempts(failure))
    }

    async fn keep_connected(
        &self,
        generation: u64,
        mut credentials: Credentials,
        failed: oneshot::Sender<()>,
    ) {
        let mut backoff = Backoff::new(H::WAITS);
        let mut failed = Some(failed);
        while self.is_current(generation) {
            self.with(|state| state.announce_net(NetState::Connecting));
            self.drain();
            let mut scattered = 0;
            let connecting = self.host().connect(&self.0.config.url);
            let socket = self.within(CONNECT_MS, connecting).await.flatten();
            if let Some(socket) = socket {
                if !self.is_current(generation) {
                    socket.close();
                    return;
                }
                let socket = Rc::new(socket);
                self.with(|state| state.socket = Some(Rc::clone(&socket)));
                let end = self.serve(generation, &socket, &mut credentials, &mut backoff).await;
                socket.close();
                if !self.is_current(generation) || matches!(end, End::Over) {
                    return;
                }
                let now_ms = self.host().now_ms();
                self.with(|state| {
                    state.socket = None;
                    state.link = None;
                    state.requests.link_lost(now_ms);
                });
                if matches!(end, End::Again) {
                    continue;
                }
                if socket.server_restarts() {
                    scattered = scattered_ms(self.host().random());
                }
            }
            if !self.is_current(generation) {
                return;
            }
            self.with(|state| state.announce_net(NetState::Disconnected));
            self.drain();
            if let Some(failed) = failed.take() {
                // Nobody may be waiting for it any more.
                let _ = failed.send(());
            }
            let wait = self.host().sleep(backoff.next_ms(self.host().random()) + scattered);
            let woken = self.host().woken();
            pin_mut!(wait, woken);
            select(wait, woken).await;
        }
    }

    /// Uses one socket until it is lost or the session ends.
    async fn serve(
        &self,
        generation: u64,
        socket: &Rc<H::Socket>,
        credentials: &mut Credentials,
        backoff: &mut Backoff,
    ) -> End {
        let resuming = credentials.session.is_some();
        // Later, and after a start without the server, the session must be there first.
        if credentials.first.as_ref().is_some_and(|it| !it.is_canceled()) {
            self.with(|state| state.announce_net(NetState::Connected));
            self.drain();
        }
        let answer = match credentials.session.clone() {
            Some(session) => self
                .present(generation, socket, &Resume { session })
                .await
                .map(|answer| read_reply::<Resume>(answer).map(Accepted::Resumed)),
            None => {
                let login = credentials.login.clone();
                self.present(generation, socket, &login).await.map(|answer| {
                    read_reply::<Login>(answer).map(|it| Accepted::LoggedIn(Box::new(it)))
                })
            }
        };
        let Some(answer) = answer else {
            return if self.is_current(generation) { End::Lost } else { End::Over };
        };
        match answer {
            Ok(accepted) => self.link_up(generation, socket, credentials, accepted),
            Err(error) => return self.refused(credentials, error, resuming),
        }
        let up_ms = self.host().now_ms();
        while let Some(text) = socket.receive().await {
            if self.is_current(generation) {
                self.take_frame(&text);
                self.drain();
            } else if let Some(frame) = ServerFrame::read(&text) {
                // After the session's end only the answer to its farewell is of interest. Whoever
                // ended it closes the socket.
                self.take_reply(&frame);
            }
        }
        credentials.up_ms = self.host().now_ms();
        if credentials.up_ms.saturating_sub(up_ms) >= STEADY_MS {
            backoff.reset();
        } else {
            backoff.was_up_briefly();
        }
        End::Lost
    }

    /// Writes the first frame and waits for its reply; `None` when the link was lost or the session
    /// ended before it came.
    async fn present<C: Call>(
        &self,
        generation: u64,
        socket: &Rc<H::Socket>,
        call: &C,
    ) -> Option<Answer> {
        let mut answer = self.submit_on(&**socket, call, Patience::BOUND).boxed_local();
        loop {
            let text = {
                let frame = socket.receive();
                pin_mut!(frame);
                // The reply is taken from the frames below, so only lateness can end this early.
                match select(frame, &mut answer).await {
                    Either::Left((text, _)) => text?,
                    Either::Right((answer, _)) => return Some(answer),
                }
            };
            if !self.is_current(generation) {
                return None;
            }
            self.take_frame(&text);
            self.drain();
            if !self.is_current(generation) {
                return None;
            }
            if let Some(answer) = (&mut answer).now_or_never() {
                return Some(answer);
            }
        }
    }

    fn link_up(
        &self,
        generation: u64,
        socket: &Rc<H::Socket>,
        credentials: &mut Credentials,
        accepted: Accepted,
    ) {
        let now_ms = self.host().now_ms();
        let away_ms = now_ms.saturating_sub(credentials.up_ms);
        let (server_time, profile, sends_per_second) = match &accepted {
            Accepted::LoggedIn(it) => {
                (it.server_time, &it.profile, Some(it.settings.c2c_send_rate_per_second))
            }
            Accepted::Resumed(it) => (it.server_time, &it.profile, None),
        };
        self.set_clock(server_time, now_ms);
        self.with(|state| {
            state.link = Some(Rc::clone(socket));
            state.requests.link_up(sends_per_second, now_ms);
            state.write_due(now_ms);
            state.announce_net(NetState::Connected);
        });
        self.beat(generation, Rc::clone(socket));
        let forgotten = std::mem::take(&mut credentials.forgotten);
        let reload = forgotten || away_ms > limits::DELTA_MAX_AGE_MS;
        let profile = profile.clone();
        if let Accepted::LoggedIn(it) = accepted {
            credentials.session = Some(it.session.clone());
            if let Some(first) = credentials.first.take() {
                // The login waits for this; unless it went on without the server meanwhile.
                let Err(answer) = first.send(Ok(*it)) else { return };
                if let Ok(it) = answer {
                    self.known_as(it.tiny_id, it.settings);
                }
            } else {
                self.known_as(it.tiny_id, it.settings);
            }
        }
        self.profile_arrived(profile);
        self.resync_soon(generation, reload);
    }

    /// What the server says of the account holds, whatever the device knew.
    fn known_as(&self, tiny_id: TinyId, settings: Settings) {
        self.with(|state| {
            if let Some(me) = &mut state.me {
                (me.tiny_id, me.settings) = (tiny_id, settings);
            }
        });
        self.keep_me();
    }

    /// The credential or the session was not accepted.
    fn refused(&self, credentials: &mut Credentials, error: Error, resuming: bool) -> End {
        let temporary = matches!(
            error.code,
            Code::INTERNAL
                | Code::NETWORK_TIMEOUT
                | Code::NETWORK_ERROR
                | Code::NO_NETWORK
                | Code::OVER_FREQUENCY_LIMIT
        );
        // Others may have guessed at this user's credential. Only somebody who waits for the login is told;
        // a session must not end by it.
        let is_awaited = credentials.first.as_ref().is_some_and(|it| !it.is_canceled());
        if temporary || (error.code == Code::TOO_MANY_FAILED_LOGINS && !is_awaited) {
            return End::Lost;
        }
        if resuming && error.code == Code::USER_SIG_REVOKED {
            // The server forgot the session: present the credential again.
            credentials.session = None;
            credentials.forgotten = true;
            return End::Again;
        }
        if let Some(first) = credentials.first.take()
            && first.send(Err(error.clone())).is_ok()
        {
            return End::Over;
        }
        self.warn("the server ended the session", &error);
        self.kicked_out(match error.code {
            Code::ACCOUNT_BANNED | Code::ACCOUNT_NOT_FOUND | Code::USER_SIG_REVOKED => {
                KickReason::RestApiKick
            }
            Code::INSTANCE_KICKED => KickReason::MultipleAccount,
            _ => KickReason::UserSigExpired,
        });
        End::Over
    }

    /// Takes one frame in.
    fn take_frame(&self, text: &str) {
        let Some(frame) = ServerFrame::read(text) else {
            self.log(LogLevel::Warn, "a frame of the server is malformed");
            return;
        };
        if self.take_reply(&frame) {
            return;
        }
        if let (Some(name), Some(body)) = (frame.push(), frame.body()) {
            match Push::read(name, body) {
                Ok(Some(push)) => self.take_push(push),
                // A newer server says more than we know.
                Ok(None) => {}
                Err(_) => self.log(LogLevel::Warn, "a push of the server is malformed"),
            }
        }
    }

    /// Gives a reply to whoever waits for it; whether it is a reply.
    fn take_reply(&self, frame: &ServerFrame<'_>) -> bool {
        let Some(id) = frame.id() else { return false };
        let code = frame.code();
        let answer = if code.is_ok() {
            Ok(frame.body().map_or("{}", Json::raw).to_owned())
        } else {
            Err(Error::with(code, frame.message().unwrap_or(code.text())))
        };
        let now_ms = self.host().now_ms();
        self.with(|state| state.requests.answer(id, answer, now_ms));
        true
    }

    /// Writes a request to a socket that is not the link (yet, or any more).
    pub(crate) fn submit_on<C: Call>(
        &self,
        socket: &H::Socket,
        call: &C,
        patience: Patience,
    ) -> impl Future<Output = Answer> + 'static {
        let now_ms = self.host().now_ms();
        let receiver = self.with(|state| {
            let id = state.requests.next_id();
            let receiver = state.requests.add(id, frame::request(id, call), patience, now_ms);
            if let Some(frame) = state.requests.write(id, now_ms) {
                socket.send(frame);
            }
            receiver
        });
        self.watch_requests();
        async move { receiver.await.unwrap_or(Err(Error::new(Code::USER_NOT_LOGGED_IN))) }
    }

    fn set_clock(&self, server_time: u64, now_ms: u64) {
        let offset = i64::try_from(server_time).unwrap_or(0) - i64::try_from(now_ms).unwrap_or(0);
        self.with(|state| state.clock_offset_ms = offset);
    }

    /// Asks for a sign of life now and then; a link without one is closed. On one that lasts, cursors are
    /// compared now and then: a push may be lost without anybody knowing.
    fn beat(&self, generation: u64, socket: Rc<H::Socket>) {
        let mut synced_ms = self.host().now_ms();
        self.spawn(move |client| async move {
            loop {
                let pause = client.host().sleep(limits::HEARTBEAT_MS);
                let woken = client.host().woken();
                pin_mut!(pause, woken);
                let deadline_ms = match select(pause, woken).await {
                    Either::Left(_) => limits::HEARTBEAT_TIMEOUT_MS,
                    Either::Right(_) => H::DOUBT_MS,
                };
                let up = client.with(|state| {
                    state.link.as_ref().is_some_and(|link| Rc::ptr_eq(link, &socket))
                });
                if !up {
                    return;
                }
                let answer = client.submit_on(&*socket, &Ping {}, Patience::BOUND);
                match client.within(deadline_ms, answer).await {
                    Some(answer) => {
                        if let Ok(pong) = read_reply::<Ping>(answer) {
                            let now_ms = client.host().now_ms();
                            client.set_clock(pong.server_time, now_ms);
                            if now_ms.saturating_sub(synced_ms) >= limits::RESYNC_MS {
                                synced_ms = now_ms;
                                client.resync_soon(generation, false);
                            }
                        }
                    }
                    None => {
                        client.log(LogLevel::Warn, "no sign of life from the server");
                        socket.close();
                        return;
                    }
                }
            }
        });
    }
}

/// How the server took what was presented.
enum Accepted {
    LoggedIn(Box<LoggedIn>),
    Resumed(Resumed),
}
