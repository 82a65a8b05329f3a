//! One user's database: opening it, and the Store port over it.
//!
//! A batch is one transaction; a page is one bounded read. Knows where a record lies, not what it
//! says, and never tries twice: what to do about a database that fails is the engine's matter.

use futures::future::{Either, select};
use js_sys::{Array, Object, Reflect};
use tim_engine::store::{Batch, Position, Record, Snapshot, Store, StoreError, Wanted};
use tim_protocol::ids::ConversationId;
use wasm_bindgen::{JsCast, JsValue, prelude::Closure};
use web_sys::{
    IdbDatabase, IdbFactory, IdbIndex, IdbKeyRange, IdbObjectStore, IdbOpenDbRequest,
    IdbTransaction, IdbTransactionMode, IdbVersionChangeEvent,
};

use super::{
    super::page::sleep,
    request::{Commit, failure, result},
    schema,
};

/// How long opening may take before the page goes on without.
const OPEN_MS: u32 = 5_000;

/// History in IndexedDB.
pub struct IdbStore {
    database: IdbDatabase,
    keys: Keys,
    _on_version_change: Closure<dyn FnMut()>,
}

/// Property names, made once: a batch uses them thousands of times.
struct Keys {
    id: JsValue,
    place: JsValue,
    json: JsValue,
    outbox: JsValue,
}

impl IdbStore {
    /// Opens a database, bringing it to the present version.
    ///
    /// # Errors
    /// When there is no IndexedDB, it is blocked, damaged or of a newer version, or it does not
    /// answer.
    pub async fn open(name: String) -> Result<Self, StoreError> {
        let request =
            factory()?.open_with_u32(&name, schema::VERSION).map_err(|error| failure(&error))?;
        let upgrade = on_upgrade(&request);
        request.set_onupgradeneeded(Some(upgrade.as_ref().unchecked_ref()));
        let opened = Box::pin(result(&request));
        let late = Box::pin(sleep(OPEN_MS));
        let database = match select(opened, late).await {
            Either::Left((database, _)) => database?.unchecked_into::<IdbDatabase>(),
            Either::Right(((), opened)) => {
                drop(opened);
                // It may still open, and must not stay without a layout or in anybody's way.
                upgrade.forget();
                close_when_opened(&request);
                return Err(StoreError::unusable("the database does not open"));
            }
        };
        // Another tab with a newer build wants to upgrade: let it. What is asked of us afterwards
        // fails, and the engine goes on in memory.
        let leaving = database.clone();
        let on_version_change = Closure::<dyn FnMut()>::new(move || leaving.close());
        database.set_onversionchange(Some(on_version_change.as_ref().unchecked_ref()));
        let keys =
            Keys { id: "id".into(), place: "k".into(), json: "m".into(), outbox: "o".into() };
        Ok(Self { database, keys, _on_version_change: on_version_change })
    }

    fn transaction(&self, mode: IdbTransactionMode) -> Result<IdbTransaction, StoreError> {
        self.database
            .transaction_with_str_sequence_and_mode(&schema::all(), mode)
            .map_err(|error| failure(&error))
    }

    fn read(&self, name: &str) -> Result<IdbObjectStore, StoreError> {
        self.database
            .transaction_with_str(name)
            .and_then(|it| it.object_store(name))
            .map_err(|error| failure(&error))
    }

    fn log(&self) -> Result<IdbIndex, StoreError> {
        self.read(schema::MESSAGES)?.index(schema::LOG).map_err(|error| failure(&error))
    }

    fn to_value(&self, record: &Record) -> Object {
        let value = Object::new();
        let set = |key: &JsValue, field: &JsValue| {
            // Cannot fail on a plain object.
            let _ = Reflect::set(&value, key, field);
        };
        set(&self.keys.id, &JsValue::from_str(record.id.as_str()));
        set(&self.keys.place, &place(&record.conversation, record.position));
        set(&self.keys.json, &JsValue::from_str(&record.json));
        if record.outbox {
            set(&self.keys.outbox, &JsValue::from_f64(1.0));
        }
        value
    }

