//! A server in memory that speaks the protocol: one log per pair of people, dense places, idempotent
//! sends, read positions, instances with a limit.
//!
//! Pure: takes a frame and the time, gives back frames to carry. A test may also set it back, let it
//! forget sessions, or have it refuse calls.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tim_protocol::{
    call::*,
    code::Code,
    conversation::ConversationRow,
    entry::Entry,
    frame::{self, RequestFrame},
    ids::{ConversationId, MessageId, Rev, Seq, TinyId},
    limits,
    message::Message,
    push::{KickReason, Kicked, NewMessages, OnlineMessage, ProfilesChanged, ReadByMe, ReadByPeer},
    user::Profile,
};

/// Something for a connection.
pub enum Say {
    /// A frame and the name of its call or push.
    Frame(u64, String, String),
    HangUp(u64),
}

/// Everything the server knows.
pub struct Server {
    accounts: BTreeMap<String, Account>,
    logs: BTreeMap<(String, String), Log>,
    instances: Vec<Instance>,
    links: BTreeMap<u64, Option<usize>>,
    secrets: u64,
    /// Calls that are refused, with the code, once each.
    pub refusals: VecDeque<(Method, Code)>,
    pub max_instances: usize,
    pub pull_limit: u32,
    /// Sends of one account that are taken in a second; 0 for any number.
    pub send_rate: u32,
    /// Calls served, by name.
    pub served: HashMap<&'static str, usize>,
    /// The last second in which an account sent something, and how much.
    sends: HashMap<String, (u64, u32)>,
    say: Vec<Say>,
    now_ms: u64,
}

struct Account {
    tiny_id: TinyId,
    profile: Profile,
}

struct Instance {
    user: String,
    secret: String,
    link: Option<u64>,
    kicked: bool,
    gone: bool,
}

/// The messages of two people.
#[derive(Default)]
pub struct Log {
    pub entries: Vec<Entry>,
    /// Revision at which an old message last changed, by place.
    changed: BTreeMap<Seq, Rev>,
    pub rev: Rev,
    read: BTreeMap<String, Seq>,
    ids: HashMap<MessageId, Seq>,
}

/// The name of the call in a client's frame.
pub fn kind_of(text: &str) -> String {
    let frame: Value = serde_json::from_str(text).expect("clients write JSON");
    frame["do"].as_str().expect("clients write requests").to_owned()
}

fn pair(a: &str, b: &str) -> (String, String) {
    if a <= b { (a.to_owned(), b.to_owned()) } else { (b.to_owned(), a.to_owned()) }
}

fn conversation(peer: &str) -> ConversationId {
    format!("C2C{peer}").parse().expect("accounts have good names")
}

impl Log {
    fn seq(&self) -> Seq {
        self.entries.last().map_or(0, |it| it.seq)
    }

    fn read_by(&self, user: &str) -> Seq {
        self.read.get(user).copied().unwrap_or(0)
    }

    fn unread(&self, user: &str) -> u32 {
        let from = self.read_by(user);
        let counted = self.entries.iter().filter(|it| {
            it.seq > from && it.message.from != user && !it.excluded_from_unread_count
        });
        u32::try_from(counted.count()).expect("few")
    }

    fn time_at(&self, seq: Seq) -> u64 {
        let at = self.entries.iter().rev().find(|it| it.seq <= seq);
        at.map_or(0, |it| it.message.time)
    }
}

impl Server {
    pub fn new() -> Self {
        Self {
            accounts: BTreeMap::new(),
            logs: BTreeMap::new(),
            instances: Vec::new(),
            links: BTreeMap::new(),
            secrets: 0,
            refusals: VecDeque::new(),
            max_instances: 10,
            pull_limit: 100,
            send_rate: 0,
            sends: HashMap::new(),
            served: HashMap::new(),
            say: Vec::new(),
            now_ms: 0,
        }
    }

    pub fn account(&mut self, user: &str) {
        let tiny_id = TinyId(TinyId::FIRST + self.accounts.len() as u64);
        let profile = Profile::empty(user.parse().expect("a userID"));
        self.accounts.entry(user.to_owned()).or_insert(Account { tiny_id, profile });
    }

