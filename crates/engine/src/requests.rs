//! Requests that have no answer yet.
//!
//! A request is written when the link is up, waits when it is not, and is written again in the old
//! order after a reconnect: every call is safe to repeat. Sends also keep to the server's pace (see
//! [`crate::pace`]). A deadline decides what the caller learns: `2805` when it was never written,
//! `2801` when it was; while a send only waits for its turn it has none. Pure: takes the time, gives
//! back frames to write; the owner talks to the socket and the clock.

use tim_protocol::{code::Code, limits};

use crate::{error::Error, gather::keep, oneshot, pace::Pace};

/// The text of a reply's body, or what went wrong.
pub type Answer = Result<String, Error>;

/// How long a request may take.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// From the call on, while it was never written.
    pub unwritten_ms: u64,
    /// From the last writing on.
    pub written_ms: u64,
    /// Whether the deadline of the call itself stays when the request is written.
    pub total: bool,
    /// Means nothing on another link: fails with the one it was written to.
    pub bound: bool,
    /// Counts as a send: waits for its turn.
    pub paced: bool,
}

impl Patience {
    /// A read or a change: one deadline from the call on.
    pub const REQUEST: Self = Self {
        unwritten_ms: limits::REQUEST_DEADLINE_MS,
        written_ms: limits::REQUEST_DEADLINE_MS,
        total: true,
        bound: false,
        paced: false,
    };
    /// A credential, a heartbeat, a farewell: of one link only.
    pub const BOUND: Self = Self { bound: true, ..Self::REQUEST };
    /// A message: may wait longer for a connection, then has its own time to be answered.
    pub const SEND: Self = Self {
        unwritten_ms: limits::SEND_QUEUE_MS,
        written_ms: limits::REQUEST_DEADLINE_MS,
        total: false,
        bound: false,
        paced: true,
    };
}

/// A deadline that does not come.
const NEVER: u64 = u64::MAX;

#[derive(Debug)]
struct Pending {
    id: u64,
    frame: String,
    patience: Patience,
    /// On any link.
    written: bool,
    /// On the present link.
    on_link: bool,
    deadline_ms: u64,
    answer: oneshot::Sender<Answer>,
}

/// The unanswered requests in the order of the calls. Lists, not queues with two ends: those of the
/// standard library are more to download than moving some thousand entries costs.
#[derive(Debug, Default)]
pub struct Requests {
    last_id: u64,
    is_linked: bool,
    /// By ID, ascending.
    pending: Vec<Pending>,
    /// Sends that are not on the link, ascending.
    sends: Vec<u64>,
    /// Everything else that is not on the link, ascending.
    others: Vec<u64>,
    pace: Pace,
}

impl Requests {
    /// A new request ID.
    pub fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// Adds a request that was not written yet.
    pub fn add(
        &mut self,
        id: u64,
        frame: String,
        patience: Patience,
        now_ms: u64,
    ) -> oneshot::Receiver<Answer> {
        let (answer, receiver) = oneshot::channel();
        let waits_for_its_turn = self.is_linked && patience.paced;
        let deadline_ms = if waits_for_its_turn { NEVER } else { now_ms + patience.unwritten_ms };
        let (written, on_link) = (false, false);
        let pending = Pending { id, frame, patience, written, on_link, deadline_ms, answer };
        self.pending.push(pending);
        if patience.paced { &mut self.sends } else { &mut self.others }.push(id);
        receiver
    }

    /// The next frame whose turn it is on the link: the oldest, but nothing waits behind a send that
    /// must wait.
    pub fn next_due(&mut self, now_ms: u64) -> Option<&str> {
        let send = first(&mut self.sends, &self.pending);
        let other = first(&mut self.others, &self.pending);
        let is_first = send.is_some_and(|send| other.is_none_or(|other| send < other));
        let queue =
            if is_first && self.pace.take(now_ms) { &mut self.sends } else { &mut self.others };
        let id = (!queue.is_empty()).then(|| queue.remove(0))?;
        self.written(id, now_ms)
    }

    /// The frame of a request that is bound to a link, to be written now.
    pub fn write(&mut self, id: u64, now_ms: u64) -> Option<&str> {
        keep(&mut self.others, &|it| *it != id);
        self.written(id, now_ms)
    }

    fn written(&mut self, id: u64, now_ms: u64) -> Option<&str> {
        let at = find(&self.pending, id)?;
        let pending = &mut self.pending[at];
        (pending.written, pending.on_link) = (true, true);
        if !pending.patience.total {
            pending.deadline_ms = now_ms + pending.patience.written_ms;
        }
        Some(&pending.frame)
    }

    /// There is a link on which nothing was written yet; the server takes so many sends a second, 0
    /// for any number.
    pub fn link_up(&mut self, sends_per_second: Option<u32>, now_ms: u64) {
        self.is_linked = true;
        if let Some(sends_per_second) = sends_per_second {
            self.pace.allow(sends_per_second);
        }
        self.pace.restart(now_ms);
        for pending in self.pending.iter_mut().filter(|it| it.patience.paced) {
            pending.deadline_ms = NEVER;
        }
    }

    /// The link is lost: fails what was bound to it, everything else waits for the next one.
    pub fn link_lost(&mut self, now_ms: u64) {
        self.is_linked = false;
        while let Some(id) = self.pending.iter().find(|it| it.patience.bound).map(|it| it.id) {
            self.answer(id, Err(Error::new(Code::NETWORK_ERROR)), now_ms);
        }
        self.sends.clear();
        self.others.clear();
        for pending in &mut self.pending {
            let patience = pending.patience;
            if patience.paced && !pending.on_link {
                let left =
                    if pending.written { patience.written_ms } else { patience.unwritten_ms };
                pending.deadline_ms = pending.deadline_ms.min(now_ms + left);
            }
            pending.on_link = false;
            let queue = if patience.paced { &mut self.sends } else { &mut self.others };
            queue.push(pending.id);
        }
    }

