//! One conversation as the device knows it: its row, its log's cursor and what is held of it.
//!
//! Rows come from the server's list, from messages that arrive and from messages that are sent; the
//! newer side wins field by field. Knows no store, no clock and no other conversation.

use std::collections::BinaryHeap;

use tim_protocol::{
    conversation::ConversationRow,
    entry::Entry,
    ids::{ConversationId, ConversationKind, MessageId, Rev, Seq},
    json::{self, Bad, FromJson, Json, ObjectReader},
    json_object,
    message::Message,
    user::Profile,
};

use crate::{
    arrivals::Arrivals,
    gather::{Gather, keep},
    line::Line,
    message::Held,
    order::Order,
    output::{ConversationView, LastMessage, Status, message_for_show},
    ranges::Ranges,
    store::Position,
};

/// Something of a log that waits for its turn.
#[derive(Clone, Debug)]
pub(crate) enum Arrival {
    /// A message from elsewhere.
    Entry(Box<Entry>),
    /// A message that was here before and has changed.
    Change(Box<Entry>),
    /// The answer to a message sent from here; it is already in its place.
    OwnSend,
}

/// A conversation.
pub(crate) struct Conversation {
    pub id: ConversationId,
    /// Has a row in the list.
    pub listed: bool,
    pub unread_count: u32,
    pub read_seq: Seq,
    pub peer_read_seq: Seq,
    pub peer_read_time: u64,
    pub active_time: u64,
    pub last: Option<Held>,
    pub peer: Option<Profile>,
    /// The peer as the app's side was told.
    told_peer: Option<Profile>,
    /// Everything up to here was taken in when this was written.
    seq: Seq,
    rev: Rev,
    /// What the store holds of the log without a hole.
    pub ranges: Ranges,
    /// The oldest visible place, once the beginning was seen.
    pub begin: Option<Seq>,

    /// The log's order; `None` until anything is known of the log.
    pub arrivals: Option<Arrivals<Arrival>>,
    /// Place and revision of the server's row when it was last asked for.
    pub row: (Seq, Rev),
    /// The newest place anybody spoke of.
    pub head_seq: Seq,
    /// Messages of the cache, in list order.
    pub cached: Order,
    /// Every message up to here is counted, if it counts.
    pub counted_to: Seq,
    /// Up to here the server (or the store) has counted.
    pub counted_by_server: Seq,
    /// Unread messages after that, counted here: they outlive a row that was made before them.
    pub counted: Vec<Seq>,
    /// Up to here messages were stored before the login and raise no event.
    pub quiet_to: Seq,
    /// The server knows that everything up to here was read.
    pub read_told: Seq,
    /// Held by whoever fetches a part of the log, so that nothing is fetched twice.
    pub fetching: Line,
    /// The server was asked about this conversation since the login.
    pub confirmed: bool,
}

impl Conversation {
    pub fn new(id: ConversationId) -> Self {
        Self {
            id,
            listed: false,
            unread_count: 0,
            read_seq: 0,
            peer_read_seq: 0,
            peer_read_time: 0,
            active_time: 0,
            last: None,
            peer: None,
            told_peer: None,
            seq: 0,
            rev: 0,
            ranges: Ranges::default(),
            begin: None,
            arrivals: None,
            row: (0, 0),
            head_seq: 0,
            cached: Order::default(),
            counted_to: 0,
            counted_by_server: 0,
            counted: Vec::new(),
            quiet_to: 0,
            read_told: 0,
            fetching: Line::default(),
            confirmed: false,
        }
    }

    /// Reads a stored conversation.
    pub fn restored(json: &str) -> Option<Self> {
        let mut it: Self = json::read(json).ok()?;
        if it.rev > 0 {
            it.arrivals = Some(Arrivals::at(it.seq, it.rev));
        }
        it.head_seq = it.seq;
        it.quiet_to = it.seq;
        it.counted_to = it.seq;
        it.counted_by_server = it.seq;
        Some(it)
    }

    /// The JSON to store.
    pub fn write_json(&mut self) -> String {
        if let Some(arrivals) = &self.arrivals {
            (self.seq, self.rev) = (arrivals.seq(), arrivals.rev());
        }
        json::write(self)
    }

    /// The revision taken in so far; 0 before anything is known.
    pub fn known_rev(&self) -> Rev {
        self.arrivals.as_ref().map_or(0, Arrivals::rev)
    }