    fn log(&mut self, a: &str, b: &str) -> &mut Log {
        self.logs.entry(pair(a, b)).or_default()
    }

    pub fn texts(&mut self, a: &str, b: &str) -> Vec<String> {
        self.log(a, b).entries.iter().map(|it| super::app::text_of(&it.message)).collect()
    }

    /// Nobody's session is known any more.
    pub fn forget_sessions(&mut self) {
        self.instances.iter_mut().for_each(|it| it.gone = true);
    }

    /// Back to an older state of a log: only the first `keep` messages are left.
    pub fn set_back(&mut self, a: &str, b: &str, keep: usize) {
        let log = self.log(a, b);
        log.entries.truncate(keep);
        log.rev = log.entries.last().map_or(0, |it| it.rev);
        let seq = log.seq();
        log.ids.retain(|_, it| *it <= seq);
        log.read.values_mut().for_each(|it| *it = (*it).min(seq));
        log.changed.clear();
    }

    /// Changes an old message; nobody is told.
    pub fn edit(&mut self, a: &str, b: &str, seq: Seq, cloud_custom_data: &str) {
        let log = self.log(a, b);
        log.rev += 1;
        let rev = log.rev;
        log.changed.insert(seq, rev);
        let entry = log.entries.iter_mut().find(|it| it.seq == seq).expect("a place of the log");
        entry.rev = rev;
        cloud_custom_data.clone_into(&mut entry.message.cloud_custom_data);
    }

    /// The account has another number from now on.
    pub fn renumber(&mut self, user: &str) {
        let tiny_id = TinyId(TinyId::FIRST + 1_000_000);
        self.accounts.get_mut(user).expect("an account").tiny_id = tiny_id;
    }

    pub fn unread(&mut self, user: &str, peer: &str) -> u32 {
        self.log(user, peer).unread(user)
    }

    pub fn times_served(&self, call: &str) -> usize {
        self.served.get(call).copied().unwrap_or(0)
    }

    pub fn opened(&mut self, link: u64) {
        self.links.insert(link, None);
    }

    pub fn closed(&mut self, link: u64) {
        if let Some(Some(instance)) = self.links.remove(&link)
            && self.instances[instance].link == Some(link)
        {
            self.instances[instance].link = None;
        }
    }

    /// Serves one frame.
    pub fn receive(&mut self, link: u64, text: &str, now_ms: u64) -> Vec<Say> {
        self.now_ms = now_ms;
        let frame: RequestFrame = serde_json::from_str(text).expect("clients write requests");
        let method = Method::named(&frame.method).expect("clients ask what there is");
        let body = frame.body.map_or("{}", |it| it.get()).to_owned();
        *self.served.entry(method.as_str()).or_default() += 1;
        let answer = self.dispatch(link, method, &body);
        let is_entry = matches!(method, Method::Login | Method::Resume);
        let hang_up = method == Method::Logout || (is_entry && answer.is_err());
        let text = match answer {
            Ok(body) => frame::reply(frame.id, &body),
            Err(code) => frame::refusal(frame.id, code, "refused"),
        };
        let answer = Say::Frame(link, method.as_str().to_owned(), text);
        if is_entry {
            // Who was kicked hears that first.
            self.say.push(answer);
        } else {
            self.say.insert(0, answer);
        }
        if hang_up {
            self.say.push(Say::HangUp(link));
        }
        std::mem::take(&mut self.say)
    }

