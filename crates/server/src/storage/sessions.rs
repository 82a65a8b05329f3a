//! Logged-in instances: they outlive their connection and the server's process.
//!
//! An instance is *away* when its page said that it is closing; it then no longer counts against
//! the app's limit, but may come back. Only the hash of an instance's secret is kept.

use tim_protocol::{push::KickReason, user::Profile};

use super::{
    AccountKey, AccountRow, Connection, NodeKey, SessionKey, Storage, StorageError, accounts,
    sql::query,
};

/// The number of an instance's first connection.
pub const FIRST_CONNECTION: i64 = 1;

/// A login whose credential was found good.
#[derive(Clone)]
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
    /// Where it happens.
    pub node: NodeKey,
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
    pub account: AccountKey,
}

/// What became of an instance that comes back.
#[derive(Debug)]
pub enum Continued {
    /// It was kicked while it was away.
    Kicked(KickReason),
    /// The UserSig behind it has ended.
    Expired,
    /// It goes on.
    In {
        /// Whose.
        account: Box<AccountRow>,
        /// When the UserSig behind it ends, Unix seconds.
        expires_s: u64,
        /// The number of its new connection. Each has a larger one than those before, and a login
        /// has [`FIRST_CONNECTION`].
        connection: i64,
        /// Instances that had to go for it, since it had said that it leaves.
        kicked: Vec<SessionKey>,
    },
}

/// Lets nobody else log this account in or out until the transaction ends. SQLite has nobody else.
async fn hold(connection: &mut Connection, account: AccountKey) -> Result<(), StorageError> {
    if let Connection::Postgres(_) = connection {
        let sql = "SELECT key FROM account WHERE key = $1 FOR NO KEY UPDATE";
        query(sql).bind(account.0).execute(connection).await?;
    }
    Ok(())
}

/// Kicks the oldest logins of an account beyond `most`.
async fn keep_newest(
    connection: &mut Connection,
    account: AccountKey,
    most: u32,
    spared: SessionKey,
) -> Result<Vec<SessionKey>, StorageError> {
    let others = query(
        "SELECT key FROM session WHERE account = $1 AND kicked IS NULL AND is_away = 0 \
         AND key <> $2 ORDER BY key",
    )
    .bind(account.0)
    .bind(spared.0)
    .fetch_all(connection)
    .await?;
    let too_many = (others.len() + 1).saturating_sub(most as usize);
    let mut kicked = Vec::new();
    for row in others.iter().take(too_many) {
        let session = SessionKey(row.get(0)?);
        query("UPDATE session SET kicked = $1 WHERE key = $2")
            .bind(serde_json::to_string(&KickReason::MultipleAccount)?)
            .bind(session.0)
            .execute(connection)
            .await?;
        kicked.push(session);
    }
    Ok(kicked)
}

async fn log_in(
    connection: &mut Connection,
    login: &NewLogin,
) -> Result<LoginOutcome, StorageError> {
    let account = if login.may_register {
        accounts::find_or_create(connection, login.app, &login.profile, login.most_accounts).await?
    } else {
        let user_id = login.profile.user_id.as_str();
        let Some(account) = accounts::find(connection, login.app, user_id).await? else {
            return Ok(LoginOutcome::NoAccount);
        };
        Some(account)
    };
    let Some(account) = account else { return Ok(LoginOutcome::Full) };
    hold(connection, account.key).await?;
    // Done again after a commit whose answer was lost, it finds what it made.
    let row = query(
        "INSERT INTO session (account, secret_hash, expires, node, connection) \
         VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (secret_hash) DO UPDATE SET node = excluded.node RETURNING key",
    )
    .bind(account.key.0)
    .bind(login.secret_hash.as_slice())
    .bind(i64::try_from(login.expires_s).unwrap_or(i64::MAX))
    .bind(login.node.0)
    .bind(FIRST_CONNECTION)
    .fetch_one(connection)
    .await?;
    let session = SessionKey(row.get(0)?);
    let kicked = keep_newest(connection, account.key, login.most_instances, session).await?;
    Ok(LoginOutcome::In { account: Box::new(account), session, kicked })
}

