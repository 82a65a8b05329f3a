//! Reading a conversation's messages: paging back, jumping, finding where a message is.
//!
//! A page is answered from the store when it lies inside a stretch that is held without a hole;
//! else the missing part is fetched, stored, and the page is read again. Without a link the page is
//! what the store has. Messages that only this device has (failed, unsent) are in the page at their
//! place and count towards it.

use tim_protocol::{
    call::{Direction, MessagePage, PageMessages},
    code::Code,
    ids::{ConversationId, ConversationKind, MessageId, Seq},
    json::{Bad, FromJson, Json, ObjectReader},
    json_object, limits,
};

use crate::{
    arrivals::Arrivals,
    client::Client,
    error::Error,
    gather::{Gather, keep},
    message::Held,
    output::{MessageRef, message_refs},
    ports::Host,
    state::CACHED_PER_CONVERSATION,
    store::{Position, Wanted},
};

/// What one fetch brings: a few pages, so that scrolling back seldom waits.
const FETCH_COUNT: u32 = 3 * limits::PAGE_COUNT;

/// Fetches per page before giving up: a page needs one, or two when a stretch ends inside it.
const FETCHES: usize = 8;

/// Messages read at a time when a place by time is looked for without a server.
const OFFLINE_CHUNK: usize = 200;

/// Options of `getMessageList`.
#[derive(Clone, Debug)]
pub struct PageOptions {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// From the page before; empty for the newest page.
    pub next_req_message_id: String,
    /// Positive; above 15 acts as 15.
    pub count: Option<u64>,
}

/// `data` of `getMessageList`.
#[derive(Clone, Debug)]
pub struct PageResult {
    /// Oldest first.
    pub message_list: Vec<MessageRef>,
    /// Where the next page goes on; empty at the beginning.
    pub next_req_message_id: String,
    /// Nothing older is visible.
    pub is_completed: bool,
}

/// Options of `getMessageListHopping`.
#[derive(Clone, Debug)]
pub struct HoppingOptions {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// Start in a group.
    pub sequence: Option<u64>,
    /// Start in a one-to-one conversation, in seconds.
    pub time: Option<u64>,
    /// 0 older, 1 newer.
    pub direction: Direction,
    /// Positive; above 15 acts as 15.
    pub count: Option<u64>,
}

/// `data` of `getMessageListHopping`.
#[derive(Clone, Debug)]
pub struct HoppingResult {
    message_list: Vec<MessageRef>,
    is_completed: bool,
    next_message_seq: u64,
    next_message_time: u64,
}

json_object!(full PageResult {
    message_list: "messageList",
    next_req_message_id: "nextReqMessageID",
    is_completed: "isCompleted",
});
json_object!(full HoppingResult {
    message_list: "messageList",
    is_completed: "isCompleted",
    next_message_seq: "nextMessageSeq",
    next_message_time: "nextMessageTime",
});

impl FromJson for PageOptions {
    fn blank() -> Self {
        let conversation_id = ConversationId::blank();
        Self { conversation_id, next_req_message_id: String::new(), count: None }
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        let mut object = ObjectReader::new(json);
        object.member("conversationID", &mut self.conversation_id);
        object.member("nextReqMessageID", &mut self.next_req_message_id);
        self.count = given(json, "count")?;
        object.end()
    }
}

impl FromJson for HoppingOptions {
    fn blank() -> Self {
        Self {
            conversation_id: ConversationId::blank(),
            sequence: None,
            time: None,
            direction: Direction::default(),
            count: None,
        }
    }

    fn fill(&mut self, json: &Json<'_>) -> Result<(), Bad> {
        let mut object = ObjectReader::new(json);
        object.member("conversationID", &mut self.conversation_id);
        object.member("direction", &mut self.direction);
        self.sequence = given(json, "sequence")?;
        self.time = given(json, "time")?;
        self.count = given(json, "count")?;
        object.end()
    }
}

/// A number that may be absent but not `null`: that is what NaN became on its way here.
fn given(json: &Json<'_>, name: Bad) -> Result<Option<u64>, Bad> {
    json.get(name).map(|it| u64::from_json(it).map_err(|_| name)).transpose()
}

/// A count as it is used; 0 is refused.
fn checked_count(count: Option<u64>) -> Result<usize, Error> {
    let most = u64::from(limits::PAGE_COUNT);
    match count.unwrap_or(most) {
        0 => Err(Error::invalid("count must be a positive integer")),
        count => Ok(count.min(most) as usize),
    }
}

