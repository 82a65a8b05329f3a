//! Accounts: a number, a name at one app, a profile.

use std::sync::Arc;

use tim_protocol::{ids::UserId, user::Profile};

use super::{
    AccountKey, Connection, Storage, StorageError,
    sql::{Row, query, query_once},
};

/// An account as it is stored.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// Its number.
    pub key: AccountKey,
    /// What others see of it.
    pub profile: Profile,
}

pub(super) fn account_row(row: &Row, first_column: usize) -> Result<AccountRow, StorageError> {
    Ok(AccountRow {
        key: AccountKey(row.get(first_column)?),
        profile: serde_json::from_str(&row.get::<String>(first_column + 1)?)?,
    })
}

/// The account of that name.
pub(super) async fn find(
    connection: &mut Connection,
    app: i64,
    user_id: &str,
) -> Result<Option<AccountRow>, StorageError> {
    query("SELECT key, profile FROM account WHERE app = $1 AND user_id = $2")
        .bind(app)
        .bind(user_id)
        .fetch_optional(connection)
        .await?
        .map(|row| account_row(&row, 0))
        .transpose()
}

/// The account of that name, made from `profile` when there is none; `None` when that would exceed
/// `most` accounts of the app (0 is no limit).
pub(super) async fn find_or_create(
    connection: &mut Connection,
    app: i64,
    profile: &Profile,
    most: u64,
) -> Result<Option<AccountRow>, StorageError> {
    if let Some(row) = find(connection, app, profile.user_id.as_str()).await? {
        return Ok(Some(row));
    }
    if most > 0 {
        // Others who count at the same time wait here; SQLite has nobody else.
        let wait = connection.words("SELECT $1", "SELECT pg_advisory_xact_lock($1)");
        query(wait).bind(app).execute(connection).await?;
        let count = query("SELECT count(*) FROM account WHERE app = $1")
            .bind(app)
            .fetch_one(connection)
            .await?
            .number(0)?;
        if count >= most {
            return Ok(None);
        }
    }
    let row = query(
        "INSERT INTO account (app, user_id, profile) VALUES ($1, $2, $3) \
         ON CONFLICT (app, user_id) DO NOTHING RETURNING key",
    )
    .bind(app)
    .bind(profile.user_id.as_str())
    .bind(serde_json::to_string(profile)?)
    .fetch_optional(connection)
    .await?;
    match row {
        Some(row) => {
            Ok(Some(AccountRow { key: AccountKey(row.get(0)?), profile: profile.clone() }))
        }
        // Another node was quicker.
        None => find(connection, app, profile.user_id.as_str()).await,
    }
}

async fn change_profile(
    connection: &mut Connection,
    account: AccountKey,
    change: &(dyn Fn(&mut Profile) -> bool + Send + Sync),
) -> Result<Option<(Profile, bool)>, StorageError> {
    let sql = connection.words(
        "SELECT profile FROM account WHERE key = $1",
        "SELECT profile FROM account WHERE key = $1 FOR UPDATE",
    );
    let text: String = query(sql).bind(account.0).fetch_one(connection).await?.get(0)?;
    let before: Profile = serde_json::from_str(&text)?;
    let mut after = before.clone();
    if !change(&mut after) {
        return Ok(None);
    }
    let differs = before != after;
    if differs {
        query("UPDATE account SET profile = $1 WHERE key = $2")
            .bind(serde_json::to_string(&after)?)
            .bind(account.0)
            .execute(connection)
            .await?;
    }
    Ok(Some((after, differs)))
}

impl Storage {
    /// The account of that name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account(
        &self,
        app: i64,
        user_id: &UserId,
    ) -> Result<Option<AccountRow>, StorageError> {
        self.read(|it| {
            let user_id = user_id.clone();
            Box::pin(async move { find(it, app, user_id.as_str()).await })
        })
        .await
    }

    /// The account of that name, created when there is none; `None` when the app is full.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account_or_new(
        &self,
        app: i64,
        profile: Profile,
        most: u64,
    ) -> Result<Option<AccountRow>, StorageError> {
        self.writer
            .write_and_wait(AccountKey(app), move |it| {
                let profile = profile.clone();
                Box::pin(async move { find_or_create(it, app, &profile, most).await })
            })
            .await
    }

    /// The profiles of those who exist, in no order.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn profiles(
        &self,
        app: i64,
        user_ids: &[UserId],
    ) -> Result<Vec<Profile>, StorageError> {
        let places: Vec<_> = (2..user_ids.len() + 2).map(|it| format!("${it}")).collect();
        let places = places.join(", ");
        self.read(|it| {
            let sql =
                format!("SELECT profile FROM account WHERE app = $1 AND user_id IN ({places})");
            let named = query_once(sql).bind(app);
            let named = user_ids.iter().fold(named, |it, user_id| it.bind(user_id.as_str()));
            Box::pin(async move {
                let rows = named.fetch_all(it).await?;
                rows.iter().map(|row| Ok(serde_json::from_str(&row.get::<String>(0)?)?)).collect()
            })
        })
        .await
    }

    /// Changes a profile in place, unless `change` answers that it will not do; it may be asked
    /// several times. Gives `then` the profile as it is afterwards and whether it differs from before.
    pub async fn change_profile(
        &self,
        account: AccountKey,
        change: impl Fn(&mut Profile) -> bool + Send + Sync + 'static,
        then: impl FnOnce(Result<Option<(Profile, bool)>, StorageError>) + Send + 'static,
    ) {
        let change = Arc::new(change);
        self.writer
            .write(
                account,
                move |it| {
                    let change = Arc::clone(&change);
                    Box::pin(async move { change_profile(it, account, &*change).await })
                },
                then,
            )
            .await;
    }
}
