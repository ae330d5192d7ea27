//! The style sheet and the scripts that `web/build.mjs` bundled, under names that change with their contents.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use rust_embed::RustEmbed;
use std::collections::BTreeMap;

/// In a debug build read from the disk, in a release build part of the program.
#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Dist;

/// Where the files of the site are. Without a bundle pages come bare, and work.
#[derive(Debug, Default)]
pub struct Bundle {
    files: BTreeMap<String, String>,
}

impl Bundle {
    pub fn read() -> Self {
        let manifest = Dist::get("manifest.json");
        let files = manifest.and_then(|file| serde_json::from_slice(&file.data).ok());
        Self {
            files: files.unwrap_or_default(),
        }
    }

    /// The URL of a file, by the name it was written under.
    pub fn url(&self, name: &str) -> Option<String> {
        self.files.get(name).map(|file| format!("/assets/{file}"))
    }
}

pub async fn serve(Path(name): Path<String>) -> Response {
    let kind = match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "txt")) => "text/plain; charset=utf-8",
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let Some(file) = Dist::get(&name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, file.data.into_owned()).into_response()
}
