//! One live link: writes what waits, takes in what comes, notices when the other side is silent.
//!
//! At most [`WINDOW`] sends are on the wire: the server reads no more than that, and a client that
//! is stuck writing hears nothing.

use std::{
    collections::{HashMap, HashSet},
    pin::Pin,
    time::Duration,
};

use futures::FutureExt as _;
use serde::Deserialize;
use tim_protocol::{
    call::{ChangedMessages, ListConversations, MessageChanges, Ping},
    frame,
    ids::{ConversationId, Rev, Seq},
    limits,
    push::{Kicked, NewMessages},
};
use tokio::time::{Instant, Sleep, sleep_until};
use tokio_tungstenite::tungstenite::{Utf8Bytes, protocol::frame::coding::CloseCode};

use super::{
    Client, Held,
    socket::{Incoming, Lost, PATIENCE, Socket},
};
use crate::{
    record::{Delivery, Entry, Outcome},
    run::feed::{Command, Feed},
    stamp,
};

/// Sends on the wire without an answer.
const WINDOW: usize = 64;
/// How long a hole may wait for an answer or a push that fills it.
const HOLE: Duration = Duration::from_millis(250);
/// Frames taken in before something is written.
const TOGETHER: usize = 64;
const HEARTBEAT: Duration = Duration::from_millis(limits::HEARTBEAT_MS);

/// Why a link ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By itself, or because nothing was heard.
    Lost,
    /// The run pulled the cable.
    Cut,
    /// This instance is kicked.
    Out,
    /// The run is over.
    Over,
}

/// A request that is not a send.
enum Asked {
    Ping,
    List,
    Changes(u32),
}

/// A row of the conversation list, with only what is looked at.
#[derive(Deserialize)]
struct Row {
    #[serde(rename = "conversationID")]
    conversation: ConversationId,
    #[serde(default)]
    seq: Seq,
    #[serde(default)]
    rev: Rev,
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    conversations: Vec<Row>,
}

/// The answer to a send; a server of a subset tells no place.
#[derive(Default, Deserialize)]
struct Stored {
    #[serde(default)]
    seq: Seq,
    #[serde(default)]
    rev: Rev,
}

pub(super) struct Link<'a> {
    client: &'a mut Client,
    socket: Socket,
    /// Pending sends before this one are on the wire.
    next_write: u64,
    on_wire: usize,
    asked: HashMap<u64, Asked>,
    fetching: HashSet<u32>,
    is_listed: bool,
    is_ready: bool,
    ping_at: Instant,
    silent_since: Option<Instant>,
    hole_at: Option<Instant>,
}

impl<'a> Link<'a> {
    pub(super) fn new(client: &'a mut Client, socket: Socket) -> Self {
        Self {
            client,
            socket,
            next_write: 0,
            on_wire: 0,
            asked: HashMap::new(),
            fetching: HashSet::new(),
            is_listed: false,
            is_ready: false,
            ping_at: Instant::now() + HEARTBEAT,
            silent_since: None,
            hole_at: None,
        }
    }

    /// Serves until something ends it.
    pub(super) async fn serve(&mut self, feed: &mut Feed) -> End {
        match self.live(feed).await {
            Ok(end) => end,
            Err(Lost { code }) => {
                if let Some(code) = code {
                    self.client.shared.closed(code);
                }
                End::Lost
            }
        }
    }

    /// Gives the link up.
    pub(super) async fn close(self, end: End) {
        self.client.book.online_at_end = self.is_ready && end == End::Over;
        if self.is_ready && end != End::Over {
            self.client.shared.lost();
        }
        match end {
            End::Over => self.socket.close(CloseCode::Away).await,
            End::Lost | End::Cut | End::Out => self.socket.cut(),
        }
    }

