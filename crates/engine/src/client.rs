//! The client: one instance of the SDK, shared by its calls and its tasks.
//!
//! This file holds the few ways in which everything else touches the instance: asking the server,
//! saying something to the app, reading and writing the store, starting tasks. What a call means is
//! in the file of its domain. State is borrowed for a few lines at a time, never over an `await` and
//! never while the app's listeners run.

use std::{cell::RefCell, future::Future, rc::Rc};

use futures::{
    future::{Either, select},
    pin_mut,
};
use tim_protocol::{call::Call, code::Code, frame, json};

use crate::{
    error::Error,
    gate::Phase,
    keeper::Keeper,
    line::Line,
    output::Event,
    ports::{Host, LogLevel},
    requests::{Answer, Patience},
    state::{ListDue, State},
};

/// What an instance is created with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The tenant.
    pub sdk_app_id: i64,
    /// Address of the server; empty when none could be determined.
    pub url: String,
    /// The page's language, for texts of list rows.
    pub language: String,
    /// Version of the SDK, told to the server.
    pub version: String,
}

/// One instance of the SDK. Clones are the same instance.
pub struct Client<H: Host>(pub(crate) Rc<Inner<H>>);

impl<H: Host> Clone for Client<H> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

pub(crate) struct Inner<H: Host> {
    pub host: H,
    pub config: Config,
    pub state: RefCell<State<H::Socket>>,
    /// Open from login to logout.
    pub keeper: RefCell<Option<Rc<Keeper<H::Store>>>>,
    /// The stores of earlier sessions on their way back.
    pub closing: Line,
}

impl<H: Host> Client<H> {
    /// A new instance; nothing happens before a login.
    pub fn new(host: H, config: Config) -> Self {
        let state = RefCell::new(State::new(config.language.clone()));
        let (keeper, closing) = (RefCell::default(), Line::default());
        Self(Rc::new(Inner { host, config, state, keeper, closing }))
    }

