//! The IndexedDB store, in a browser: the suite of every store, and what can happen to a database.
#![cfg(all(target_arch = "wasm32", feature = "web"))]

use std::cell::Cell;

use futures::channel::oneshot;
use tim_engine::store::{Batch, Position, Record, Store, StoreError, contract};
use tim_wasm::web::IdbStore;
use wasm_bindgen::{JsCast, prelude::Closure};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};
use web_sys::{IdbDatabase, IdbFactory, IdbOpenDbRequest, IdbTransactionMode};

wasm_bindgen_test_configure!(run_in_browser);

/// A name no test used before, in this run or an earlier one.
fn fresh_name() -> String {
    thread_local!(static COUNT: Cell<u32> = const { Cell::new(0) });
    let count = COUNT.with(|it| it.replace(it.get() + 1));
    format!("test-{}-{}-{count}", js_sys::Date::now(), js_sys::Math::random())
}

async fn fresh() -> IdbStore {
    IdbStore::open(fresh_name()).await.expect("a browser has IndexedDB")
}

fn record(seq: u64) -> Record {
    Record {
        id: format!("1-{seq}-1").parse().unwrap(),
        conversation: "C2Ca".parse().unwrap(),
        position: Position::stored(seq),
        outbox: false,
        json: format!("{{\"seq\":{seq}}}"),
    }
}

fn reason(error: &StoreError) -> &str {
    match error {
        StoreError::Unusable(reason) => reason,
        StoreError::Gone => "",
    }
}

/// What reads give of records.
fn texts(records: &[Record]) -> Vec<String> {
    records.iter().map(|it| it.json.clone()).collect()
}

fn messages(records: Vec<Record>) -> Batch {
    Batch { messages: records, ..Batch::default() }
}

/// Opens a database as another tab with another build would.
async fn open_elsewhere(name: &str, version: u32) -> IdbDatabase {
    let factory: IdbFactory =
        js_sys::Reflect::get(&js_sys::global(), &"indexedDB".into()).unwrap().unchecked_into();
    let request: IdbOpenDbRequest = factory.open_with_u32(name, version).unwrap();
    let (sender, receiver) = oneshot::channel();
    let opened = Closure::once_into_js(move || sender.send(()).unwrap());
    request.set_onsuccess(Some(opened.unchecked_ref()));
    receiver.await.unwrap();
    request.result().unwrap().unchecked_into()
}

#[wasm_bindgen_test]
async fn idb_store_keeps_the_contract() {
    contract::all(fresh).await;
}

#[wasm_bindgen_test]
async fn content_survives_closing() {
    let name = fresh_name();
    let store = IdbStore::open(name.clone()).await.unwrap();
    store.write(&messages(vec![record(1)])).await.unwrap();
    store.close();
    let store = IdbStore::open(name).await.unwrap();
    assert_eq!(
        store.message(&record(1).conversation, &record(1).id).await,
        Ok(Some(record(1).json))
    );
}

#[wasm_bindgen_test]
async fn two_tabs_share_one_database() {
    let name = fresh_name();
    let one = IdbStore::open(name.clone()).await.unwrap();
    let other = IdbStore::open(name).await.unwrap();
    one.write(&messages(vec![record(1)])).await.unwrap();
    other.write(&messages(vec![record(1), record(2)])).await.unwrap();
    let page = one.older(&record(1).conversation, Position::stored(9), 15).await.unwrap();
    assert_eq!(page, texts(&[record(1), record(2)]), "the same ID is the same message");
}

#[wasm_bindgen_test]
async fn a_newer_database_is_left_alone() {
    let name = fresh_name();
    open_elsewhere(&name, 99).await.close();
    let error = IdbStore::open(name.clone()).await.err().expect("it cannot be read");
    assert!(reason(&error).contains("VersionError"), "{error:?}");
    assert_eq!(open_elsewhere(&name, 99).await.version(), 99.0);
}

#[wasm_bindgen_test]
async fn a_tab_that_upgrades_is_not_held_up() {
    let name = fresh_name();
    let store = IdbStore::open(name.clone()).await.unwrap();
    store.write(&messages(vec![record(1)])).await.unwrap();
    // Would wait for ever if the store kept its connection.
    let newer = open_elsewhere(&name, 99).await;
    let error = store.write(&messages(vec![record(2)])).await.unwrap_err();
    assert!(reason(&error).contains("InvalidStateError"), "{error:?}");
    newer.close();
}

#[wasm_bindgen_test]
async fn a_damaged_record_is_left_out() {
    let name = fresh_name();
    let store = IdbStore::open(name.clone()).await.unwrap();
    store.write(&messages(vec![record(1), record(2)])).await.unwrap();
    // No text, and an ID that is none.
    let damaged = js_sys::JSON::parse(r#"{"id":"?","k":["C2Ca",3,0]}"#).unwrap();
    let elsewhere = open_elsewhere(&name, 1).await;
    let mode = IdbTransactionMode::Readwrite;
    let transaction = elsewhere.transaction_with_str_and_mode("messages", mode).unwrap();
    transaction.object_store("messages").unwrap().put(&damaged).unwrap();
    let page = store.older(&record(1).conversation, Position::stored(9), 15).await.unwrap();
    assert_eq!(page, texts(&[record(1), record(2)]));
}

#[wasm_bindgen_test]
async fn hundreds_of_records_are_one_transaction() {
    let store = fresh().await;
    let all: Vec<Record> = (1..=700).map(record).collect();
    store.write(&messages(all.clone())).await.unwrap();
    let page = store.older(&all[0].conversation, Position::stored(701), 700).await.unwrap();
    assert_eq!(page, texts(&all));
}
