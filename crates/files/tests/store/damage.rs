//! Files that are torn, changed, missing or of a later version.

use tim_engine::store::{Batch, Snapshot, Store, StoreError};
use tim_files::{FileStore, Limits};

use crate::{
    ports::MemoryFiles,
    talk::{TINY, all, conversation, eviction, id, local, messages, now, open, stored},
};

/// A history without evictions whose batches can be told by what they leave.
fn batches() -> Vec<Batch> {
    (1..=8_u64)
        .map(|n| {
            let text = format!("{{\"n\":{n}}}");
            let mut batch =
                messages([stored("a", n, &text), stored("b", n, &text), local("a", n, 2)]);
            batch.values.push(("n".to_owned(), text));
            batch
        })
        .collect()
}

fn is_after(store: &impl Store, count: usize) {
    let snapshot = now(store.load()).unwrap();
    let value = count.checked_sub(1).map(|last| batches()[last].values[0].clone());
    assert_eq!(snapshot.values, Vec::from_iter(value));
    assert_eq!(snapshot.outbox.len(), count);
    assert_eq!(all(store, "a").unwrap().len(), 2 * count);
    assert_eq!(all(store, "b").unwrap().len(), count);
}

/// All batches in a journal: the files, its content, and where it ended before and after each.
fn written() -> (MemoryFiles, Vec<u8>, Vec<usize>) {
    let files = MemoryFiles::default();
    let store = open(&files, Limits::default());
    let mut ends = vec![0];
    for batch in batches() {
        now(store.write(&batch)).unwrap();
        ends.push(files.content("journal-0").unwrap().len());
    }
    drop(store);
    let journal = files.content("journal-0").unwrap();
    (files, journal, ends)
}

/// Folds whatever is in the journal.
fn fold(files: &MemoryFiles) {
    let store = open(files, Limits { journal: 0, ..TINY });
    now(store.write(&messages([stored("z", 1, "fold")]))).unwrap();
}

#[test]
fn a_torn_journal_ends_before_the_tear_and_goes_on_behind_it() {
    let (files, journal, ends) = written();
    for length in 0..=journal.len() {
        files.put("journal-0", Some(journal[..length].to_vec()));
        let whole = ends.iter().rposition(|end| *end <= length).unwrap();
        let torn = files.copy();
        is_after(&open(&torn, Limits::default()), whole);
        // What is written then is found behind it.
        let rest = open(&torn, Limits::default());
        for batch in &batches()[whole..] {
            now(rest.write(batch)).unwrap();
        }
        is_after(&rest, batches().len());
        is_after(&open(&torn, Limits::default()), batches().len());
    }
}

#[test]
fn a_journal_without_its_beginning_is_the_end_of_everything() {
    let files = MemoryFiles::default();
    let store = open(&files, Limits::default());
    for batch in &batches()[..4] {
        now(store.write(batch)).unwrap();
    }
    // The user clears the files; what the program writes next makes them again.
    for name in files.names() {
        files.put(&name, None);
    }
    for batch in &batches()[4..] {
        now(store.write(batch)).unwrap();
    }
    is_after(&store, batches().len());
    let store = open(&files, Limits::default());
    assert_eq!(now(store.load()), Ok(Snapshot::default()), "half a history would pass for a whole");
    assert!(files.names().is_empty());
    for batch in batches() {
        now(store.write(&batch)).unwrap();
    }
    is_after(&open(&files, Limits::default()), batches().len());
}

#[test]
fn a_changed_byte_in_the_journal_ends_it_there() {
    let (files, journal, ends) = written();
    for at in 0..journal.len() {
        let mut changed = journal.clone();
        changed[at] ^= 0x10;
        files.put("journal-0", Some(changed));
        let whole = ends.iter().rposition(|end| *end <= at).unwrap();
        is_after(&open(&files, Limits::default()), whole);
    }
}

#[test]
fn a_damaged_meta_is_the_end_of_all_files() {
    let files = MemoryFiles::default();
    for batch in batches() {
        now(open(&files, TINY).write(&batch)).unwrap();
    }
    fold(&files);
    let meta = files.content("meta").unwrap();
    for at in 0..meta.len() {
        let files = files.copy();
        let mut changed = meta.clone();
        changed[at] ^= 1;
        files.put("meta", Some(if at % 2 == 0 { changed } else { meta[..at].to_vec() }));
        let store = open(&files, TINY);
        assert_eq!(now(store.load()), Ok(Snapshot::default()));
        assert!(files.names().is_empty(), "{:?}", files.names());
        now(store.write(&batches()[0])).unwrap();
        is_after(&open(&files, TINY), 1);
    }
}

