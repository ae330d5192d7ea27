//! Whether a path stays under a prefix, judged on its text alone: a link inside a prefix can still lead out.

use crate::finding::Flaw;

/// An absolute path, resolved: its segments.
#[derive(Debug)]
pub(crate) struct Prefix {
    segments: Vec<Box<str>>,
}

impl Prefix {
    pub(crate) fn parse(text: &str) -> Result<Self, Flaw> {
        if !text.starts_with('/') || text.contains(['\0', '\\']) {
            return Err(Flaw::new(
                "bad_prefix",
                format!("`{text}` is not an absolute path; expected one like `/srv/data`"),
            ));
        }
        let mut segments: Vec<Box<str>> = Vec::new();
        for segment in text.split('/') {
            match segment {
                "" | "." => {}
                ".." => {
                    segments.pop();
                }
                segment => segments.push(segment.into()),
            }
        }
        Ok(Self { segments })
    }

    /// Decodes percent escapes once, then resolves `.`, `..` and repeated `/` while it walks: nothing is copied.
    pub(crate) fn covers(&self, text: &str) -> bool {
        let mut walk = Walk::new(&self.segments);
        let mut is_first = true;
        for char in Decoded(text) {
            match char {
                None | Some('\0' | '\\') => return false,
                Some(char) if is_first && char != '/' => return false,
                Some(char) => walk.step(char),
            }
            is_first = false;
        }
        walk.end_segment();
        !is_first && walk.matched == self.segments.len()
    }
}

/// The resolved path so far, kept as two numbers: how deep it is, and how many of its first segments are the prefix's.
/// INVARIANT: the first `matched` segments equal the prefix's, and the next, where both have one, differs.
struct Walk<'a> {
    prefix: &'a [Box<str>],
    depth: usize,
    matched: usize,
    /// What is left of the prefix's segment that the current one still equals; none once it differs.
    expected: Option<&'a str>,
    dots: usize,
    length: usize,
}

impl<'a> Walk<'a> {
    fn new(prefix: &'a [Box<str>]) -> Self {
        let mut walk = Self {
            prefix,
            depth: 0,
            matched: 0,
            expected: None,
            dots: 0,
            length: 0,
        };
        walk.begin_segment();
        walk
    }

    fn begin_segment(&mut self) {
        self.dots = 0;
        self.length = 0;
        self.expected = (self.matched == self.depth)
            .then(|| self.prefix.get(self.depth).map(AsRef::as_ref))
            .flatten();
    }

    fn step(&mut self, char: char) {
        if char == '/' {
            self.end_segment();
            self.begin_segment();
            return;
        }
        self.length += 1;
        self.dots += usize::from(char == '.');
        self.expected = self
            .expected
            .and_then(|expected| expected.strip_prefix(char));
    }

    fn end_segment(&mut self) {
        match (self.length, self.dots) {
            (0, _) | (1, 1) => {}
            (2, 2) => {
                self.depth = self.depth.saturating_sub(1);
                self.matched = self.matched.min(self.depth);
            }
            _ => {
                if self.expected == Some("") {
                    self.matched += 1;
                }
                self.depth += 1;
            }
        }
    }
}

/// The characters of a text after its percent escapes are decoded once; `None` where the bytes are no UTF-8.
/// A `%` without two hexadecimal digits stands for itself.
struct Decoded<'a>(&'a str);

impl Iterator for Decoded<'_> {
    type Item = Option<char>;

    fn next(&mut self) -> Option<Self::Item> {
        let Some((first, after)) = escape(self.0) else {
            let char = self.0.chars().next()?;
            self.0 = self.0.get(char.len_utf8()..).unwrap_or("");
            return Some(Some(char));
        };
        self.0 = after;
        let mut bytes = [first, 0, 0, 0];
        let length = match first {
            0x00..=0x7f => 1,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => return Some(None),
        };
        // The rest of a character can only be escaped too: unescaped text is whole characters.
        for byte in bytes.iter_mut().take(length).skip(1) {
            let Some((next, after)) = escape(self.0) else {
                return Some(None);
            };
            self.0 = after;
            *byte = next;
        }
        let text = bytes
            .get(..length)
            .and_then(|bytes| std::str::from_utf8(bytes).ok());
        Some(text.and_then(|text| text.chars().next()))
    }
}

/// The byte of the escape that the text begins with, and what follows it.
fn escape(text: &str) -> Option<(u8, &str)> {
    let digits = text.strip_prefix('%')?.get(..2)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let byte = u8::from_str_radix(digits, 16).ok()?;
    Some((byte, text.get(3..)?))
}
