//! What two readers of one request could frame, or decode, differently: refused before anything is judged by it. PURE.
//!
//! The HTTP library refuses what is no HTTP. This is about what is HTTP and still not one thing to everybody.

use super::media_type;
use crate::refusal::Refusal;
use http::header::{CONNECTION, CONTENT_TYPE, HeaderName, TRANSFER_ENCODING};
use http::request::Parts;

pub fn check(head: &Parts) -> Result<(), Refusal> {
    if is_coded_otherwise(head) || drops_what_is_judged(head) {
        return Err(Refusal::Misframed);
    }
    Ok(())
}

/// A body is whole or in chunks. Any other coding, or chunks said twice, some hop reads as no chunks at all.
fn is_coded_otherwise(head: &Parts) -> bool {
    let mut said = head.headers.get_all(TRANSFER_ENCODING).iter();
    said.next()
        .is_some_and(|first| !first.as_bytes().eq_ignore_ascii_case(b"chunked"))
        || said.next().is_some()
}

/// A header named by `Connection` ends here, and what is judged by must not.
fn drops_what_is_judged(head: &Parts) -> bool {
    let named = head.headers.get_all(CONNECTION).iter();
    named
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .map(|name| name.trim_ascii().to_ascii_lowercase())
        .any(|name| name.starts_with(b"mcp-") || name == b"content-type")
}

/// A body is JSON by its own word; a browser's form is not, so no page can post one unasked. It is read as UTF-8, so it
/// must not call itself anything else: a server that believed it would read another message.
pub fn is_json(head: &Parts) -> bool {
    let Some(said) = one(head, &CONTENT_TYPE) else {
        return false;
    };
    media_type(said).eq_ignore_ascii_case("application/json")
        && said.split(';').skip(1).all(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            let value = value.trim().trim_matches('"');
            !name.trim().eq_ignore_ascii_case("charset")
                || value.eq_ignore_ascii_case("utf-8")
                || value.eq_ignore_ascii_case("utf8")
        })
}

/// The text of a header that stands once.
fn one<'h>(head: &'h Parts, name: &HeaderName) -> Option<&'h str> {
    let mut all = head.headers.get_all(name).iter();
    let first = all.next()?.to_str().ok()?;
    all.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests;
