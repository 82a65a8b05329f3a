//! The public calls by name: JSON arguments in, JSON results out.
//!
//! The one place that knows what the API's methods are called, what state they need and how their
//! arguments are read. Knows no JavaScript: a page's facade and a native test call it alike.

use std::{future::poll_fn, pin::pin, task::Poll};

use tim_protocol::{
    code::Code,
    json::{self, FromJson, Json, ToJson},
    message::MessageType,
};

use crate::{
    client::Client,
    error::Error,
    gate::{Gate, check},
    list::ListChoice,
    output::Event,
    ports::Host,
    sending::Known,
    session::LoginOptions,
};

impl<H: Host> Client<H> {
    /// Runs a call of the API. `arguments` is a JSON array; the result is the JSON of the `data` the
    /// app gets. Everything the call has to tell the app was told when this returns.
    ///
    /// # Errors
    /// The call's, with the call's name in front of the text.
    pub async fn call(&self, method: &str, arguments: &str) -> Result<String, Error> {
        let result = self.run(method, arguments).await;
        match method {
            // Many sends make a burst: their list events may come together, a moment later.
            "sendMessage" | "resendMessage" if self.with(|state| !state.sending.is_empty()) => {
                self.drain();
            }
            _ => self.drain_now(),
        }
        result.map_err(|error| named(method, error))
    }

    /// Makes a message: the JSON of a [`crate::output::MessageView`].
    ///
    /// # Errors
    /// As [`Client::create_message`], with the call's name in front of the text.
    pub fn create(&self, method: &str, arguments: &str) -> Result<String, Error> {
        let kind = match method {
            "createTextMessage" => MessageType::TEXT,
            "createCustomMessage" => MessageType::CUSTOM,
            "createFaceMessage" => MessageType::FACE,
            "createLocationMessage" => MessageType::LOCATION,
            _ => return Err(named(method, Error::new(Code::CANNOT_FIND_PROTOCOL))),
        };
        if let Err(code) = check(Gate::Create, self.phase()) {
            return Err(named(method, self.gate_refused(method, code)));
        }
        let arguments = Arguments::read(arguments);
        let view = arguments.and_then(|it| self.create_message(&kind, it.at(0)));
        view.map(|it| json::write(&it)).map_err(|error| named(method, error))
    }

    async fn run(&self, method: &str, arguments: &str) -> Result<String, Error> {
        let gate = match method {
            "login" | "destroy" => Gate::Open,
            "logout" => Gate::LoggedIn,
            _ => Gate::Ready,
        };
        if let Err(code) = check(gate, self.phase()) {
            return Err(self.gate_refused(method, code));
        }
        let arguments = Arguments::read(arguments)?;
        let generation = self.with(|state| state.generation);
        let mut running = pin!(self.perform(method, &arguments));
        // What waits for the store or the server when its session ends must not go on in another one.
        poll_fn(|context| {
            if matches!(gate, Gate::Ready) && !self.is_current(generation) {
                return Poll::Ready(Err(Error::new(Code::USER_NOT_LOGGED_IN)));
            }
            running.as_mut().poll(context)
        })
        .await
    }

    async fn perform(&self, method: &str, arguments: &Arguments<'_>) -> Result<String, Error> {
        let first = arguments.at(0);
        match method {
            "login" => to_json(&self.login(LoginOptions::read(first)).await?),
            "logout" => nothing(self.logout().await),
            "destroy" => {
                self.destroy().await;
                nothing(Ok(()))
            }
            "sendMessage" => {
                let options = optional(arguments.at(1))?.unwrap_or_default();
                // What `create` gave, given back: the app's side has it just so.
                to_json(&match first.get("m") {
                    Some(made) => self.send_message(made, options, Known::Yes).await?,
                    None => self.send_message(first, options, Known::No).await?,
                })
            }
            "resendMessage" => {
                let options = optional(arguments.at(1))?;
                to_json(&self.resend_message(first, options).await?)
            }
            "getMessageList" => to_json(&self.message_list(read_options(first)?).await?),
            "getMessageListHopping" => {
                to_json(&self.message_list_hopping(read_options(first)?).await?)
            }
            "setMessageRead" => nothing(self.set_message_read(read_options(first)?).await),
            "getConversationList" => to_json(&self.conversation_list(ListChoice::read(first)?)),
            "getConversationProfile" => {
                let id = first.as_str();
                let id = id.ok_or_else(|| Error::invalid("conversationID must be a string"))?;
                to_json(&self.conversation_profile(id).await?)
            }
            "getMyProfile" => to_json(&self.my_profile()?),
            "getUserProfile" => to_json(&self.user_profiles(read_options(first)?).await?),
            "updateMyProfile" => to_json(&self.update_my_profile(first).await?),
            _ => Err(Error::new(Code::CANNOT_FIND_PROTOCOL)),
        }
    }

    /// A refusal by the gate is also told through the ERROR event.
    fn gate_refused(&self, method: &str, code: Code) -> Error {
        let error = Error::new(code);
        let message = named(method, error.clone()).message.clone();
        self.with(|state| state.emit(Event::Error { code, message }));
        // `create*` is synchronous: its event leaves in a turn of its own.
        self.spawn(|client| async move { client.drain() });
        error
    }
}

fn named(method: &str, error: Error) -> Error {
    Error::with(error.code, [method, ": ", &error.message].concat())
}

/// The arguments of a call.
struct Arguments<'a> {
    list: Json<'a>,
    none: Json<'static>,
}

impl<'a> Arguments<'a> {
    fn read(text: &'a str) -> Result<Self, Error> {
        let list = json::parse(text).filter(|it| it.as_list().is_some());
        let none = json::parse("null").expect("null is JSON");
        list.map(|list| Self { list, none })
            .ok_or_else(|| Error::invalid("arguments cannot be read"))
    }

    /// An argument; one that was left out is `null`.
    fn at(&self, index: usize) -> &Json<'a> {
        self.list.as_list().and_then(|it| it.get(index)).unwrap_or(&self.none)
    }
}

/// Reads an options object.
pub(crate) fn read_options<T: FromJson>(json: &Json<'_>) -> Result<T, Error> {
    T::from_json(json).map_err(|member| {
        Error::invalid(&["options: ", member, " is missing, malformed or of a wrong type"].concat())
    })
}

/// Reads an argument that may be left out.
fn optional<T: FromJson>(json: &Json<'_>) -> Result<Option<T>, Error> {
    if json.is_null() { Ok(None) } else { read_options(json).map(Some) }
}

fn to_json<T: ToJson>(data: &T) -> Result<String, Error> {
    Ok(json::write(data))
}

fn nothing(done: Result<(), Error>) -> Result<String, Error> {
    done.map(|()| "{}".to_owned())
}
