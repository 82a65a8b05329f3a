//! Logging in and out, and being thrown out.
//!
//! A login opens the device's store while the socket connects. Its promise resolves with the
//! server's answer; the synchronisation then runs to `SDK_READY` (see [`crate::sync`]). When no
//! connection can be made but this device knows the user, the login succeeds from the store: cached
//! conversations are shown, reads are answered, sends wait for the link, and the credential is
//! presented as soon as there is one.

use std::{cell::RefCell, rc::Rc};

use futures::{
    FutureExt,
    future::{Either, select},
    pin_mut,
};
use tim_protocol::{
    call::{LoggedIn, Login, Logout, Settings},
    code::Code,
    ids::{TinyId, UserId},
    json::{self, Json, ObjectWriter, ToJson},
    json_object, limits,
    push::KickReason,
    user::Profile,
};

use crate::{
    client::Client,
    connection::Attempts,
    error::Error,
    gate::Phase,
    gather::Gather,
    keeper::{Keeper, UnderWay, store_failure},
    line::Line,
    oneshot,
    output::{Event, Output, Status},
    ports::{Host, LogLevel, Socket},
    requests::Patience,
    state::Me,
    store::{Snapshot, Store},
};

/// How long a login looks for a connection before a known user is shown what the device has.
const OFFLINE_AFTER_MS: u64 = 5_000;

/// The name under which the store keeps who it belongs to.
const ME: &str = "me";

/// Options of `login`.
#[derive(Clone, Debug, Default)]
pub struct LoginOptions {
    /// Who; empty for anything but a string.
    pub user_id: String,
    /// Proof; empty for anything but a string.
    pub user_sig: String,
}

impl LoginOptions {
    /// Reads the argument of `login`; every argument has a code of its own, so nothing fails here.
    #[must_use]
    pub fn read(argument: &Json<'_>) -> Self {
        let text = |name| argument.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        Self { user_id: text("userID"), user_sig: text("userSig") }
    }
}

/// `data` of a login.
#[derive(Clone, Debug)]
pub struct LoginResult {
    error_info: String,
    tiny_id: TinyId,
    repeat_login: bool,
}

/// Who a store belongs to: enough to start without the server.
#[derive(Clone)]
struct KnownUser {
    tiny_id: TinyId,
    profile: Profile,
    settings: Settings,
}

json_object!(KnownUser { tiny_id: "tinyID", profile: "profile", settings: "settings" });

impl ToJson for LoginResult {
    fn write(&self, out: &mut String) {
        let mut object = ObjectWriter::new(out);
        object.member("actionStatus", &"OK");
        object.member("errorCode", &0_u32);
        object.member("errorInfo", &self.error_info);
        object.member("tinyID", &self.tiny_id);
        object.member_unless_blank("repeatLogin", &self.repeat_login);
        object.end();
    }
}

/// The store's content, for everybody who waits for it.
#[derive(Clone, Default)]
pub(crate) struct Opened {
    /// Whoever opens the store comes first.
    line: Line,
    content: Rc<RefCell<Rc<Snapshot>>>,
}

impl Opened {
    /// Resolves when the store has been read.
    pub async fn content(&self) -> Rc<Snapshot> {
        self.line.turn().await;
        self.content.borrow().clone()
    }
}

impl<H: Host> Client<H> {
    /// Logs in.
    ///
    /// # Errors
    /// 2025 while another login runs, 2002, 2003, 7003 for the arguments, 2802 without a server
    /// address, 2801 without a connection, the server's 70xxx.
    pub async fn login(&self, options: LoginOptions) -> Result<LoginResult, Error> {
        if self.with(|state| state.destroyed) {
            return Err(Error::with(Code::USER_NOT_LOGGED_IN, "this instance was destroyed"));
        }
        match self.phase() {
            Phase::LoggingIn => return Err(Error::new(Code::REPEAT_LOGIN)),
            Phase::Syncing | Phase::Ready => return Ok(self.repeated_login()),
            Phase::Idle => {}
        }
        let (user, user_sig) = credentials(&options)?;
        if self.0.config.url.is_empty() {
            return Err(Error::new(Code::NO_SERVER_ADDRESS));
        }
        let (waiting, given_up) = oneshot::channel::<()>();
        let generation = self.with(|state| {
            state.phase = Phase::LoggingIn;
            state.login = Some(waiting);
            state.generation += 1;
            state.generation
        });
        // A logout of the session before may still be writing.
        self.close_store();
        self.stores_closed().await;
        let opened = self.open(generation, &user);
        let credential = Login {
            sdk_app_id: self.0.config.sdk_app_id,
            user_id: user.as_str().to_owned(),
            user_sig,
            client: self.0.config.version.clone(),
        };
        let (answer, attempts) = self.connect(generation, credential);
        let started = {
            let start = self.start(generation, &user, &opened, answer, attempts);
            pin_mut!(start);
            match select(start, given_up).await {
                Either::Left((started, _)) => started,
                Either::Right(_) => Err(Error::new(Code::USER_NOT_LOGGED_IN)),
            }
        };
        if !self.is_current(generation) {
            return Err(Error::new(Code::USER_NOT_LOGGED_IN));
        }
        match started {
            Ok(start) => {
                let tiny_id = start.tiny_id;
                self.begin_session(generation, user, start, opened);
                Ok(LoginResult { error_info: String::new(), tiny_id, repeat_login: false })
            }
            Err(error) => {
                self.warn("login failed", &error);
                self.end_session();
                self.close_store();
                self.stores_closed().await;
                Err(error)
            }
        }
    }