    /// What a record says; `None` for one that is damaged.
    fn text(&self, value: &JsValue) -> Option<String> {
        Reflect::get(value, &self.keys.json).ok()?.as_string()
    }

    /// Whether the server has the message: its place has no `sub`.
    fn is_stored(&self, value: &JsValue) -> bool {
        let place = Reflect::get(value, &self.keys.place).map(JsCast::unchecked_into::<Array>);
        place.is_ok_and(|it| it.get(2).as_f64() == Some(0.0))
    }

    fn texts(&self, values: &JsValue) -> Vec<String> {
        values.unchecked_ref::<Array>().iter().filter_map(|it| self.text(&it)).collect()
    }

    fn put_all(&self, transaction: &IdbTransaction, batch: &Batch) -> Result<(), JsValue> {
        if !batch.messages.is_empty() {
            let messages = transaction.object_store(schema::MESSAGES)?;
            for record in &batch.messages {
                messages.put(&self.to_value(record))?;
            }
        }
        let put = |name: &str, key: &str, json: &str| {
            let store = transaction.object_store(name)?;
            store.put_with_key(&JsValue::from_str(json), &JsValue::from_str(key))
        };
        for (id, json) in &batch.conversations {
            put(schema::CONVERSATIONS, id.as_str(), json)?;
        }
        for (key, json) in &batch.values {
            put(schema::VALUES, key, json)?;
        }
        Ok(())
    }

    async fn evict(&self, transaction: &IdbTransaction, batch: &Batch) -> Result<(), StoreError> {
        for (conversation, below) in &batch.evictions {
            let lost = |error: JsValue| failure(&error);
            let messages = transaction.object_store(schema::MESSAGES).map_err(lost)?;
            let range = range(conversation, Position::default(), Position::stored(*below))?;
            let request = messages
                .index(schema::LOG)
                .and_then(|log| log.get_all_with_key(&range))
                .map_err(lost)?;
            for value in result(&request).await?.unchecked_into::<Array>() {
                if self.is_stored(&value) {
                    let id = Reflect::get(&value, &self.keys.id).map_err(lost)?;
                    messages.delete(&id).map_err(lost)?;
                }
            }
        }
        Ok(())
    }
}

impl Store for IdbStore {
    const MESSAGES_PER_CONVERSATION: u64 = 50_000;

    async fn load(&self) -> Result<Snapshot, StoreError> {
        let lost = |error: JsValue| failure(&error);
        let transaction = self.transaction(IdbTransactionMode::Readonly)?;
        let store = |name: &str| transaction.object_store(name).map_err(lost);
        // All asked before the first is awaited: they run side by side.
        let conversations = store(schema::CONVERSATIONS)?.get_all().map_err(lost)?;
        let keys = store(schema::VALUES)?.get_all_keys().map_err(lost)?;
        let values = store(schema::VALUES)?.get_all().map_err(lost)?;
        let outbox = store(schema::MESSAGES)?
            .index(schema::OUTBOX)
            .and_then(|it| it.get_all())
            .map_err(lost)?;
        let (conversations, keys, values, outbox) = futures::try_join!(
            result(&conversations),
            result(&keys),
            result(&values),
            result(&outbox)
        )?;
        let texts = |values: JsValue| {
            values.unchecked_into::<Array>().iter().filter_map(|it| it.as_string()).collect()
        };
        let keys: Vec<String> = texts(keys);
        let values: Vec<String> = texts(values);
        Ok(Snapshot {
            conversations: texts(conversations),
            outbox: self.texts(&outbox),
            values: keys.into_iter().zip(values).collect(),
        })
    }

