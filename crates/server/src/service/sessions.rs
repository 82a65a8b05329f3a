//! Logging in, coming back, leaving.
//!
//! Listening for an instance begins before it is written down as being here: a kick that happens in
//! between is either seen then or delivered.

use std::{net::IpAddr, sync::Arc};

use sha2::{Digest as _, Sha256};
use tim_protocol::{
    call::{LoggedIn, Login, Resume, Resumed, Settings},
    code::Code,
    push::KickReason,
    usersig::{BadUserSig, UserSig},
};

use super::{Refusal, Service, accounts::Person, connected::Connected, now_ms, now_s};
use crate::{
    bus::{Event, Inbox, Subscription},
    config::App,
    storage::{Continued, FIRST_CONNECTION, LoginOutcome, NewLogin, SessionKey},
};

/// A logged-in instance on a connection.
pub struct Session {
    /// Its number.
    pub key: SessionKey,
    /// Whose it is.
    pub person: Arc<Person>,
    /// When the UserSig behind it ends, Unix seconds.
    pub expires_s: u64,
    /// Brings events while it lives.
    _subscription: Subscription,
    /// Says that it is here while it lives.
    connected: Connected,
}

/// Why an instance does not come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoResume {
    /// Refused with a code.
    Refused(Refusal),
    /// It was kicked and must be told why.
    Kicked(KickReason),
}

impl From<Refusal> for NoResume {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Code> for NoResume {
    fn from(code: Code) -> Self {
        Self::Refused(code.into())
    }
}

/// The secret that resumes an instance: 256 random bits as hexadecimal digits.
fn new_secret() -> Result<String, Refusal> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!(%error, "no randomness");
        Refusal::from(Code::INTERNAL)
    })?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

impl Session {
    /// The number of its connection among those the instance has had.
    #[must_use]
    pub fn connection(&self) -> i64 {
        self.connected.connection()
    }
}

impl Service {
    fn enabled_app(&self, sdk_app_id: i64) -> Option<&Arc<App>> {
        let app = self.apps.get(&u32::try_from(sdk_app_id).ok()?)?;
        app.enabled.then_some(app)
    }

    /// The sends a client may pace itself to: within the app's rate, and leaving room for other
    /// requests within the connection's.
    fn send_rate(&self, app: &App) -> u32 {
        app.c2c_send_rate_per_second.min(self.requests_per_second / 4 * 3).max(1)
    }

    /// Judges a credential: the app it is good for and when it ends.
    fn verify(&self, login: &Login) -> Result<(&Arc<App>, u64), Code> {
        let user_sig = UserSig::read(&login.user_sig).map_err(BadUserSig::code)?;
        let app = self.enabled_app(login.sdk_app_id).ok_or(Code::UNKNOWN_APP)?;
        let claims = user_sig
            .verify(&app.secret_keys, app.sdk_app_id, &login.user_id, now_s())
            .map_err(BadUserSig::code)?;
        Ok((app, claims.expires_s()))
    }