    fn repeated_login(&self) -> LoginResult {
        self.with(|state| LoginResult {
            error_info: [
                state.my_id(),
                " is logged in already: log out before another user logs in",
            ]
            .concat(),
            tiny_id: state.me.as_ref().map(|me| me.tiny_id).unwrap_or_default(),
            repeat_login: true,
        })
    }

    /// Opens the user's store and reads it, once for everybody.
    fn open(&self, generation: u64, user: &UserId) -> Opened {
        let opening = self.host().open_store(self.0.config.sdk_app_id, user);
        let opened = Opened::default();
        let (reading, content) = (opened.line.turn(), Rc::clone(&opened.content));
        self.spawn(move |client| async move {
            let _turn = reading.await;
            let store = match opening.await {
                Ok(store) => Some(store),
                Err(error) => {
                    client.report(&store_failure(&error));
                    client.drain();
                    None
                }
            };
            if !client.is_current(generation) {
                if let Some(store) = store {
                    store.close();
                }
                return;
            }
            let keeper = Rc::new(Keeper::new(store));
            let snapshot = client.load(&keeper).await;
            if client.is_current(generation) {
                *client.0.keeper.borrow_mut() = Some(keeper);
                *content.borrow_mut() = Rc::new(snapshot);
            } else {
                keeper.give_back();
            }
        });
        opened
    }

    /// Waits for the server's word, or does without it when the device knows the user.
    async fn start(
        &self,
        generation: u64,
        user: &UserId,
        opened: &Opened,
        answer: oneshot::Receiver<Result<LoggedIn, Error>>,
        attempts: Attempts,
    ) -> Result<Start, Error> {
        let known = {
            let (client, opened) = (self.clone(), opened.clone());
            async move {
                let snapshot = opened.content().await;
                // Whichever comes first: an attempt that failed, or enough patience.
                client.within(OFFLINE_AFTER_MS, attempts.failed()).await;
                match known_user(&snapshot) {
                    Some(known) => known,
                    None => futures::future::pending().await,
                }
            }
        };
        let answer = answer.map(|it| it.unwrap_or(Err(Error::new(Code::USER_NOT_LOGGED_IN))));
        let outcome = async {
            pin_mut!(answer, known);
            match select(answer, known).await {
                Either::Left((answer, _)) => answer.map(|it| Start {
                    tiny_id: it.tiny_id,
                    profile: it.profile,
                    settings: it.settings,
                    online: true,
                }),
                Either::Right((known, _)) => Ok(Start {
                    tiny_id: known.tiny_id,
                    profile: known.profile,
                    settings: known.settings,
                    online: false,
                }),
            }
        };
        let started = self.within(limits::LOGIN_DEADLINE_MS, outcome).await;
        let started = started.unwrap_or(Err(Error::new(Code::NETWORK_TIMEOUT)))?;
        if started.profile.user_id != *user || !self.is_current(generation) {
            return Err(Error::new(Code::NETWORK_ERROR));
        }
        Ok(started)
    }

    fn begin_session(&self, generation: u64, user_id: UserId, start: Start, opened: Opened) {
        let Start { tiny_id, profile, settings, online } = start;
        let now_ms = self.host().now_ms();
        self.with(|state| {
            state.phase = Phase::Syncing;
            state.early = Some(Vec::new());
            state.say(Output::Profile { p: Box::new(profile.clone()), at: now_ms });
            state.me = Some(Me { user_id, tiny_id, profile, settings });
        });
        self.spawn(
            move |client| async move { client.first_sync(generation, opened, online).await },
        );
    }

