//! The conversation list: `getConversationList`, `getConversationProfile`.

use tim_protocol::{
    call::GetConversation,
    code::Code,
    ids::{ConversationId, ConversationKind},
    json::{FromJson, Json},
    json_object,
};

use crate::{
    client::Client,
    conversation::{Conversation, list_order},
    error::Error,
    output::{ConversationRef, conversation_refs},
    ports::Host,
};

/// `data` of `getConversationList`.
#[derive(Clone, Debug)]
pub struct ConversationListResult {
    conversation_list: Vec<ConversationRef>,
    is_sync_completed: bool,
}

/// `data` of `getConversationProfile`.
#[derive(Clone, Debug)]
pub struct ConversationResult {
    conversation: ConversationRef,
}

json_object!(full ConversationListResult {
    conversation_list: "conversationList",
    is_sync_completed: "isSyncCompleted",
});
json_object!(full ConversationResult { conversation: "conversation" });

/// What part of the list is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListChoice {
    /// Everything, in order.
    All,
    /// These, in this order.
    Only(Vec<String>),
}

impl ListChoice {
    /// Reads the argument of `getConversationList`.
    ///
    /// # Errors
    /// 6017 for anything but nothing or an array of strings.
    pub fn read(argument: &Json<'_>) -> Result<Self, Error> {
        let plain = argument.is_null() || argument.is_object() && argument.members().is_empty();
        if plain {
            return Ok(Self::All);
        }
        Vec::from_json(argument)
            .map(Self::Only)
            .map_err(|_| Error::invalid("give nothing or an array of conversationIDs"))
    }
}

impl<H: Host> Client<H> {
    /// The list, from memory.
    #[must_use]
    pub fn conversation_list(&self, choice: ListChoice) -> ConversationListResult {
        self.with(|state| {
            let ids = match choice {
                ListChoice::All => list_order(&mut state.conversations.values()),
                ListChoice::Only(asked) => {
                    let mut ids: Vec<ConversationId> = Vec::new();
                    for id in asked.iter().filter_map(|it| it.parse().ok()) {
                        let listed = state.conversations.get(&id).is_some_and(|it| it.listed);
                        if listed && !ids.contains(&id) {
                            ids.push(id);
                        }
                    }
                    ids
                }
            };
            ConversationListResult {
                conversation_list: conversation_refs(&ids),
                is_sync_completed: state.list_synced,
            }
        })
    }

    /// One conversation with its full profile; a new peer gets a row. Without a link the row that is
    /// there.
    ///
    /// # Errors
    /// 6017 for a malformed ID, 2501 when there is no such user or group.
    pub async fn conversation_profile(&self, id: &str) -> Result<ConversationResult, Error> {
        let id: ConversationId =
            id.parse().map_err(|_| Error::invalid("conversationID is malformed"))?;
        let listed = self.with(|state| state.conversations.get(&id).is_some_and(|it| it.listed));
        let result = ConversationResult { conversation: ConversationRef { id: id.clone() } };
        if matches!(id.kind(), ConversationKind::System) {
            self.list_row(&id);
            return Ok(result);
        }
        if listed && !self.is_online() {
            return Ok(result);
        }
        let known =
            self.with(|state| state.conversations.get(&id).map_or(0, Conversation::known_rev));
        match self.ask(&GetConversation { conversation_id: id.clone() }).await {
            Ok(row) => {
                self.merge_asked(row, known);
                self.list_row(&id);
                Ok(result)
            }
            Err(error) if matches!(error.code.0, 20003 | 10010) => {
                Err(Error::new(Code::CONVERSATION_TARGET_NOT_FOUND))
            }
            Err(error) => Err(error),
        }
    }

    /// Gives a conversation its row when it has none.
    fn list_row(&self, id: &ConversationId) {
        let now_s = self.server_time_ms() / 1000;
        self.with(|state| {
            let it = state.conversation(id);
            if !it.listed || it.active_time == 0 {
                it.listed = true;
                it.active_time = it.active_time.max(now_s);
                state.touch(id);
            }
        });
        self.keep(|keeper| keeper.mark(id));
    }
}
