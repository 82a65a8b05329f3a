//! Accounts: a number, a name at one app, a profile.

use sqlx::Row as _;
use tim_protocol::{ids::UserId, user::Profile};

use super::{AccountKey, Connection, Engine, Storage, StorageError};

/// An account as it is stored.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// Its number.
    pub key: AccountKey,
    /// What others see of it.
    pub profile: Profile,
}

pub(super) fn account_row(
    row: &<Engine as sqlx::Database>::Row,
    first_column: usize,
) -> Result<AccountRow, StorageError> {
    Ok(AccountRow {
        key: AccountKey(row.try_get(first_column)?),
        profile: serde_json::from_str(row.try_get(first_column + 1)?)?,
    })
}

/// The account of that name.
pub(super) async fn find(
    connection: &mut Connection,
    app: i64,
    user_id: &str,
) -> Result<Option<AccountRow>, StorageError> {
    sqlx::query("SELECT key, profile FROM account WHERE app = $1 AND user_id = $2")
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
    profile: Profile,
    most: u64,
) -> Result<Option<AccountRow>, StorageError> {
    if let Some(row) = find(connection, app, profile.user_id.as_str()).await? {
        return Ok(Some(row));
    }
    if most > 0 {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM account WHERE app = $1")
            .bind(app)
            .fetch_one(&mut *connection)
            .await?;
        if count.cast_unsigned() >= most {
            return Ok(None);
        }
    }
    let key = sqlx::query_scalar(
        "INSERT INTO account (app, user_id, profile) VALUES ($1, $2, $3) RETURNING key",
    )
    .bind(app)
    .bind(profile.user_id.as_str())
    .bind(serde_json::to_string(&profile)?)
    .fetch_one(connection)
    .await?;
    Ok(Some(AccountRow { key: AccountKey(key), profile }))
}

async fn change_profile(
    connection: &mut Connection,
    account: AccountKey,
    change: impl FnOnce(&mut Profile) -> bool + Send,
) -> Result<Option<(Profile, bool)>, StorageError> {
    let text: String = sqlx::query_scalar("SELECT profile FROM account WHERE key = $1")
        .bind(account.0)
        .fetch_one(&mut *connection)
        .await?;
    let before: Profile = serde_json::from_str(&text)?;
    let mut after = before.clone();
    if !change(&mut after) {
        return Ok(None);
    }
    let differs = before != after;
    if differs {
        sqlx::query("UPDATE account SET profile = $1 WHERE key = $2")
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
        find(&mut *self.read.acquire().await?, app, user_id.as_str()).await
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
        self.writer.write_and_wait(move |it| Box::pin(find_or_create(it, app, profile, most))).await
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
        let mut query =
            sqlx::QueryBuilder::<Engine>::new("SELECT profile FROM account WHERE app = ");
        query.push_bind(app).push(" AND user_id IN (");
        let mut names = query.separated(", ");
        for user_id in user_ids {
            names.push_bind(user_id.as_str());
        }
        query.push(")");
        let rows = query.build().persistent(false).fetch_all(&self.read).await?;
        rows.iter().map(|row| Ok(serde_json::from_str(row.try_get(0)?)?)).collect()
    }

    /// Changes a profile in place, unless `change` answers that it will not do. Gives `then` the
    /// profile as it is afterwards and whether it differs from before.
    pub async fn change_profile(
        &self,
        account: AccountKey,
        change: impl FnOnce(&mut Profile) -> bool + Send + 'static,
        then: impl FnOnce(Result<Option<(Profile, bool)>, StorageError>) + Send + 'static,
    ) {
        self.writer.write(move |it| Box::pin(change_profile(it, account, change)), then).await;
    }
}