impl<H: Host> Client<H> {
    /// One page of history, newest first page by page, oldest first inside.
    ///
    /// # Errors
    /// 6017 for options and a foreign cursor; 2801, 2805 when nothing is here and nothing comes.
    pub async fn message_list(&self, options: PageOptions) -> Result<PageResult, Error> {
        let count = checked_count(options.count)?;
        let id = options.conversation_id;
        let cursor = options.next_req_message_id;
        let before = if cursor.is_empty() {
            self.newest(&id).await?
        } else {
            Some(self.position_of(&id, &cursor).await?)
        };
        let page = match before {
            Some(before) => self.page_before(&id, before, count).await?,
            None => Page { messages: Vec::new(), is_completed: true },
        };
        let ids: Vec<MessageId> = page.messages.iter().map(|it| it.message.id.clone()).gather();
        self.show(&id, page.messages);
        let oldest = ids.first().filter(|_| !page.is_completed);
        Ok(PageResult {
            next_req_message_id: oldest.map(|it| it.as_str().to_owned()).unwrap_or_default(),
            message_list: message_refs(&ids),
            is_completed: page.is_completed,
        })
    }

    /// Behind the newest message; `None` for a conversation without any.
    async fn newest(&self, id: &ConversationId) -> Result<Option<Position>, Error> {
        let (known, confirmed) = self.with(|state| {
            let it = state.conversations.get(id);
            (it.is_some_and(|it| it.arrivals.is_some()), it.is_some_and(|it| it.confirmed))
        });
        let asked = if !self.is_online() {
            Err(Error::new(Code::NO_NETWORK))
        } else if known && confirmed {
            self.catch_up(id).await
        } else {
            self.look_up(id).await
        };
        let head = self.with(|state| {
            let it = state.conversations.get(id)?;
            (it.listed || it.arrivals.is_some()).then_some(Position::stored(it.head_seq + 1))
        });
        match (head, asked) {
            // A failure leaves what the device has.
            (Some(head), _) => Ok(Some(head)),
            (None, Ok(())) => Ok(None),
            (None, Err(error)) => Err(error),
        }
    }

    /// Asks the server about a log that its list did not speak of.
    async fn look_up(&self, id: &ConversationId) -> Result<(), Error> {
        let fetching = self.with(|state| state.conversation(id).fetching.clone());
        let turn = fetching.turn().await;
        // Somebody else may have looked meanwhile.
        if !self.with(|state| state.conversation(id).confirmed) {
            let page = self.fetch(id, Anchor::Newest, Direction::Older, FETCH_COUNT).await?;
            self.log_at(id, page.seq);
            self.with(|state| {
                let it = state.conversation(id);
                it.confirmed = true;
                it.head_seq = it.head_seq.max(page.seq);
                match &mut it.arrivals {
                    None => {
                        it.arrivals = Some(Arrivals::at(page.seq, page.rev));
                        it.quiet_to = page.seq;
                        it.counted_to = page.seq;
                        it.counted_by_server = page.seq;
                    }
                    Some(log) => log.reaches(page.rev),
                }
            });
            self.take_page(id, page.seq, Direction::Older, page);
        }
        drop(turn);
        self.catch_up(id).await
    }

    async fn page_before(
        &self,
        id: &ConversationId,
        before: Position,
        count: usize,
    ) -> Result<Page, Error> {
        let fetching = self.with(|state| state.conversation(id).fetching.clone());
        let mut turn = None;
        for _ in 0..=FETCHES {
            // What was fetched while the store was being read is not in what was read, and what was
            // given up meanwhile is not to be relied on: only what holds before and after counts.
            let expected = self.reach(id, before);
            let kept = self.kept(id, Wanted::Older { before, limit: count + 1 }).await;
            let found = self.reach(id, before);
            let reach = Reach {
                start: expected.start.max(found.start),
                begins: expected.begins && found.begins,
            };
            let mut messages = kept.clone();
            // A message of this device behind the last held place is still in order.
            keep(&mut messages, &|it| {
                it.position.seq + 1 >= reach.start
                    && (it.position.sub > 0 || it.position.seq >= reach.start)
            });
            let is_full = messages.len() > count;
            if reach.begins || messages.len() >= count {
                if is_full {
                    keep_last(&mut messages, count);
                }
                let is_completed = reach.begins && !is_full;
                return Ok(Page { messages, is_completed });
            }
            let here = if messages.is_empty() { kept } else { messages };
            if !self.is_online() && !here.is_empty() {
                return without_server(here, count, Error::new(Code::NO_NETWORK));
            }
            if turn.is_none() {
                // Somebody else may be fetching just this: wait, and look again.
                turn = Some(fetching.turn().await);
                continue;
            }
            let from = reach.start.saturating_sub(1);
            match self.fetch(id, Anchor::Seq(from), Direction::Older, FETCH_COUNT).await {
                Ok(page) => self.take_page(id, from, Direction::Older, page),
                Err(error) => return without_server(here, count, error),
            }
        }
        Err(Error::with(Code::NETWORK_ERROR, "the server's pages do not fit together"))
    }