    async fn write(&self, batch: &Batch) -> Result<(), StoreError> {
        let transaction = self.transaction(IdbTransactionMode::Readwrite)?;
        let commit = Commit::of(&transaction);
        let written = match self.put_all(&transaction, batch) {
            Ok(()) => self.evict(&transaction, batch).await,
            Err(error) => Err(failure(&error)),
        };
        if let Err(error) = written {
            // Half a batch must not stay; it may have been rolled back already.
            let _ = transaction.abort();
            return Err(error);
        }
        // Sooner than the browser does by itself, which first reports every put; a page that is being
        // left has no time for that. A browser that cannot be told so does it its own way.
        #[expect(
            deprecated,
            reason = "web-sys took it for an old method that IndexedDB 3.0 brought"
        )]
        let _ = transaction.commit();
        commit.wait().await
    }

    async fn find(
        &self,
        conversation: &ConversationId,
        wanted: Wanted<'_>,
    ) -> Result<Vec<String>, StoreError> {
        let (before, limit) = match wanted {
            Wanted::Older { before, limit } => (before, limit),
            Wanted::Message(id) => {
                let request = self
                    .read(schema::MESSAGES)?
                    .get(&JsValue::from_str(id.as_str()))
                    .map_err(|error| failure(&error))?;
                let found = self.text(&result(&request).await?);
                return Ok(found.into_iter().collect());
            }
        };
        // A bounded `getAll` is three times as fast as a cursor, and places are dense: the page is
        // nearly always in the first stretch that is looked at.
        let mut reach = limit as u64;
        loop {
            let low = before.seq.saturating_sub(reach);
            let range = range(conversation, Position::stored(low), before)?;
            let request = self.log()?.get_all_with_key(&range).map_err(|error| failure(&error))?;
            let found = result(&request).await?.unchecked_into::<Array>();
            let length = found.length();
            if length as usize >= limit || low == 0 {
                let page = found.slice(length.saturating_sub(limit as u32), length);
                return Ok(self.texts(&page));
            }
            reach = reach.saturating_mul(4);
        }
    }

    fn close(&self) {
        self.database.close();
    }
}

impl Drop for IdbStore {
    fn drop(&mut self) {
        self.database.set_onversionchange(None);
        self.database.close();
    }
}

/// A message's key in the index `log`.
fn place(conversation: &ConversationId, position: Position) -> Array {
    Array::of3(
        &JsValue::from_str(conversation.as_str()),
        &JsValue::from_f64(position.seq as f64),
        &JsValue::from_f64(position.sub as f64),
    )
}

/// From a position on, up to but not including another.
fn range(
    conversation: &ConversationId,
    from: Position,
    to: Position,
) -> Result<IdbKeyRange, StoreError> {
    let (from, to) = (place(conversation, from), place(conversation, to));
    IdbKeyRange::bound_with_lower_open_and_upper_open(&from, &to, false, true)
        .map_err(|error| failure(&error))
}

/// The page's IndexedDB, if it has one and lets us near it.
fn factory() -> Result<IdbFactory, StoreError> {
    Reflect::get(&js_sys::global(), &"indexedDB".into())
        .ok()
        .and_then(|it| it.dyn_into().ok())
        .ok_or_else(|| StoreError::unusable("this page has no IndexedDB"))
}

fn on_upgrade(request: &IdbOpenDbRequest) -> Closure<dyn FnMut(IdbVersionChangeEvent)> {
    let request = request.clone();
    Closure::new(move |event: IdbVersionChangeEvent| {
        let Ok(database) = request.result() else { return };
        let Some(transaction) = request.transaction() else { return };
        let database: IdbDatabase = database.unchecked_into();
        if schema::upgrade(&database, &transaction, event.old_version() as u32).is_err() {
            // Nothing of a half-made layout stays; opening fails with the reason.
            let _ = transaction.abort();
        }
    })
}

/// A database that opens after we stopped waiting must not stay in the way of others.
fn close_when_opened(request: &IdbOpenDbRequest) {
    let opened = request.clone();
    let close = Closure::once_into_js(move || {
        if let Ok(database) = opened.result() {
            database.unchecked_into::<IdbDatabase>().close();
        }
    });
    request.set_onsuccess(Some(close.unchecked_ref()));
}