    async fn live(&mut self, feed: &mut Feed) -> Result<End, Lost> {
        self.write_sends().await?;
        self.ask(Asked::List).await?;
        self.socket.flush().await?;
        let mut timer = Box::pin(sleep_until(self.deadline()));
        loop {
            tokio::select! {
                text = self.socket.next() => {
                    let mut text = text?;
                    for _ in 0..TOGETHER {
                        if let Some(end) = self.take(&text, feed).await? {
                            return Ok(end);
                        }
                        match self.socket.next().now_or_never() {
                            Some(more) => text = more?,
                            None => break,
                        }
                    }
                }
                command = feed.next() => match command {
                    Command::Send(order) => self.client.write_down(order),
                    Command::Cut => return Ok(End::Cut),
                    Command::Over => return Ok(End::Over),
                },
                () = &mut timer => self.look_around().await?,
            }
            for _ in 0..TOGETHER {
                match feed.next().now_or_never() {
                    Some(Command::Send(order)) => self.client.write_down(order),
                    Some(Command::Cut) => return Ok(End::Cut),
                    Some(Command::Over) => return Ok(End::Over),
                    None => break,
                }
            }
            self.write_sends().await?;
            self.socket.flush().await?;
            self.set(timer.as_mut());
        }
    }

    /// Moves the timer when something is due earlier; one that fires too early looks again.
    fn set(&self, timer: Pin<&mut Sleep>) {
        let deadline = self.deadline();
        if timer.is_elapsed() || deadline < timer.deadline() {
            timer.reset(deadline);
        }
    }

    fn deadline(&self) -> Instant {
        let silent = self.silent_since.map(|it| it + PATIENCE);
        [silent, self.hole_at].into_iter().flatten().fold(self.ping_at, Instant::min)
    }

    async fn look_around(&mut self) -> Result<(), Lost> {
        let now = Instant::now();
        if self.silent_since.is_some_and(|it| it + PATIENCE <= now) {
            return Err(Lost { code: None });
        }
        if self.ping_at <= now {
            self.ping_at = now + HEARTBEAT;
            self.ask(Asked::Ping).await?;
        }
        if self.hole_at.is_some_and(|it| it <= now) {
            let logs = self.client.logs.iter();
            let holes: Vec<u32> = logs.filter(|it| it.1.has_hole()).map(|it| *it.0).collect();
            self.hole_at = (!holes.is_empty()).then(|| now + PATIENCE / 10);
            for peer in holes {
                self.fetch(peer).await?;
            }
        }
        Ok(())
    }

    /// Something is on the wire: from now on silence counts.
    fn expect_answer(&mut self) {
        self.silent_since.get_or_insert_with(Instant::now);
    }

    async fn ask(&mut self, what: Asked) -> Result<(), Lost> {
        self.client.next_id += 1;
        let id = self.client.next_id;
        let text = match &what {
            Asked::Ping => frame::request(id, &Ping {}),
            Asked::List => frame::request(id, &ListConversations {}),
            Asked::Changes(peer) => {
                let Ok(user) = self.client.shared.options.user(*peer as usize).parse() else {
                    return Ok(());
                };
                let held = self.client.logs.entry(*peer).or_default();
                let call = ChangedMessages {
                    conversation_id: ConversationId::c2c(&user),
                    after_seq: held.seq,
                    after_rev: held.rev,
                    count: limits::CHANGES_COUNT,
                };
                frame::request(id, &call)
            }
        };
        self.asked.insert(id, what);
        self.expect_answer();
        self.socket.feed(Utf8Bytes::from(text)).await
    }

    /// Asks for what a log has more, unless that is under way.
    async fn fetch(&mut self, peer: u32) -> Result<(), Lost> {
        if self.fetching.insert(peer) {
            self.ask(Asked::Changes(peer)).await?;
        }
        Ok(())
    }

    /// Writes what waits, in its order, as far as there is room.
    async fn write_sends(&mut self) -> Result<(), Lost> {
        while self.on_wire < WINDOW {
            let next = self.client.pending.range(self.next_write..).next();
            let Some((id, pending)) = next else { break };
            let (id, frame) = (*id, pending.frame.clone());
            self.next_write = id + 1;
            self.on_wire += 1;
            self.expect_answer();
            self.socket.feed(frame).await?;
        }
        Ok(())
    }

