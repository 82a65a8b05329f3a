//! The checker: compares what clients wrote down with what the server keeps.
//!
//! Pure; [`crate::history`] reads the logs. What must hold:
//!
//! - every acknowledged message is in its log exactly once, at the acknowledged place; one that was
//!   never acknowledged is there at most once;
//! - a log's places are 1..n without a hole, revisions and times never decrease, and both people see
//!   the same log;
//! - one sender's messages to one conversation stand in the order of its first writes;
//! - every acknowledged message reached its receiver, and none reached an app twice, at another place
//!   than it is stored, or without being stored at all.
//!
//! A receiver that was not online at the end may have missed messages; that itself is a violation.

mod violation;

use std::collections::{HashMap, HashSet};

use tim_protocol::ids::MessageIdParts;

use crate::record::{Book, Line, Outcome};

pub use violation::{Kind, Violation};

/// A log as both people read it.
#[derive(Clone, Debug)]
pub struct Log {
    /// The two connections.
    pub people: (u32, u32),
    /// As the first of them sees it.
    pub first: Vec<Line>,
    /// As the second of them sees it.
    pub second: Vec<Line>,
}

/// The two of a conversation, in one order.
#[must_use]
pub fn people(one: u32, other: u32) -> (u32, u32) {
    (one.min(other), one.max(other))
}

/// Where a message is stored.
#[derive(Clone, Copy)]
struct Place {
    people: (u32, u32),
    seq: u64,
}

/// Everything that must not be; empty when all is well.
#[must_use]
pub fn check(books: &[Book], logs: &[Log]) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut places: HashMap<MessageIdParts, Place> = HashMap::new();
    for log in logs {
        sound(log, &mut found);
        for line in &log.first {
            let place = Place { people: log.people, seq: line.seq };
            if let Some(before) = places.insert(line.id, place) {
                let detail = format!("at {} and at {}", before.seq, line.seq);
                found.push(Violation::of(Kind::StoredTwice, log.people, Some(line.id), detail));
            }
        }
    }
    for book in books {
        sent(book, &places, &mut found);
    }
    received(books, &places, &mut found);
    found
}

/// What holds of a log by itself.
fn sound(log: &Log, found: &mut Vec<Violation>) {
    let mut say = |kind, line: Option<&Line>, detail| {
        found.push(Violation::of(kind, log.people, line.map(|it| it.id), detail));
    };
    for (index, line) in log.first.iter().enumerate() {
        let expected = index as u64 + 1;
        if line.seq != expected {
            say(Kind::Hole, Some(line), format!("seq {} instead of {expected}", line.seq));
            // All that follow would say the same.
            break;
        }
    }
    for pair in log.first.windows(2) {
        if pair[1].rev < pair[0].rev || pair[1].time < pair[0].time {
            let detail = format!(
                "rev {} and time {} s after rev {} and time {} s",
                pair[1].rev, pair[1].time, pair[0].rev, pair[0].time
            );
            say(Kind::Backwards, Some(&pair[1]), detail);
        }
    }
    if log.first != log.second {
        let same = log.first.iter().zip(&log.second).take_while(|(a, b)| a == b).count();
        let (first, second) = (log.first.len(), log.second.len());
        let detail = format!("{first} and {second} messages, the first {same} are the same");
        say(Kind::SeenDifferently, log.first.get(same), detail);
    }
}

/// What the sender knows of its messages.
fn sent(book: &Book, places: &HashMap<MessageIdParts, Place>, found: &mut Vec<Violation>) {
    let mut newest: HashMap<u32, u64> = HashMap::new();
    for sending in &book.sent {
        let people = people(book.client, sending.to);
        let mut say = |kind, detail| {
            found.push(Violation::of(kind, people, Some(sending.id), detail));
        };
        let place = places.get(&sending.id);
        if let Some(place) = place
            && place.people != people
        {
            say(Kind::Misplaced, format!("stored between {:?}", place.people));
            continue;
        }
        match (sending.outcome, place) {
            (Outcome::Acknowledged(seq), None) => {
                say(Kind::Lost, format!("acknowledged at {seq:?} and not in the log"));
            }
            (Outcome::Acknowledged(Some(seq)), Some(place)) if seq != place.seq => {
                say(Kind::WrongPlace, format!("acknowledged at {seq}, stored at {}", place.seq));
            }
            _ => {}
        }
        if let Some(place) = place {
            let before = newest.entry(sending.to).or_default();
            if place.seq < *before {
                let detail = format!("at {}, after a later one at {before}", place.seq);
                say(Kind::Reordered, detail);
            }
            *before = place.seq.max(*before);
        }
    }
}

/// What reached the receivers.
fn received(books: &[Book], places: &HashMap<MessageIdParts, Place>, found: &mut Vec<Violation>) {
    let mut heard: HashMap<u32, HashSet<MessageIdParts>> = HashMap::new();
    for book in books {
        let here = heard.entry(book.client).or_default();
        for delivery in &book.received {
            let place = places.get(&delivery.id);
            let people = place.map_or((book.client, book.client), |it| it.people);
            let mut say =
                |kind, detail| found.push(Violation::of(kind, people, Some(delivery.id), detail));
            if !here.insert(delivery.id) {
                say(Kind::DeliveredTwice, format!("to connection {}", book.client));
            }
            match (place, delivery.seq) {
                (None, _) => {
                    say(Kind::NeverStored, format!("delivered to connection {}", book.client));
                }
                (Some(place), Some(seq)) if place.seq != seq => {
                    say(Kind::WrongPlace, format!("delivered at {seq}, stored at {}", place.seq));
                }
                _ => {}
            }
        }
        if !book.online_at_end {
            let people = (book.client, book.client);
            found.push(Violation::of(Kind::NotBack, people, None, "no connection".to_owned()));
        }
    }
    let online: HashSet<u32> =
        books.iter().filter(|it| it.online_at_end).map(|it| it.client).collect();
    for book in books {
        for sending in &book.sent {
            let acknowledged = matches!(sending.outcome, Outcome::Acknowledged(_));
            let there = heard.get(&sending.to).is_some_and(|it| it.contains(&sending.id));
            if acknowledged && !there && online.contains(&sending.to) {
                let detail = format!("never reached connection {}", sending.to);
                let people = people(book.client, sending.to);
                found.push(Violation::of(Kind::Undelivered, people, Some(sending.id), detail));
            }
        }
    }
}

#[cfg(test)]
mod tests;