    fn dispatch(&mut self, link: u64, method: Method, body: &str) -> Result<Value, Code> {
        if let Some(at) = self.refusals.iter().position(|(it, _)| *it == method) {
            return Err(self.refusals.remove(at).expect("just found").1);
        }
        let instance = self.links.get(&link).copied().flatten();
        match method {
            Method::Login => return self.login(link, read(body)).map(json),
            Method::Resume => return self.resume(link, &read(body)).map(json),
            _ => {}
        }
        let instance = instance.ok_or(Code::USER_NOT_LOGGED_IN)?;
        let me = self.instances[instance].user.clone();
        match method {
            Method::Login | Method::Resume => unreachable!("answered above"),
            Method::Logout => {
                self.instances[instance].gone = true;
                Ok(json(Done {}))
            }
            Method::Ping => Ok(json(Pong { server_time: self.now_ms })),
            Method::SendMessage => self.send(&me, link, read(body)).map(json),
            Method::PageMessages => self.page(&me, read(body)).map(json),
            Method::ChangedMessages => Ok(json(self.changes(&me, &read(body)))),
            Method::ListConversations => Ok(json(self.list(&me))),
            Method::GetConversation => {
                let call: GetConversation = read(body);
                let peer = call.conversation_id.peer().ok_or(Code::GROUP_NOT_FOUND)?.to_string();
                if !self.accounts.contains_key(&peer) {
                    return Err(Code::UNKNOWN_ACCOUNT);
                }
                Ok(json(self.row(&me, &peer)))
            }
            Method::ReadConversation => Ok(json(self.read(&me, link, &read(body)))),
            Method::GetProfiles => {
                let call: GetProfiles = read(body);
                let known = call.user_id_list.iter().filter_map(|it| self.accounts.get(it));
                Ok(json(Profiles { profiles: known.map(|it| it.profile.clone()).collect() }))
            }
            Method::UpdateProfile => {
                let UpdateProfile(change) = read(body);
                let profile = &mut self.accounts.get_mut(&me).expect("logged in").profile;
                change.apply_to(profile);
                let profiles = vec![profile.clone()];
                let answer = json(&profiles[0]);
                self.push(&me, Some(link), ProfilesChanged::NAME, &ProfilesChanged { profiles });
                Ok(answer)
            }
            #[expect(unreachable_patterns, reason = "the protocol may grow")]
            _ => Err(Code::CANNOT_FIND_PROTOCOL),
        }
    }

    fn login(&mut self, link: u64, call: Login) -> Result<LoggedIn, Code> {
        if let Some(code) = call.user_sig.strip_prefix("bad ") {
            return Err(Code(code.parse().expect("a number")));
        }
        self.account(&call.user_id);
        self.secrets += 1;
        let secret = format!("secret {}", self.secrets);
        let user = call.user_id.clone();
        self.instances.push(Instance {
            user: user.clone(),
            secret: secret.clone(),
            link: Some(link),
            kicked: false,
            gone: false,
        });
        self.links.insert(link, Some(self.instances.len() - 1));
        let alive = |it: &&mut Instance| it.user == user && !it.kicked && !it.gone;
        let count = self.instances.iter_mut().filter(alive).count();
        let surplus = count.saturating_sub(self.max_instances);
        let mut out = Vec::new();
        for instance in self.instances.iter_mut().filter(alive).take(surplus) {
            instance.kicked = true;
            out.extend(instance.link);
        }
        for link in out {
            let text = frame::push(Kicked::NAME, &Kicked { reason: KickReason::MultipleAccount });
            self.say.push(Say::Frame(link, Kicked::NAME.to_owned(), text));
            self.say.push(Say::HangUp(link));
        }
        let account = &self.accounts[&call.user_id];
        Ok(LoggedIn {
            tiny_id: account.tiny_id,
            session: secret,
            server_time: self.now_ms,
            profile: account.profile.clone(),
            settings: Settings {
                max_message_bytes: limits::MESSAGE_BODY_BYTES,
                conversation_pull_limit: self.pull_limit,
                c2c_send_rate_per_second: self.send_rate,
            },
        })
    }

    fn resume(&mut self, link: u64, call: &Resume) -> Result<Resumed, Code> {
        let found = self.instances.iter().position(|it| it.secret == call.session && !it.gone);
        let at = found.ok_or(Code::USER_SIG_REVOKED)?;
        if self.instances[at].kicked {
            let kicked = Kicked { reason: KickReason::MultipleAccount };
            let text = frame::push(Kicked::NAME, &kicked);
            self.say.push(Say::Frame(link, Kicked::NAME.to_owned(), text));
            return Err(Code::INSTANCE_KICKED);
        }
        if let Some(old) = self.instances[at].link.replace(link) {
            self.links.insert(old, None);
            self.say.push(Say::HangUp(old));
        }
        self.links.insert(link, Some(at));
        let profile = self.accounts[&self.instances[at].user].profile.clone();
        Ok(Resumed { server_time: self.now_ms, profile })
    }

