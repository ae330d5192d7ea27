//! What a server is told in confidence. Read once, when it is written; afterwards only the names are known to people.

use crate::http::read::Faults;
use bundle::credential::{Headers, may_be_stored};
use http::HeaderName;
use seal::Secret;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;
use utoipa::ToSchema;

const MOST_HEADERS: usize = 20;
const LONGEST_VALUE: usize = 8 * 1024;

/// How the gateway shows itself to the server. The values of the headers are never read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Auth {
    None,
    Headers {
        /// Names, in lower case.
        headers: Vec<String>,
    },
}

/// `{"type": "none"}` or `{"type": "headers", "headers": {NAME: value}}`, not yet looked at.
#[derive(Default, Deserialize)]
#[serde(transparent)]
pub struct NewAuth(Value);

/// [`NewAuth`] as it is described: the values are written here and never read back.
#[derive(ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = NewAuth)]
#[expect(
    dead_code,
    reason = "what comes is looked at member by member, so that every fault is said"
)]
pub enum Given {
    None,
    Headers {
        /// At most 20 names, each with what is sent.
        headers: BTreeMap<String, String>,
    },
}

impl fmt::Debug for NewAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl NewAuth {
    /// For a door that reads something else than JSON.
    pub fn of(auth: Value) -> Self {
        Self(auth)
    }

    /// The headers to store; empty for none. What is wrong is added to `faults`, without the values.
    pub(super) fn read(&self, faults: &mut Faults) -> Headers {
        let auth = match &self.0 {
            Value::Null => return Headers::new(),
            Value::Object(auth) => auth,
            _ => {
                faults.add("/auth", "expected an object with `type`");
                return Headers::new();
            }
        };
        match auth.get("type").and_then(Value::as_str) {
            Some("none") => no_more_than(auth, &["type"], faults),
            Some("headers") => {
                no_more_than(auth, &["type", "headers"], faults);
                return read_headers(auth.get("headers"), faults);
            }
            Some("oauth") => faults.add(
                "/auth/type",
                "`oauth` is not offered yet; expected `none` or `headers`",
            ),
            _ => faults.add("/auth/type", "expected `none` or `headers`"),
        }
        Headers::new()
    }
}

fn no_more_than(auth: &Map<String, Value>, known: &[&str], faults: &mut Faults) {
    for key in auth.keys().filter(|key| !known.contains(&key.as_str())) {
        faults.add(
            format!("/auth/{}", json::pointer_escape(key)),
            format!("unknown; expected {}", known.join(", ")),
        );
    }
}

fn read_headers(given: Option<&Value>, faults: &mut Faults) -> Headers {
    let mut headers = Headers::new();
    let Some(given) = given
        .and_then(Value::as_object)
        .filter(|given| (1..=MOST_HEADERS).contains(&given.len()))
    else {
        faults.add(
            "/auth/headers",
            format!("expected an object of 1 to {MOST_HEADERS} headers and their values"),
        );
        return headers;
    };
    for (name, value) in given {
        let pointer = format!("/auth/headers/{}", json::pointer_escape(name));
        let Ok(known) = HeaderName::try_from(name.as_str()) else {
            faults.add(pointer, "expected the name of a header");
            continue;
        };
        if !may_be_stored(known.as_str()) {
            faults.add(pointer, format!("the gateway sets `{known}` itself"));
            continue;
        }
        let Some(value) = value.as_str().filter(|value| is_sendable(value)) else {
            faults.add(
                pointer,
                format!("expected a text of 1 to {LONGEST_VALUE} visible ASCII characters, no space at either end"),
            );
            continue;
        };
        if headers
            .insert(known.as_str().to_owned(), Secret::new(value.to_owned()))
            .is_some()
        {
            faults.add(pointer, format!("`{known}` stands twice"));
        }
    }
    headers
}

fn is_sendable(value: &str) -> bool {
    (1..=LONGEST_VALUE).contains(&value.len())
        && value.trim() == value
        && value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

#[cfg(test)]
mod tests;
