//! The arguments of a call as a person reads them: each by its path, with its type, nothing hidden. PURE.

use crate::page::reveal::{Piece, pieces};
use bundle::approval::{Pointer, parse};
use json::{Node, Value, pointer_escape};

/// More of them nobody reads one by one; the whole text is there besides.
const MOST_ROWS: usize = 200;
/// Longer values are folded.
const LONG: usize = 240;
const BEGINNING: usize = 80;
/// No more text than this is put on a page.
const MOST_TEXT: usize = 256 * 1024;

#[derive(Debug)]
pub struct Arguments {
    pub rows: Vec<Row>,
    /// The canonical text, as far as it fits.
    pub whole: Vec<Piece>,
    pub bytes: usize,
    /// Whether the text is all on the page, and whether the rows are.
    pub is_whole: bool,
    pub has_all_rows: bool,
}

#[derive(Debug)]
pub struct Row {
    /// A JSON Pointer.
    pub pointer: String,
    pub path: Vec<Piece>,
    pub kind: String,
    pub value: Vec<Piece>,
    /// How it begins, and how many characters it has, where it is long.
    pub long: Option<(Vec<Piece>, usize)>,
    /// An element of a list cannot be left open by itself.
    pub may_vary: bool,
}

impl Arguments {
    /// None where the text cannot be read, which what is stored always can.
    pub fn read(text: &str) -> Option<Self> {
        let tree = parse(text).ok()?;
        let mut rows = Rows {
            read: Vec::new(),
            room: MOST_TEXT,
            has_all: true,
        };
        rows.inside(&tree, "");
        let cut = beginning(text, MOST_TEXT);
        Some(Self {
            rows: rows.read,
            has_all_rows: rows.has_all,
            whole: pieces(cut),
            bytes: text.len(),
            is_whole: cut.len() == text.len(),
        })
    }

    /// Those that may be left open.
    pub fn open(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.may_vary)
    }
}

struct Rows {
    read: Vec<Row>,
    /// How much text may still come.
    room: usize,
    has_all: bool,
}

impl Rows {
    fn inside(&mut self, node: &Node<'_>, way: &str) {
        match &node.value {
            Value::Object(members) => {
                for member in members {
                    let pointer = format!("{way}/{}", pointer_escape(&member.key));
                    self.put(&member.node, &pointer, true);
                }
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.put(item, &format!("{way}/{at}"), false);
                }
            }
            _ => {}
        }
    }

    fn put(&mut self, node: &Node<'_>, pointer: &str, is_member: bool) {
        let (kind, text) = typed(node);
        let size = text.len() + pointer.len();
        if self.read.len() >= MOST_ROWS || size > self.room {
            self.has_all = false;
            return;
        }
        self.room -= size;
        let length = text.chars().count();
        self.read.push(Row {
            path: pieces(pointer),
            kind,
            long: (length > LONG).then(|| {
                let end = text.char_indices().nth(BEGINNING);
                let begins = end.map_or(text, |(end, _)| text.get(..end).unwrap_or(text));
                (pieces(begins.trim_end()), length)
            }),
            value: pieces(text),
            may_vary: is_member && Pointer::parse(pointer).is_ok(),
            pointer: pointer.to_owned(),
        });
        self.inside(node, pointer);
    }
}

/// What it is, and its text; a list or an object has its parts in rows of their own.
fn typed<'a>(node: &'a Node<'_>) -> (String, &'a str) {
    match &node.value {
        Value::Null => ("null".to_owned(), ""),
        Value::Bool(true) => ("true or false".to_owned(), "true"),
        Value::Bool(false) => ("true or false".to_owned(), "false"),
        Value::Number(text) => ("number".to_owned(), text),
        Value::String(text) if text.is_empty() => ("empty text".to_owned(), ""),
        Value::String(text) => ("text".to_owned(), text),
        Value::Array(items) => (format!("list of {}", items.len()), ""),
        Value::Object(members) => (format!("object of {}", members.len()), ""),
    }
}

fn beginning(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
