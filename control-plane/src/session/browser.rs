//! A browser in a few words, so that its owner knows it in a list. What it says of itself is believed no further.

use axum::extract::FromRequestParts;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;

/// Where a session was begun: `Firefox on Linux`.
#[derive(Debug, Clone, Default)]
pub struct Browser(pub String);

/// Those that pretend to be others stand before those.
const PROGRAMS: [(&str, &str); 8] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];
const LONGEST: usize = 40;

impl Browser {
    fn named(says: &str) -> Self {
        let find = |names: &[(&str, &'static str)]| {
            let found = names.iter().find(|(mark, _)| says.contains(mark));
            found.map(|(_, name)| *name)
        };
        Self(match (find(&PROGRAMS), find(&SYSTEMS)) {
            (Some(program), Some(system)) => format!("{program} on {system}"),
            (Some(program), None) => program.to_owned(),
            // A program says what it is in its first word.
            (None, _) => says
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .chars()
                .filter(char::is_ascii_graphic)
                .take(LONGEST)
                .collect(),
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Browser {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let says = parts.headers.get(USER_AGENT);
        let says = says.and_then(|value| value.to_str().ok());
        Ok(says.map(Self::named).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests;