    /// Puts the messages of a page into memory. What is too much there leaves it in a later turn,
    /// when the app has its page.
    fn show(&self, id: &ConversationId, page: Vec<Held>) {
        let over = self.with(|state| {
            page.into_iter().for_each(|it| keep_newest(state, it));
            state.conversation(id).cached.len() > CACHED_PER_CONVERSATION
        });
        if over {
            let id = id.clone();
            self.spawn(|client| async move {
                client.host().sleep(0).await;
                client.with(|state| state.trim(&id));
                client.drain();
            });
        }
    }

    /// How far below a place the store is known to have everything.
    fn reach(&self, id: &ConversationId, before: Position) -> Reach {
        self.with(|state| {
            let it = state.conversation(id);
            // The newest place of the log that can be on this page.
            let top = if before.sub == 0 { before.seq.saturating_sub(1) } else { before.seq };
            let start = it.ranges.start_of(top).unwrap_or(top + 1);
            let is_empty = top == 0 && it.arrivals.is_some();
            let begins = is_empty || it.begin.is_some_and(|begin| start <= begin);
            Reach { start, begins }
        })
    }

    /// Where a page that ended with this message goes on.
    async fn position_of(&self, id: &ConversationId, cursor: &str) -> Result<Position, Error> {
        let foreign = || Error::invalid("nextReqMessageID is no message of this conversation");
        let message: MessageId = cursor.parse().map_err(|_| foreign())?;
        let held = self.with(|state| state.messages.get(&message).cloned());
        let held = match held {
            Some(held) => Some(held),
            None => self.kept(id, Wanted::Message(&message)).await.pop(),
        };
        if let Some(held) = held {
            return if held.conversation == *id { Ok(held.position) } else { Err(foreign()) };
        }
        // The page before the message ends where the message is.
        let page = self.fetch(id, Anchor::Before(message), Direction::Older, FETCH_COUNT).await?;
        let top = page.entries.last().map_or(0, |it| it.seq);
        self.take_page(id, top, Direction::Older, page);
        Ok(Position::stored(top + 1))
    }

    async fn fetch(
        &self,
        id: &ConversationId,
        anchor: Anchor,
        direction: Direction,
        count: u32,
    ) -> Result<MessagePage, Error> {
        let mut call = PageMessages {
            conversation_id: id.clone(),
            seq: None,
            time: None,
            before_id: None,
            direction,
            count,
        };
        match anchor {
            Anchor::Newest => {}
            Anchor::Seq(seq) => call.seq = Some(seq),
            Anchor::Time(time) => call.time = Some(time),
            Anchor::Before(message) => call.before_id = Some(message),
        }
        self.ask(&call).await
    }

    /// Stores a page that was fetched from `from` on, and remembers the stretch it makes.
    fn take_page(&self, id: &ConversationId, from: Seq, direction: Direction, page: MessagePage) {
        let first = page.entries.first().map(|it| it.seq);
        let last = page.entries.last().map(|it| it.seq);
        let held: Vec<Held> =
            page.entries.into_iter().map(|it| Held::stored(it, id.clone())).gather();
        self.with(|state| {
            let it = state.conversation(id);
            match direction {
                Direction::Older => {
                    it.ranges.add(first.unwrap_or(from + 1), from);
                    if page.is_completed {
                        it.begin = Some(first.unwrap_or(from + 1));
                    }
                }
                Direction::Newer => {
                    if let (Some(first), Some(last)) = (first, last) {
                        it.ranges.add(first, last);
                    }
                }
            }
        });
        self.keep(|keeper| {
            held.iter().for_each(|it| keeper.put(it));
            keeper.mark(id);
        });
    }

    /// Jumps to a place and reads from there, inclusive.
    ///
    /// # Errors
    /// 6017 for options, 2502 for the system conversation, 2801, 2805 without a server.
    pub async fn message_list_hopping(
        &self,
        options: HoppingOptions,
    ) -> Result<HoppingResult, Error> {
        let count = checked_count(options.count)?;
        let id = options.conversation_id;
        let direction = options.direction;
        let newer = direction == Direction::Newer;
        let (anchor, is_group) = match id.kind() {
            ConversationKind::System => {
                return Err(Error::new(Code::CONVERSATION_UN_RECORDED_TYPE));
            }
            ConversationKind::Group(_) => match options.sequence {
                Some(0) => return Err(Error::invalid("sequence must be a positive integer")),
                Some(seq) => (Anchor::Seq(seq), true),
                None if newer => return Err(Error::invalid("direction 1 needs a sequence")),
                None => (Anchor::Newest, true),
            },
            ConversationKind::C2c(_) => match options.time {
                Some(time) => (Anchor::Time(time), false),
                None if newer => (Anchor::Time(self.server_time_ms() / 1000), false),
                None => (Anchor::Newest, false),
            },
        };
        let start_time = options.time;
        let page = match self.fetch(&id, anchor, direction, count as u32).await {
            Ok(page) => page,
            Err(error) => {
                return self.hop_offline(&id, start_time, direction, count, is_group, error).await;
            }
        };
        let held: Vec<Held> =
            page.entries.iter().map(|it| Held::stored(it.clone(), id.clone())).gather();
        let is_completed = page.is_completed;
        let from = if newer { 0 } else { held.last().map_or(0, |it| it.position.seq) };
        if !held.is_empty() {
            self.take_page(&id, from, direction, page);
        }
        Ok(self.hopped(held, is_completed, direction, is_group))
    }

