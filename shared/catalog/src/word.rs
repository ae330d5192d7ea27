//! Words of names and of texts, and the forms a verb takes.

/// The words of a name in snake, kebab, camel or any other case, in lower case: `getHTTPUrl2` is `get http url2`.
pub(crate) fn of_name(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut letters = name.chars().take(512).peekable();
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        let begins = letter.is_uppercase()
            && (before.is_lowercase()
                || before.is_ascii_digit()
                || before.is_uppercase() && letters.peek().is_some_and(|next| next.is_lowercase()));
        if (begins || !letter.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if letter.is_alphanumeric() {
            word.extend(letter.to_lowercase());
        }
        before = letter;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// The parts of a name that name something by themselves: `Acme--delete_user`, `acme.users.delete`.
pub(crate) fn parts(name: &str) -> impl DoubleEndedIterator<Item = Vec<String>> {
    let plain: String = name.chars().take(512).collect();
    let parts: Vec<Vec<String>> = plain
        .replace("--", "/")
        .replace("__", "/")
        .split(['/', '.', ':'])
        .map(of_name)
        .filter(|words| !words.is_empty())
        .collect();
    parts.into_iter()
}

/// The words of a text in lower case. A hyphen holds a word together: `read-only` is one.
pub(crate) fn of_text(text: &str) -> impl Iterator<Item = String> {
    of_list(text).filter(|word| word != ",")
}

/// The same, with the commas and slashes between them as words `,`.
pub(crate) fn of_list(text: &str) -> impl Iterator<Item = String> {
    let holds = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '\'';
    text.split_inclusive(move |letter: char| !holds(letter))
        .flat_map(move |piece| {
            let word = piece
                .trim_end_matches(|letter| !holds(letter))
                .trim_matches(['-', '\''])
                .to_lowercase();
            [
                word,
                if piece.ends_with([',', '/']) {
                    ",".to_owned()
                } else {
                    String::new()
                },
            ]
        })
        .filter(|word| !word.is_empty())
}

/// What `word` may be a form of, itself first: `deletes`, `deleting` and `deleted` may be of `delete`.
pub(crate) fn roots(word: &str) -> impl Iterator<Item = String> + '_ {
    let endings = [
        ("s", ""),
        ("es", ""),
        ("ies", "y"),
        ("ing", ""),
        ("ing", "e"),
    ];
    let doubled = word.strip_suffix("ing").and_then(|stem| {
        let mut letters = stem.chars().rev();
        let last = letters.next()?;
        (letters.next() == Some(last)).then(|| {
            let mut stem = stem.to_owned();
            stem.pop();
            stem
        })
    });
    std::iter::once(word.to_owned())
        .chain(endings.into_iter().filter_map(move |(ending, instead)| {
            let stem = word.strip_suffix(ending)?;
            (stem.chars().count() > 1).then(|| format!("{stem}{instead}"))
        }))
        .chain(doubled)
}

#[cfg(test)]
mod tests;
