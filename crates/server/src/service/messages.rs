//! Sending and reading messages.
//!
//! A send is: check what was said → find the receiver → hand it to the writer, which stores it with
//! everything else that is waiting → the pushes leave in the order of the log → the sender is
//! answered. Nothing is said about a message that is not on disk.

use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use tim_protocol::{
    call::{
        ChangedMessages, Direction, MessageChanges, MessagePage, PageMessages, SendMessage, Sent,
    },
    code::Code,
    entry::Entry,
    frame,
    ids::{ConversationKind, UserId},
    limits,
    message::{ConversationType, Message},
    push::{NewMessages, OnlineMessage},
};

use super::{Refusal, Service, now_ms, now_s, sessions::Session};
use crate::{
    bus::{Bus, Event},
    config::App,
    storage::{AccountKey, Append, AppendError, LogPosition, OnStored, PageStart, SessionKey},
};

/// Entries of one push stop here, well below the largest frame.
pub(super) const PUSH_BYTES: usize = 64 * 1024;

/// Text that is JSON already.
#[derive(Serialize)]
#[serde(transparent)]
pub struct Json(Box<RawValue>);

impl Json {
    fn stored(text: Box<str>) -> Result<Self, Refusal> {
        RawValue::from_string(text.into()).map(Self).map_err(|error| {
            tracing::error!(%error, "a stored entry is not JSON");
            Refusal::from(Code::INTERNAL)
        })
    }

    fn all(texts: Vec<Box<str>>) -> Result<Vec<Self>, Refusal> {
        texts.into_iter().map(Self::stored).collect()
    }
}

fn is_malformed<E>(_: E) -> Refusal {
    Code::MALFORMED_MESSAGE.into()
}

/// What a client sent, as it will be stored: only what a sender decides is taken over.
fn accepted(session: &Session, app: &App, message: Message) -> Result<(UserId, Message), Refusal> {
    let person = &session.person;
    if message.from != person.user_id.as_str() || message.id.parts().sender != person.tiny_id() {
        return Err(Code::MALFORMED_MESSAGE.into());
    }
    match message.conversation_type {
        ConversationType::C2c => {}
        ConversationType::Group => return Err(Code::GROUP_NOT_FOUND.into()),
        ConversationType::System => return Err(Code::MALFORMED_MESSAGE.into()),
    }
    let receiver = message.to.parse::<UserId>().map_err(is_malformed)?;
    let payload = message.payload.checked(&message.kind).map_err(is_malformed)?;
    if payload.as_json().len() + message.cloud_custom_data.len() > app.max_message_bytes {
        return Err(Code::MESSAGE_TOO_LONG.into());
    }
    let face = person.face();
    let message = Message {
        id: message.id,
        kind: message.kind,
        payload,
        conversation_type: ConversationType::C2c,
        from: message.from,
        to: message.to,
        time: now_s(),
        sequence: message.sequence,
        client_sequence: message.client_sequence,
        priority: message.priority,
        nick: face.nick.clone(),
        avatar: face.avatar.clone(),
        cloud_custom_data: message.cloud_custom_data,
        need_read_receipt: false,
        is_support_extension: false,
        is_revoked: false,
        revoker: None,
        is_modified: false,
        version: 0,
    };
    Ok((receiver, message))
}

/// Writes the push of some new entries of one log.
pub(super) fn new_messages<'a>(entries: impl Iterator<Item = &'a str> + Clone) -> Bytes {
    // The entries are JSON already and only need their frame; parsing them to prove it would cost
    // more than the rest of a push.
    let length: usize = entries.clone().map(|it| it.len() + 1).sum();
    let mut text = String::with_capacity(length + 64);
    text.push_str("{\"push\":\"");
    text.push_str(NewMessages::<Entry>::NAME);
    text.push_str("\",\"body\":{\"entries\":[");
    for (index, entry) in entries.enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(entry);
    }
    text.push_str("]}}");
    text.into()
}