async fn go_on(
    connection: &mut Connection,
    account: AccountKey,
    session: SessionKey,
    node: NodeKey,
    most_instances: u32,
    now_s: u64,
) -> Result<Option<Continued>, StorageError> {
    hold(connection, account).await?;
    let row = query(
        "SELECT s.expires, s.is_away, s.kicked, a.key, a.profile \
         FROM session s JOIN account a ON a.key = s.account WHERE s.key = $1",
    )
    .bind(session.0)
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if let Some(reason) = row.get::<Option<String>>(2)? {
        return Ok(Some(Continued::Kicked(serde_json::from_str(&reason)?)));
    }
    let expires_s = row.number(0)?;
    if expires_s <= now_s {
        return Ok(Some(Continued::Expired));
    }
    let was_away = row.number(1)? != 0;
    let number = query(
        "UPDATE session SET is_away = 0, node = $1, connection = connection + 1 WHERE key = $2 \
         RETURNING connection",
    )
    .bind(node.0)
    .bind(session.0)
    .fetch_one(connection)
    .await?
    .get(0)?;
    let kicked = if was_away {
        keep_newest(connection, account, most_instances, session).await?
    } else {
        Vec::new()
    };
    let account = Box::new(accounts::account_row(&row, 3)?);
    Ok(Some(Continued::In { account, expires_s, connection: number, kicked }))
}

impl Storage {
    /// Begins an instance. Those with the oldest login beyond the limit are kicked.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_in(&self, login: NewLogin) -> Result<LoginOutcome, StorageError> {
        // Those who log in at the same time share a commit; which lane it is matters to nobody.
        let lane = AccountKey(login.secret_hash[0].into());
        self.writer
            .write_and_wait(lane, move |it| {
                let login = login.clone();
                Box::pin(async move { log_in(it, &login).await })
            })
            .await
    }

    /// The instance with that secret.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session(
        &self,
        secret_hash: [u8; 32],
    ) -> Result<Option<SessionState>, StorageError> {
        self.read(|it| {
            Box::pin(async move {
                let row = query(
                    "SELECT s.key, a.app, a.key FROM session s JOIN account a \
                     ON a.key = s.account WHERE s.secret_hash = $1",
                )
                .bind(secret_hash.as_slice())
                .fetch_optional(it)
                .await?;
                let Some(row) = row else { return Ok(None) };
                Ok(Some(SessionState {
                    key: SessionKey(row.get(0)?),
                    app: row.get(1)?,
                    account: AccountKey(row.get(2)?),
                }))
            })
        })
        .await
    }

    /// An instance goes on with a new connection. One that had said that it leaves counts again. `None`
    /// when there is no such instance any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn continue_session(
        &self,
        account: AccountKey,
        session: SessionKey,
        node: NodeKey,
        most_instances: u32,
        now_s: u64,
    ) -> Result<Option<Continued>, StorageError> {
        self.writer
            .write_and_wait(account, move |it| {
                Box::pin(go_on(it, account, session, node, most_instances, now_s))
            })
            .await
    }

    /// An instance said that it leaves: it no longer counts.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn session_is_away(
        &self,
        account: AccountKey,
        session: SessionKey,
    ) -> Result<(), StorageError> {
        self.change(account, session, "UPDATE session SET is_away = 1 WHERE key = $1").await
    }

    /// Forgets an instance.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_session(
        &self,
        account: AccountKey,
        session: SessionKey,
    ) -> Result<(), StorageError> {
        self.change(account, session, "DELETE FROM session WHERE key = $1").await
    }

    async fn change(
        &self,
        account: AccountKey,
        session: SessionKey,
        sql: &'static str,
    ) -> Result<(), StorageError> {
        self.writer
            .write_and_wait(account, move |it| {
                Box::pin(async move {
                    query(sql).bind(session.0).execute(it).await?;
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
            .write_and_wait(AccountKey(0), move |it| {
                Box::pin(async move {
                    query("DELETE FROM session WHERE expires < $1")
                        .bind(i64::try_from(before_s).unwrap_or(i64::MAX))
                        .execute(it)
                        .await?;
                    Ok(())
                })
            })
            .await
    }
}
