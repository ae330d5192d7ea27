//! The name of a server in a URL: the ecosystem, a hyphen, and the package in letters that a path holds. Two packages never
//! share one, and no other package changes it.

use std::fmt::Write as _;

/// `npm` and `@acme/files` is `npm-acme--files`. What is neither a small letter, a digit, `.`, `_` nor a single hyphen is
/// written as its bytes.
pub fn slug(ecosystem: &str, package: &str) -> String {
    let mut slug = String::with_capacity(ecosystem.len() + package.len() + 2);
    slug.extend(
        ecosystem
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .map(|letter| letter.to_ascii_lowercase()),
    );
    slug.push('-');
    let (scope, rest) = match package.split_once('/') {
        Some((scope, rest)) if !scope.is_empty() => (Some(scope), rest),
        _ => (None, package),
    };
    if let Some(scope) = scope {
        // An npm scope always opens with `@`, no other namespace does: the sign says nothing.
        let bare = scope.strip_prefix('@').filter(|_| ecosystem == "npm");
        spell(bare.unwrap_or(scope), &mut slug);
        slug.push_str("--");
    }
    spell(rest, &mut slug);
    slug
}

fn spell(text: &str, slug: &mut String) {
    let ends_as_twin = text.strip_suffix(".md").is_some();
    let last_dot = text.len().saturating_sub(3);
    let mut before = '-';
    for (at, letter) in text.char_indices() {
        let is_twin = ends_as_twin && at == last_dot;
        let is_plain = letter.is_ascii_lowercase()
            || letter.is_ascii_digit()
            || matches!(letter, '.' | '_') && !is_twin
            || letter == '-' && before != '-';
        if is_plain {
            slug.push(letter);
        } else {
            let mut bytes = [0; 4];
            for byte in letter.encode_utf8(&mut bytes).bytes() {
                let _ = write!(slug, "~{byte:02x}");
            }
        }
        before = letter;
    }
    if before == '-' && slug.ends_with('-') && !text.is_empty() {
        slug.pop();
        slug.push_str("~2d");
    }
}

#[cfg(test)]
mod tests;
