//! Read marks: `setMessageRead` and the total.
//!
//! The own row is set to zero at once; the server is told only when the position moves forward, and
//! again later when it could not be told.

use std::future::Future;

use tim_protocol::{
    call::ReadConversation,
    ids::{ConversationId, MessageId, Seq},
    json_object,
};

use crate::{
    client::{Client, read_reply},
    error::Error,
    gather::Gather,
    output::{Output, Patch},
    ports::Host,
    requests::Patience,
    state::State,
    store::Position,
};

/// Options of `setMessageRead`.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// Which conversation.
    pub conversation_id: ConversationId,
}

json_object!(read ReadOptions { conversation_id: "conversationID" });

impl<H: Host> Client<H> {
    /// Marks a conversation read. An unknown one resolves without effect.
    ///
    /// # Errors
    /// When the server could not be told; the row stays at zero and it is tried again later.
    pub async fn set_message_read(&self, options: ReadOptions) -> Result<(), Error> {
        let id = options.conversation_id;
        let untold = self.with(|state| {
            let it = state.conversations.get_mut(&id)?;
            let seq = it.head_seq;
            if it.unread_count > 0 || it.read_seq < seq {
                let visible = it.unread_count > 0;
                it.unread_count = 0;
                it.counted.clear();
                set_read(state, &id, seq);
                if visible {
                    state.touch(&id);
                }
            }
            let it = state.conversations.get(&id)?;
            (it.read_told < it.read_seq).then_some(it.read_seq)
        });
        let Some(seq) = untold else { return Ok(()) };
        self.keep(|keeper| keeper.mark(&id));
        self.drain_now();
        self.tell_read(id, seq).await
    }

    /// The request is under way when this returns, the rest is waiting for the answer.
    fn tell_read(
        &self,
        id: ConversationId,
        seq: Seq,
    ) -> impl Future<Output = Result<(), Error>> + 'static {
        let call = ReadConversation { conversation_id: id.clone(), seq };
        let (client, answer) = (self.clone(), self.submit(&call, Patience::REQUEST));
        async move {
            let told = read_reply::<ReadConversation>(answer.await)?;
            client.with(|state| {
                if let Some(it) = state.conversations.get_mut(&id) {
                    it.read_told = it.read_told.max(told.read_seq);
                }
            });
            client.keep(|keeper| keeper.mark(&id));
            Ok(())
        }
    }

    /// Tells the server about reads it could not be told about before. What is asked after this is
    /// answered as if it had known all along.
    pub(crate) fn tell_reads(&self) {
        let untold: Vec<_> = self.with(|state| {
            let all = state.conversations.values();
            all.filter(|it| it.read_told < it.read_seq)
                .map(|it| (it.id.clone(), it.read_seq))
                .gather()
        });
        for (id, seq) in untold {
            let told = self.tell_read(id, seq);
            self.spawn(move |_| async move {
                // Tried again after the next reconnect.
                let _ = told.await;
            });
        }
    }
}

/// Moves the own read position; cached messages up to it are read.
pub(crate) fn set_read<S>(state: &mut State<S>, id: &ConversationId, seq: Seq) {
    let Some(it) = state.conversations.get_mut(id) else { return };
    it.read_seq = it.read_seq.max(seq);
    let cached: Vec<MessageId> =
        it.cached.before(Position::stored(seq + 1)).map(|(_, id)| id.clone()).gather();
    for id in cached {
        if let Some(held) = state.messages.get_mut(&id)
            && !held.told_read
        {
            held.told_read = true;
            let set = Patch { is_read: Some(true), ..Patch::default() };
            state.output.push(Output::Patch { id, set });
        }
    }
}
