//! Text → tree, strictly (RFC 8259): nothing before the value, nothing after it, nothing lenient inside.
//!
//! Two kinds of no. A [`Fault`] ends the reading: the text is not JSON, or too deep or too long to be read.
//! A [`Refusal`] is JSON that two readers could understand differently; the tree is still there, so that the answer
//! can say where, and can name the request it refuses.

use crate::pointer_escape;
use crate::tree::{Member, Node, Span, Value};
use std::borrow::Cow;

/// How much text is read at all.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub bytes: usize,
    pub depth: usize,
}

#[derive(Debug)]
pub struct Document<'a> {
    pub root: Node<'a>,
    pub refusals: Vec<Refusal>,
    pub text: &'a str,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub kind: RefusalKind,
    pub span: Span,
    /// JSON Pointer of the member or value.
    pub pointer: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusalKind {
    #[error("the key stands twice in one object")]
    RepeatedKey,
    #[error("a key holds the character NUL")]
    NulInKey,
    #[error("a string holds half of a surrogate pair")]
    LoneSurrogate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct Fault {
    pub offset: usize,
    pub kind: FaultKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FaultKind {
    #[error("more text than is read")]
    TooLong,
    #[error("nested deeper than is read")]
    TooDeep,
    #[error("a byte that is not UTF-8")]
    NotUtf8,
    #[error("a byte order mark")]
    ByteOrderMark,
    #[error("text after the value")]
    TrailingText,
    #[error("expected {0}")]
    Expected(&'static str),
}

/// More than these in one text are not listed: one is enough to refuse it.
const MOST_REFUSALS: usize = 100;

/// Reads one JSON value that fills the whole text.
pub fn read<'a>(text: &'a [u8], limits: &Limits) -> Result<Document<'a>, Fault> {
    // Spans are 32 bits wide, whatever the caller allows.
    let most = limits.bytes.min(u32::MAX as usize);
    if text.len() > most {
        return Err(Fault {
            offset: most,
            kind: FaultKind::TooLong,
        });
    }
    if text.starts_with(b"\xEF\xBB\xBF") {
        return Err(Fault {
            offset: 0,
            kind: FaultKind::ByteOrderMark,
        });
    }
    let text = std::str::from_utf8(text).map_err(|error| Fault {
        offset: error.valid_up_to(),
        kind: FaultKind::NotUtf8,
    })?;
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
        depth: limits.depth,
        found: Vec::new(),
    };
    reader.skip_space();
    let root = reader.value()?;
    reader.skip_space();
    if reader.at < reader.bytes.len() {
        return Err(reader.fault(FaultKind::TrailingText));
    }
    let refusals = reader
        .found
        .iter()
        .map(|&(kind, span)| Refusal {
            kind,
            span,
            pointer: pointer_to(&root, span),
        })
        .collect();
    Ok(Document {
        root,
        refusals,
        text,
    })
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    found: Vec<(RefusalKind, Span)>,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Result<Node<'a>, Fault> {
        let start = self.at;
        let value = match self.peek() {
            Some(b'{') => self.nested(Self::object)?,
            Some(b'[') => self.nested(Self::array)?,
            Some(b'"') => Value::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
            Some(b't') => self.word("true", Value::Bool(true))?,
            Some(b'f') => self.word("false", Value::Bool(false))?,
            Some(b'n') => self.word("null", Value::Null)?,
            _ => return Err(self.expected("a value")),
        };
        Ok(Node {
            value,
            span: self.span_from(start),
        })
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Value<'a>, Fault>,
    ) -> Result<Value<'a>, Fault> {
        self.depth = self
            .depth
            .checked_sub(1)
            .ok_or(self.fault(FaultKind::TooDeep))?;
        self.at += 1;
        self.skip_space();
        let value = read(self)?;
        self.depth += 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<Value<'a>, Fault> {
        let mut members = Vec::new();
        if self.take(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.expected("a key in double quotes"));
            }
            let start = self.at;
            let key = self.string()?;
            let key_span = self.span_from(start);
            if key.contains('\0') {
                self.note(RefusalKind::NulInKey, key_span);
            }
            self.skip_space();
            if !self.take(b':') {
                return Err(self.expected("`:`"));
            }
            self.skip_space();
            let node = self.value()?;
            members.push(Member {
                key,
                key_span,
                node,
            });
            self.skip_space();
            if self.take(b'}') {
                break;
            }
            if !self.take(b',') {
                return Err(self.expected("`,` or `}`"));
            }
            self.skip_space();
        }
        self.note_repeated(&members);
        Ok(Value::Object(members))
    }

    fn array(&mut self) -> Result<Value<'a>, Fault> {
        let mut items = Vec::new();
        if self.take(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Value::Array(items));
            }
            if !self.take(b',') {
                return Err(self.expected("`,` or `]`"));
            }
            self.skip_space();
        }
    }

    /// Few members are compared one by one, without allocation; many are sorted, so that no object costs quadratic time.
    fn note_repeated(&mut self, members: &[Member<'a>]) {
        const FEW: usize = 16;
        if members.len() <= FEW {
            for (index, member) in members.iter().enumerate() {
                if members
                    .iter()
                    .take(index)
                    .any(|earlier| earlier.key == member.key)
                {
                    self.note(RefusalKind::RepeatedKey, member.key_span);
                }
            }
            return;
        }
        let mut sorted: Vec<&Member<'a>> = members.iter().collect();
        sorted.sort_by(|a, b| {
            a.key
                .cmp(&b.key)
                .then(a.key_span.start.cmp(&b.key_span.start))
        });
        for pair in sorted.windows(2) {
            if let [first, second] = pair
                && first.key == second.key
            {
                self.note(RefusalKind::RepeatedKey, second.key_span);
            }
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let opening = self.at;
        self.at += 1;
        let mut plain_from = self.at;
        let mut unescaped: Option<String> = None;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let rest = self.text.get(plain_from..self.at).unwrap_or("");
                    self.at += 1;
                    return Ok(match unescaped {
                        None => Cow::Borrowed(rest),
                        Some(text) => Cow::Owned(text + rest),
                    });
                }
                Some(b'\\') => {
                    let text = unescaped.get_or_insert_default();
                    text.push_str(self.text.get(plain_from..self.at).unwrap_or(""));
                    let character = self.escape(opening)?;
                    if let Some(text) = &mut unescaped {
                        text.push(character);
                    }
                    plain_from = self.at;
                }
                Some(0..=0x1F) => return Err(self.expected("no control character in a string")),
                Some(_) => self.at += 1,
                None => return Err(self.expected("`\"`")),
            }
        }
    }

    fn escape(&mut self, opening: usize) -> Result<char, Fault> {
        self.at += 1;
        let character = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode_escape(opening);
            }
            _ => return Err(self.expected("an escape")),
        };
        self.at += 1;
        Ok(character)
    }

    fn unicode_escape(&mut self, opening: usize) -> Result<char, Fault> {
        let first = self.four_digits()?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        let after_first = self.at;
        let followed = self
            .bytes
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(b"\\u"));
        if first < 0xDC00 && followed {
            self.at += 2;
            let second = self.four_digits()?;
            if (0xDC00..0xE000).contains(&second) {
                let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = after_first;
        }
        self.note(RefusalKind::LoneSurrogate, self.span_from(opening));
        Ok(char::REPLACEMENT_CHARACTER)
    }

    fn four_digits(&mut self) -> Result<u32, Fault> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|byte| char::from(byte).to_digit(16));
            code = code * 16 + digit.ok_or(self.expected("four hexadecimal digits"))?;
            self.at += 1;
        }
        Ok(code)
    }

    fn number(&mut self) -> Result<&'a str, Fault> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or(""))
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at == start {
            Err(self.expected("a digit"))
        } else {
            Ok(())
        }
    }

    fn word(&mut self, word: &'static str, value: Value<'a>) -> Result<Value<'a>, Fault> {
        if self
            .bytes
            .get(self.at..)
            .is_some_and(|rest| rest.starts_with(word.as_bytes()))
        {
            self.at += word.len();
            return Ok(value);
        }
        Err(self.expected(word))
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        if here {
            self.at += 1;
        }
        here
    }

    fn note(&mut self, kind: RefusalKind, span: Span) {
        if self.found.len() < MOST_REFUSALS {
            self.found.push((kind, span));
        }
    }

    fn span_from(&self, start: usize) -> Span {
        // INVARIANT: `read` refuses texts longer than u32::MAX, so no offset is cut here.
        Span {
            start: offset(start),
            end: offset(self.at),
        }
    }

    fn expected(&self, what: &'static str) -> Fault {
        self.fault(FaultKind::Expected(what))
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        Fault {
            offset: self.at,
            kind,
        }
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// The pointer of the member whose key, or the value that, covers `span`.
fn pointer_to(root: &Node<'_>, span: Span) -> String {
    let covers = |outer: Span| outer.start <= span.start && span.end <= outer.end;
    let mut pointer = String::new();
    let mut node = root;
    loop {
        let next = match &node.value {
            Value::Object(members) => members
                .iter()
                .find(|member| covers(member.key_span) || covers(member.node.span))
                .map(|member| {
                    (
                        pointer_escape(&member.key).into_owned(),
                        &member.node,
                        covers(member.key_span),
                    )
                }),
            Value::Array(items) => items
                .iter()
                .enumerate()
                .find(|(_, item)| covers(item.span))
                .map(|(index, item)| (index.to_string(), item, false)),
            _ => None,
        };
        let Some((token, inner, is_key)) = next else {
            return pointer;
        };
        pointer.push('/');
        pointer.push_str(&token);
        if is_key {
            return pointer;
        }
        node = inner;
    }
}

#[cfg(test)]
mod tests;
