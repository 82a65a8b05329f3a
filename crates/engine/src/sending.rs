//! Sending messages so that none is lost, doubled or out of order.
//!
//! A message goes, in the turn of the call: to the socket (or, without a link, into the queue that is
//! written in order when there is one), into memory and towards the store as `unSend`. The server
//! stores an ID once, so an unanswered frame is simply written again after a reconnect. The answer
//! gives the message its place; without one in time the message becomes `fail` and stays, ready for
//! `resendMessage` under the same ID. If the server had it after all, the log says so later and it
//! becomes `success`.
//!
//! Online-only messages skip memory and store: they exist for the moment.

use tim_protocol::{
    call::{MessageControlInfo, SendMessage, Sent},
    code::Code,
    ids::{ConversationId, MessageId},
    json::{FromJson, Json},
    json_object, limits,
    message::{ConversationType, Message},
};

use crate::{
    client::{Client, read_reply},
    conversation::{Arrival, begin_log},
    error::Error,
    message::{Held, SendOptions, own},
    oneshot,
    output::{MessageRef, Output, Patch, Status},
    ports::Host,
    receiving::conversation_of,
    requests::Patience,
    store::{Position, Wanted},
};

/// `data` of a send.
#[derive(Clone, Debug)]
pub struct SendResult {
    message: MessageRef,
}

json_object!(full SendResult { message: "message" });

impl<H: Host> Client<H> {
    /// `sendMessage`: a message, the options and whether the app's side has it as it was made.
    ///
    /// # Errors
    /// 2105, 2106, 2113, 80002 before anything happens; 2801, 2805 or the server's code after.
    pub async fn send_message(
        &self,
        message: &Json<'_>,
        options: SendOptions,
        known: Known,
    ) -> Result<SendResult, Error> {
        let (message, mut status) = read_message(message)?;
        if known == Known::Yes {
            status = Status::UnSend;
        }
        if options.online_user_only && options.message_control_info != MessageControlInfo::default()
        {
            return Err(Error::new(Code::MESSAGE_CONTROL_INFO_FAIL));
        }
        let status = self.status_of(&message.id).unwrap_or(status);
        self.send_unless_done(message, status, options, Attempt::First(known)).await
    }

    /// `resendMessage`: the same ID again, with the options it was first sent with unless others
    /// are given.
    ///
    /// # Errors
    /// As for a send.
    pub async fn resend_message(
        &self,
        message: &Json<'_>,
        options: Option<SendOptions>,
    ) -> Result<SendResult, Error> {
        let (message, status) = read_message(message)?;
        let held = self.with(|state| state.messages.get(&message.id).cloned());
        let held = match held {
            Some(held) => Some(held),
            None => match self.with(|state| conversation_of(&message, state.my_id())) {
                Some(conversation) => {
                    self.kept(&conversation, Wanted::Message(&message.id)).await.pop()
                }
                None => None,
            },
        };
        let status = held.as_ref().map_or(status, |it| it.status);
        let options = options.or_else(|| held.map(|it| it.options)).unwrap_or_default();
        self.send_unless_done(message, status, options, Attempt::Again).await
    }

    fn status_of(&self, id: &MessageId) -> Option<Status> {
        self.with(|state| state.messages.get(id).map(|it| it.status))
    }

    async fn send_unless_done(
        &self,
        message: Message,
        status: Status,
        options: SendOptions,
        attempt: Attempt,
    ) -> Result<SendResult, Error> {
        let id = message.id.clone();
        let result = Ok(SendResult { message: MessageRef { id: id.clone() } });
        if status == Status::Success {
            return result;
        }
        if message.conversation_type == ConversationType::System {
            return Err(Error::new(Code::INVALID_CONVERSATION_TYPE));
        }
        let running = self.with(|state| {
            state.sending.get_mut(&id).map(|waiting| {
                let (sender, receiver) = oneshot::channel();
                waiting.push(sender);
                receiver
            })
        });
        if let Some(running) = running {
            running.await.unwrap_or(Err(Error::new(Code::USER_NOT_LOGGED_IN)))?;
            return result;
        }
        let max_bytes = self.with(|state| {
            state.me.as_ref().map_or(limits::MESSAGE_BODY_BYTES, |me| me.settings.max_message_bytes)
        });
        if message.body_bytes() > max_bytes {
            return Err(Error::new(Code::MESSAGE_TOO_LONG));
        }
        let outcome = if options.online_user_only {
            self.send_online(message, options).await
        } else {
            self.send_stored(message, options, attempt).await
        };
        self.tell_waiting(&id, &outcome);
        outcome.and(result)
    }

    /// Tells those who sent the same message meanwhile.
    fn tell_waiting(&self, id: &MessageId, outcome: &Result<(), Error>) {
        let Some(all) = self.with(|state| state.sending.remove(id)) else { return };
        for waiting in all {
            // A caller that is gone misses nothing.
            let _ = waiting.send(outcome.clone());
        }
    }

    async fn send_stored(
        &self,
        message: Message,
        options: SendOptions,
        attempt: Attempt,
    ) -> Result<(), Error> {
        let id = message.id.clone();
        let (generation, conversation) =
            self.with(|state| (state.generation, conversation_of(&message, state.my_id())));
        let conversation =
            conversation.ok_or_else(|| Error::new(Code::INVALID_CONVERSATION_TYPE))?;
        let call = SendMessage {
            message,
            online_user_only: false,
            message_control_info: options.message_control_info.clone(),
        };
        // First, so that the rest is done while the frame travels.
        let answer = self.submit(&call, Patience::SEND);
        self.put_unsent(call.message, conversation, options, attempt);
        self.drain();
        let sent = read_reply::<SendMessage>(answer.await);
        if !self.is_current(generation) {
            return Err(Error::new(Code::USER_NOT_LOGGED_IN));
        }
        match sent {
            Ok(sent) => {
                self.take_sent(&id, &sent);
                Ok(())
            }
            // The log was faster than the answer: the server has it.
            Err(_) if self.status_of(&id) == Some(Status::Success) => Ok(()),
            Err(error) => {
                self.fail_message(&id);
                Err(error)
            }
        }
    }

