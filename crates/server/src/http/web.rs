//! The page: files of one folder, or a word of help when there is none.

use std::path::Path;

use axum::{Router, response::Html, routing::get};
use tower_http::services::ServeDir;

const HELP: &str = include_str!("help.html");

/// Serves the folder's files; compressed twins (`.br`, `.gz`) are preferred.
pub(super) fn pages(folder: Option<&Path>) -> Router {
    match folder {
        Some(folder) => {
            let files = ServeDir::new(folder).precompressed_br().precompressed_gzip();
            Router::new().fallback_service(files)
        }
        None => Router::new().route("/", get(async || Html(HELP))),
    }
}
