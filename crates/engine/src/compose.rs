//! Making messages: the `create*Message` calls.
//!
//! A message is made from options, the clock and the own profile, and is known to nobody until it is
//! sent. Touches neither the server nor the list.

use tim_protocol::{
    code::Code,
    ids::MessageId,
    json::Json,
    json_object,
    message::{BadPayload, ConversationType, Message, MessageType, Payload, Priority},
};

use crate::{
    api::read_options,
    client::Client,
    error::Error,
    message::{Held, SendOptions},
    output::MessageView,
    ports::Host,
    store::Position,
};

/// Options that all `create*Message` calls share.
struct CreateOptions {
    to: String,
    payload: Payload,
    cloud_custom_data: String,
    need_read_receipt: bool,
    is_support_extension: bool,
}

json_object!(read CreateOptions {
    to: "to",
    payload: "payload",
    cloud_custom_data: "cloudCustomData",
    need_read_receipt: "needReadReceipt",
    is_support_extension: "isSupportExtension",
});

impl<H: Host> Client<H> {
    /// Makes a message of a type from its options.
    ///
    /// # Errors
    /// 2106 for the kind of conversation, 6017 for everything else.
    pub fn create_message(
        &self,
        kind: &MessageType,
        argument: &Json<'_>,
    ) -> Result<MessageView, Error> {
        let options: CreateOptions = read_options(argument)?;
        if options.to.is_empty() {
            return Err(Error::invalid("to must be a non-empty string"));
        }
        let conversation_type = match argument.get("conversationType").and_then(Json::as_str) {
            Some("C2C") => ConversationType::C2c,
            // A topic is addressed like a group.
            Some("GROUP" | "TOPIC") => ConversationType::Group,
            _ => return Err(Error::new(Code::INVALID_CONVERSATION_TYPE)),
        };
        let payload = options.payload.checked(kind).map_err(|bad| match bad {
            BadPayload::Type => Error::invalid("messages of this type cannot be created"),
            BadPayload::Content => Error::invalid(payload_rule(kind)),
        })?;
        let priority = argument.member("priority").unwrap_or(Priority::Normal);
        let time = self.server_time_ms() / 1000;
        let random = self.draw(time);
        let prefix = if conversation_type == ConversationType::C2c { "C2C" } else { "GROUP" };
        let conversation = [prefix, &options.to]
            .concat()
            .parse()
            .map_err(|_| Error::invalid("to is not an ID that can be written to"))?;
        self.with(|state| {
            state.client_sequence += 1;
            let sequence = state.client_sequence;
            let me = state.me.as_ref().ok_or(Code::USER_NOT_LOGGED_IN)?;
            let message = Message {
                id: MessageId::new(me.tiny_id, time, random),
                kind: kind.clone(),
                payload,
                conversation_type,
                from: me.user_id.as_str().to_owned(),
                to: options.to,
                time,
                sequence,
                client_sequence: sequence,
                priority,
                nick: me.profile.nick.clone(),
                avatar: me.profile.avatar.clone(),
                cloud_custom_data: options.cloud_custom_data,
                need_read_receipt: options.need_read_receipt,
                is_support_extension: options.is_support_extension,
                is_revoked: false,
                revoker: None,
                is_modified: false,
                version: 0,
            };
            let options = SendOptions::default();
            let held = Held::unsent(message, conversation, Position::default(), options);
            Ok(held.view(state.my_id(), 0, 0))
        })
    }

    /// A random number not used in this second.
    fn draw(&self, time: u64) -> u32 {
        loop {
            let random = self.host().random().max(1);
            let fresh = self.with(|state| {
                if state.drawn.0 != time {
                    state.drawn = (time, Vec::new());
                }
                let at = state.drawn.1.binary_search(&random).err();
                if let Some(at) = at {
                    state.drawn.1.insert(at, random);
                }
                at.is_some()
            });
            if fresh {
                return random;
            }
        }
    }
}

fn payload_rule(kind: &MessageType) -> &'static str {
    if *kind == MessageType::TEXT {
        "payload.text must be a non-empty string"
    } else if *kind == MessageType::CUSTOM {
        "payload.data, description and extension must be strings"
    } else if *kind == MessageType::FACE {
        "payload.index must be a number, payload.data a string"
    } else {
        "payload.description must be a string, longitude within ±180, latitude within ±90"
    }
}
