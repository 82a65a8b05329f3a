//! The database's layout and how older ones become the present one.
//!
//! Version 1:
//! - `messages`, key `id`: `{ id, k: [conversationID, seq, sub], m: <JSON>, o?: 1 }`; index `log` on
//!   `k`, index `outbox` on `o`, which only messages on their way have;
//! - `conversations`, key conversationID, value JSON;
//! - `values`, key name, value JSON.
//!
//! A new version is a new step at the end of [`STEPS`]; steps never change once they are published.

use js_sys::Array;
use wasm_bindgen::JsValue;
use web_sys::{IdbDatabase, IdbObjectStoreParameters, IdbTransaction};

pub(super) const MESSAGES: &str = "messages";
pub(super) const LOG: &str = "log";
pub(super) const OUTBOX: &str = "outbox";
pub(super) const CONVERSATIONS: &str = "conversations";
pub(super) const VALUES: &str = "values";

/// One step: from the version before to the next.
type Step = fn(&IdbDatabase, &IdbTransaction) -> Result<(), JsValue>;

/// The steps; their number is the version.
const STEPS: &[Step] = &[version_1];

/// The present version.
pub(super) const VERSION: u32 = STEPS.len() as u32;

/// Brings a database of `old` version to the present one.
pub(super) fn upgrade(
    database: &IdbDatabase,
    transaction: &IdbTransaction,
    old: u32,
) -> Result<(), JsValue> {
    STEPS.iter().skip(old as usize).try_for_each(|step| step(database, transaction))
}

/// Every store, for a transaction over all of them.
pub(super) fn all() -> Array {
    [MESSAGES, CONVERSATIONS, VALUES].into_iter().map(JsValue::from_str).collect()
}

fn version_1(database: &IdbDatabase, _: &IdbTransaction) -> Result<(), JsValue> {
    let keyed = IdbObjectStoreParameters::new();
    keyed.set_key_path(&JsValue::from_str("id"));
    let messages = database.create_object_store_with_optional_parameters(MESSAGES, &keyed)?;
    messages.create_index_with_str(LOG, "k")?;
    messages.create_index_with_str(OUTBOX, "o")?;
    database.create_object_store(CONVERSATIONS)?;
    database.create_object_store(VALUES)?;
    Ok(())
}