    fn send(&mut self, me: &str, link: u64, call: SendMessage) -> Result<Sent, Code> {
        let SendMessage { message, online_user_only, message_control_info } = call;
        let account = self.accounts.get(me).expect("logged in");
        if message.from != me || message.id.parts().sender != account.tiny_id {
            return Err(Code::MALFORMED_MESSAGE);
        }
        let peer = message.to.clone();
        if !self.accounts.contains_key(&peer) {
            return Err(Code::UNKNOWN_ACCOUNT);
        }
        let profile = account.profile.clone();
        let now_s = self.now_ms / 1000;
        let (second, count) = self.sends.entry(me.to_owned()).or_default();
        *count = if *second == now_s { *count + 1 } else { 1 };
        *second = now_s;
        if self.send_rate > 0 && *count > self.send_rate {
            return Err(Code::OVER_FREQUENCY_LIMIT);
        }
        let log = self.logs.entry(pair(me, &peer)).or_default();
        let sent = |seq, rev, time| Sent {
            seq,
            rev,
            time,
            nick: profile.nick.clone(),
            avatar: profile.avatar.clone(),
            need_read_receipt: false,
            is_support_extension: false,
        };
        let time = now_s.max(log.time_at(Seq::MAX));
        let message =
            Message { time, nick: profile.nick.clone(), avatar: profile.avatar.clone(), ..message };
        if online_user_only {
            let push = OnlineMessage { message };
            let answer = sent(0, 0, time);
            self.push_both(me, &peer, link, OnlineMessage::NAME, &push);
            return Ok(answer);
        }
        if let Some(seq) = log.ids.get(&message.id) {
            let first = log.entries.iter().find(|it| it.seq == *seq).expect("IDs are of entries");
            return Ok(sent(*seq, first.rev, first.message.time));
        }
        log.rev += 1;
        let entry = Entry {
            seq: log.seq() + 1,
            rev: log.rev,
            excluded_from_unread_count: message_control_info.excluded_from_unread_count,
            excluded_from_last_message: message_control_info.excluded_from_last_message,
            message,
        };
        log.ids.insert(entry.message.id.clone(), entry.seq);
        log.entries.push(entry.clone());
        let answer = sent(entry.seq, entry.rev, time);
        let push = NewMessages { entries: vec![entry] };
        self.push_both(me, &peer, link, NewMessages::<Entry>::NAME, &push);
        Ok(answer)
    }

    fn page(&mut self, me: &str, call: PageMessages) -> Result<MessagePage, Code> {
        let peer = call.conversation_id.peer().expect("one-to-one").to_string();
        let log = self.logs.entry(pair(me, &peer)).or_default();
        let count = call.count as usize;
        assert!((1..=500).contains(&count), "a client asks for 1 to 500");
        let all = &log.entries;
        let older = call.direction == Direction::Older;
        let (mut from, mut to) = (0, all.len());
        if let Some(id) = &call.before_id {
            let seq = *log.ids.get(id).ok_or(Code::INVALID_PARAMETERS)?;
            to = all.partition_point(|it| it.seq < seq);
        } else if let Some(seq) = call.seq {
            if older {
                to = all.partition_point(|it| it.seq <= seq);
            } else {
                from = all.partition_point(|it| it.seq < seq);
            }
        } else if let Some(time) = call.time {
            if older {
                to = all.partition_point(|it| it.message.time <= time);
            } else {
                from = all.partition_point(|it| it.message.time < time);
            }
        }
        let side = &all[from..to];
        let mut kept = count.min(side.len());
        if call.time.is_some() && kept > 0 {
            // All of one second: as many of it as may be.
            let first = if older { &side[side.len() - 1] } else { &side[0] };
            let second = side.iter().filter(|it| it.message.time == first.message.time).count();
            if second > kept {
                kept = second.min(limits::SAME_SECOND_COUNT as usize);
            }
        }
        let part = if older { &side[side.len() - kept..] } else { &side[..kept] };
        Ok(MessagePage {
            entries: part.to_vec(),
            is_completed: kept == side.len(),
            seq: log.seq(),
            rev: log.rev,
        })
    }

