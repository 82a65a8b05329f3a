//! The state of one instance, and what can be decided on it without waiting.
//!
//! Everything here is synchronous: it takes a value, changes the state and queues what the app is to
//! be told. Sockets, stores and timers are the client's matter (see [`crate::client`]).

use std::rc::Rc;

use tim_protocol::{
    call::{Sent, Settings},
    ids::{ConversationId, MessageId, Seq, TinyId, UserId},
    push::Push,
    user::Profile,
};

use crate::{
    conversation::{Conversation, list_order},
    error::Error,
    gate::Phase,
    message::{Held, own},
    oneshot,
    output::{Event, NetState, Output, Patch, Status},
    ports::Socket,
    requests::Requests,
    table::Table,
};

/// Messages of one conversation that stay in memory.
pub(crate) const CACHED_PER_CONVERSATION: usize = 5000;

/// Least time between two list events of a burst.
const LIST_EVENT_MS: u64 = 50;

/// Who is logged in.
pub(crate) struct Me {
    pub user_id: UserId,
    pub tiny_id: TinyId,
    pub profile: Profile,
    pub settings: Settings,
}

/// Everything an instance knows. `S` is its socket.
pub(crate) struct State<S> {
    /// The page's language.
    pub language: String,
    pub phase: Phase,
    pub destroyed: bool,
    /// Grows with every login and every end of one; a task of an older session stops.
    pub generation: u64,
    /// Held while a login waits: dropped with the session, which ends the wait.
    pub login: Option<oneshot::Sender<()>>,
    pub me: Option<Me>,
    /// What to add to our clock to get the server's.
    pub clock_offset_ms: i64,
    pub net: Option<NetState>,
    /// The socket while one is open, so that a logout can close it.
    pub socket: Option<Rc<S>>,
    /// The socket while it is authenticated: requests may be written.
    pub link: Option<Rc<S>>,
    pub requests: Requests,
    /// A task watches them.
    pub watching_requests: bool,

    pub conversations: Table<ConversationId, Conversation>,
    pub messages: Table<MessageId, Held>,
    /// Every message this session has sent: they raise no event when they come back.
    pub sent_here: Table<MessageId, ()>,
    /// Who waits for the end of a send.
    pub sending: Table<MessageId, Vec<oneshot::Sender<Result<(), Error>>>>,
    /// The server's list is merged.
    pub list_synced: bool,
    /// The server's list was not cut short: a conversation that is not in it is a new one.
    pub list_complete: bool,
    /// The link came back during the first synchronisation; whether everything is to be read anew.
    pub resync_due: Option<bool>,
    /// Pushes that came before the store was read: they find their place after it.
    pub early: Option<Vec<Push>>,
    /// IDs made in the present second, to draw each only once.
    pub drawn: (u64, Vec<u32>),
    pub client_sequence: u64,

    pub output: Vec<Output>,
    /// Conversations whose public object is to be told before the next event.
    pub touched: Vec<ConversationId>,
    pub list: ListEvents,
}

/// When the list and total events are due.
#[derive(Default)]
pub(crate) struct ListEvents {
    /// Something visible has changed.
    pub dirty: bool,
    /// Wait until the synchronisation is through.
    pub held: bool,
    pub last_ms: u64,
    pub timer: bool,
    /// What was last told.
    pub total: Option<u32>,
}

impl<S> State<S> {
    pub fn new(language: String) -> Self {
        Self {
            language,
            phase: Phase::Idle,
            destroyed: false,
            generation: 0,
            login: None,
            me: None,
            clock_offset_ms: 0,
            net: None,
            socket: None,
            link: None,
            requests: Requests::default(),
            watching_requests: false,
            conversations: Table::default(),
            messages: Table::default(),
            sent_here: Table::default(),
            sending: Table::default(),
            list_synced: false,
            list_complete: false,
            resync_due: None,
            early: None,
            drawn: (0, Vec::new()),
            client_sequence: 0,
            output: Vec::new(),
            touched: Vec::new(),
            list: ListEvents::default(),
        }
    }

    /// The logged-in user's ID, empty when there is none.
    pub fn my_id(&self) -> &str {
        self.me.as_ref().map_or("", |me| me.user_id.as_str())
    }