    /// Answers a request. Nothing when nobody waits for it (any more).
    pub fn answer(&mut self, id: u64, answer: Answer, now_ms: u64) {
        let at = find(&self.pending, id);
        if let Some(at) = at {
            let pending = self.pending.remove(at);
            if pending.patience.paced && pending.on_link {
                self.pace.give_back(now_ms);
            }
            // The caller may be gone; then nobody misses the answer.
            let _ = pending.answer.send(answer);
        }
    }

    /// Fails every request with a code.
    pub fn fail_all(&mut self, code: Code) {
        self.is_linked = false;
        self.sends.clear();
        self.others.clear();
        for pending in std::mem::take(&mut self.pending) {
            let _ = pending.answer.send(Err(Error::new(code)));
        }
    }

    /// Fails what is late.
    pub fn expire(&mut self, now_ms: u64) {
        while let Some(late) = self.pending.iter().find(|it| it.deadline_ms <= now_ms) {
            let code = if late.written { Code::NETWORK_TIMEOUT } else { Code::NO_NETWORK };
            self.answer(late.id, Err(Error::new(code)), now_ms);
        }
    }

    /// When something is to be done next: a request is late, or a send gets its turn.
    #[must_use]
    pub fn next_ms(&self) -> Option<u64> {
        let deadline_ms = self.pending.iter().map(|it| it.deadline_ms).min()?;
        let turn_ms = self.pace.next_ms().filter(|_| self.is_linked && !self.sends.is_empty());
        Some(deadline_ms.min(turn_ms.unwrap_or(NEVER)))
    }
}

fn find(pending: &[Pending], id: u64) -> Option<usize> {
    pending.binary_search_by_key(&id, |it| it.id).ok()
}

/// The first of a queue that somebody still waits for.
fn first(queue: &mut Vec<u64>, pending: &[Pending]) -> Option<u64> {
    while let Some(&id) = queue.first() {
        if find(pending, id).is_some() {
            return Some(id);
        }
        queue.remove(0);
    }
    None
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn code(receiver: &mut oneshot::Receiver<Answer>) -> Option<u32> {
        let answer = receiver.now_or_never()?.expect("the sender says why it goes");
        Some(answer.map_or_else(|it| it.code.0, |_| 0))
    }

    fn due(requests: &mut Requests, now_ms: u64) -> Vec<String> {
        std::iter::from_fn(|| requests.next_due(now_ms).map(str::to_owned)).collect()
    }

    #[test]
    fn a_late_request_tells_whether_it_was_ever_written() {
        let mut requests = Requests::default();
        let mut unwritten = requests.add(1, String::new(), Patience::REQUEST, 0);
        let mut written = requests.add(2, String::new(), Patience::REQUEST, 0);
        requests.write(2, 10_000);
        requests.expire(14_999);
        assert_eq!((code(&mut unwritten), code(&mut written)), (None, None));
        requests.expire(15_000);
        assert_eq!((code(&mut unwritten), code(&mut written)), (Some(2805), Some(2801)));
    }

    #[test]
    fn a_message_waits_for_a_link_and_then_for_its_answer() {
        let mut requests = Requests::default();
        let mut sent = requests.add(1, "f".to_owned(), Patience::SEND, 0);
        requests.expire(29_999);
        requests.link_up(None, 29_999);
        assert_eq!(due(&mut requests, 29_999), ["f"]);
        requests.expire(44_998);
        assert_eq!(code(&mut sent), None);
        requests.expire(44_999);
        assert_eq!(code(&mut sent), Some(2801));
    }

    #[test]
    fn unanswered_requests_are_written_again_in_order() {
        let mut requests = Requests::default();
        let _receivers: Vec<_> = (0..3)
            .map(|_| {
                let id = requests.next_id();
                requests.add(id, id.to_string(), Patience::SEND, 0)
            })
            .collect();
        requests.answer(2, Ok(String::new()), 0);
        assert_eq!(due(&mut requests, 0), ["1", "3"]);
        requests.link_lost(0);
        requests.link_up(None, 0);
        assert_eq!(due(&mut requests, 0), ["1", "3"]);
    }

    #[test]
    fn sends_wait_for_their_turn_without_a_deadline_and_others_pass_by() {
        let mut requests = Requests::default();
        requests.link_up(Some(2), 0);
        let mut receivers: Vec<_> = (1..=5)
            .map(|number| {
                let id = requests.next_id();
                let patience = if number == 4 { Patience::REQUEST } else { Patience::SEND };
                requests.add(id, number.to_string(), patience, 0)
            })
            .collect();
        assert_eq!(due(&mut requests, 0), ["1", "2", "4"]);
        assert_eq!(requests.next_ms(), Some(15_000));
        for id in [1, 2, 4] {
            requests.answer(id, Ok(String::new()), 1_000);
        }
        assert_eq!(requests.next_ms(), Some(2_050));
        requests.expire(2_049);
        assert_eq!(due(&mut requests, 2_049), [""; 0]);
        assert_eq!(due(&mut requests, 2_050), ["3", "5"]);
        // Without a link the time of a queue begins to count, without an answer that of the answer.
        let id = requests.next_id();
        let mut last = requests.add(id, "6".to_owned(), Patience::SEND, 10_000);
        requests.link_lost(12_000);
        requests.expire(17_050);
        assert_eq!(code(&mut receivers[2]), Some(2801));
        requests.expire(41_999);
        assert_eq!(code(&mut last), None);
        requests.expire(42_000);
        assert_eq!(code(&mut last), Some(2805));
    }
}
