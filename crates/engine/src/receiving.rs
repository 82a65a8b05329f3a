//! Receiving: what others did becomes part of the conversations, and the app is told.
//!
//! Live pushes, answers to own sends and fetched pages meet in [`crate::arrivals`], which lets every
//! change through once and in order; what is let through is delivered here. A message raises
//! `MESSAGE_RECEIVED` unless it was stored before the login or sent from here. How a hole is
//! fetched is in [`crate::sync`].

use tim_protocol::{
    entry::Entry,
    ids::{ConversationId, MessageId, Seq},
    message::{ConversationType, Message},
    push::{NewMessages, Push, ReadByMe, ReadByPeer},
    user::Profile,
};

use crate::{
    client::Client,
    conversation::{Arrival, Conversation, begin_log},
    gather::{Gather, keep},
    message::Held,
    output::{Event, MessageView, Output, Patch, Status},
    ports::{Host, LogLevel},
    reading::set_read,
    state::State,
    store::Position,
};

/// How long a hole is left to close by itself: a push and an answer often cross.
const HOLE_MS: u64 = 50;

impl<H: Host> Client<H> {
    /// Takes a push in.
    pub(crate) fn take_push(&self, push: Push) {
        if !matches!(push, Push::Kicked(_)) && self.with(|state| state.me.is_none()) {
            return;
        }
        let push = self.with(|state| match &mut state.early {
            Some(early) if !matches!(push, Push::Kicked(_)) => {
                early.push(push);
                None
            }
            _ => Some(push),
        });
        let Some(push) = push else { return };
        match push {
            Push::NewMessages(push) => self.take_messages(push),
            Push::OnlineMessage(push) => self.take_online(push.message),
            Push::ReadByMe(push) => self.take_read(&push),
            Push::ReadByPeer(push) => self.take_peer_read(&push),
            Push::ProfilesChanged(push) => self.take_profiles(push.profiles),
            Push::Kicked(push) => self.kicked_out(push.reason),
            Push::Resync(_) => self.resync_soon(self.with(|state| state.generation), false),
        }
    }

    fn take_messages(&self, push: NewMessages) {
        let mut by_conversation: Vec<(ConversationId, Vec<Entry>)> = Vec::new();
        for entry in push.entries {
            let Some(id) = self.with(|state| conversation_of(&entry.message, state.my_id())) else {
                self.log(LogLevel::Warn, "a message of the server belongs to nobody we know");
                continue;
            };
            match by_conversation.iter_mut().find(|(other, _)| *other == id) {
                Some((_, entries)) => entries.push(entry),
                None => by_conversation.push((id, vec![entry])),
            }
        }
        for (id, entries) in by_conversation {
            self.log_at(&id, entries.iter().map(|it| it.seq).max().unwrap_or(0));
            let due = self.with(|state| {
                let complete = state.list_complete;
                let it = state.conversation(&id);
                let mut due = Vec::new();
                for entry in entries {
                    it.head_seq = it.head_seq.max(entry.seq);
                    let (seq, rev) = (entry.seq, entry.rev);
                    let log = begin_log(it, seq, rev, complete);
                    due.append(&mut log.take(seq, rev, Arrival::Entry(Box::new(entry))));
                }
                due
            });
            self.deliver(&id, due);
            self.mend(&id);
        }
    }

    /// Fetches what is missing unless it arrives by itself in a moment.
    pub(crate) fn mend(&self, id: &ConversationId) {
        if !self.with(|state| state.conversation(id).is_behind()) {
            return;
        }
        let (generation, id) = (self.with(|state| state.generation), id.clone());
        self.spawn(move |client| async move {
            client.host().sleep(HOLE_MS).await;
            if client.is_current(generation) && client.is_online() {
                // The next reconnect tries again.
                let _ = client.catch_up(&id).await;
                client.drain();
            }
        });
    }

    /// Lets messages through whose turn it is: into memory, the store, the row and one event.
    pub(crate) fn deliver(&self, id: &ConversationId, due: Vec<(Seq, Arrival)>) {
        let mut kept = Vec::new();
        let now_ms = self.host().now_ms();
        self.with(|state| {
            let mut received = Vec::new();
            for (seq, arrival) in due {
                let (entry, is_new) = match arrival {
                    Arrival::Entry(entry) => (entry, true),
                    Arrival::Change(entry) => (entry, false),
                    Arrival::OwnSend => continue,
                };
                state.conversation(id).ranges.add(seq, seq);
                let (held, fresh) = take_entry(state, id, *entry, now_ms);
                if fresh && is_new {
                    received.push(held.message.id.clone());
                }
                kept.push(held);
            }
            if !received.is_empty() {
                state.emit(Event::MessagesReceived(received));
            }
            state.trim(id);
        });
        self.keep(|keeper| {
            kept.iter().for_each(|it| keeper.put(it));
            keeper.mark(id);
        });
    }

    fn take_online(&self, message: Message) {
        self.with(|state| {
            let Some(id) = conversation_of(&message, state.my_id()) else { return };
            let held = Held::stored(
                Entry {
                    seq: Seq::MAX,
                    rev: 0,
                    excluded_from_unread_count: true,
                    excluded_from_last_message: true,
                    message,
                },
                id,
            );
            let view: MessageView = held.view(state.my_id(), 0, 0);
            state.emit(Event::OnlineMessageReceived(Box::new(view)));
        });
    }