    /// Queues something for the app's side. Changed conversations are told first, so that an event
    /// never speaks of an object that is older than the event.
    pub fn say(&mut self, output: Output) {
        self.tell_touched();
        self.output.push(output);
    }

    /// Queues an event.
    pub fn emit(&mut self, event: Event) {
        self.say(Output::Event(event));
    }

    /// Announces a network state; the same one is never announced twice in a row.
    pub fn announce_net(&mut self, net: NetState) {
        if self.net != Some(net) {
            self.net = Some(net);
            self.emit(Event::NetState(net));
        }
    }

    /// The conversation of that ID, made when there is none.
    pub fn conversation(&mut self, id: &ConversationId) -> &mut Conversation {
        self.conversations.get_or_insert_with(id, || Conversation::new(id.clone()))
    }

    /// The newest place anybody spoke of.
    pub fn head_seq(&self, id: &ConversationId) -> Seq {
        self.conversations.get(id).map_or(0, |it| it.head_seq)
    }

    /// Marks a conversation's public object, and with it the list, as changed.
    pub fn touch(&mut self, id: &ConversationId) {
        if !self.touched.contains(id) {
            self.touched.push(id.clone());
        }
        self.list.dirty = true;
    }

    /// Queues the public objects of changed conversations.
    pub fn tell_touched(&mut self) {
        for id in std::mem::take(&mut self.touched) {
            if let Some(it) = self.conversations.get_mut(&id) {
                let me = self.me.as_ref().map_or("", |me| me.user_id.as_str());
                let view = it.tell(&self.language, me);
                self.output.push(Output::Conversation { c: Box::new(view) });
            }
        }
    }

    /// Keeps a message in the cache and tells how it looks.
    pub fn cache(&mut self, mut held: Held) {
        let conversation = self.conversation(&held.conversation);
        let (read_seq, peer_read_seq) = (conversation.read_seq, conversation.peer_read_seq);
        let name = conversation.newer_name(&held.message);
        let mut view = held.view(self.my_id(), read_seq, peer_read_seq);
        if let Some((nick, avatar)) = name.filter(|_| view.v.flow == "in") {
            let message = own(&mut view.m);
            (message.nick, message.avatar) = (nick, avatar);
        }
        held.told_read = view.v.is_read;
        self.place(held);
        self.output.push(Output::Message(Box::new(view)));
    }

    /// Keeps a message in the cache that the app's side has just as it is.
    pub fn cache_known(&mut self, held: Held) {
        let id = held.message.id.clone();
        self.place(held);
        self.output.push(Output::Patch { id, set: Patch::default() });
    }

    fn place(&mut self, held: Held) {
        let (id, position) = (held.message.id.clone(), held.position);
        let cached = &mut self.conversation(&held.conversation).cached;
        cached.insert(position, id.clone());
        if let Some(old) = self.messages.insert(id.clone(), held)
            && old.position != position
        {
            self.conversation(&old.conversation).cached.remove(old.position, &id);
        }
    }

    /// A message that was sent from here is on the server: changes it and tells how.
    pub fn accept(&mut self, id: &MessageId, sent: &Sent) -> Option<&Held> {
        let held = self.messages.get_mut(id)?;
        let it = self.conversations.get_mut(&held.conversation)?;
        it.cached.remove(held.position, id);
        let mut set = held.accept(sent);
        it.cached.insert(held.position, id.clone());
        set.is_peer_read = (sent.seq <= it.peer_read_seq).then_some(true);
        self.output.push(Output::Patch { id: id.clone(), set });
        Some(held)
    }

    /// Offers a cached message to its row: see [`Conversation::offer_last`].
    pub fn offer_last(&mut self, id: &MessageId) {
        if let Some(held) = self.messages.get(id)
            && let Some(it) = self.conversations.get_mut(&held.conversation)
        {
            it.offer_last(held);
        }
    }

