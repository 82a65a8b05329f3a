//! Corrupted records: each fault is planted by itself and must be found, and nothing else.

use tim_protocol::ids::{MessageIdParts, TinyId};

use super::{Kind, Log, check};
use crate::record::{Book, Delivery, Line, Outcome, Sending};

fn id(sender: u32, number: u32) -> MessageIdParts {
    MessageIdParts { sender: TinyId(u64::from(sender)), client_time: 1, random: number }
}

/// Connection 0 sent three messages to connection 1, which sent one back; all went well.
fn good() -> (Vec<Book>, Vec<Log>) {
    let acknowledged = |from, number, to, seq| Sending {
        id: id(from, number),
        to,
        outcome: Outcome::Acknowledged(Some(seq)),
    };
    let delivered = |from, number, seq| Delivery { id: id(from, number), seq: Some(seq) };
    let books = vec![
        Book {
            client: 0,
            sent: vec![
                acknowledged(0, 1, 1, 1),
                acknowledged(0, 2, 1, 2),
                acknowledged(0, 3, 1, 4),
            ],
            received: vec![delivered(1, 1, 3)],
            online_at_end: true,
        },
        Book {
            client: 1,
            sent: vec![acknowledged(1, 1, 0, 3)],
            received: vec![delivered(0, 1, 1), delivered(0, 2, 2), delivered(0, 3, 4)],
            online_at_end: true,
        },
    ];
    let ids = [id(0, 1), id(0, 2), id(1, 1), id(0, 3)];
    let lines: Vec<Line> =
        (1..).zip(ids).map(|(seq, id)| Line { seq, rev: seq, time: 1_000 + seq / 2, id }).collect();
    (books, vec![Log { people: (0, 1), first: lines.clone(), second: lines }])
}

/// The kinds found after something was changed.
#[track_caller]
fn finds(plant: impl FnOnce(&mut Vec<Book>, &mut Log), expected: &[Kind]) {
    let (mut books, mut logs) = good();
    plant(&mut books, &mut logs[0]);
    let found = check(&books, &logs);
    let kinds: Vec<Kind> = found.iter().map(|it| it.kind).collect();
    assert_eq!(kinds, expected, "{found:?}");
}

/// Changes a log for both people.
fn both(log: &mut Log, change: impl Fn(&mut Vec<Line>)) {
    change(&mut log.first);
    change(&mut log.second);
}

fn renumber(lines: &mut [Line]) {
    for (seq, line) in (1..).zip(lines) {
        line.seq = seq;
        line.rev = seq;
        line.time = 1_000 + seq / 2;
    }
}

#[test]
fn a_good_run_has_no_violation() {
    finds(|_, _| {}, &[]);
}

#[test]
fn a_missing_message_is_lost_and_leaves_a_hole() {
    finds(
        |_, log| {
            both(log, |it| {
                it.remove(1);
            });
        },
        &[Kind::Hole, Kind::Lost, Kind::NeverStored],
    );
}

#[test]
fn the_newest_message_missing_is_lost() {
    finds(
        |_, log| {
            both(log, |it| {
                it.pop();
            });
        },
        &[Kind::Lost, Kind::NeverStored],
    );
}

#[test]
fn a_doubled_message_is_found() {
    let plant = |lines: &mut Vec<Line>| {
        lines.push(lines[3]);
        renumber(lines);
    };
    // The last of its places counts, and that is not the one that was told.
    let kinds = [Kind::StoredTwice, Kind::WrongPlace, Kind::WrongPlace];
    finds(|_, log| both(log, plant), &kinds);
}

#[test]
fn messages_in_another_order_are_found() {
    let plant = |lines: &mut Vec<Line>| {
        lines.swap(0, 1);
        renumber(lines);
    };
    let swapped = |books: &mut Vec<Book>| {
        for number in 0..2 {
            let place = 2 - number as u64;
            books[0].sent[number].outcome = Outcome::Acknowledged(Some(place));
            books[1].received[number].seq = Some(place);
        }
    };
    finds(
        |books, log| {
            both(log, plant);
            swapped(books);
        },
        &[Kind::Reordered],
    );
}

#[test]
fn a_wrong_place_in_an_answer_is_found() {
    let wrong = Outcome::Acknowledged(Some(7));
    finds(|books, _| books[0].sent[1].outcome = wrong, &[Kind::WrongPlace]);
}

#[test]
fn a_wrong_place_in_a_push_is_found() {
    finds(|books, _| books[1].received[1].seq = Some(7), &[Kind::WrongPlace]);
}

#[test]
fn a_hole_is_found() {
    let shift = |lines: &mut Vec<Line>| lines[3].seq = 5;
    finds(
        |books, log| {
            both(log, shift);
            books[0].sent[2].outcome = Outcome::Acknowledged(Some(5));
            books[1].received[2].seq = Some(5);
        },
        &[Kind::Hole],
    );
}

#[test]
fn revisions_and_times_that_go_back_are_found() {
    finds(|_, log| both(log, |it| it[2].rev = 1), &[Kind::Backwards]);
    finds(|_, log| both(log, |it| it[3].time = 5), &[Kind::Backwards]);
}

#[test]
fn two_people_with_different_logs_are_found() {
    finds(|_, log| log.second.swap(1, 2), &[Kind::SeenDifferently]);
    finds(
        |_, log| {
            log.second.pop();
        },
        &[Kind::SeenDifferently],
    );
}

#[test]
fn an_undelivered_message_is_found() {
    finds(
        |books, _| {
            books[1].received.remove(1);
        },
        &[Kind::Undelivered],
    );
}

#[test]
fn a_message_delivered_twice_is_found() {
    finds(
        |books, _| {
            let again = books[1].received[0];
            books[1].received.push(again);
        },
        &[Kind::DeliveredTwice],
    );
}

#[test]
fn a_message_without_a_log_is_found() {
    let phantom = Delivery { id: id(0, 99), seq: Some(9) };
    finds(|books, _| books[1].received.push(phantom), &[Kind::NeverStored]);
}

#[test]
fn a_message_in_somebody_elses_log_is_found() {
    finds(|books, _| books[0].sent[0].to = 2, &[Kind::Misplaced]);
}

#[test]
fn a_connection_that_stays_away_is_found_and_may_miss_messages() {
    finds(
        |books, _| {
            books[1].online_at_end = false;
            books[1].received.clear();
        },
        &[Kind::NotBack],
    );
}

#[test]
fn an_unacknowledged_message_may_be_stored_once_or_not_at_all() {
    for outcome in [Outcome::Unanswered, Outcome::Refused(70500)] {
        finds(|books, _| books[0].sent[2].outcome = outcome, &[]);
        finds(
            |books, log| {
                books[0].sent[2].outcome = outcome;
                books[1].received.pop();
                both(log, |it| {
                    it.pop();
                });
            },
            &[],
        );
        finds(
            |books, log| {
                books[0].sent[2].outcome = outcome;
                books[1].received.pop();
                both(log, |it| {
                    it.push(it[3]);
                    renumber(it);
                });
            },
            &[Kind::StoredTwice],
        );
    }
}
