//! `GET /healthz`: whether this server can serve, for balancers and for people.
//!
//! The first line is one word. With `ok` and `degraded` (200) clients may be sent here; with
//! `unavailable` and `draining` (503) they should not. After it comes a sentence per line for whatever
//! an operator should know.

use std::{sync::Arc, time::Duration};

use axum::{extract::State, http::StatusCode};
use tokio::time::timeout;

use crate::{gateway::Gateway, service::Service, storage::StorageError};

/// A database that takes longer does not serve anybody well.
const PATIENCE: Duration = Duration::from_secs(2);

/// Answers a balancer.
pub(super) async fn health(
    State((service, gateway)): State<(Arc<Service>, Arc<Gateway>)>,
) -> (StatusCode, String) {
    if gateway.is_stopping() {
        return (StatusCode::SERVICE_UNAVAILABLE, "draining\n".to_owned());
    }
    let checked = timeout(PATIENCE, service.storage().check()).await;
    match checked.unwrap_or(Err(StorageError::TimedOut)) {
        Ok(()) => {
            let troubles = service.troubles();
            let word = if troubles.is_empty() { "ok" } else { "degraded" };
            (StatusCode::OK, lines(word, &troubles))
        }
        Err(error) => {
            let sentence = format!("the database cannot be used: {}", error.sentence());
            (StatusCode::SERVICE_UNAVAILABLE, lines("unavailable", &[sentence]))
        }
    }
}

fn lines(word: &str, sentences: &[String]) -> String {
    let mut text = format!("{word}\n");
    for sentence in sentences {
        text.push_str(sentence);
        text.push('\n');
    }
    text
}