    /// Tells the cached messages of a peer its new nick and avatar; what is stored keeps those of its
    /// time.
    pub fn tell_name(&mut self, id: &ConversationId) {
        let me = self.my_id().to_owned();
        let Some(it) = self.conversations.get(id) else { return };
        let Some(peer) = it.peer.as_ref().filter(|peer| *peer.user_id.as_str() != *me) else {
            return;
        };
        for (_, message) in it.cached.iter() {
            if self.messages.get(message).is_some_and(|held| *held.message.from != *me) {
                let (nick, avatar) = (Some(peer.nick.clone()), Some(peer.avatar.clone()));
                let set = Patch { nick, avatar, ..Patch::default() };
                self.output.push(Output::Patch { id: message.clone(), set });
            }
        }
    }

    /// Lets go of a log that the server no longer has: of its messages, and of the places of those
    /// that are only here. Answers these, at their new places.
    pub fn restart(&mut self, id: &ConversationId) -> Vec<Held> {
        let cached = std::mem::take(&mut self.conversation(id).cached);
        let mut local = Vec::new();
        let mut gone = Vec::new();
        for (_, message) in cached.iter() {
            match self.messages.remove(message) {
                Some(held) if held.status != Status::Success => local.push(held),
                _ => gone.push(message.clone()),
            }
        }
        if !gone.is_empty() {
            self.output.push(Output::Forget { ids: gone });
        }
        for held in &mut local {
            // Times keep their order.
            held.position.seq = self.head_seq(id);
            self.cache(held.clone());
        }
        local
    }

    /// Lets the oldest messages of a conversation go when there are too many; not those on their way,
    /// of which more is to be told.
    pub fn trim(&mut self, id: &ConversationId) {
        let Some(Conversation { cached, .. }) = self.conversations.get_mut(id) else { return };
        let surplus = cached.iter().take(cached.len().saturating_sub(CACHED_PER_CONVERSATION));
        let count = surplus.take_while(|(_, id)| !self.sending.contains(id)).count();
        let evicted = cached.drop_oldest(count);
        if !evicted.is_empty() {
            for id in &evicted {
                self.messages.remove(id);
            }
            self.output.push(Output::Forget { ids: evicted });
        }
    }

    /// The sum of unread messages over one-to-one and group rows.
    pub fn total_unread(&self) -> u32 {
        let counted = |it: &&Conversation| it.listed && it.id.as_str() != tim_protocol::ids::SYSTEM;
        self.conversations.values().filter(counted).map(|it| it.unread_count).sum()
    }

    /// Queues the list event, and the total event when the total is another one.
    pub fn emit_list(&mut self, now_ms: u64) {
        self.list.dirty = false;
        self.list.last_ms = now_ms;
        let order = list_order(&mut self.conversations.values());
        self.emit(Event::ConversationList(order));
        let total = self.total_unread();
        if self.list.total != Some(total) {
            self.list.total = Some(total);
            self.emit(Event::TotalUnread(total));
        }
    }

    /// Whether the list event is due; else in how many milliseconds it will be.
    pub fn list_due(&self, now_ms: u64) -> ListDue {
        let list = &self.list;
        if !list.dirty || list.held {
            return ListDue::Not;
        }
        // A clock that was set back must not hold the event back.
        let since = now_ms.checked_sub(list.last_ms).unwrap_or(LIST_EVENT_MS);
        if since >= LIST_EVENT_MS { ListDue::Now } else { ListDue::In(LIST_EVENT_MS - since) }
    }

    /// Ends the session in memory: what the app holds stays readable but changes no more.
    pub fn forget_session(&mut self) {
        let fresh = Self::new(std::mem::take(&mut self.language));
        let old = std::mem::replace(self, fresh);
        self.destroyed = old.destroyed;
        self.generation = old.generation + 1;
        self.clock_offset_ms = old.clock_offset_ms;
        self.requests = old.requests;
        self.watching_requests = old.watching_requests;
        self.drawn = old.drawn;
        self.client_sequence = old.client_sequence;
        self.output = old.output;
    }
}

impl<S: Socket> State<S> {
    /// Writes the requests whose turn it is, when the link is up.
    pub fn write_due(&mut self, now_ms: u64) {
        let Some(link) = &self.link else { return };
        while let Some(frame) = self.requests.next_due(now_ms) {
            link.send(frame);
        }
    }
}

/// See [`State::list_due`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ListDue {
    /// Nothing to tell, or not yet to be told.
    Not,
    /// At once.
    Now,
    /// After so many milliseconds.
    In(u64),
}
