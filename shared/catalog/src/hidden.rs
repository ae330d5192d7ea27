//! Characters that a person does not see and a model reads: found, and taken out.

/// Whether the character has no place in a description and shows as nothing, or turns what is shown around.
fn is_hidden(letter: char) -> bool {
    matches!(letter,
        // Controls but tab, line feed and carriage return.
        '\u{0}'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        // Of no width, and of direction.
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        // Variation selectors and tags carry whole hidden texts.
        | '\u{fe00}'..='\u{fe0e}' | '\u{13430}'..='\u{13455}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}

/// A joiner between pictures and the selector that colours one belong to what is seen; so does a joiner inside scripts
/// that need it.
fn belongs(before: Option<char>, letter: char, after: Option<char>) -> bool {
    let script = |one: Option<char>| {
        one.is_some_and(|one| matches!(one, '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{dff}'))
    };
    let picture = |one: Option<char>| {
        one.is_some_and(
            |one| matches!(one, '\u{2190}'..='\u{2bff}' | '\u{1f000}'..='\u{1faff}' | '\u{fe0f}'),
        )
    };
    match letter {
        '\u{200d}' => (picture(before) && picture(after)) || (script(before) && script(after)),
        '\u{200c}' => script(before) && script(after),
        _ => false,
    }
}

fn letters(text: &str) -> impl Iterator<Item = (char, bool)> + '_ {
    let mut rest = text.chars().peekable();
    let mut before = None;
    std::iter::from_fn(move || {
        let letter = rest.next()?;
        let hides = is_hidden(letter) && !belongs(before, letter, rest.peek().copied());
        before = Some(letter);
        Some((letter, hides))
    })
}

pub fn has_hidden(text: &str) -> bool {
    letters(text).any(|(_, hides)| hides)
}

/// The text as a person sees it: what is hidden is gone. Doing it twice changes nothing, since a joiner that belongs stands
/// between two letters that stay.
pub fn neutralise(text: &str) -> String {
    letters(text)
        .filter_map(|(letter, hides)| (!hides).then_some(letter))
        .collect()
}

/// A part of a text: as it is, or a character that would not be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Seen(String),
    /// As people name it: `U+200B`.
    Hidden(String),
}

/// The text with its hidden characters made visible.
pub fn pieces(text: &str) -> Vec<Piece> {
    let mut found: Vec<Piece> = Vec::new();
    for (letter, hides) in letters(text) {
        match (hides, found.last_mut()) {
            (true, _) => found.push(Piece::Hidden(format!("U+{:04X}", u32::from(letter)))),
            (false, Some(Piece::Seen(seen))) => seen.push(letter),
            (false, _) => found.push(Piece::Seen(letter.to_string())),
        }
    }
    found
}

#[cfg(test)]
mod tests;