    fn take_read(&self, push: &ReadByMe) {
        let id = &push.conversation_id;
        self.with(|state| {
            let Some(it) = state.conversations.get_mut(id) else { return };
            if push.read_seq < it.read_seq {
                return;
            }
            it.read_told = it.read_told.max(push.read_seq);
            keep(&mut it.counted, &|seq| *seq > push.read_seq);
            let later = it.counted.len() as u32;
            // What came after the mark may have been faster than this.
            it.unread_count = if push.read_seq >= it.counted_by_server {
                later
            } else {
                push.unread_count.max(later)
            };
            set_read(state, id, push.read_seq);
            state.touch(id);
        });
        self.keep(|keeper| keeper.mark(id));
    }

    fn take_peer_read(&self, push: &ReadByPeer) {
        let id = &push.conversation_id;
        self.with(|state| {
            let Some(it) = state.conversations.get_mut(id) else { return };
            it.peer_read_time = it.peer_read_time.max(push.peer_read_time);
            let ids = set_peer_read(state, id, push.peer_read_seq);
            state.touch(id);
            if !ids.is_empty() {
                state.emit(Event::ReadByPeer(ids));
            }
        });
        self.keep(|keeper| keeper.mark(id));
    }

    fn take_profiles(&self, profiles: Vec<Profile>) {
        for profile in profiles {
            self.profile_arrived(profile);
        }
    }
}

/// The conversation a message belongs to, for its reader.
pub(crate) fn conversation_of(message: &Message, me: &str) -> Option<ConversationId> {
    let (prefix, name) = match message.conversation_type {
        ConversationType::C2c if message.from == me => ("C2C", &*message.to),
        ConversationType::C2c => ("C2C", &*message.from),
        ConversationType::Group => ("GROUP", &*message.to),
        ConversationType::System => (tim_protocol::ids::SYSTEM, ""),
    };
    [prefix, name].concat().parse().ok()
}

/// Moves the peer's read position; answers the cached own messages that became read, ascending.
pub(crate) fn set_peer_read<S>(
    state: &mut State<S>,
    id: &ConversationId,
    seq: Seq,
) -> Vec<MessageId> {
    let me = state.my_id().to_owned();
    let Some(it) = state.conversations.get_mut(id) else { return Vec::new() };
    if seq <= it.peer_read_seq {
        return Vec::new();
    }
    let from = Position::stored(it.peer_read_seq + 1);
    let to = Position { seq, sub: 1 };
    it.peer_read_seq = seq;
    let cached: Vec<MessageId> = it.cached.between(from, to).map(|(_, id)| id.clone()).gather();
    let is_own = |it: &&MessageId| {
        state
            .messages
            .get(*it)
            .is_some_and(|held| held.status == Status::Success && held.message.from == me)
    };
    let ids: Vec<MessageId> = cached.iter().filter(is_own).cloned().gather();
    for id in &ids {
        let set = Patch { is_peer_read: Some(true), ..Patch::default() };
        state.output.push(Output::Patch { id: id.clone(), set });
    }
    ids
}

/// Takes one line of a log in; answers the message and whether the app is to hear of it.
fn take_entry<S>(
    state: &mut State<S>,
    id: &ConversationId,
    entry: Entry,
    now_ms: u64,
) -> (Held, bool) {
    let seq = entry.seq;
    let uncounted = entry.excluded_from_unread_count;
    let hidden = uncounted && entry.excluded_from_last_message;
    let mut held = Held::stored(entry, id.clone());
    let own = held.message.from == state.my_id();
    let sent_here = state.sent_here.contains(&held.message.id);
    let known = state.messages.get(&held.message.id);
    let is_known = known.is_some();
    if let Some(known) = known {
        held.is_resend = known.is_resend;
        held.options = known.options.clone();
    }
    let it = state.conversation(id);
    let quiet = seq <= it.quiet_to;
    it.listed |= !hidden;
    if seq > it.counted_to {
        it.counted_to = seq;
        if !own && !uncounted && seq > it.read_seq {
            it.unread_count += 1;
            it.counted.push(seq);
        }
    }
    it.offer_last(&held);
    // What is older than the row is older than the profile that came with it.
    let renamed = !own && seq > it.row.0 && rename_peer(it, &held.message);
    if renamed && let Some(peer) = it.peer.clone() {
        state.say(Output::Profile { p: Box::new(peer), at: now_ms });
        state.tell_name(id);
    }
    if !hidden {
        state.touch(id);
    }
    if !quiet || is_known {
        state.cache(held.clone());
    }
    (held, !quiet && !sent_here && !is_known)
}

/// A message carries its sender's nick and avatar; the newest ones are the row's.
fn rename_peer(it: &mut Conversation, message: &Message) -> bool {
    let Some(peer) = it.id.peer() else { return false };
    let profile = it.peer.get_or_insert_with(|| Profile::empty(peer));
    if profile.nick == message.nick && profile.avatar == message.avatar {
        return false;
    }
    profile.nick.clone_from(&message.nick);
    profile.avatar.clone_from(&message.avatar);
    true
}