    fn changes(&mut self, me: &str, call: &ChangedMessages) -> MessageChanges {
        let peer = call.conversation_id.peer().expect("one-to-one").to_string();
        let log = self.logs.entry(pair(me, &peer)).or_default();
        let newer: Vec<&Entry> = log.entries.iter().filter(|it| it.seq > call.after_seq).collect();
        let changed = |it: &&Entry| {
            it.seq <= call.after_seq
                && log.changed.get(&it.seq).is_some_and(|rev| *rev > call.after_rev)
        };
        MessageChanges {
            is_completed: newer.len() <= call.count as usize,
            new: newer.into_iter().take(call.count as usize).cloned().collect(),
            changed: log.entries.iter().filter(changed).cloned().collect(),
            seq: log.seq(),
            rev: log.rev,
        }
    }

    fn list(&mut self, me: &str) -> ConversationList {
        let hidden = |it: &Entry| it.excluded_from_unread_count && it.excluded_from_last_message;
        let peers: Vec<String> = self
            .logs
            .iter()
            .filter(|((a, b), log)| {
                (a == me || b == me) && log.entries.iter().any(|it| !hidden(it))
            })
            .map(|((a, b), _)| if a == me { b.clone() } else { a.clone() })
            .collect();
        let mut rows: Vec<ConversationRow> = peers.iter().map(|it| self.row(me, it)).collect();
        rows.sort_by_key(|it| std::cmp::Reverse(it.active_time));
        rows.truncate(self.pull_limit as usize);
        ConversationList { conversations: rows }
    }

    fn row(&mut self, me: &str, peer: &str) -> ConversationRow {
        let profile = self.accounts[peer].profile.clone();
        let log = self.logs.entry(pair(me, peer)).or_default();
        let last = log.entries.iter().rev().find(|it| !it.excluded_from_last_message).cloned();
        let peer_read_seq = if me == peer { 0 } else { log.read_by(peer) };
        ConversationRow {
            conversation_id: conversation(peer),
            seq: log.seq(),
            rev: log.rev,
            unread_count: log.unread(me),
            read_seq: log.read_by(me),
            peer_read_seq,
            peer_read_time: log.time_at(peer_read_seq),
            active_time: last.as_ref().map_or(0, |it| it.message.time),
            last,
            user_profile: Some(profile),
        }
    }

    fn read(&mut self, me: &str, link: u64, call: &ReadConversation) -> ReadPosition {
        let peer = call.conversation_id.peer().expect("one-to-one").to_string();
        let log = self.logs.entry(pair(me, &peer)).or_default();
        let before = log.read_by(me);
        let read_seq = call.seq.min(log.seq()).max(before);
        log.read.insert(me.to_owned(), read_seq);
        let unread_count = log.unread(me);
        let peer_read_time = log.time_at(read_seq);
        if read_seq > before {
            let conversation_id = conversation(&peer);
            let mine = ReadByMe { conversation_id, read_seq, unread_count };
            self.push(me, Some(link), ReadByMe::NAME, &mine);
            if peer != me {
                let push = ReadByPeer {
                    conversation_id: conversation(me),
                    peer_read_seq: read_seq,
                    peer_read_time,
                };
                self.push(&peer, None, ReadByPeer::NAME, &push);
            }
        }
        ReadPosition { read_seq, unread_count }
    }

    fn push_both<T: Serialize>(&mut self, me: &str, peer: &str, link: u64, name: &str, body: &T) {
        if me != peer {
            self.push(peer, None, name, body);
        }
        self.push(me, Some(link), name, body);
    }

    /// Tells every instance of a user but the one on that connection.
    fn push<T: Serialize>(&mut self, user: &str, except: Option<u64>, name: &str, body: &T) {
        let origin = except.and_then(|link| self.links.get(&link).copied().flatten());
        for (at, instance) in self.instances.iter().enumerate() {
            if instance.user == user
                && Some(at) != origin
                && !instance.kicked
                && !instance.gone
                && let Some(link) = instance.link
            {
                self.say.push(Say::Frame(link, name.to_owned(), frame::push(name, body)));
            }
        }
    }
}

fn read<T: DeserializeOwned>(body: &str) -> T {
    serde_json::from_str(body).expect("clients write what a call takes")
}

fn json<T: Serialize>(body: T) -> Value {
    serde_json::to_value(body).expect("plain data")
}
