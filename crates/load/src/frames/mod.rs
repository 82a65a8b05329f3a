//! The cheap client: raw frames, one task and a few kilobytes per connection.
//!
//! It follows `docs/protocol.md` as an SDK does. It logs in once and then resumes; a lost link is
//! tried again at once, then after 1, 2, 4, 8… s (the SDK's own [`Backoff`]); unanswered messages are
//! repeated under their IDs in their old order before new ones are written; then the conversation list
//! says which logs have grown, and their changes are fetched. [`link`](self) holds one live link,
//! [`held`] what is there of a log, [`socket`] the WebSocket.

pub mod caller;
mod held;
mod link;
pub mod socket;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use serde::Deserialize;
use tim_engine::backoff::{Backoff, Waits};
use tim_protocol::{
    call::SendMessage,
    code::Code,
    frame,
    ids::{MessageId, TinyId, UserId},
    message::{ConversationType, Message, MessageType, Payload, Text},
};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::{
    record::{Book, Outcome, Sending},
    run::{
        feed::{Command, Feed, Order},
        shared::{Shared, Stage, now_s},
    },
    stamp,
};
use caller::{Caller, Refusal};
use held::Held;
use link::{End, Link};
use socket::Socket;

/// A link that was up for so long was no accident.
const STEADY: Duration = Duration::from_secs(1);

/// The answer to a login, with only what is needed; a server of a subset tells less.
#[derive(Deserialize)]
struct LoggedIn {
    #[serde(rename = "tinyID")]
    tiny_id: TinyId,
    #[serde(default)]
    session: Option<String>,
}

/// A message without an answer.
struct Pending {
    /// Its line in the book.
    sending: usize,
    due_us: u64,
    frame: Utf8Bytes,
}

/// What outlives a link.
struct Client {
    shared: Arc<Shared>,
    index: usize,
    user: UserId,
    tiny_id: TinyId,
    session: Option<String>,
    /// By request id, which grows with each first write.
    pending: BTreeMap<u64, Pending>,
    next_id: u64,
    next_random: u32,
    logs: HashMap<u32, Held>,
    /// Whether the logs of the time before the run are known.
    has_beginning: bool,
    book: Book,
}

/// What an attempt to come back led to.
enum Attempt {
    Linked(Box<Socket>),
    Failed,
    /// Not to be tried again.
    Out,
}

/// Runs connection `index` until the run is over; answers what it saw.
pub(crate) async fn run(shared: Arc<Shared>, index: usize, mut feed: Feed, user: UserId) -> Book {
    let client = u32::try_from(index).unwrap_or(u32::MAX);
    let mut client = Client {
        shared,
        index,
        user,
        tiny_id: TinyId(0),
        session: None,
        pending: BTreeMap::new(),
        next_id: 0,
        next_random: fastrand::u32(..),
        logs: HashMap::new(),
        has_beginning: false,
        book: Book { client, ..Book::default() },
    };
    client.run(&mut feed).await;
    client.book
}

impl Client {
    async fn run(&mut self, feed: &mut Feed) {
        let mut backoff = Backoff::new(Waits::AT_ONCE);
        let mut attempt = 0;
        loop {
            let shared = Arc::clone(&self.shared);
            // Boxed: the handshake's room is not needed for the rest of the time.
            let linked = tokio::select! {
                linked = Box::pin(self.attempt(attempt)) => linked,
                () = over(&shared) => return,
            };
            attempt += 1;
            match linked {
                Attempt::Linked(socket) => {
                    if attempt > 1 {
                        self.shared.counts.reconnects.fetch_add(1, Ordering::Relaxed);
                    }
                    let up = Instant::now();
                    let mut link = Link::new(self, *socket);
                    let end = link.serve(feed).await;
                    link.close(end).await;
                    match end {
                        End::Over => return,
                        End::Out => break,
                        End::Lost if up.elapsed() < STEADY => backoff.was_up_briefly(),
                        End::Lost | End::Cut => backoff.reset(),
                    }
                }
                Attempt::Failed => {
                    self.shared.counts.failed_connects.fetch_add(1, Ordering::Relaxed);
                }
                Attempt::Out => break,
            }
            let wait = Duration::from_millis(backoff.next_ms(fastrand::u32(..)));
            let waited = tokio::time::sleep(wait);
            tokio::pin!(waited);
            loop {
                tokio::select! {
                    () = &mut waited => break,
                    command = feed.next() => match command {
                        Command::Send(order) => self.write_down(order),
                        Command::Cut => {}
                        Command::Over => return,
                    },
                }
            }
        }
        self.shared.counts.kicked.fetch_add(1, Ordering::Relaxed);
        // What is due from now on is written by nobody.
        loop {
            match feed.next().await {
                Command::Send(order) => self.write_down(order),
                Command::Cut => {}
                Command::Over => return,
            }
        }
    }