    /// Begins an instance; its events go to `inbox(key of the instance)`.
    ///
    /// # Errors
    /// The 70xxx codes of the credential and the account.
    pub async fn log_in(
        &self,
        login: &Login,
        address: IpAddr,
        inbox: impl FnOnce(SessionKey) -> Arc<dyn Inbox>,
    ) -> Result<(Session, LoggedIn), Refusal> {
        let (app_id, name) = (login.sdk_app_id, login.user_id.as_str());
        if !self.login_failures.allow(app_id, name, address) {
            return Err(Code::TOO_MANY_FAILED_LOGINS.into());
        }
        let (app, expires_s) = self.verify(login).inspect_err(|_| {
            self.login_failures.failed(app_id, name, address);
        })?;
        self.login_failures.succeeded(app_id, name);
        let user_id = name.parse().map_err(|_| Refusal::from(Code::ACCOUNT_NOT_FOUND))?;
        let secret = new_secret()?;
        let outcome = self
            .storage
            .log_in(NewLogin {
                app: app_id,
                profile: app.new_profile(user_id),
                may_register: app.auto_register,
                most_accounts: app.account_max,
                most_instances: app.max_web_instances,
                secret_hash: hash(&secret),
                expires_s,
                node: self.node,
            })
            .await?;
        let (account, key, kicked) = match outcome {
            LoginOutcome::NoAccount => return Err(Code::ACCOUNT_NOT_FOUND.into()),
            LoginOutcome::Full => return Err(Code::ACCOUNT_LIMIT.into()),
            LoginOutcome::In { account, session, kicked } => (*account, session, kicked),
        };
        for session in kicked {
            let reason = KickReason::MultipleAccount;
            self.bus.publish(account.key, Event::Kick { session, reason });
        }
        let subscription = self.bus.subscribe(account.key, inbox(key)).await;
        let person = self.accounts.person(app, &account);
        let logged_in = LoggedIn {
            tiny_id: person.tiny_id(),
            session: secret,
            server_time: now_ms(),
            profile: account.profile,
            settings: Settings {
                max_message_bytes: app.max_message_bytes,
                conversation_pull_limit: app.conversation_pull_limit,
                c2c_send_rate_per_second: self.send_rate(app),
            },
        };
        let session = Session {
            key,
            expires_s,
            _subscription: subscription,
            connected: self.connected.add(key, person.key, FIRST_CONNECTION),
            person,
        };
        Ok((session, logged_in))
    }

    /// Continues an instance; its events go to `inbox(key of the instance)`.
    ///
    /// # Errors
    /// `70052` for an unknown secret, `70001` when the UserSig has ended, or that it was kicked.
    pub async fn resume(
        &self,
        resume: &Resume,
        inbox: impl FnOnce(SessionKey) -> Arc<dyn Inbox>,
    ) -> Result<(Session, Resumed), NoResume> {
        let found = self.storage.session(hash(&resume.session)).await.map_err(Refusal::from)?;
        let found = found.ok_or(Code::USER_SIG_REVOKED)?;
        let app = self.enabled_app(found.app).ok_or(Code::UNKNOWN_APP)?;
        let subscription = self.bus.subscribe(found.account, inbox(found.key)).await;
        let continued = self
            .storage
            .continue_session(found.account, found.key, self.node, app.max_web_instances, now_s())
            .await
            .map_err(Refusal::from)?;
        let (account, expires_s, connection, kicked) =
            match continued.ok_or(Code::USER_SIG_REVOKED)? {
                Continued::Kicked(reason) => return Err(NoResume::Kicked(reason)),
                Continued::Expired => return Err(Code::USER_SIG_EXPIRED.into()),
                Continued::In { account, expires_s, connection, kicked } => {
                    (*account, expires_s, connection, kicked)
                }
            };
        // A connection of this instance that has not noticed its end yet makes room.
        self.bus.publish(found.account, Event::Replaced { session: found.key, connection });
        for session in kicked {
            let reason = KickReason::MultipleAccount;
            self.bus.publish(account.key, Event::Kick { session, reason });
        }
        let session = Session {
            key: found.key,
            person: self.accounts.person(app, &account),
            expires_s,
            _subscription: subscription,
            connected: self.connected.add(found.key, account.key, connection),
        };
        Ok((session, Resumed { server_time: now_ms(), profile: account.profile }))
    }

    /// Ends an instance for good.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn log_out(&self, session: &Session) -> Result<(), Refusal> {
        Ok(self.storage.end_session(session.person.key, session.key).await?)
    }

    /// The connection of an instance has ended; the instance itself goes on.
    pub async fn disconnected(&self, session: &Session) {
        let (account, connection) = (session.person.key, session.connection());
        self.storage.disconnect(account, session.key, connection).await;
    }

    /// The page of an instance is closing: it no longer counts, but may come back.
    pub async fn leave(&self, session: &Session) {
        if let Err(error) = self.storage.session_is_away(session.person.key, session.key).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "departure not recorded");
        }
    }
}
