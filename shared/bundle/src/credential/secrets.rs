//! What an upstream was told in confidence must not come back to a client. PURE.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use seal::Secret;

/// The spellings of an upstream's secrets, longest first, so that the whole of one is covered before its part.
#[derive(Clone, Default)]
pub struct Secrets(Vec<Secret>);

/// Shorter ones would cover ordinary words.
const SHORTEST: usize = 8;
const COVER: &str = "[redacted]";

impl Secrets {
    pub fn of<'a>(values: impl Iterator<Item = &'a str>) -> Self {
        let mut spellings: Vec<Secret> = values.flat_map(spellings).collect();
        spellings.sort_by(|a, b| {
            let (a, b) = (a.expose(), b.expose());
            b.len().cmp(&a.len()).then_with(|| a.cmp(b))
        });
        spellings.dedup();
        Self(spellings)
    }

    /// Whether a value is long enough to be covered, with and without its scheme. Text that may hold a shorter one is
    /// not to be passed on at all.
    pub fn covers(value: &str) -> bool {
        value.len() >= SHORTEST && bare(value).len() >= SHORTEST
    }

    /// The text with every secret covered; `None` where it holds none.
    pub fn cover(&self, text: &str) -> Option<String> {
        let mut covered: Option<String> = None;
        for secret in &self.0 {
            let current = covered.as_deref().unwrap_or(text);
            if current.contains(secret.expose()) {
                covered = Some(current.replace(secret.expose(), COVER));
            }
        }
        covered
    }

    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

/// The value as it stands, without its scheme (`Bearer x`), and both in the forms a server may echo them in.
fn spellings(value: &str) -> Vec<Secret> {
    let mut all = Vec::new();
    for form in [value, bare(value)] {
        // A string can always be quoted.
        let quoted = serde_json::to_string(form).unwrap_or_default();
        let in_json = quoted.trim_matches('"').to_owned();
        all.extend([
            form.to_owned(),
            in_json.replace('/', "\\/"),
            in_json,
            STANDARD.encode(form),
            STANDARD_NO_PAD.encode(form),
            URL_SAFE_NO_PAD.encode(form),
            percent_encoded(form),
        ]);
    }
    all.into_iter()
        .filter(|spelling| spelling.len() >= SHORTEST)
        .map(Secret::new)
        .collect()
}

fn bare(value: &str) -> &str {
    value.split_once(' ').map_or(value, |(_, rest)| rest.trim())
}

fn percent_encoded(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

#[cfg(test)]
mod tests;