#[test]
fn a_damaged_segment_is_said_and_gone_after_an_eviction() {
    let whole = MemoryFiles::default();
    let store = open(&whole, TINY);
    now(store.write(&messages((1..=4).map(|n| stored("a", n, "12345"))))).unwrap();
    now(store.write(&messages([local("a", 4, 1), stored("b", 9, "other")]))).unwrap();
    fold(&whole);
    let segment = whole.content("c0-0").expect("the first segment of the first conversation");
    for at in 0..=segment.len() {
        let files = whole.copy();
        let mut changed = segment.clone();
        let damage = match changed.get_mut(at) {
            None => None,
            Some(_) if at % 3 == 0 => Some(segment[..at].to_vec()),
            Some(byte) => {
                *byte ^= 0x40;
                Some(changed)
            }
        };
        files.put("c0-0", damage);
        let store = open(&files, TINY);
        assert_eq!(now(store.message(&conversation("a"), &id(2))), Err(StoreError::Gone));
        assert_eq!(all(&store, "a"), Err(StoreError::Gone));
        assert_eq!(all(&store, "b").unwrap(), ["other"], "others are not touched");
        let kept = local("a", 4, 1);
        assert_eq!(now(store.message(&kept.conversation, &kept.id)), Ok(Some(kept.json.clone())));
        // New ones are taken, and the loss stays known over folds and starts.
        now(store.write(&messages([stored("a", 5, "new")]))).unwrap();
        assert_eq!(now(store.message(&conversation("a"), &id(5))), Ok(Some("new".to_owned())));
        let rows = vec![(conversation("b"), "r".repeat(TINY.journal))];
        now(store.write(&Batch { conversations: rows, ..Batch::default() })).unwrap();
        let store = open(&files, TINY);
        assert_eq!(all(&store, "a"), Err(StoreError::Gone));
        now(store.write(&eviction("a", 4))).unwrap();
        assert_eq!(all(&store, "a"), Err(StoreError::Gone), "4 was lost as well");
        now(store.write(&eviction("a", 5))).unwrap();
        for store in [store, open(&files, TINY)] {
            assert_eq!(all(&store, "a").unwrap(), [kept.json.as_str(), "new"]);
        }
    }
}

#[test]
fn left_overs_behind_a_segment_and_beside_it_are_harmless() {
    let files = MemoryFiles::default();
    now(open(&files, TINY).write(&messages([stored("a", 1, "one")]))).unwrap();
    fold(&files);
    let mut segment = files.content("c0-0").unwrap();
    segment.extend([7; 30]);
    files.put("c0-0", Some(segment));
    files.put("c0-1", Some(vec![9; 90]));
    files.put("c5-0", Some(vec![9; 90]));
    now(open(&files, TINY).write(&messages([stored("a", 2, "two")]))).unwrap();
    fold(&files);
    assert_eq!(all(&open(&files, TINY), "a").unwrap(), ["one", "two"]);
}

#[test]
fn files_of_a_later_version_are_refused_and_stay() {
    let opened = |files: &MemoryFiles| now(FileStore::open(files.clone())).map(drop);
    let later = StoreError::unusable("the files were written by a later version");
    let files = MemoryFiles::default();
    files.put("meta", Some(framed(&[2, 0xff, 0xff])));
    assert_eq!(opened(&files), Err(later.clone()));
    assert_eq!(files.content("meta"), Some(framed(&[2, 0xff, 0xff])));
    let files = MemoryFiles::default();
    files.put("journal-0", Some(framed(&[2])));
    assert_eq!(opened(&files), Err(later));
    assert_eq!(files.names(), ["journal-0"]);
}

#[test]
fn no_bytes_make_it_panic() {
    let mut random = 7_u64;
    let mut bytes = |most: u64| {
        let mut next = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            random >> 40
        };
        // Mostly what means something: kinds, small numbers and lengths, letters; and the largest.
        (0..next() % most)
            .map(|_| match next() % 8 {
                0 => 0xff,
                1 => b'a',
                // Not the kind that names files to remove.
                _ => (next() % 7) as u8,
            })
            .collect::<Vec<u8>>()
    };
    for _ in 0..20_000 {
        let files = MemoryFiles::default();
        let mut meta = vec![1];
        meta.extend(bytes(60));
        files.put("meta", Some(framed(&meta)));
        let mut record = vec![1];
        record.extend(bytes(60));
        for journal in ["journal-0", "journal-1", "journal-2"] {
            files.put(journal, Some(framed(&record)));
        }
        for segment in ["c0-0", "c1-1", "c2-0"] {
            files.put(segment, Some(framed(&bytes(40))));
        }
        let store = open(&files, TINY);
        let _ = all(&store, "a");
        let _ = now(store.write(&messages([stored("a", 1, "x")])));
        let _ = now(store.message(&conversation("a"), &id(1)));
    }
}

/// A frame as in `codec`, made independently.
fn framed(payload: &[u8]) -> Vec<u8> {
    let mut crc = u32::MAX;
    for byte in payload {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    let length = payload.len() as u32;
    [length.to_le_bytes().as_slice(), (!crc).to_le_bytes().as_slice(), payload].concat()
}