    /// Takes the server's row; `known` is the revision that was taken in when the row was asked for,
    /// and a log of which nothing is known has `begun` since the login or is an old one.
    /// The server wins on read state, except for reads it was not told of yet; the newer side on the
    /// last message. Pushes may have been faster than the row: what they brought stays.
    /// Answers whether the log on the server is another one than the one known here.
    pub fn merge(&mut self, row: ConversationRow, known: Rev, begun: bool) -> LogState {
        let is_other = row.rev < known || (self.arrivals.is_none() && row.seq < self.head_seq);
        let log = if is_other { LogState::Replaced } else { LogState::Same };
        if log == LogState::Replaced {
            self.begin_anew();
        }
        self.listed = true;
        self.confirmed = true;
        self.row = (row.seq, row.rev);
        self.read_told = self.read_told.max(row.read_seq);
        self.read_seq = self.read_seq.max(row.read_seq);
        let counted_to = row.seq.max(self.read_seq);
        keep(&mut self.counted, &|seq| *seq > counted_to);
        // At most everything after what was read here and not told yet.
        let after_read = u32::try_from(row.seq.saturating_sub(self.read_seq)).unwrap_or(u32::MAX);
        self.unread_count = row.unread_count.min(after_read) + self.counted.len() as u32;
        self.peer_read_seq = self.peer_read_seq.max(row.peer_read_seq);
        self.peer_read_time = self.peer_read_time.max(row.peer_read_time);
        self.active_time = self.active_time.max(row.active_time);
        self.counted_to = self.counted_to.max(row.seq);
        self.counted_by_server = row.seq;
        self.head_seq = self.head_seq.max(row.seq);
        if row.user_profile.is_some() {
            self.peer = row.user_profile;
        }
        if let Some(entry) = row.last {
            self.offer_last(&Held::stored(entry, self.id.clone()));
        }
        match &mut self.arrivals {
            None if begun => begin_log(self, row.seq, row.rev, true).reaches(row.rev),
            None => self.arrivals = Some(Arrivals::at(row.seq, row.rev)),
            Some(arrivals) => arrivals.reaches(row.rev),
        }
        log
    }

    /// What a row of the server can change of the public object, but for its people.
    pub fn face(&self) -> (bool, u32, [u64; 4], Option<MessageId>) {
        let numbers = [self.read_seq, self.peer_read_time, self.active_time, self.head_seq];
        let last = self.last.as_ref().map(|it| it.message.id.clone());
        (self.listed, self.unread_count, numbers, last)
    }

    /// Forgets where the log was: the server's is another one.
    pub fn begin_anew(&mut self) {
        self.arrivals = None;
        self.row = (0, 0);
        self.head_seq = 0;
        self.ranges = Ranges::default();
        self.begin = None;
        self.last = None;
        self.unread_count = 0;
        (self.read_seq, self.read_told) = (0, 0);
        (self.peer_read_seq, self.peer_read_time) = (0, 0);
        (self.counted_to, self.counted_by_server, self.quiet_to) = (0, 0, 0);
        self.counted.clear();
    }

    /// Makes a message the last one unless the present one is newer.
    pub fn offer_last(&mut self, held: &Held) {
        let newer = self.last.as_ref().is_none_or(|it| {
            it.message.id == held.message.id
                || (it.position, it.message.time) <= (held.position, held.message.time)
        });
        if newer && !held.excluded_from_last_message {
            self.active_time = self.active_time.max(held.message.time);
            self.last = Some(held.clone());
        }
    }

    /// The next place for a message that is only here. The time tells it from those of earlier pages
    /// and other tabs, of which memory knows nothing.
    pub fn next_local(&self, now_ms: u64) -> Position {
        let newest = self.cached.before(Position::stored(self.head_seq + 1)).next_back();
        let newest = newest.map(|(position, _)| *position).filter(|it| it.seq == self.head_seq);
        let sub = newest.map_or(0, |it| it.sub + 1).max(now_ms);
        Position { seq: self.head_seq, sub }
    }

    /// Nick and avatar of a message's sender when the peer has newer ones than the message.
    pub fn newer_name(&self, message: &Message) -> Option<(String, String)> {
        let peer = self.peer.as_ref()?;
        let differs = peer.nick != message.nick || peer.avatar != message.avatar;
        (differs && *peer.user_id.as_str() == *message.from)
            .then(|| (peer.nick.clone(), peer.avatar.clone()))
    }

    /// Whether a profile brings the peer another nick or avatar.
    pub fn is_renamed_by(&self, profile: Option<&Profile>) -> bool {
        let name = |it: &Profile| (it.nick.clone(), it.avatar.clone());
        profile.is_some() && self.peer.as_ref().map(name) != profile.map(name)
    }

