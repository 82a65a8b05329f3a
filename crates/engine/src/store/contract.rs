//! The suite every store must pass. A fault found in one store becomes a check here.
//!
//! Each function takes a fresh, empty store and panics with a sentence when a promise of
//! [`super`] is broken. A store's own tests only supply the constructor.

use tim_protocol::ids::ConversationId;

use super::{Batch, Position, Record, Store};

fn conversation(name: &str) -> ConversationId {
    format!("C2C{name}").parse().expect("a plain name")
}

fn record(name: &str, seq: u64, sub: u64) -> Record {
    let number = seq * 1000 + sub;
    Record {
        id: format!("1-{number}-1").parse().expect("a well-formed ID"),
        conversation: conversation(name),
        position: Position { seq, sub },
        outbox: sub > 0,
        json: format!("{{\"n\":{number},\"text\":\"é你😀\"}}"),
    }
}

fn messages(records: impl IntoIterator<Item = Record>) -> Batch {
    Batch { messages: records.into_iter().collect(), ..Batch::default() }
}

/// What reads give of records.
fn texts<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<String> {
    records.into_iter().map(|it| it.json.clone()).collect()
}

/// Runs everything; `fresh` gives an empty store each time.
pub async fn all<S: Store, F: AsyncFn() -> S>(fresh: F) {
    starts_empty(&fresh().await).await;
    pages_are_ascending_and_bounded(&fresh().await).await;
    conversations_do_not_mix(&fresh().await).await;
    a_known_id_is_replaced_also_at_another_place(&fresh().await).await;
    outbox_is_found_again(&fresh().await).await;
    conversations_and_values_are_replaced(&fresh().await).await;
    evicts_below_a_place(&fresh().await).await;
    evictions_spare_what_only_this_device_has(&fresh().await).await;
    writes_take_effect_in_the_order_of_the_calls(&fresh().await).await;
    reads_see_writes_asked_for_before(&fresh().await).await;
    holes_do_not_shorten_a_page(&fresh().await).await;
}

async fn starts_empty<S: Store>(store: &S) {
    assert_eq!(store.load().await, Ok(super::Snapshot::default()));
    let page = store.older(&conversation("a"), Position::stored(u64::from(u32::MAX)), 10).await;
    assert_eq!(page, Ok(vec![]), "nothing is in a fresh store");
}

async fn pages_are_ascending_and_bounded<S: Store>(store: &S) {
    let all: Vec<Record> = (1..=40).map(|seq| record("a", seq, 0)).collect();
    store.write(&messages(all.iter().rev().cloned())).await.unwrap();
    let page = store.older(&conversation("a"), Position::stored(31), 15).await.unwrap();
    assert_eq!(page, texts(&all[15..30]), "the newest 15 before 31, ascending, whole texts");
    let page = store.older(&conversation("a"), Position::stored(4), 15).await.unwrap();
    assert_eq!(page, texts(&all[..3]), "the beginning gives a short page");
}

async fn conversations_do_not_mix<S: Store>(store: &S) {
    let b = Record { id: "1-5-2".parse().unwrap(), ..record("ab", 2, 0) };
    store.write(&messages([record("a", 1, 0), b, record("a", 3, 0)])).await.unwrap();
    let page = store.older(&conversation("a"), Position::stored(9), 15).await.unwrap();
    assert_eq!(page, texts(&[record("a", 1, 0), record("a", 3, 0)]));
    let page = store.older(&conversation("ab"), Position::stored(9), 15).await.unwrap();
    assert_eq!(page.len(), 1, "a prefix of another name is another conversation");
}

async fn a_known_id_is_replaced_also_at_another_place<S: Store>(store: &S) {
    let unsent = record("a", 3, 1);
    let json = "{\"sent\":true}".to_owned();
    let sent = Record { position: Position::stored(7), outbox: false, json, ..unsent.clone() };
    store.write(&messages([record("a", 3, 0), unsent.clone(), record("a", 4, 0)])).await.unwrap();
    let page = store.older(&conversation("a"), Position::stored(9), 15).await.unwrap();
    assert_eq!(page[1], unsent.json, "a local message sits behind the one it was made after");
    store.write(&messages([sent.clone()])).await.unwrap();
    let page = store.older(&conversation("a"), Position::stored(9), 15).await.unwrap();
    assert_eq!(page.len(), 3, "it is not there twice");
    assert_eq!(page[2], sent.json, "it moved");
    assert_eq!(store.message(&sent.conversation, &sent.id).await, Ok(Some(sent.json)));
}

