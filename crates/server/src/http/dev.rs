//! Logins for the demo, on a developer's own machine only.
//!
//! `GET /dev/config` → `{"SDKAppID":…}` and `GET /dev/usersig?userID=alice` → `{"SDKAppID":…,
//! "userSig":"…"}` exist only while an app has `dev.issueUserSig`, which the configuration allows only
//! for a server that listens on a loopback address. A page of another site must not get one either:
//! the request has to name this machine as its host (against names that are pointed here), and a
//! browser has to say that it comes from a page of this server. And nothing that came through a proxy
//! gets one: the socket's other end is this machine then, whoever asked the proxy.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Query, Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};
use tim_protocol::{ids::UserId, usersig};

use crate::{
    config::{App, Config},
    service::now_s,
};

/// How long a development login holds.
const LIFETIME_S: u64 = 7 * 24 * 3600;

#[derive(Serialize)]
struct DevConfig {
    #[serde(rename = "SDKAppID")]
    sdk_app_id: u32,
}

#[derive(Deserialize)]
struct Asked {
    #[serde(rename = "userID")]
    user_id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Issued {
    #[serde(rename = "SDKAppID")]
    sdk_app_id: u32,
    #[serde(rename = "userID")]
    user_id: UserId,
    user_sig: String,
}

/// The two addresses, when there is an app that allows them.
pub(super) fn router(config: &Config) -> Router {
    let Some(app) = config.apps.iter().find(|it| it.issue_user_sig) else { return Router::new() };
    let scheme = if config.tls.is_some() { "https://" } else { "http://" };
    Router::new()
        .route("/dev/config", get(dev_config))
        .route("/dev/usersig", get(issue).post(issue))
        .route_layer(middleware::from_fn_with_state(scheme, same_origin_only))
        .with_state(Arc::new(app.clone()))
}

/// What proxies add to the requests they pass on. Whether a proxy is trusted does not matter here.
const PROXIED: [&str; 4] = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    name == "localhost" || name == "::1" || name.starts_with("127.")
}

fn is_same_origin(headers: &HeaderMap, scheme: &str) -> bool {
    let text = |name| headers.get(name).and_then(|it| it.to_str().ok());
    let Some(host) = text(header::HOST) else { return false };
    let from_here = match (text(header::ORIGIN), headers.get("sec-fetch-site")) {
        (Some(origin), _) => origin.strip_prefix(scheme) == Some(host),
        (None, Some(site)) => site == "same-origin" || site == "none",
        (None, None) => true,
    };
    let is_direct = PROXIED.iter().all(|it| !headers.contains_key(*it));
    is_this_machine(host) && from_here && is_direct
}

async fn same_origin_only(
    State(scheme): State<&'static str>,
    request: Request,
    next: Next,
) -> Response {
    if is_same_origin(request.headers(), scheme) {
        next.run(request).await
    } else {
        let sentence = "Development logins are for pages of this server on this machine.\n";
        (StatusCode::FORBIDDEN, sentence).into_response()
    }
}

async fn dev_config(State(app): State<Arc<App>>) -> Json<DevConfig> {
    Json(DevConfig { sdk_app_id: app.sdk_app_id })
}

async fn issue(State(app): State<Arc<App>>, Query(asked): Query<Asked>) -> Response {
    let (Ok(user_id), Some(key)) = (asked.user_id.parse::<UserId>(), app.secret_keys.first())
    else {
        let sentence = "userID must be 1 to 32 printable ASCII characters without space.\n";
        return (StatusCode::BAD_REQUEST, sentence).into_response();
    };
    let sdk_app_id = app.sdk_app_id;
    let user_sig = usersig::sign(key, sdk_app_id, &user_id, now_s(), LIFETIME_S);
    Json(Issued { sdk_app_id, user_id, user_sig }).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_server_on_this_machine_get_a_login() {
        let allowed = |headers: &[(&'static str, &str)]| {
            let headers = headers.iter().map(|(name, value)| {
                (header::HeaderName::from_static(name), value.parse().unwrap())
            });
            is_same_origin(&headers.collect(), "http://")
        };
        assert!(allowed(&[("host", "127.0.0.1:8080")]));
        assert!(allowed(&[("host", "[::1]:8080")]));
        assert!(allowed(&[("host", "localhost:8080"), ("origin", "http://localhost:8080")]));
        assert!(allowed(&[("host", "localhost:8080"), ("sec-fetch-site", "same-origin")]));
        assert!(!allowed(&[]));
        for name in PROXIED {
            assert!(!allowed(&[("host", "127.0.0.1:8080"), (name, "127.0.0.1")]), "{name}");
        }
        assert!(!allowed(&[("host", "rebound.example:8080")]));
        assert!(!allowed(&[("host", "localhost:8080"), ("origin", "http://evil.example")]));
        assert!(!allowed(&[("host", "localhost:8080"), ("origin", "http://localhost:9")]));
        assert!(!allowed(&[("host", "localhost:8080"), ("origin", "https://localhost:8080")]));
        assert!(!allowed(&[("host", "localhost:8080"), ("sec-fetch-site", "cross-site")]));
    }
}