    /// Takes a frame in.
    async fn take(&mut self, text: &str, feed: &mut Feed) -> Result<Option<End>, Lost> {
        let Some(frame) = Incoming::read(text) else { return Err(Lost { code: None }) };
        match (frame.id, frame.push) {
            (Some(id), _) if self.client.pending.contains_key(&id) => {
                self.answered(id, &frame);
                feed.answered();
            }
            (Some(id), _) => self.told(id, &frame).await?,
            (None, Some(NewMessages::NAME)) => {
                let pushed = frame.body::<NewMessages<Entry>>();
                for entry in pushed.map(|it| it.entries).unwrap_or_default() {
                    self.arrived(entry);
                }
            }
            (None, Some(Kicked::NAME)) => return Ok(Some(End::Out)),
            _ => {}
        }
        let waits = self.on_wire > 0 || !self.asked.is_empty();
        self.silent_since = waits.then(Instant::now);
        Ok(None)
    }

    fn answered(&mut self, id: u64, frame: &Incoming<'_>) {
        let Some(pending) = self.client.pending.remove(&id) else { return };
        self.on_wire = self.on_wire.saturating_sub(1);
        let sending = &mut self.client.book.sent[pending.sending];
        if frame.code != 0 {
            sending.outcome = Outcome::Refused(frame.code);
            self.client.shared.refused(frame.code);
            return;
        }
        let Stored { seq, rev } = frame.body().unwrap_or_default();
        sending.outcome = Outcome::Acknowledged(Some(seq));
        let to = sending.to;
        self.client.shared.acknowledged(pending.due_us);
        if seq > 0 {
            self.take_place(to, seq, rev);
        }
    }

    /// Takes a place of a log; whether it is new.
    fn take_place(&mut self, peer: u32, seq: Seq, rev: Rev) -> bool {
        let held = self.client.logs.entry(peer).or_default();
        let is_new = held.take(seq, rev);
        if held.has_hole() {
            self.hole_at.get_or_insert_with(|| Instant::now() + HOLE);
        }
        is_new
    }

    /// An answer to something else than a send.
    async fn told(&mut self, id: u64, frame: &Incoming<'_>) -> Result<(), Lost> {
        match self.asked.remove(&id) {
            Some(Asked::List) if frame.code == 0 => {
                let rows = frame.body::<List>().map(|it| it.conversations).unwrap_or_default();
                self.listed(rows).await?;
            }
            Some(Asked::Changes(peer)) => {
                self.fetching.remove(&peer);
                let changes = frame.body::<MessageChanges<Entry>>().filter(|_| frame.code == 0);
                let Some(changes) = changes else { return Err(Lost { code: None }) };
                changes.new.into_iter().for_each(|it| self.arrived(it));
                if !changes.is_completed {
                    self.fetch(peer).await?;
                }
            }
            // Without the list nothing can be caught up; a new link may do better.
            Some(Asked::List) => return Err(Lost { code: None }),
            Some(Asked::Ping) | None => {}
        }
        if self.is_listed && self.fetching.is_empty() && !self.is_ready {
            self.is_ready = true;
            if !self.client.has_beginning {
                self.client.has_beginning = true;
                let logins = &self.client.shared.counts.logins;
                logins.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
            self.client.shared.ready();
        }
        Ok(())
    }

    async fn listed(&mut self, rows: Vec<Row>) -> Result<(), Lost> {
        self.is_listed = true;
        for row in rows {
            let peer = row.conversation.peer();
            let peer = peer.and_then(|it| self.client.shared.options.index_of(it.as_str()));
            let Some(peer) = peer else { continue };
            if !self.client.has_beginning {
                // What was said before the run is not part of it.
                self.client.logs.insert(peer, Held::up_to(row.seq, row.rev));
            } else if self.client.logs.entry(peer).or_default().seq < row.seq {
                self.fetch(peer).await?;
            }
        }
        Ok(())
    }

    /// A message came, pushed or fetched.
    fn arrived(&mut self, entry: Entry) {
        let Entry { seq, rev, message } = entry;
        let is_own = message.from == self.client.user.as_str();
        let peer = if is_own { &message.to } else { &message.from };
        let Some(peer) = self.client.shared.options.index_of(peer) else { return };
        // A server of a subset numbers nothing; there everything counts as new.
        let is_new = seq == 0 || self.take_place(peer, seq, rev);
        let client = &mut *self.client;
        if !is_own && !is_new {
            client.shared.repeated();
        } else if !is_own {
            let id = message.id.parts();
            client.book.received.push(Delivery { id, seq: Some(seq) });
            client.shared.delivered(stamp::due_us(&message.payload.text));
        }
    }
}