/// Tells both people of new messages, in the order of the log: neighbours from one instance in one
/// push.
pub fn announcer(bus: Arc<dyn Bus>) -> OnStored {
    Arc::new(move |stored| {
        let mut rest = stored;
        while let [first, ..] = rest {
            let mut bytes = 0;
            let end = rest.iter().position(|it| {
                bytes += it.entry.len();
                (it.conversation, it.origin) != (first.conversation, first.origin)
                    || (bytes > PUSH_BYTES && it.seq != first.seq)
            });
            let (run, later) = rest.split_at(end.unwrap_or(rest.len()));
            let text = new_messages(run.iter().map(|it| &*it.entry));
            let event = Event::Frame { text, except: Some(first.origin) };
            tell_both(&*bus, first.sender, first.receiver, event);
            rest = later;
        }
    })
}

fn tell_both(bus: &dyn Bus, sender: AccountKey, receiver: AccountKey, event: Event) {
    if receiver != sender {
        bus.publish(receiver, event.clone());
    }
    bus.publish(sender, event);
}

impl Service {
    /// Sends a message. When this returns it has its turn in the log's order; `done` is told the
    /// outcome, once.
    pub async fn send(
        &self,
        session: &Session,
        request: SendMessage,
        done: impl FnOnce(Result<Sent, Refusal>) + Send + 'static,
    ) {
        match self.submit(session, request).await {
            Err(refusal) => done(Err(refusal)),
            Ok(Submitted::Online(sent)) => done(Ok(sent)),
            Ok(Submitted::Entry(receiver, entry)) => {
                let done = Box::new(move |result: Result<Sent, AppendError>| {
                    done(result.map_err(|error| match error {
                        AppendError::OtherConversation => Code::MALFORMED_MESSAGE.into(),
                        AppendError::SessionEnded => Code::INSTANCE_KICKED.into(),
                        AppendError::NotCommitted => Code::MESSAGE_INTERNAL.into(),
                    }));
                });
                let append = Append {
                    app: i64::from(session.person.app.sdk_app_id),
                    sender: session.person.key,
                    receiver,
                    origin: session.key,
                    entry,
                    done,
                };
                self.storage.append(append).await;
            }
        }
    }

    async fn submit(&self, session: &Session, request: SendMessage) -> Result<Submitted, Refusal> {
        let person = &session.person;
        let control = request.message_control_info;
        let (receiver, message) = accepted(session, &person.app, request.message)?;
        if request.online_user_only
            && (control.excluded_from_unread_count || control.excluded_from_last_message)
        {
            return Err(Code::MALFORMED_MESSAGE.into());
        }
        let receiver = self.receiver_key(&person.app, &receiver).await?;
        if !person.send_rate.allows(now_ms(), person.app.c2c_send_rate_per_second) {
            return Err(Code::OVER_FREQUENCY_LIMIT.into());
        }
        if request.online_user_only {
            let sent = self.send_online(person.key, receiver, session.key, message);
            return Ok(Submitted::Online(sent));
        }
        let entry = Entry {
            seq: 0,
            rev: 0,
            excluded_from_unread_count: control.excluded_from_unread_count,
            excluded_from_last_message: control.excluded_from_last_message,
            message,
        };
        Ok(Submitted::Entry(receiver, entry))
    }

    fn send_online(
        &self,
        sender: AccountKey,
        receiver: AccountKey,
        origin: SessionKey,
        message: Message,
    ) -> Sent {
        let sent = Sent {
            seq: 0,
            rev: 0,
            time: message.time,
            nick: message.nick.clone(),
            avatar: message.avatar.clone(),
            need_read_receipt: false,
            is_support_extension: false,
        };
        let text = frame::push(OnlineMessage::NAME, &OnlineMessage { message });
        let event = Event::Frame { text: text.into(), except: Some(origin) };
        tell_both(&*self.bus, sender, receiver, event);
        sent
    }

    /// Where the log with a conversation's other side stands; `None` when there is none.
    async fn log(
        &self,
        session: &Session,
        kind: ConversationKind<'_>,
    ) -> Result<Option<LogPosition>, Refusal> {
        let ConversationKind::C2c(peer) = kind else { return Ok(None) };
        let peer = peer.parse().map_err(|_| Refusal::from(Code::MALFORMED_REQUEST))?;
        match self.account_key(&session.person.app, &peer).await? {
            Some(peer) => Ok(self.storage.log_position(session.person.key, peer).await?),
            None => Ok(None),
        }
    }