async fn outbox_is_found_again<S: Store>(store: &S) {
    let [first, second] = [record("b", 1, 1), record("a", 1, 2)];
    store.write(&messages([record("a", 1, 0), first.clone(), second.clone()])).await.unwrap();
    let mut outbox = store.load().await.unwrap().outbox;
    outbox.sort_unstable();
    assert_eq!(outbox, texts([&first, &second]), "in any order");
    let done = Record { outbox: false, ..first };
    store.write(&messages([done])).await.unwrap();
    assert_eq!(store.load().await.unwrap().outbox, texts([&second]));
}

async fn conversations_and_values_are_replaced<S: Store>(store: &S) {
    for json in ["{\"v\":1}", "{\"v\":2}"] {
        let batch = Batch {
            conversations: vec![(conversation("a"), json.to_owned())],
            values: vec![("me".to_owned(), json.to_owned())],
            ..Batch::default()
        };
        store.write(&batch).await.unwrap();
    }
    let snapshot = store.load().await.unwrap();
    assert_eq!(snapshot.conversations, ["{\"v\":2}"]);
    assert_eq!(snapshot.values, [("me".to_owned(), "{\"v\":2}".to_owned())]);
}

async fn evicts_below_a_place<S: Store>(store: &S) {
    store.write(&messages((1..=10).map(|seq| record("a", seq, 0)))).await.unwrap();
    let other = Record { id: "1-5-2".parse().unwrap(), ..record("b", 1, 0) };
    let batch = Batch {
        messages: vec![other],
        evictions: vec![(conversation("a"), 8)],
        ..Batch::default()
    };
    store.write(&batch).await.unwrap();
    let page = store.older(&conversation("a"), Position::stored(11), 15).await.unwrap();
    let rest: Vec<Record> = (8..=10).map(|seq| record("a", seq, 0)).collect();
    assert_eq!(page, texts(&rest));
    assert_eq!(store.older(&conversation("b"), Position::stored(11), 15).await.unwrap().len(), 1);
}

async fn evictions_spare_what_only_this_device_has<S: Store>(store: &S) {
    let failed = Record { outbox: false, ..record("a", 3, 1) };
    let on_its_way = record("a", 3, 2);
    let old = [record("a", 3, 0), failed.clone(), on_its_way.clone(), record("a", 4, 0)];
    store.write(&messages(old)).await.unwrap();
    let batch = Batch { evictions: vec![(conversation("a"), 9)], ..Batch::default() };
    store.write(&batch).await.unwrap();
    let page = store.older(&conversation("a"), Position::stored(9), 15).await.unwrap();
    assert_eq!(page, texts([&failed, &on_its_way]));
    assert_eq!(store.load().await.unwrap().outbox, texts([&on_its_way]));
}

async fn reads_see_writes_asked_for_before<S: Store>(store: &S) {
    let batch = messages([record("a", 1, 0)]);
    let name = conversation("a");
    let (written, page) =
        futures::join!(store.write(&batch), store.older(&name, Position::stored(9), 15));
    written.unwrap();
    assert_eq!(page.unwrap().len(), 1);
}

async fn writes_take_effect_in_the_order_of_the_calls<S: Store>(store: &S) {
    let value = |json: &str| Batch {
        values: vec![("newest".to_owned(), json.to_owned())],
        ..Batch::default()
    };
    let mut first = messages([record("a", 1, 0), record("a", 2, 0)]);
    first.values = value("1").values;
    let evicting = Batch { evictions: vec![(conversation("a"), 9)], ..value("2") };
    let mut last = messages([record("a", 2, 0)]);
    last.values = value("3").values;
    let (one, two, three) =
        futures::join!(store.write(&first), store.write(&evicting), store.write(&last));
    for written in [one, two, three] {
        written.unwrap();
    }
    let page = store.older(&conversation("a"), Position::stored(9), 15).await.unwrap();
    assert_eq!(page, texts(&[record("a", 2, 0)]));
    assert_eq!(store.load().await.unwrap().values, value("3").values);
}

async fn holes_do_not_shorten_a_page<S: Store>(store: &S) {
    let sparse: Vec<Record> = (1..=20).map(|n| record("a", n * 300, 0)).collect();
    store.write(&messages(sparse.clone())).await.unwrap();
    let page = store.older(&conversation("a"), Position::stored(6000), 15).await.unwrap();
    assert_eq!(page, texts(&sparse[4..19]));
    let page = store.older(&conversation("a"), Position::stored(600), 15).await.unwrap();
    assert_eq!(page, texts(&sparse[..1]));
}
