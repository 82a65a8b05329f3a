//! The budget, the full disk, folds that fail: what goes, and what never does.

use futures::FutureExt;
use tim_engine::store::{Batch, Record, Store, StoreError};
use tim_files::Limits;

use crate::{
    ports::MemoryFiles,
    talk::{TINY, all, conversation, eviction, id, local, messages, now, open, stored},
};

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

#[test]
fn over_the_budget_the_conversations_not_opened_for_longest_go() {
    let limits = Limits { budget: 6_000, ..TINY };
    let files = MemoryFiles::default();
    let mut store = open(&files, limits);
    for name in NAMES {
        let failed = local(name, 9, 1);
        now(store.write(&messages((1..=9).map(|n| stored(name, n, &"x".repeat(50)))))).unwrap();
        now(store.write(&messages([failed]))).unwrap();
    }
    for name in ["a", "c"] {
        assert_eq!(all(&store, name).unwrap().len(), 10);
    }
    // Who was opened is remembered by the next fold.
    now(store.write(&messages([stored("a", 10, &"y".repeat(200))]))).unwrap();
    store = open(&files, limits);
    for seq in 10..40 {
        now(store.write(&messages([stored("b", seq, &"x".repeat(100))]))).unwrap();
    }
    assert!(files.bytes() < 6_000 + 3_000, "{} bytes", files.bytes());
    assert_eq!(all(&store, "a").unwrap().len(), 11);
    assert_eq!(all(&store, "c").unwrap().len(), 10);
    let lost: Vec<_> = NAMES.iter().filter(|it| all(&store, it) == Err(StoreError::Gone)).collect();
    assert!(!lost.is_empty());
    for name in NAMES {
        let failed = local(name, 9, 1);
        let found = now(store.message(&conversation(name), &failed.id));
        assert_eq!(found, Ok(Some(failed.json)), "what only this device has is never given up");
    }
    for name in lost {
        now(store.write(&eviction(name, u64::MAX))).unwrap();
        assert_eq!(all(&store, name).unwrap().len(), 1);
    }
}

#[test]
fn a_full_disk_takes_the_conversations_not_opened_for_longest() {
    let files = MemoryFiles::default();
    let store = open(&files, TINY);
    for name in NAMES {
        now(store.write(&messages((1..=9).map(|n| stored(name, n, &"x".repeat(50)))))).unwrap();
    }
    assert_eq!(all(&store, "f").unwrap().len(), 9);
    files.room.set(Some(files.bytes()));
    for seq in 10..30 {
        now(store.write(&messages([stored("f", seq, &"z".repeat(40))]))).unwrap();
    }
    assert_eq!(all(&store, "f").unwrap().len(), 29);
    assert_eq!(all(&store, "a"), Err(StoreError::Gone));
    assert_eq!(all(&open(&files, TINY), "f").unwrap().len(), 29);
}

#[test]
fn a_disk_that_is_full_of_other_things_is_said() {
    let files = MemoryFiles::default();
    let store = open(&files, TINY);
    now(store.write(&messages([stored("a", 1, "one")]))).unwrap();
    files.room.set(Some(files.bytes()));
    let two = messages([stored("a", 2, "two")]);
    assert_eq!(now(store.write(&two)), Err(StoreError::unusable("no room")));
    assert_eq!(now(store.message(&conversation("a"), &id(1))), Ok(Some("one".to_owned())));
    files.room.set(None);
    now(store.write(&two)).unwrap();
    assert_eq!(all(&open(&files, TINY), "a").unwrap(), ["one", "two"]);
}