    async fn send_online(&self, message: Message, options: SendOptions) -> Result<(), Error> {
        let generation = self.with(|state| {
            state.sending.insert(message.id.clone(), Vec::new());
            state.generation
        });
        let mut message = message;
        let call = SendMessage {
            message: message.clone(),
            online_user_only: true,
            message_control_info: MessageControlInfo::default(),
        };
        let answer = self.submit(&call, Patience::SEND);
        let sent = read_reply::<SendMessage>(answer.await);
        if !self.is_current(generation) {
            return Err(Error::new(Code::USER_NOT_LOGGED_IN));
        }
        let (outcome, status) = match sent {
            Ok(sent) => {
                message.time = sent.time;
                message.nick = sent.nick;
                message.avatar = sent.avatar;
                (Ok(()), Status::Success)
            }
            Err(error) => (Err(error), Status::Fail),
        };
        // Told to the app's object, kept nowhere.
        self.with(|state| {
            let Some(conversation) = conversation_of(&message, state.my_id()) else { return };
            let id = message.id.clone();
            let held = Held {
                status,
                ..Held::unsent(message, conversation, Position::default(), options)
            };
            let view = held.view(state.my_id(), 0, 0);
            state.say(Output::Message(Box::new(view)));
            state.say(Output::Forget { ids: vec![id] });
        });
        outcome
    }

    /// Puts a message into its conversation, behind the newest one; makes the conversation if it is
    /// the first.
    fn put_unsent(
        &self,
        message: Message,
        conversation: ConversationId,
        options: SendOptions,
        attempt: Attempt,
    ) {
        let now_ms = self.server_time_ms();
        let now_s = now_ms / 1000;
        let id = message.id.clone();
        self.with(|state| {
            state.sending.insert(id.clone(), Vec::new());
            state.sent_here.insert(id.clone(), ());
            let it = state.conversation(&conversation);
            let position = it.next_local(now_ms);
            if !it.listed {
                it.listed = true;
                it.active_time = it.active_time.max(now_s);
                state.touch(&conversation);
            }
            let mut held = Held::unsent(message, conversation.clone(), position, options);
            if attempt == Attempt::Again {
                held.is_resend = true;
                own(&mut held.message).time = now_s;
            }
            if attempt == Attempt::First(Known::Yes) {
                state.cache_known(held);
            } else {
                state.cache(held);
            }
            state.trim(&conversation);
        });
        self.keep(|keeper| {
            keeper.put_under_way(id);
            keeper.mark(&conversation);
        });
    }

    /// The server has the message.
    fn take_sent(&self, id: &MessageId, sent: &Sent) {
        if let Some(conversation) =
            self.with(|state| state.messages.get(id).map(|it| it.conversation.clone()))
        {
            self.log_at(&conversation, sent.seq);
        }
        let done = self.with(|state| {
            let complete = state.list_complete;
            let held = state.accept(id, sent)?;
            let (conversation, record) = (held.conversation.clone(), held.to_record());
            state.offer_last(id);
            let it = state.conversation(&conversation);
            it.head_seq = it.head_seq.max(sent.seq);
            let due = begin_log(it, sent.seq, sent.rev, complete).take(
                sent.seq,
                sent.rev,
                Arrival::OwnSend,
            );
            // Its own place is held even while something before it is missing.
            it.ranges.add(sent.seq, sent.seq);
            state.touch(&conversation);
            Some((conversation, record, due))
        });
        // Evicted meanwhile, or the session is another one: the log has it.
        let Some((conversation, record, due)) = done else { return };
        self.keep(|keeper| keeper.put_record(record));
        self.deliver(&conversation, due);
        self.mend(&conversation);
    }

    /// The message is not on the server as far as we know.
    pub(crate) fn fail_message(&self, id: &MessageId) {
        let failed = self.with(|state| {
            let held = state.messages.get_mut(id)?;
            if held.status != Status::UnSend {
                return None;
            }
            held.status = Status::Fail;
            let held = held.clone();
            let set = Patch { status: Some(Status::Fail), ..Patch::default() };
            state.say(Output::Patch { id: id.clone(), set });
            // The newest thing in its conversation is what the row shows, also when it failed.
            let it = state.conversation(&held.conversation);
            it.offer_last(&held);
            state.touch(&held.conversation);
            Some(held)
        });
        if let Some(held) = failed {
            self.keep(|keeper| {
                keeper.put(&held);
                keeper.mark(&held.conversation);
            });
        }
    }
}

/// Whether a message was sent before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    First(Known),
    Again,
}

/// Whether the app's side has a message just as it was made, and need not be told how it looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It may have been changed, or made elsewhere.
    No,
    /// It has.
    Yes,
}

/// Reads a message an app hands in: ours, or a copy of it.
fn read_message(json: &Json<'_>) -> Result<(Message, Status), Error> {
    let message = Message::from_json(json).map_err(|member| {
        // A message of a wrong kind of conversation is still a message.
        Error::new(match member {
            "conversationType" if json.get("ID").is_some() => Code::INVALID_CONVERSATION_TYPE,
            _ => Code::NEED_MESSAGE_INSTANCE,
        })
    })?;
    // Apps set all sorts of things here; only a plain success counts.
    let status = json.member("status").unwrap_or(Status::UnSend);
    Ok((message, status))
}
