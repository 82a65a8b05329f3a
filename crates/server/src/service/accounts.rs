//! Who is who: names to numbers, and what is kept in memory of people who are connected.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tim_protocol::{
    code::Code,
    ids::{TinyId, UserId},
    user::Profile,
};

use super::{Refusal, Service, limits::Rate};
use crate::{
    config::App,
    storage::{AccountKey, AccountRow},
};

/// Names whose number is remembered.
const REMEMBERED: usize = 50_000;

/// A person with at least one connected instance.
#[derive(Debug)]
pub struct Person {
    /// Number of the account.
    pub key: AccountKey,
    /// The app the account is in.
    pub app: Arc<App>,
    /// Its name.
    pub user_id: UserId,
    /// Messages sent, over all instances.
    pub send_rate: Rate,
    face: Mutex<Arc<Face>>,
}

/// The part of a profile that each message carries.
#[derive(Debug, Default)]
pub struct Face {
    /// Nick of the profile.
    pub nick: String,
    /// Avatar of the profile.
    pub avatar: String,
}

impl Person {
    /// The account's public number.
    #[must_use]
    pub fn tiny_id(&self) -> TinyId {
        TinyId(TinyId::FIRST + self.key.0.cast_unsigned())
    }

    /// What the next message carries.
    #[must_use]
    pub fn face(&self) -> Arc<Face> {
        Arc::clone(&self.face.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Follows a profile.
    pub fn show(&self, profile: &Profile) {
        let face = Face { nick: profile.nick.clone(), avatar: profile.avatar.clone() };
        *self.face.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(face);
    }
}

/// What is remembered between requests.
pub struct Accounts {
    /// A name's number never changes, so that forgetting one only costs a look-up.
    keys: quick_cache::sync::Cache<(u32, UserId), AccountKey>,
    /// All instances of an account share one [`Person`].
    people: Mutex<HashMap<AccountKey, Weak<Person>>>,
}

impl Default for Accounts {
    fn default() -> Self {
        Self { keys: quick_cache::sync::Cache::new(REMEMBERED), people: Mutex::default() }
    }
}

impl Accounts {
    /// The person of an account that connects.
    pub fn person(&self, app: &Arc<App>, account: &AccountRow) -> Arc<Person> {
        let mut people = self.people.lock().unwrap_or_else(PoisonError::into_inner);
        let person = people.get(&account.key).and_then(Weak::upgrade).unwrap_or_else(|| {
            let person = Arc::new(Person {
                key: account.key,
                app: Arc::clone(app),
                user_id: account.profile.user_id.clone(),
                send_rate: Rate::default(),
                face: Mutex::default(),
            });
            // Entries of people who left are removed when the table would grow.
            if people.len() == people.capacity() {
                people.retain(|_, it| it.strong_count() > 0);
            }
            people.insert(account.key, Arc::downgrade(&person));
            person
        });
        drop(people);
        person.show(&account.profile);
        person
    }
}

impl Service {
    /// The number of a name; `None` when there is no such account.
    pub(super) async fn account_key(
        &self,
        app: &App,
        user_id: &UserId,
    ) -> Result<Option<AccountKey>, Refusal> {
        let name = (app.sdk_app_id, user_id.clone());
        if let Some(key) = self.accounts.keys.get(&name) {
            return Ok(Some(key));
        }
        let account = self.storage.account(i64::from(app.sdk_app_id), user_id).await?;
        Ok(account.map(|account| {
            self.accounts.keys.insert(name, account.key);
            account.key
        }))
    }

    /// The number of somebody who is written to; made when the app's settings say so.
    pub(super) async fn receiver_key(
        &self,
        app: &App,
        user_id: &UserId,
    ) -> Result<AccountKey, Refusal> {
        if let Some(key) = self.account_key(app, user_id).await? {
            return Ok(key);
        }
        if !app.auto_create_receiver {
            return Err(Code::UNKNOWN_ACCOUNT.into());
        }
        let profile = app.new_profile(user_id.clone());
        let id = i64::from(app.sdk_app_id);
        match self.storage.account_or_new(id, profile, app.account_max).await? {
            Some(account) => Ok(account.key),
            None => Err(Code::UNKNOWN_ACCOUNT.into()),
        }
    }
}
