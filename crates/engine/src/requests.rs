//! Requests that have no answer yet.
//!
//! A request is written when the link is up, waits when it is not, and is written again in the old
//! order after a reconnect: every call is safe to repeat. Its deadline decides what the caller
//! learns: `2805` when it was never written, `2801` when it was. Pure: takes the time, gives back
//! frames to write; the owner talks to the socket and the clock.

use std::collections::VecDeque;

use futures::channel::oneshot;
use tim_protocol::{code::Code, limits};

use crate::error::Error;

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
}

impl Patience {
    /// A read or a change: one deadline from the call on.
    pub const REQUEST: Self = Self {
        unwritten_ms: limits::REQUEST_DEADLINE_MS,
        written_ms: limits::REQUEST_DEADLINE_MS,
        total: true,
        bound: false,
    };
    /// A credential, a heartbeat, a farewell: of one link only.
    pub const BOUND: Self = Self { bound: true, ..Self::REQUEST };
    /// A message: may wait longer for a connection, then has its own time to be answered.
    pub const SEND: Self = Self {
        unwritten_ms: limits::SEND_QUEUE_MS,
        written_ms: limits::REQUEST_DEADLINE_MS,
        total: false,
        bound: false,
    };
}

#[derive(Debug)]
struct Pending {
    id: u64,
    frame: String,
    patience: Patience,
    written: bool,
    deadline_ms: u64,
    answer: oneshot::Sender<Answer>,
}

/// The unanswered requests in the order of the calls.
#[derive(Debug, Default)]
pub struct Requests {
    last_id: u64,
    pending: VecDeque<Pending>,
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
        let deadline_ms = now_ms + patience.unwritten_ms;
        let pending = Pending { id, frame, patience, written: false, deadline_ms, answer };
        self.pending.push_back(pending);
        receiver
    }

    /// The frame of a request, to be written now.
    pub fn write(&mut self, id: u64, now_ms: u64) -> Option<&str> {
        // It has mostly just been added.
        let pending = self.pending.iter_mut().rfind(|it| it.id == id)?;
        pending.written = true;
        if !pending.patience.total {
            pending.deadline_ms = now_ms + pending.patience.written_ms;
        }
        Some(&pending.frame)
    }

    /// Fails what was bound to a link that is lost.
    pub fn link_lost(&mut self) {
        while let Some(id) = self.pending.iter().find(|it| it.patience.bound).map(|it| it.id) {
            self.answer(id, Err(Error::new(Code::NETWORK_ERROR)));
        }
    }

    /// Every request to be written on a new link, in the order of the calls.
    #[must_use]
    pub fn ids(&self) -> Vec<u64> {
        self.pending.iter().map(|it| it.id).collect()
    }

    /// Answers a request. Nothing when nobody waits for it (any more).
    pub fn answer(&mut self, id: u64, answer: Answer) {
        // Answers mostly come in the order of the calls, so the first look usually finds it.
        let at = self.pending.iter().position(|it| it.id == id);
        if let Some(pending) = at.and_then(|at| self.pending.remove(at)) {
            // The caller may be gone; then nobody misses the answer.
            let _ = pending.answer.send(answer);
        }
    }

    /// Fails every request with a code.
    pub fn fail_all(&mut self, code: Code) {
        for pending in std::mem::take(&mut self.pending) {
            let _ = pending.answer.send(Err(Error::new(code)));
        }
    }

    /// Fails what is late.
    pub fn expire(&mut self, now_ms: u64) {
        while let Some(late) = self.pending.iter().find(|it| it.deadline_ms <= now_ms) {
            let code = if late.written { Code::NETWORK_TIMEOUT } else { Code::NO_NETWORK };
            self.answer(late.id, Err(Error::new(code)));
        }
    }

    /// When the next request is late.
    #[must_use]
    pub fn next_deadline_ms(&self) -> Option<u64> {
        self.pending.iter().map(|it| it.deadline_ms).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(receiver: &mut oneshot::Receiver<Answer>) -> Option<u32> {
        receiver.try_recv().unwrap().map(|answer| answer.map_or_else(|it| it.code.0, |_| 0))
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
        assert_eq!(requests.write(1, 29_999), Some("f"));
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
                requests.add(id, String::new(), Patience::SEND, 0)
            })
            .collect();
        requests.answer(2, Ok(String::new()));
        assert_eq!(requests.ids(), [1, 3]);
    }
}
