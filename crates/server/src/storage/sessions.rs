//! Logged-in instances: they outlive their connection and the server's process.
//!
//! An instance is *away* when its page said that it is closing; it then no longer counts against
//! the app's limit, but may come back. Only the hash of an instance's secret is kept.

use sqlx::Row as _;
use tim_protocol::{push::KickReason, user::Profile};

use super::{AccountKey, AccountRow, Connection, SessionKey, Storage, StorageError, accounts};

/// A login whose credential was found good.
pub struct NewLogin {
    /// The tenant.
    pub app: i64,
    /// The profile to begin with, should there be no account.
    pub profile: Profile,
    /// Whether an unknown name becomes an account.
    pub may_register: bool,
    /// Most accounts of the app, 0 is no limit.
    pub most_accounts: u64,
    /// Most instances of an account.
    pub most_instances: u32,
    /// Hash of the secret that resumes the instance.
    pub secret_hash: [u8; 32],
    /// When the UserSig ends, Unix seconds.
    pub expires_s: u64,
}

/// What became of a login.
#[derive(Debug)]
pub enum LoginOutcome {
    /// There is no such account and none may be made.
    NoAccount,
    /// The app has as many accounts as it may.
    Full,
    /// Logged in.
    In {
        /// Who.
        account: Box<AccountRow>,
        /// The new instance.
        session: SessionKey,
        /// Instances that had to go for it.
        kicked: Vec<SessionKey>,
    },
}

/// An instance that presents its secret.
#[derive(Debug)]
pub struct SessionState {
    /// Its number.
    pub key: SessionKey,
    /// The tenant.
    pub app: i64,
    /// Whose.
    pub account: AccountRow,
    /// When the UserSig behind it ends, Unix seconds.
    pub expires_s: u64,
    /// It was kicked.
    pub kicked: Option<KickReason>,
    /// It had said that it leaves.
    pub is_away: bool,
}

/// Kicks the oldest logins of an account beyond `most`.
async fn keep_newest(
    connection: &mut Connection,
    account: AccountKey,
    most: u32,
    spared: SessionKey,
) -> Result<Vec<SessionKey>, StorageError> {
    let others: Vec<i64> = sqlx::query_scalar(
        "SELECT key FROM session WHERE account = $1 AND kicked IS NULL AND is_away = 0 \
         AND key <> $2 ORDER BY key",
    )
    .bind(account.0)
    .bind(spared.0)
    .fetch_all(&mut *connection)
    .await?;
    let too_many = (others.len() + 1).saturating_sub(most as usize);
    let kicked: Vec<_> = others.into_iter().take(too_many).map(SessionKey).collect();
    for session in &kicked {
        set_kicked(connection, *session, KickReason::MultipleAccount).await?;
    }
    Ok(kicked)
}

async fn set_kicked(
    connection: &mut Connection,
    session: SessionKey,
    reason: KickReason,
) -> Result<(), StorageError> {
    sqlx::query("UPDATE session SET kicked = $1 WHERE key = $2")
        .bind(serde_json::to_string(&reason)?)
        .bind(session.0)
        .execute(connection)
        .await?;
    Ok(())
}

async fn log_in(
    connection: &mut Connection,
    login: NewLogin,
) -> Result<LoginOutcome, StorageError> {
    let account = if login.may_register {
        accounts::find_or_create(connection, login.app, login.profile, login.most_accounts).await?
    } else {
        let user_id = login.profile.user_id.as_str();
        let Some(account) = accounts::find(connection, login.app, user_id).await? else {
            return Ok(LoginOutcome::NoAccount);
        };
        Some(account)
    };
    let Some(account) = account else { return Ok(LoginOutcome::Full) };
    let session = sqlx::query_scalar(
        "INSERT INTO session (account, secret_hash, expires) VALUES ($1, $2, $3) RETURNING key",
    )
    .bind(account.key.0)
    .bind(login.secret_hash.as_slice())
    .bind(i64::try_from(login.expires_s).unwrap_or(i64::MAX))
    .fetch_one(&mut *connection)
    .await
    .map(SessionKey)?;
    let kicked = keep_newest(connection, account.key, login.most_instances, session).await?;
    Ok(LoginOutcome::In { account: Box::new(account), session, kicked })
}

impl Storage {
    /// Begins an instance. Those with the oldest login beyond the limit are kicked.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_in(&self, login: NewLogin) -> Result<LoginOutcome, StorageError> {
        self.writer.write_and_wait(move |it| Box::pin(log_in(it, login))).await
    }

    /// The instance with that secret.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(
        &self,
        secret_hash: [u8; 32],
    ) -> Result<Option<SessionState>, StorageError> {
        let row = sqlx::query(
            "SELECT s.key, s.expires, s.kicked, s.is_away, a.app, a.key, a.profile \
             FROM session s JOIN account a ON a.key = s.account WHERE s.secret_hash = $1",
        )
        .bind(secret_hash.as_slice())
        .fetch_optional(&self.read)
        .await?;
        let Some(row) = row else { return Ok(None) };
        let kicked: Option<&str> = row.try_get(2)?;
        Ok(Some(SessionState {
            key: SessionKey(row.try_get(0)?),
            app: row.try_get(4)?,
            account: accounts::account_row(&row, 5)?,
            expires_s: row.try_get::<i64, _>(1)?.cast_unsigned(),
            kicked: kicked.map(serde_json::from_str).transpose()?,
            is_away: row.try_get::<i64, _>(3)? != 0,
        }))
    }

    /// An instance that was away is back, and counts again.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session_is_back(
        &self,
        account: AccountKey,
        session: SessionKey,
        most_instances: u32,
    ) -> Result<Vec<SessionKey>, StorageError> {
        self.writer
            .write_and_wait(move |connection| {
                Box::pin(async move {
                    sqlx::query("UPDATE session SET is_away = 0 WHERE key = $1")
                        .bind(session.0)
                        .execute(&mut *connection)
                        .await?;
                    keep_newest(connection, account, most_instances, session).await
                })
            })
            .await
    }

    /// An instance said that it leaves: it no longer counts.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session_is_away(&self, session: SessionKey) -> Result<(), StorageError> {
        self.writer
            .write_and_wait(move |connection| {
                Box::pin(async move {
                    sqlx::query("UPDATE session SET is_away = 1 WHERE key = $1")
                        .bind(session.0)
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Forgets an instance.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_session(&self, session: SessionKey) -> Result<(), StorageError> {
        self.writer
            .write_and_wait(move |connection| {
                Box::pin(async move {
                    sqlx::query("DELETE FROM session WHERE key = $1")
                        .bind(session.0)
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Forgets instances whose UserSig ended before `before_s`.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn forget_ended_sessions(&self, before_s: u64) -> Result<(), StorageError> {
        self.writer
            .write_and_wait(move |connection| {
                Box::pin(async move {
                    sqlx::query("DELETE FROM session WHERE expires < $1")
                        .bind(i64::try_from(before_s).unwrap_or(i64::MAX))
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}