    fn hopped(
        &self,
        held: Vec<Held>,
        is_completed: bool,
        direction: Direction,
        is_group: bool,
    ) -> HoppingResult {
        let newer = direction == Direction::Newer;
        let end = if newer { held.last() } else { held.first() };
        let next = |value: u64| if newer { value + 1 } else { value.saturating_sub(1) };
        let (mut next_message_seq, mut next_message_time) = (0, 0);
        if let Some(end) = end.filter(|_| !is_completed) {
            if is_group {
                next_message_seq = next(end.position.seq);
            } else {
                // Others of this second may be on the next page; those of this page come again then.
                let start = if newer { held.first() } else { held.last() };
                let one_second = start.is_some_and(|it| it.message.time == end.message.time);
                next_message_time =
                    if one_second { next(end.message.time) } else { end.message.time };
            }
        }
        let ids: Vec<MessageId> = held.iter().map(|it| it.message.id.clone()).gather();
        if let Some(conversation) = held.first().map(|it| it.conversation.clone()) {
            self.show(&conversation, held);
        }
        HoppingResult {
            message_list: message_refs(&ids),
            is_completed,
            next_message_seq,
            next_message_time,
        }
    }

    /// Without a server: what the store has around the place.
    async fn hop_offline(
        &self,
        id: &ConversationId,
        start_time: Option<u64>,
        direction: Direction,
        count: usize,
        is_group: bool,
        error: Error,
    ) -> Result<HoppingResult, Error> {
        if !is_unreachable(&error) {
            return Err(error);
        }
        let head = self.with(|state| state.conversations.get(id).map(|it| it.head_seq));
        let Some(head) = head else { return Err(error) };
        let start = start_time.unwrap_or(u64::MAX);
        let mut side: Vec<Held> = Vec::new();
        let mut before = Position::stored(head + 1);
        loop {
            let mut chunk = self.kept(id, Wanted::Older { before, limit: OFFLINE_CHUNK }).await;
            let Some(first) = chunk.first() else { break };
            before = first.position;
            let passed = first.message.time < start;
            let older = direction == Direction::Older;
            keep(&mut chunk, &|it| {
                if older { it.message.time <= start } else { it.message.time >= start }
            });
            chunk.append(&mut side);
            side = chunk;
            if !older {
                side.truncate(count);
            }
            let is_done = if older { side.len() >= count } else { passed };
            if is_done {
                break;
            }
        }
        if direction == Direction::Older {
            keep_last(&mut side, count);
        }
        if side.is_empty() {
            return Err(error);
        }
        Ok(self.hopped(side, false, direction, is_group))
    }
}

/// Where a fetch starts.
enum Anchor {
    Newest,
    Seq(Seq),
    Time(u64),
    Before(MessageId),
}

/// How far down the store is without a hole.
struct Reach {
    /// The first place held, or one above the page when nothing is.
    start: Seq,
    /// Nothing lies below it.
    begins: bool,
}

struct Page {
    messages: Vec<Held>,
    is_completed: bool,
}

fn is_unreachable(error: &Error) -> bool {
    matches!(error.code, Code::NO_NETWORK | Code::NETWORK_TIMEOUT | Code::NETWORK_ERROR)
}

/// The page as far as the device has it.
fn without_server(mut kept: Vec<Held>, count: usize, error: Error) -> Result<Page, Error> {
    if kept.is_empty() || !is_unreachable(&error) {
        return Err(error);
    }
    keep_last(&mut kept, count);
    Ok(Page { messages: kept, is_completed: false })
}

fn keep_last(messages: &mut Vec<Held>, count: usize) {
    *messages = messages.split_off(messages.len().saturating_sub(count));
}

/// Puts a message of a page into memory, unless memory knows better.
fn keep_newest<S>(state: &mut crate::state::State<S>, held: Held) {
    if !state.messages.contains(&held.message.id) {
        state.cache(held);
    }
}