    async fn attempt(&mut self, attempt: usize) -> Attempt {
        let shared = Arc::clone(&self.shared);
        let Some(target) = shared.target(self.index, attempt) else { return Attempt::Failed };
        let opened = Caller::open(target, shared.options.source(self.index)).await;
        let Ok(mut caller) = opened else { return Attempt::Failed };
        let result = match &self.session {
            Some(session) => caller.resume(session).await,
            None => self.log_in(&mut caller).await,
        };
        match result {
            Ok(()) => Attempt::Linked(Box::new(caller.into_socket())),
            Err(Refusal::Code(code)) if self.session.is_some() => {
                if Code(code) == Code::USER_SIG_REVOKED {
                    // The instance is forgotten; its messages are not.
                    self.session = None;
                    return Attempt::Failed;
                }
                match Code(code) {
                    Code::INSTANCE_KICKED | Code::USER_SIG_EXPIRED => Attempt::Out,
                    _ => Attempt::Failed,
                }
            }
            Err(Refusal::Code(code)) if !is_passing(Code(code)) => {
                let text = Code(code).text();
                shared.fail(format!("login of {} refused with {code}: {text}", self.user));
                Attempt::Out
            }
            Err(_) => Attempt::Failed,
        }
    }

    async fn log_in(&mut self, caller: &mut Caller) -> Result<(), Refusal> {
        let user_sig = self.shared.user_sig(&self.user);
        let app = self.shared.options.app;
        let answer: LoggedIn = caller.login(app, self.user.as_str(), user_sig).await?;
        self.tiny_id = answer.tiny_id;
        self.session = answer.session;
        Ok(())
    }

    /// Takes a new message on: it waits to be written, and answered.
    fn write_down(&mut self, order: Order) {
        self.next_id += 1;
        self.next_random = self.next_random.wrapping_add(1);
        let id = MessageId::new(self.tiny_id, now_s(), self.next_random);
        let parts = id.parts();
        let options = &self.shared.options;
        let said = stamp::text(order.due_us, options.text_bytes);
        let call = SendMessage {
            message: self.message(id, options.user(order.to as usize), said),
            online_user_only: false,
            message_control_info: Default::default(),
        };
        let frame = Utf8Bytes::from(frame::request(self.next_id, &call));
        let sending = self.book.sent.len();
        let outcome = Outcome::Unanswered;
        self.book.sent.push(Sending { id: parts, to: order.to, outcome });
        self.pending.insert(self.next_id, Pending { sending, due_us: order.due_us, frame });
    }

    fn message(&self, id: MessageId, to: String, text: String) -> Message {
        Message {
            id,
            kind: MessageType::TEXT,
            payload: Payload::of(&Text { text }),
            conversation_type: ConversationType::C2c,
            from: self.user.to_string(),
            to,
            time: 0,
            sequence: 0,
            client_sequence: self.book.sent.len() as u64 + 1,
            priority: Default::default(),
            nick: String::new(),
            avatar: String::new(),
            cloud_custom_data: String::new(),
            need_read_receipt: false,
            is_support_extension: false,
            is_revoked: false,
            revoker: None,
            is_modified: false,
            version: 0,
        }
    }
}

/// Whether a refused login may work a moment later.
fn is_passing(code: Code) -> bool {
    matches!(
        code,
        Code::INTERNAL
            | Code::MESSAGE_INTERNAL
            | Code::OVER_FREQUENCY_LIMIT
            | Code::TOO_MANY_FAILED_LOGINS
    )
}

async fn over(shared: &Shared) {
    // An error is the end of the run, too.
    let _ = shared.stages().wait_for(|it| *it == Stage::Over).await;
}
