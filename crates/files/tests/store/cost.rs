//! What reading and folding cost: counted calls of the host, because time is noisy.

use tim_engine::store::{Position, Store};
use tim_files::Limits;

use crate::{
    ports::MemoryFiles,
    talk::{all, conversation, eviction, id, messages, now, open, stored},
};

/// Calls since the last time, and what was read.
fn calls(files: &MemoryFiles) -> (usize, Vec<String>) {
    let calls = files.calls.take();
    let read = calls.iter().filter(|it| it.0 == 'g').map(|it| it.1.clone()).collect();
    (calls.len(), read)
}

#[test]
fn a_long_conversation_opens_with_few_reads() {
    let files = MemoryFiles::default();
    let store = open(&files, Limits::default());
    for page in 0..200 {
        let text = "x".repeat(500);
        now(store.write(&messages((1..=25).map(|n| stored("a", page * 25 + n, &text))))).unwrap();
    }
    let (written, read) = calls(&files);
    assert!(written < 300, "{written} calls for 200 batches");
    assert_eq!(read, ["meta", "journal-0"], "writing reads nothing");

    let store = open(&files, Limits::default());
    let (opened, _) = calls(&files);
    assert_eq!(opened, 2, "meta and the journal");
    let page = now(store.older(&conversation("a"), Position::stored(5_001), 16)).unwrap();
    assert_eq!(page.len(), 16);
    let (_, read) = calls(&files);
    assert!(read.len() <= 2, "{read:?}");

    // The whole of it once, and from memory what was read just before.
    let before = |seq| now(store.older(&conversation("a"), Position::stored(seq), 15)).unwrap();
    for seq in (1..=5_000).rev().step_by(15) {
        before(seq);
    }
    let (_, read) = calls(&files);
    assert!(read.len() <= 13, "{read:?}");
    before(40);
    now(store.message(&conversation("a"), &id(30))).unwrap().unwrap();
    assert_eq!(calls(&files).1, [""; 0]);
    store.trim();
    before(40);
    assert_eq!(calls(&files).1.len(), 1);
}

#[test]
fn scrolling_back_while_messages_arrive_leaves_pages_cheap() {
    let files = MemoryFiles::default();
    let limits = Limits { journal: 8_000, segment: 8_000, cache: 0, ..Limits::default() };
    let store = open(&files, limits);
    let text = "x".repeat(100);
    let (mut low, mut high) = (2_000, 2_000);
    while low > 20 {
        let older = (low - 20..low).map(|seq| stored("a", seq, &text));
        now(store.write(&messages(older))).unwrap();
        now(store.write(&messages([stored("a", high, &text)]))).unwrap();
        (low, high) = (low - 20, high + 1);
    }
    calls(&files);
    for seq in [100, 500, 1_000, 1_500, 2_000, 2_050] {
        now(store.older(&conversation("a"), Position::stored(seq), 15)).unwrap();
        let (_, read) = calls(&files);
        assert!(read.len() <= 6, "{read:?} before {seq}");
    }
    assert_eq!(all(&store, "a").unwrap().len() as u64, high - low);
}

#[test]
fn keeping_the_newest_does_not_make_ever_more_files() {
    let files = MemoryFiles::default();
    let limits = Limits { journal: 2_000, segment: 2_000, ..Limits::default() };
    let store = open(&files, limits);
    for seq in 1..=3_000 {
        let mut batch = messages([stored("a", seq, &"x".repeat(60))]);
        if seq > 200 && seq % 20 == 0 {
            batch.evictions = eviction("a", seq - 200).evictions;
        }
        now(store.write(&batch)).unwrap();
    }
    assert!(files.names().len() < 25, "{:?}", files.names());
    assert_eq!(all(&store, "a").unwrap().len(), 201);
}
