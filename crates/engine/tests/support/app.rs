//! The app's side: keeps the live objects as a page does, writes events down, checks the stream.
//!
//! Some promises hold in every test and are checked here, whatever the test is about: an event never
//! names an object the app does not have, the net state never repeats, a message is received at most
//! once in a session and never by its sender, a list event comes with the whole list.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    rc::Rc,
};

use serde_json::Value;
use tim_engine::output::{
    ConversationView, Event, MessageView, NetState, Output, Status, ViewerPart,
};
use tim_protocol::{
    ids::{ConversationId, MessageId, UserId},
    json,
    message::{Message, Text},
    user::Profile,
};

/// What an app knows.
#[derive(Default)]
pub struct App {
    pub messages: RefCell<HashMap<MessageId, MessageView>>,
    pub conversations: RefCell<HashMap<ConversationId, ConversationView>>,
    pub profiles: RefCell<HashMap<UserId, Profile>>,
    events: RefCell<Vec<(u64, String)>>,
    /// What was received since the session began.
    pub received: RefCell<HashSet<MessageId>>,
    /// The same in order.
    heard: RefCell<Vec<MessageId>>,
    /// What was made here: the engine need not describe it again when it is sent.
    pub made: RefCell<HashMap<MessageId, MessageView>>,
    /// What was sent from here since the session began.
    pub sent: RefCell<HashSet<MessageId>>,
    net: RefCell<Option<NetState>>,
    pub raw: RefCell<Vec<Output>>,
}

/// What leaves the engine is JSON.
fn as_value(output: &Output) -> Value {
    serde_json::from_str(&json::write(output)).expect("outputs are JSON")
}

/// What a message says.
pub fn text_of(message: &Message) -> String {
    let said = message.payload.read::<Text>().map(|it| it.text);
    said.unwrap_or_else(|| message.payload.as_json().to_owned())
}

impl App {
    /// Takes a batch of the engine's output in.
    pub fn take(&self, now_ms: u64, batch: Vec<Output>) {
        for output in batch {
            self.write_down(&output);
            match output {
                Output::Message(view) => {
                    self.messages.borrow_mut().insert(view.m.id.clone(), *view);
                }
                Output::Patch { id, set } => {
                    let mut messages = self.messages.borrow_mut();
                    if let Some(made) = self.made.borrow_mut().remove(&id) {
                        messages.entry(id.clone()).or_insert(made);
                    }
                    let view = messages.get_mut(&id).expect("a patch is for an object there is");
                    view.v.status = set.status.unwrap_or(view.v.status);
                    view.v.is_read = set.is_read.unwrap_or(view.v.is_read);
                    view.v.is_peer_read = set.is_peer_read.unwrap_or(view.v.is_peer_read);
                    let m = Rc::make_mut(&mut view.m);
                    m.time = set.time.unwrap_or(m.time);
                    m.sequence = set.sequence.unwrap_or(m.sequence);
                    m.need_read_receipt = set.need_read_receipt.unwrap_or(m.need_read_receipt);
                    m.is_support_extension =
                        set.is_support_extension.unwrap_or(m.is_support_extension);
                    m.nick = set.nick.unwrap_or_else(|| m.nick.clone());
                    m.avatar = set.avatar.unwrap_or_else(|| m.avatar.clone());
                }
                Output::Conversation { mut c } => {
                    let mut conversations = self.conversations.borrow_mut();
                    if let Some(old) = conversations.remove(&c.conversation_id) {
                        c.user_profile = c.user_profile.or(old.user_profile);
                    }
                    conversations.insert(c.conversation_id.clone(), *c);
                }
                Output::Profile { p, .. } => {
                    self.profiles.borrow_mut().insert(p.user_id.clone(), *p);
                }
                Output::Forget { ids } => {
                    let mut messages = self.messages.borrow_mut();
                    ids.iter().for_each(|id| drop(messages.remove(id)));
                }
                Output::Reset {} => {
                    self.made.borrow_mut().clear();
                    self.messages.borrow_mut().clear();
                    self.conversations.borrow_mut().clear();
                    self.profiles.borrow_mut().clear();
                    self.received.borrow_mut().clear();
                    self.heard.borrow_mut().clear();
                    self.sent.borrow_mut().clear();
                    *self.net.borrow_mut() = None;
                }
                Output::Event(event) => self.hear(now_ms, &event),
                #[expect(unreachable_patterns, reason = "the engine may say more one day")]
                _ => {}
            }
        }
    }

    /// The beginning of the stream as it is, and as the JSON it leaves the engine as.
    fn write_down(&self, output: &Output) {
        let mut raw = self.raw.borrow_mut();
        if raw.len() < 200 {
            let json = as_value(output);
            assert!(json["op"].is_string(), "{json}");
            raw.push(output.clone());
        }
    }

