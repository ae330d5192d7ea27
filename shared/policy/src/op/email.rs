//! The domain of one bare e-mail address.

use crate::finding::Flaw;

pub(super) fn domain(text: &str) -> Result<Box<str>, Flaw> {
    if text.is_empty() || text.contains('@') || text.chars().any(is_foreign) {
        let hint = text.strip_prefix('@').filter(|rest| !rest.contains('@'));
        return Err(Flaw::new(
            "bad_domain",
            format!("`{text}` is not a mail domain; expected one like `example.com`"),
        )
        .hint(hint));
    }
    Ok(text.to_ascii_lowercase().into())
}

pub(super) fn is_in(text: &str, domains: &[Box<str>]) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let is_bare = !local.is_empty()
        && !domain.is_empty()
        && !domain.contains('@')
        && !text.chars().any(is_foreign);
    is_bare
        && domains
            .iter()
            .any(|allowed| domain.eq_ignore_ascii_case(allowed))
}

/// Characters that make a text more than one bare address: a list, a display name, a comment, a route.
fn is_foreign(char: char) -> bool {
    char.is_whitespace()
        || char.is_control()
        || matches!(
            char,
            ',' | ';' | ':' | '<' | '>' | '(' | ')' | '"' | '\\' | '[' | ']' | '{' | '}'
        )
}