#[test]
fn writes_go_on_while_folds_fail_until_the_journal_is_too_long() {
    let files = MemoryFiles::default();
    let store = open(&files, TINY);
    files.refused.set(Some("c"));
    files.calls.take();
    let written = |seq| now(store.write(&messages([stored("a", seq, "some text")]))).is_ok();
    let seq = (1..100).find(|seq| !written(*seq)).expect("it cannot go on for ever");
    let attempts = files.calls.take().iter().filter(|it| it.0 == 'r').count();
    assert!(attempts <= 5, "{attempts} attempts to fold: one for each length of a journal");
    let again = now(store.write(&messages([stored("a", seq, "some text")])));
    assert_eq!(again, Err(StoreError::unusable("no luck")));
    let journal = files.content("journal-0").unwrap().len();
    assert!((4 * TINY.journal..5 * TINY.journal).contains(&journal), "{journal} bytes");
    assert_eq!(all(&open(&files, TINY), "a").unwrap().len() as u64, seq - 1);
    // Once it can be folded, everything is well.
    files.refused.set(None);
    now(store.write(&messages([stored("a", seq, "some text")]))).unwrap();
    assert_eq!(all(&store, "a").unwrap().len() as u64, seq);
    assert_eq!(all(&open(&files, TINY), "a").unwrap().len() as u64, seq);
    assert!(files.content("journal-0").is_none());
}

#[test]
fn files_of_what_was_evicted_go() {
    let files = MemoryFiles::default();
    let store = open(&files, TINY);
    for name in NAMES {
        for seq in 1..40 {
            now(store.write(&messages([stored(name, seq, &"x".repeat(40))]))).unwrap();
        }
    }
    let failed = local("a", 39, 1);
    now(store.write(&messages([failed.clone()]))).unwrap();
    assert!(files.names().len() > 20);
    for name in NAMES {
        now(store.write(&eviction(name, 40))).unwrap();
    }
    let long = local("b", 39, 1);
    now(store.write(&messages([Record { json: "l".repeat(250), ..long }]))).unwrap();
    assert_eq!(files.names(), ["meta"]);
    assert_eq!(all(&open(&files, TINY), "a").unwrap(), [failed.json]);
}

#[test]
fn files_that_a_kill_left_are_removed_by_the_next_fold() {
    let whole = MemoryFiles::default();
    let store = open(&whole, TINY);
    for seq in 1..=12 {
        now(store.write(&messages([stored("a", seq, &"x".repeat(40))]))).unwrap();
    }
    assert!(whole.names().len() > 2, "a segment at least");
    drop(store);
    let folds = Batch {
        conversations: vec![(conversation("a"), "r".repeat(TINY.journal))],
        ..eviction("a", 13)
    };
    for operations in 0..6 {
        let files = whole.copy();
        let store = open(&files, TINY);
        files.kill_in.set(Some(operations));
        let killed = store.write(&folds).now_or_never().is_none();
        files.kill_in.set(None);
        // Whether it was killed at all: the last ones end before that.
        assert!(killed || operations > 2);
        let store = open(&files, TINY);
        now(store.write(&folds)).unwrap();
        now(store.write(&folds)).unwrap();
        assert_eq!(files.names(), ["meta"], "killed after {operations} operations");
    }
}

#[test]
fn a_segment_that_is_mostly_of_no_use_is_made_smaller_once_it_was_read() {
    let files = MemoryFiles::default();
    let limits = Limits { journal: 1_500, segment: 20_000, ..TINY };
    let store = open(&files, limits);
    for round in 0..40 {
        let text = format!("{round:0200}");
        now(store.write(&messages((1..=5).map(|seq| stored("a", seq, &text))))).unwrap();
    }
    let before = files.bytes();
    store.trim();
    assert_eq!(all(&store, "a").unwrap().len(), 5);
    now(store.write(&messages([stored("b", 1, &"x".repeat(1_500))]))).unwrap();
    assert!(files.bytes() < before / 2, "{} bytes, {before} before", files.bytes());
    assert_eq!(all(&open(&files, limits), "a").unwrap().len(), 5);
}

#[test]
fn what_changes_often_does_not_pile_up() {
    let files = MemoryFiles::default();
    let limits = Limits { journal: 2_000, segment: 4_000, ..TINY };
    let store = open(&files, limits);
    for round in 0..200 {
        let text = format!("{round:050}");
        now(store.write(&messages((1..=50).map(|seq| stored("a", seq, &text))))).unwrap();
        let most = files.bytes();
        // A hundred bytes each; the journal and a few older versions are allowed.
        assert!(most < 50_000, "{most} bytes");
        assert_eq!(all(&store, "a").unwrap(), vec![text; 50]);
    }
}