    /// A stretch of a log.
    ///
    /// # Errors
    /// `6017` when the message to start before is not in this log, `70402` for a bad count or more
    /// than one start.
    pub async fn page(
        &self,
        session: &Session,
        request: PageMessages,
    ) -> Result<MessagePage<Json>, Refusal> {
        let PageMessages { seq, time, before_id, direction, count, .. } = request;
        let starts = [seq.is_some(), time.is_some(), before_id.is_some()];
        let is_valid = (1..=limits::CHANGES_COUNT).contains(&count)
            && starts.iter().filter(|it| **it).count() <= 1;
        if !is_valid {
            return Err(Code::MALFORMED_REQUEST.into());
        }
        let Some(log) = self.log(session, request.conversation_id.kind()).await? else {
            return if before_id.is_some() {
                Err(Code::INVALID_PARAMETERS.into())
            } else {
                Ok(MessagePage { entries: vec![], is_completed: true, seq: 0, rev: 0 })
            };
        };
        let start = match (seq, time, before_id) {
            (Some(seq), ..) => PageStart::Seq(seq),
            (_, Some(time), _) => PageStart::Time(time),
            (.., Some(id)) => {
                let seq = self.storage.seq_of_message(log.key, id.parts()).await?;
                let seq = seq.ok_or(Code::INVALID_PARAMETERS)?;
                PageStart::Seq(match direction {
                    Direction::Older => seq - 1,
                    Direction::Newer => seq + 1,
                })
            }
            (None, None, None) => PageStart::Seq(log.seq),
        };
        let by_time = matches!(start, PageStart::Time(_));
        // A page by time may have to grow to the end of its second.
        let most = if by_time { count.max(limits::SAME_SECOND_COUNT) } else { count };
        let mut page = self.storage.page(log, start, direction, most).await?;
        let kept = if by_time {
            same_second_count(&page.entries, direction, count as usize)
        } else {
            page.entries.len()
        };
        if kept < page.entries.len() {
            page.is_completed = false;
            match direction {
                Direction::Older => drop(page.entries.drain(..page.entries.len() - kept)),
                Direction::Newer => page.entries.truncate(kept),
            }
        }
        let entries = Json::all(page.entries.into_iter().map(|(_, entry)| entry).collect())?;
        Ok(MessagePage { entries, is_completed: page.is_completed, seq: log.seq, rev: log.rev })
    }

    /// What changed in a log.
    ///
    /// # Errors
    /// `70402` for a bad count.
    pub async fn changes(
        &self,
        session: &Session,
        request: ChangedMessages,
    ) -> Result<MessageChanges<Json>, Refusal> {
        let ChangedMessages { conversation_id, after_seq, after_rev, count } = request;
        if !(1..=limits::CHANGES_COUNT).contains(&count) {
            return Err(Code::MALFORMED_REQUEST.into());
        }
        let Some(log) = self.log(session, conversation_id.kind()).await? else {
            return Ok(MessageChanges {
                new: vec![],
                changed: vec![],
                is_completed: true,
                seq: 0,
                rev: 0,
            });
        };
        // One more than asked for tells whether there is more.
        let mut new = self.storage.entries_after(log, after_seq, count + 1).await?;
        let is_completed = new.len() <= count as usize;
        new.truncate(count as usize);
        let changed = self.storage.entries_changed(log, after_seq, after_rev).await?;
        Ok(MessageChanges {
            new: Json::all(new)?,
            changed: Json::all(changed)?,
            is_completed,
            seq: log.seq,
            rev: log.rev,
        })
    }
}

enum Submitted {
    Online(Sent),
    Entry(AccountKey, Entry),
}

/// How many entries a page of `count` by time holds: more when all of them are of one second, so
/// that the next page can start at another one.
fn same_second_count(entries: &[(u64, Box<str>)], direction: Direction, count: usize) -> usize {
    let time = |index: usize| match direction {
        Direction::Older => entries[entries.len() - 1 - index].0,
        Direction::Newer => entries[index].0,
    };
    if entries.len() <= count || time(0) != time(count - 1) {
        return entries.len().min(count);
    }
    let second = time(0);
    (count..entries.len()).find(|index| time(*index) != second).unwrap_or(entries.len())
}
