//! Text → tree, strictly (RFC 8259): nothing before the value, nothing after it, nothing lenient inside.
//!
//! Two kinds of no. A [`Fault`] ends the reading: the text is not JSON, or too deep or too long to be read.
//! A [`Refusal`] is JSON that two readers could understand differently; the tree is still there, so that the answer
//! can say where, and can name the request it refuses.
//!
//! What is allocated is what the tree keeps ([`Document::kept`]): a list for each object and array that is not empty, a
//! text for each string with escapes, each of just its size. A text whose open objects and arrays hold no more than [`OPEN`] parts at a time
//! needs nothing besides; a wider one needs one list besides, which grows with it and goes when it is read.

use crate::escape::{Escape, unescaped};
use crate::pointer_escape;
use crate::tree::{Member, Node, Span, Value};
use smallvec::{Array, SmallVec};
use std::borrow::Cow;

/// How much text is read at all.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub bytes: usize,
    pub depth: usize,
    /// Objects, arrays, strings, numbers and words together. A tree takes far more memory than its text: a value takes up
    /// to [`MOST_OF_A_VALUE`] bytes of it, and two of text.
    pub values: usize,
}

/// What one value takes of the tree, at most, besides a text with escapes.
pub const MOST_OF_A_VALUE: usize = size_of::<Member<'static>>();

#[derive(Debug)]
pub struct Document<'a> {
    pub root: Node<'a>,
    pub refusals: Vec<Refusal>,
    pub text: &'a str,
    /// Bytes that the tree takes besides the text.
    pub kept: usize,
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
    #[error("more values than are read")]
    TooMany,
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

/// So many members, and as many elements, of what is not yet closed lie on the stack.
const OPEN: usize = 32;

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
        values: limits.values,
        kept: 0,
        members: SmallVec::new(),
        items: SmallVec::new(),
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
        kept: reader.kept,
    })
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    /// That may still come.
    values: usize,
    kept: usize,
    /// Of the objects that are open, the outermost one's first.
    members: SmallVec<[Member<'a>; OPEN]>,
    /// Of the arrays that are open.
    items: SmallVec<[Node<'a>; OPEN]>,
    found: Vec<(RefusalKind, Span)>,
}

/// Takes the parts from `from` on: those of what is closed now.
fn closed<A: Array>(open: &mut SmallVec<A>, from: usize) -> Vec<A::Item> {
    if from == 0 && open.spilled() {
        // Nothing else is open: what was gathered becomes what is kept.
        let mut kept = std::mem::take(open).into_vec();
        kept.shrink_to_fit();
        return kept;
    }
    let mut kept = Vec::with_capacity(open.len().saturating_sub(from));
    kept.extend(open.drain(from..));
    kept
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Result<Node<'a>, Fault> {
        let start = self.at;
        self.values = self
            .values
            .checked_sub(1)
            .ok_or(self.fault(FaultKind::TooMany))?;
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
        if self.take(b'}') {
            return Ok(Value::Object(Vec::new()));
        }
        let from = self.members.len();
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
            self.members.push(Member {
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
        let members = closed(&mut self.members, from);
        self.kept += size_of_val(members.as_slice());
        self.note_repeated(&members);
        Ok(Value::Object(members))
    }

    fn array(&mut self) -> Result<Value<'a>, Fault> {
        if self.take(b']') {
            return Ok(Value::Array(Vec::new()));
        }
        let from = self.items.len();
        loop {
            let item = self.value()?;
            self.items.push(item);
            self.skip_space();
            if self.take(b']') {
                let items = closed(&mut self.items, from);
                self.kept += size_of_val(items.as_slice());
                return Ok(Value::Array(items));
            }
            if !self.take(b',') {
                return Err(self.expected("`,` or `]`"));
            }
            self.skip_space();
        }
    }

    /// Few members are compared one by one; many are sorted, so that no object costs quadratic time.
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
        let key = |index: u32| members.get(index as usize).map(|member| &member.key);
        // INVARIANT: an object has fewer members than its text has bytes, and those are counted in 32 bits.
        let mut sorted: SmallVec<[u32; 128]> = (0..offset(members.len())).collect();
        sorted.sort_unstable_by(|a, b| key(*a).cmp(&key(*b)).then(a.cmp(b)));
        for pair in sorted.windows(2) {
            if let [first, second] = pair
                && key(*first) == key(*second)
                && let Some(member) = members.get(*second as usize)
            {
                self.note(RefusalKind::RepeatedKey, member.key_span);
            }
        }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, Fault> {
        let opening = self.at;
        self.at += 1;
        let from = self.at;
        // How long the text is up to `plain_from`, once it has an escape.
        let mut unescaped_length = None;
        let mut plain_from = from;
        loop {
            match self.peek() {
                Some(b'"') => {
                    let raw = self.text.get(from..self.at).unwrap_or("");
                    let rest = self.at - plain_from;
                    self.at += 1;
                    return Ok(match unescaped_length {
                        None => Cow::Borrowed(raw),
                        Some(length) => {
                            self.kept += length + rest;
                            Cow::Owned(unescaped(raw, length + rest))
                        }
                    });
                }
                Some(b'\\') => {
                    let plain = self.at - plain_from;
                    let character = self.escape(opening)?;
                    let before = unescaped_length.unwrap_or(0);
                    unescaped_length = Some(before + plain + character.len_utf8());
                    plain_from = self.at;
                }
                Some(0..=0x1F) => return Err(self.expected("no control character in a string")),
                Some(_) => self.at += 1,
                None => return Err(self.expected("`\"`")),
            }
        }
    }

    fn escape(&mut self, opening: usize) -> Result<char, Fault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        match Escape::read(rest) {
            Ok(escape) => {
                self.at += escape.length;
                if escape.is_half {
                    self.note(RefusalKind::LoneSurrogate, self.span_from(opening));
                }
                Ok(escape.character)
            }
            Err((good, expected)) => {
                self.at += good;
                Err(self.expected(expected))
            }
        }
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