    fn hear(&self, now_ms: u64, event: &Event) {
        let line = match event {
            Event::Ready => "ready".to_owned(),
            Event::NotReady => "not ready".to_owned(),
            Event::Destroyed { .. } => "destroyed".to_owned(),
            Event::Reload => "reload".to_owned(),
            Event::Error { code, .. } => format!("error {}", code.0),
            Event::NetState(state) => {
                let before = self.net.borrow_mut().replace(*state);
                assert_ne!(before, Some(*state), "the same net state twice");
                format!("net {}", format!("{state:?}").to_lowercase())
            }
            Event::KickedOut(reason) => format!("kicked {reason:?}"),
            Event::MessagesReceived(ids) => {
                for id in ids {
                    self.heard.borrow_mut().push(id.clone());
                    assert!(
                        self.received.borrow_mut().insert(id.clone()),
                        "received twice: {}",
                        self.text(id)
                    );
                    assert!(!self.sent.borrow().contains(id), "own send received: {id}");
                }
                let messages = self.messages.borrow();
                let first = messages.get(&ids[0]).expect("a received message has an object");
                format!("received {}: {}", first.v.conversation_id, self.texts(ids))
            }
            Event::OnlineMessageReceived(view) => {
                format!("online {}: {}", view.v.conversation_id, text_of(&view.m))
            }
            Event::ReadByPeer(ids) => format!("peer read: {}", self.texts(ids)),
            Event::ConversationList(ids) => {
                let conversations = self.conversations.borrow();
                let rows = ids.iter().map(|id| {
                    let row = conversations.get(id).expect("a listed conversation has an object");
                    format!(" {id}({})", row.unread_count)
                });
                format!("list{}", rows.collect::<String>())
            }
            Event::TotalUnread(total) => format!("total {total}"),
            Event::ProfilesUpdated(ids) => {
                let profiles = self.profiles.borrow();
                let nicks = ids.iter().map(|id| profiles[id].nick.clone());
                format!("profile {}", nicks.collect::<Vec<_>>().join(","))
            }
            #[expect(unreachable_patterns, reason = "the engine may say more one day")]
            _ => return,
        };
        self.events.borrow_mut().push((now_ms, line));
    }

    pub fn text(&self, id: &MessageId) -> String {
        let messages = self.messages.borrow();
        text_of(&messages.get(id).unwrap_or_else(|| panic!("no object for {id}")).m)
    }

    pub fn texts(&self, ids: &[MessageId]) -> String {
        ids.iter().map(|id| self.text(id)).collect::<Vec<_>>().join(",")
    }

    /// The events since the last call.
    pub fn events(&self) -> Vec<String> {
        self.timed_events().into_iter().map(|(_, line)| line).collect()
    }

    /// The events since the last call, with their times.
    pub fn timed_events(&self) -> Vec<(u64, String)> {
        self.events.take()
    }

    /// What was received in a conversation, in order.
    pub fn received_in(&self, conversation: &str) -> Vec<String> {
        let messages = self.messages.borrow();
        let heard = self.heard.borrow();
        let views = heard.iter().filter_map(|id| messages.get(id));
        let here = views.filter(|it| it.v.conversation_id.as_str() == conversation);
        here.map(|it| text_of(&it.m)).collect()
    }

    pub fn sent_here(&self, id: &MessageId) -> bool {
        self.sent.borrow().contains(id)
    }

    /// The live object of the message with that text.
    pub fn message(&self, text: &str) -> MessageView {
        let messages = self.messages.borrow();
        let found: Vec<_> = messages.values().filter(|it| text_of(&it.m) == text).collect();
        assert_eq!(found.len(), 1, "messages that say {text:?}");
        found[0].clone()
    }

    pub fn status(&self, text: &str) -> Status {
        self.message(text).v.status
    }

    pub fn unread(&self, conversation: &str) -> u32 {
        self.conversations.borrow()[&conversation.parse().expect("a conversationID")].unread_count
    }

    /// What a list row shows of its last message.
    pub fn last(&self, conversation: &str) -> String {
        let conversations = self.conversations.borrow();
        let row = &conversations[&conversation.parse().expect("a conversationID")];
        row.last_message.message_for_show.clone()
    }

    /// Takes a message that was made just now.
    pub fn make(&self, view: &Value) {
        let m: Message = serde_json::from_value(view["m"].clone()).expect("a message");
        assert_eq!(view["v"]["status"], "unSend");
        let v = ViewerPart {
            conversation_id: format!("C2C{}", m.to).parse().expect("a conversationID"),
            flow: "out",
            status: Status::UnSend,
            is_read: true,
            is_peer_read: false,
            is_resend: false,
        };
        let id = m.id.clone();
        let made = MessageView { m: Rc::new(m), v };
        // Groups and wrong conversations are somebody else's test.
        if as_value(&Output::Message(Box::new(made.clone())))["v"] == view["v"] {
            self.made.borrow_mut().insert(id, made);
        }
    }

    /// What the engine made, when a message is still so, field by field.
    pub fn as_made(&self, message: &Value) -> Option<Value> {
        let id: MessageId = message["ID"].as_str()?.parse().ok()?;
        let made = self.made.borrow();
        let made = made.get(&id).filter(|it| Self::as_json(it) == *message)?;
        let json = as_value(&Output::Message(Box::new(made.clone())));
        Some(serde_json::json!({ "m": json["m"], "v": json["v"] }))
    }

    /// The message as an app hands it back.
    pub fn as_json(view: &MessageView) -> Value {
        let json = as_value(&Output::Message(Box::new(view.clone())));
        let mut message = json["m"].clone();
        let fields = message.as_object_mut().expect("a message is an object");
        fields.extend(json["v"].as_object().expect("an object").clone());
        message
    }
}
