//! `GET /healthz`: whether this node can serve.

use std::sync::Arc;

use axum::{extract::State, http::StatusCode};

use crate::service::Service;

/// `ok` when the database answers.
pub(super) async fn health(State(service): State<Arc<Service>>) -> (StatusCode, &'static str) {
    match service.storage().check().await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "health check failed");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}