    /// Writes down who the store belongs to.
    pub(crate) fn keep_me(&self) {
        let known = self.with(|state| {
            state.me.as_ref().map(|me| KnownUser {
                tiny_id: me.tiny_id,
                profile: me.profile.clone(),
                settings: me.settings.clone(),
            })
        });
        if let Some(known) = known {
            let json = json::write(&known);
            self.keep(|keeper| keeper.put_value(ME, json));
        }
    }

    /// Logs out. Never fails once somebody is logged in.
    ///
    /// # Errors
    /// None; the gate of the call comes before.
    pub async fn logout(&self) -> Result<(), Error> {
        let farewell = self.with(|state| state.link.clone());
        let closing = self.take_leave();
        self.close_store();
        self.with(|state| state.emit(Event::NotReady));
        self.hand_out_reset();
        self.drain_now();
        if let Some(link) = farewell {
            let told = self.submit_on(&link, &Logout {}, Patience::BOUND);
            self.within(limits::LOGOUT_DEADLINE_MS, told).await;
        }
        if let Some(socket) = closing {
            socket.close();
        }
        self.stores_closed().await;
        Ok(())
    }

    /// Ends the instance for good.
    pub async fn destroy(&self) {
        if self.with(|state| std::mem::replace(&mut state.destroyed, true)) {
            return;
        }
        match self.phase() {
            Phase::Syncing | Phase::Ready => {
                // Cannot fail: somebody is logged in.
                let _ = self.logout().await;
            }
            Phase::LoggingIn => {
                self.end_session();
                self.close_store();
                self.stores_closed().await;
            }
            Phase::Idle => {}
        }
        let sdk_app_id = self.0.config.sdk_app_id;
        self.with(|state| state.emit(Event::Destroyed { sdk_app_id }));
    }

    /// Thrown out by the server: the end of the session without a logout.
    pub(crate) fn kicked_out(&self, reason: KickReason) {
        if matches!(self.phase(), Phase::Idle | Phase::LoggingIn) {
            return;
        }
        self.log(LogLevel::Warn, "kicked out");
        let closing = self.take_leave();
        self.close_store();
        self.with(|state| {
            state.emit(Event::KickedOut(reason));
            state.emit(Event::NotReady);
        });
        self.hand_out_reset();
        if let Some(socket) = closing {
            socket.close();
        }
        self.drain_now();
    }

    /// Back to IDLE with everything pending refused and what was on its way marked as failed;
    /// returns the socket to close.
    fn take_leave(&self) -> Option<Rc<H::Socket>> {
        self.fail_unsent();
        if let Some(keeper) = self.keeper() {
            self.settle(&keeper, UnderWay::All);
        }
        self.with(|state| {
            let socket = state.socket.take();
            state.requests.fail_all(Code::USER_NOT_LOGGED_IN);
            state.list.dirty = false;
            state.forget_session();
            socket
        })
    }

    /// After the events of the end: the app's objects are detached.
    fn hand_out_reset(&self) {
        self.with(|state| state.say(Output::Reset {}));
    }

    /// The end of a login that failed: no events.
    fn end_session(&self) {
        self.with(|state| {
            if let Some(socket) = state.socket.take() {
                socket.close();
            }
            state.requests.fail_all(Code::USER_NOT_LOGGED_IN);
            state.forget_session();
        });
    }

    /// Messages on their way become failed ones, in memory and in the store.
    fn fail_unsent(&self) {
        let unsent: Vec<_> = self.with(|state| {
            state.sending.clear();
            state
                .messages
                .values()
                .filter(|it| it.status == Status::UnSend)
                .map(|it| it.message.id.clone())
                .gather()
        });
        for id in unsent {
            self.fail_message(&id);
        }
    }
}

/// What a session begins with.
struct Start {
    tiny_id: TinyId,
    profile: Profile,
    settings: Settings,
    online: bool,
}

fn known_user(snapshot: &Snapshot) -> Option<KnownUser> {
    let (_, json) = snapshot.values.iter().find(|(key, _)| key == ME)?;
    json::read(json).ok()
}

fn credentials(options: &LoginOptions) -> Result<(UserId, String), Error> {
    let user_id = &options.user_id;
    if user_id.is_empty() {
        return Err(Error::with(Code::NO_IDENTIFIER, "userID must be a non-empty string"));
    }
    let user = user_id.parse().map_err(|_| Error::new(Code::INVALID_USERID))?;
    let user_sig = &options.user_sig;
    if user_sig.is_empty() {
        return Err(Error::with(Code::NO_USERSIG, "userSig must be a non-empty string"));
    }
    if user_sig.len() > limits::USER_SIG_BYTES {
        return Err(Error::with(Code::USER_SIG_MALFORMED, "userSig is longer than 4096 bytes"));
    }
    Ok((user, user_sig.to_owned()))
}