    /// Whether a task should fetch what is missing.
    pub fn is_behind(&self) -> bool {
        self.arrivals.as_ref().is_some_and(Arrivals::is_behind)
    }

    /// Where this conversation stands in the list: see [`list_order`].
    fn activity(&self) -> (std::cmp::Reverse<u64>, &ConversationId) {
        (std::cmp::Reverse(self.active_time), &self.id)
    }

    /// The public object, to be told.
    pub fn tell(&mut self, language: &str, me: &str) -> ConversationView {
        let kind = match self.id.kind() {
            ConversationKind::C2c(_) => "C2C",
            ConversationKind::Group(_) => "GROUP",
            ConversationKind::System => "@TIM#SYSTEM",
        };
        let user_profile =
            self.id.peer().map(|peer| self.peer.clone().unwrap_or_else(|| Profile::empty(peer)));
        let is_told = self.told_peer == user_profile;
        if !is_told {
            self.told_peer.clone_from(&user_profile);
        }
        ConversationView {
            conversation_id: self.id.clone(),
            kind,
            unread_count: self.unread_count,
            last_message: self
                .last
                .as_ref()
                .map(|it| self.last_view(it, language, me))
                .unwrap_or_default(),
            user_profile: user_profile.filter(|_| !is_told),
            peer_read_time: self.peer_read_time,
        }
    }

    fn last_view(&self, last: &Held, language: &str, me: &str) -> LastMessage {
        let message = &last.message;
        LastMessage {
            last_time: message.time,
            last_sequence: message.sequence,
            from_account: message.from.clone(),
            message_for_show: message_for_show(message, language),
            kind: message.kind.as_str().to_owned(),
            payload: (!message.is_revoked).then(|| message.payload.clone()),
            cloud_custom_data: message.cloud_custom_data.clone(),
            is_revoked: message.is_revoked,
            revoker: message.revoker.clone(),
            is_peer_read: message.from == me
                && last.status == Status::Success
                && last.position.seq <= self.peer_read_seq,
            version: message.version,
        }
    }
}

// The part that the store keeps.
json_object!(write Conversation {
    id: "conversationID",
    listed: "listed",
    unread_count: "unreadCount",
    read_seq: "readSeq",
    read_told: "readTold",
    peer_read_seq: "peerReadSeq",
    peer_read_time: "peerReadTime",
    active_time: "activeTime",
    last: "last",
    peer: "peer",
    seq: "seq",
    rev: "rev",
    ranges: "ranges",
    begin: "begin",
});

impl FromJson for Conversation {
    fn blank() -> Self {
        Self::new(ConversationId::blank())
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        let mut object = ObjectReader::new(json);
        object.member("conversationID", &mut self.id);
        object.member("listed", &mut self.listed);
        object.member("unreadCount", &mut self.unread_count);
        object.member("readSeq", &mut self.read_seq);
        object.member("readTold", &mut self.read_told);
        object.member("peerReadSeq", &mut self.peer_read_seq);
        object.member("peerReadTime", &mut self.peer_read_time);
        object.member("activeTime", &mut self.active_time);
        object.member("last", &mut self.last);
        object.member("peer", &mut self.peer);
        object.member("seq", &mut self.seq);
        object.member("rev", &mut self.rev);
        object.member("ranges", &mut self.ranges);
        object.member("begin", &mut self.begin);
        object.end()
    }
}

/// The log's order, begun where the first news of it says: a conversation the server's complete list
/// did not have has begun since, so nothing of it is old.
pub(crate) fn begin_log(
    it: &mut Conversation,
    seq: Seq,
    rev: Rev,
    list_complete: bool,
) -> &mut Arrivals<Arrival> {
    it.arrivals.get_or_insert_with(|| {
        if list_complete {
            it.begin = Some(1);
            Arrivals::empty()
        } else {
            Arrivals::at(seq.saturating_sub(1), rev.saturating_sub(1))
        }
    })
}

/// What a row says of a log that is partly here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogState {
    /// It continues what is here.
    Same,
    /// It does not know what is here: the server was set back.
    Replaced,
}

/// The listed conversations in the order of the public list: most recently active first, ties by
/// ID.
pub(crate) fn list_order(all: &mut dyn Iterator<Item = &Conversation>) -> Vec<ConversationId> {
    let mut listed = Vec::new();
    for it in all {
        if it.listed {
            listed.push(it.activity());
        }
    }
    // A heap sorts with a tenth of the code of a sort.
    let sorted = BinaryHeap::from(listed).into_sorted_vec();
    sorted.iter().map(|(_, id)| (*id).clone()).gather()
}