    /// The state of the session.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.with(|state| state.phase)
    }

    /// The logged-in user's ID, empty when there is none.
    #[must_use]
    pub fn login_user(&self) -> String {
        self.with(|state| match state.phase {
            Phase::Idle | Phase::LoggingIn => String::new(),
            Phase::Syncing | Phase::Ready => state.my_id().to_owned(),
        })
    }

    /// The server's clock in milliseconds, as far as we know it.
    #[must_use]
    pub fn server_time_ms(&self) -> u64 {
        let offset = self.with(|state| state.clock_offset_ms);
        self.host().now_ms().saturating_add_signed(offset)
    }

    /// The sum of unread messages; 0 while nobody is logged in.
    #[must_use]
    pub fn total_unread(&self) -> u32 {
        self.with(|state| state.total_unread())
    }

    pub(crate) fn host(&self) -> &H {
        &self.0.host
    }

    pub(crate) fn log(&self, level: LogLevel, line: &str) {
        self.host().log(level, line);
    }

    /// Logs something that went wrong and will be tried again, or has ended.
    pub(crate) fn warn(&self, what: &str, error: &Error) {
        let code = json::write(&error.code);
        let line = [what, ": ", &error.message, " (", &code, ")"].concat();
        self.log(LogLevel::Warn, &line);
    }

    /// Borrows the state for a few lines.
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut State<H::Socket>) -> R) -> R {
        f(&mut self.0.state.borrow_mut())
    }

    pub(crate) fn keeper(&self) -> Option<Rc<Keeper<H::Store>>> {
        self.0.keeper.borrow().clone()
    }

    /// Starts a task that has the client.
    pub(crate) fn spawn<F: Future<Output = ()> + 'static>(&self, task: impl FnOnce(Self) -> F) {
        self.host().spawn(Box::pin(task(self.clone())));
    }

    /// Whether a task of that session may go on.
    pub(crate) fn is_current(&self, generation: u64) -> bool {
        self.with(|state| state.generation == generation)
    }

    /// A future's result, unless it takes longer than `ms`.
    pub(crate) async fn within<F: Future>(&self, ms: u64, future: F) -> Option<F::Output> {
        let late = self.host().sleep(ms);
        pin_mut!(future, late);
        match select(future, late).await {
            Either::Left((value, _)) => Some(value),
            Either::Right(_) => None,
        }
    }

    // ---- telling the app ----------------------------------------------------------------------

    /// Hands everything queued to the app. Called whenever control goes back to the event loop.
    pub(crate) fn drain(&self) {
        let now_ms = self.host().now_ms();
        let due = self.with(|state| {
            let due = state.list_due(now_ms);
            if due == ListDue::Now {
                state.emit_list(now_ms);
            }
            due
        });
        if let ListDue::In(ms) = due
            && self.with(|state| !std::mem::replace(&mut state.list.timer, true))
        {
            self.spawn(|client| async move {
                client.host().sleep(ms).await;
                client.with(|state| state.list.timer = false);
                client.drain();
            });
        }
        if !matches!(due, ListDue::In(_)) {
            // Inside a burst the rows' objects change with the list event, not with each message.
            self.with(State::tell_touched);
        }
        self.hand_over();
    }

    /// Like [`Client::drain`], without waiting for the end of a burst: before the promise of the
    /// call that caused the events resolves.
    pub(crate) fn drain_now(&self) {
        let now_ms = self.host().now_ms();
        self.with(|state| {
            if state.list.dirty && !state.list.held {
                state.emit_list(now_ms);
            }
            state.tell_touched();
        });
        self.hand_over();
    }

    fn hand_over(&self) {
        let batch = self.with(|state| std::mem::take(&mut state.output));
        if !batch.is_empty() {
            self.host().output(batch);
        }
    }

    /// Reports something through the ERROR event and the log.
    pub(crate) fn report(&self, error: &Error) {
        self.log(LogLevel::Error, &error.message);
        self.with(|state| {
            state.emit(Event::Error { code: error.code, message: error.message.clone() });
        });
    }

    // ---- asking the server --------------------------------------------------------------------

    /// Asks the server and waits for the answer.
    ///
    /// # Errors
    /// The server's code, or 2801, 2805, 2024 when the session ends meanwhile.
    pub(crate) async fn ask<C: Call>(&self, call: &C) -> Result<C::Reply, Error> {
        read_reply::<C>(self.submit(call, Patience::REQUEST).await)
    }

    /// Queues a request, and writes it when the link is up and its turn has come. The order of the
    /// calls is the order of the frames: everything up to the frame happens before this returns.
    pub(crate) fn submit<C: Call>(
        &self,
        call: &C,
        patience: Patience,
    ) -> impl Future<Output = Answer> + 'static + use<C, H> {
        let now_ms = self.host().now_ms();
        let receiver = self.with(|state| {
            let id = state.requests.next_id();
            let receiver = state.requests.add(id, frame::request(id, call), patience, now_ms);
            state.write_due(now_ms);
            receiver
        });
        self.watch_requests();
        async move { receiver.await.unwrap_or(Err(Error::new(Code::USER_NOT_LOGGED_IN))) }
    }

    /// Fails requests when they are late and writes those whose turn has come. One task watches as
    /// long as there are any.
    pub(crate) fn watch_requests(&self) {
        if self.with(|state| std::mem::replace(&mut state.watching_requests, true)) {
            return;
        }
        self.spawn(|client| async move {
            while let Some(next_ms) = client.with(|state| state.requests.next_ms()) {
                let now_ms = client.host().now_ms();
                // What is added meanwhile may be due earlier; a second bounds by how much.
                client.host().sleep(next_ms.saturating_sub(now_ms).clamp(1, 1000)).await;
                let now_ms = client.host().now_ms();
                client.with(|state| {
                    state.requests.expire(now_ms);
                    state.write_due(now_ms);
                });
            }
            client.with(|state| state.watching_requests = false);
        });
    }

    /// Whether the link to the server is up.
    pub(crate) fn is_online(&self) -> bool {
        self.with(|state| state.link.is_some())
    }
}

/// Reads the reply of a call.
pub(crate) fn read_reply<C: Call>(answer: Answer) -> Result<C::Reply, Error> {
    let body = answer?;
    json::read(&body).map_err(|member| malformed(C::METHOD.as_str(), member))
}

fn malformed(call: &str, member: &str) -> Error {
    let text = ["the server's answer to ", call, " is malformed: ", member];
    Error::with(Code::NETWORK_ERROR, text.concat())
}
