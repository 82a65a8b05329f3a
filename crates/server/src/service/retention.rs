//! Messages that are older than an app keeps them.

use std::{sync::Arc, time::Duration};

use super::{Service, now_s};

/// Time between two rounds.
const EVERY: Duration = Duration::from_secs(3600);
/// How long an instance is remembered after its UserSig ended, so that it is told the truth.
const REMEMBER_SESSIONS_S: u64 = 24 * 3600;
const DAY_S: u64 = 24 * 3600;

impl Service {
    /// Removes what is too old, now and every hour.
    pub async fn keep_removing_old(self: Arc<Self>) {
        loop {
            self.remove_old().await;
            tokio::time::sleep(EVERY).await;
        }
    }

    async fn remove_old(&self) {
        let now = now_s();
        for app in self.apps.values() {
            let Some(days) = app.c2c_retention_days() else { continue };
            let before = now.saturating_sub(u64::from(days) * DAY_S);
            match self.storage.remove_messages(i64::from(app.sdk_app_id), before).await {
                Ok(0) => {}
                Ok(removed) => {
                    tracing::info!(app = app.sdk_app_id, removed, "old messages removed");
                }
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        app = app.sdk_app_id,
                        "old messages could not be removed"
                    );
                }
            }
        }
        let before = now.saturating_sub(REMEMBER_SESSIONS_S);
        if let Err(error) = self.storage.forget_ended_sessions(before).await {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "ended sessions could not be forgotten");
        }
    }
}
