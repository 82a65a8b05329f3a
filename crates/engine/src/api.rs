//! The public calls by name: JSON arguments in, JSON results out.
//!
//! The one place that knows what the API's methods are called, what state they need and how their
//! arguments are read. Knows no JavaScript: a page's facade and a native test call it alike.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};
use tim_protocol::{code::Code, message::MessageType};

use crate::{
    client::Client,
    error::Error,
    gate::{Gate, check},
    list::ListChoice,
    output::Event,
    ports::Host,
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
        let view = read_list(arguments)
            .and_then(|list| self.create_message(&kind, argument(&list, 0)))
            .map_err(|error| named(method, error))?;
        to_json(&view)
    }

    async fn run(&self, method: &str, arguments: &str) -> Result<String, Error> {
        let gate = match method {
            "login" | "destroy" => Gate::Open,
            "logout" => Gate::LoggedIn,
            _ => Gate::Ready,
        };
        if let Err(code) = check(gate, self.phase()) {
            return Err(self.gate_refused(code));
        }
        let list = read_list(arguments)?;
        let first = argument(&list, 0);
        match method {
            "login" => {
                let options = serde_json::from_str(first).unwrap_or_default();
                to_json(&self.login(options).await?)
            }
            "logout" => nothing(self.logout().await),
            "destroy" => {
                self.destroy().await;
                nothing(Ok(()))
            }
            "sendMessage" => {
                let options = optional(&list, 1)?.unwrap_or_default();
                to_json(&self.send_message(first, options).await?)
            }
            "resendMessage" => to_json(&self.resend_message(first, optional(&list, 1)?).await?),
            "getMessageList" => to_json(&self.message_list(read_options(first)?).await?),
            "getMessageListHopping" => {
                to_json(&self.message_list_hopping(read_options(first)?).await?)
            }
            "setMessageRead" => nothing(self.set_message_read(read_options(first)?).await),
            "getConversationList" => {
                let choice: Option<Value> = optional(&list, 0)?;
                to_json(&self.conversation_list(ListChoice::read(choice.as_ref())?))
            }
            "getConversationProfile" => {
                let id: String = serde_json::from_str(first)
                    .map_err(|_| Error::invalid("conversationID must be a string"))?;
                to_json(&self.conversation_profile(&id).await?)
            }
            "getMyProfile" => to_json(&self.my_profile()?),
            "getUserProfile" => to_json(&self.user_profiles(read_options(first)?).await?),
            "updateMyProfile" => to_json(&self.update_my_profile(first).await?),
            _ => Err(Error::new(Code::CANNOT_FIND_PROTOCOL)),
        }
    }

    /// A refusal by the gate is also told through the ERROR event.
    pub(crate) fn gate_refused(&self, code: Code) -> Error {
        let error = Error::new(code);
        self.with(|state| {
            state.emit(Event::Error { code, message: error.message.clone() });
        });
        // `create*` is synchronous: its event leaves in a turn of its own.
        self.spawn(|client| async move { client.drain() });
        error
    }
}

fn named(method: &str, error: Error) -> Error {
    Error::with(error.code, format!("{method}: {}", error.message))
}

type Arguments = Vec<Box<RawValue>>;

fn read_list(arguments: &str) -> Result<Arguments, Error> {
    serde_json::from_str(arguments).map_err(|_| Error::invalid("arguments cannot be read"))
}

fn argument(list: &Arguments, index: usize) -> &str {
    list.get(index).map_or("null", |it| it.get())
}

/// Reads an options object.
pub(crate) fn read_options<T: DeserializeOwned>(json: &str) -> Result<T, Error> {
    serde_json::from_str(json).map_err(|error| {
        let text = error.to_string();
        // The position inside our own JSON means nothing to the app.
        let text = text.split(" at line ").next().unwrap_or_default();
        Error::invalid(&format!("options: {text}"))
    })
}

/// Reads an argument that may be left out.
fn optional<T: DeserializeOwned>(list: &Arguments, index: usize) -> Result<Option<T>, Error> {
    match argument(list, index) {
        "null" => Ok(None),
        json => read_options(json).map(Some),
    }
}

fn to_json<T: Serialize>(data: &T) -> Result<String, Error> {
    serde_json::to_string(data)
        .map_err(|error| Error::with(Code::UNCAUGHT_ERROR, error.to_string()))
}

fn nothing(done: Result<(), Error>) -> Result<String, Error> {
    done.map(|()| "{}".to_owned())
}
