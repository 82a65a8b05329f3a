//! The conversation list and the read positions.

use std::sync::Arc;

use tim_protocol::{
    call::{ConversationList, GetConversation, ListConversations, ReadConversation, ReadPosition},
    code::Code,
    conversation::ConversationRow,
    frame,
    ids::{ConversationId, ConversationKind, UserId},
    push::{ReadByMe, ReadByPeer},
    user::Profile,
};

use super::{Refusal, Service, sessions::Session};
use crate::{
    bus::Event,
    storage::{AccountKey, ConversationState, ReadOutcome, SessionKey, StorageError},
};

fn row(peer: Profile, state: Option<ConversationState>) -> Result<ConversationRow, Refusal> {
    let conversation_id = ConversationId::c2c(&peer.user_id);
    let mut row = ConversationRow {
        conversation_id,
        seq: 0,
        rev: 0,
        unread_count: 0,
        read_seq: 0,
        peer_read_seq: 0,
        peer_read_time: 0,
        last: None,
        active_time: 0,
        user_profile: Some(peer),
    };
    if let Some(state) = state {
        row.seq = state.seq;
        row.rev = state.rev;
        row.unread_count = state.unread_count;
        row.read_seq = state.read_seq;
        row.peer_read_seq = state.peer_read_seq;
        row.peer_read_time = state.peer_read_time;
        row.active_time = state.active_time;
        let last = state.last.as_deref().map(serde_json::from_str).transpose();
        row.last = last.map_err(StorageError::from)?;
    }
    Ok(row)
}

impl Service {
    /// The owner's conversations, most recently active first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(
        &self,
        session: &Session,
        ListConversations {}: ListConversations,
    ) -> Result<ConversationList, Refusal> {
        let person = &session.person;
        let listed =
            self.storage.conversations(person.key, person.app.conversation_pull_limit).await?;
        let rows =
            listed.into_iter().map(|it| row(person.app.readable_by_users(it.peer), Some(it.state)));
        Ok(ConversationList { conversations: rows.collect::<Result<_, _>>()? })
    }

    /// One conversation, also before its first message.
    ///
    /// # Errors
    /// `20003` when there is no such peer, `10010` for a group.
    pub async fn conversation(
        &self,
        session: &Session,
        request: GetConversation,
    ) -> Result<ConversationRow, Refusal> {
        let peer: UserId = match request.conversation_id.kind() {
            ConversationKind::C2c(_) => {
                request.conversation_id.peer().ok_or(Code::MALFORMED_REQUEST)?
            }
            ConversationKind::Group(_) => return Err(Code::GROUP_NOT_FOUND.into()),
            ConversationKind::System => return Err(Code::CONVERSATION_NOT_FOUND.into()),
        };
        let person = &session.person;
        let app = i64::from(person.app.sdk_app_id);
        let account = self.storage.account(app, &peer).await?.ok_or(Code::UNKNOWN_ACCOUNT)?;
        let state = self.storage.conversation(person.key, account.key).await?;
        row(person.app.readable_by_users(account.profile), state)
    }

    /// Marks a conversation read up to a place; `done` is told where the mark is, once.
    pub async fn read(
        self: &Arc<Self>,
        session: &Session,
        request: ReadConversation,
        done: impl FnOnce(Result<ReadPosition, Refusal>) + Send + 'static,
    ) {
        let person = &session.person;
        let peer = match request.conversation_id.peer() {
            Some(peer) => self.account_key(&person.app, &peer).await,
            None => Ok(None),
        };
        let peer = match peer {
            Ok(Some(peer)) => peer,
            Ok(None) => return done(Ok(ReadPosition { read_seq: 0, unread_count: 0 })),
            Err(refusal) => return done(Err(refusal)),
        };
        let (service, me, origin) = (Arc::clone(self), person.key, session.key);
        let (my_conversation, seq) = (ConversationId::c2c(&person.user_id), request.seq);
        let then = move |result| match result {
            Ok(outcome) => {
                service.tell_read(me, peer, &request, my_conversation, outcome, origin);
                let ReadOutcome { read_seq, unread_count, .. } = outcome;
                done(Ok(ReadPosition { read_seq, unread_count }));
            }
            Err(error) => done(Err(Refusal::from(error))),
        };
        self.storage.mark_read(me, peer, seq, then).await;
    }

    fn tell_read(
        &self,
        me: AccountKey,
        peer: AccountKey,
        request: &ReadConversation,
        my_conversation: ConversationId,
        outcome: ReadOutcome,
        origin: SessionKey,
    ) {
        let Some(time) = outcome.moved_to_time else { return };
        let by_me = ReadByMe {
            conversation_id: request.conversation_id.clone(),
            read_seq: outcome.read_seq,
            unread_count: outcome.unread_count,
        };
        let text = frame::push(ReadByMe::NAME, &by_me).into();
        self.bus.publish(me, Event::Frame { text, except: Some(origin) });
        if peer != me {
            let by_peer = ReadByPeer {
                conversation_id: my_conversation,
                peer_read_seq: outcome.read_seq,
                peer_read_time: time,
            };
            let text = frame::push(ReadByPeer::NAME, &by_peer).into();
            self.bus.publish(peer, Event::Frame { text, except: None });
        }
    }
}
