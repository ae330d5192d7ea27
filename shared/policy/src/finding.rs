//! What is wrong with a document, and where: gathered while it is read, placed in its text at the end.

use serde::Serialize;

/// One thing to say about a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub level: Level,
    /// JSON Pointer into the document.
    pub pointer: String,
    /// From 1, in the text as it was sent.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    pub code: &'static str,
    pub message: String,
    /// The nearest known word, or what to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Error,
    Warning,
}

/// The way to a value: a chain on the stack, spelt out only when there is something to say.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At<'a> {
    up: Option<&'a At<'a>>,
    step: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Root,
    Key(&'a str),
    Index(usize),
}

impl At<'_> {
    pub(crate) const ROOT: At<'static> = At {
        up: None,
        step: Step::Root,
    };

    pub(crate) fn key<'a>(&'a self, key: &'a str) -> At<'a> {
        At {
            up: Some(self),
            step: Step::Key(key),
        }
    }

    pub(crate) fn index(&self, index: usize) -> At<'_> {
        At {
            up: Some(self),
            step: Step::Index(index),
        }
    }

    pub(crate) fn pointer(&self) -> String {
        let mut out = String::new();
        self.spell(&mut out);
        out
    }

    fn spell(&self, out: &mut String) {
        if let Some(up) = self.up {
            up.spell(out);
        }
        match self.step {
            Step::Root => {}
            Step::Key(key) => {
                out.push('/');
                out.push_str(&json::pointer_escape(key));
            }
            Step::Index(index) => {
                out.push('/');
                out.push_str(&index.to_string());
            }
        }
    }
}

/// What is wrong with a text or a number on its own, before it is known where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Flaw {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: Option<&str>) -> Self {
        self.hint = hint.map(str::to_owned);
        self
    }
}

/// More than these are counted, not listed, so that a bad document cannot make a report larger than any reader.
const MOST_LISTED: usize = 1_000;
const MOST_POINTER_BYTES: usize = 1 << 20;

#[derive(Debug, Default)]
pub(crate) struct Findings {
    listed: Vec<(u32, Finding)>,
    pointer_bytes: usize,
    unlisted: usize,
    errors: usize,
}

impl Findings {
    pub(crate) fn error(&mut self, at: &At<'_>, span: json::Span, flaw: Flaw) {
        self.add(Level::Error, at.pointer(), span, flaw);
    }

    pub(crate) fn warning(&mut self, at: &At<'_>, span: json::Span, flaw: Flaw) {
        self.add(Level::Warning, at.pointer(), span, flaw);
    }

    pub(crate) fn add(&mut self, level: Level, pointer: String, span: json::Span, flaw: Flaw) {
        self.errors += usize::from(level == Level::Error);
        self.pointer_bytes = self.pointer_bytes.saturating_add(pointer.len());
        if self.listed.len() >= MOST_LISTED || self.pointer_bytes > MOST_POINTER_BYTES {
            self.unlisted += 1;
            return;
        }
        let finding = Finding {
            level,
            pointer,
            line: 1,
            column: 1,
            code: flaw.code,
            message: flaw.message,
            hint: flaw.hint,
        };
        self.listed.push((span.start, finding));
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// In the order of the text, each with its line and column: one walk over the text, however many there are.
    pub(crate) fn place(mut self, text: &str) -> Vec<Finding> {
        self.listed.sort_by_key(|(offset, _)| *offset);
        let mut out = Vec::with_capacity(self.listed.len());
        let (mut line, mut column) = (1u32, 1u32);
        let mut rest = text.char_indices().peekable();
        for (offset, mut finding) in self.listed {
            while let Some((_, char)) = rest.next_if(|(at, _)| *at < offset as usize) {
                if char == '\n' {
                    line = line.saturating_add(1);
                    column = 1;
                } else {
                    column = column.saturating_add(1);
                }
            }
            finding.line = line;
            finding.column = column;
            out.push(finding);
        }
        if self.unlisted > 0 {
            out.push(Finding {
                level: if self.errors > 0 {
                    Level::Error
                } else {
                    Level::Warning
                },
                pointer: String::new(),
                line: 1,
                column: 1,
                code: "more_findings",
                message: format!("{} more findings are not listed", self.unlisted),
                hint: None,
            });
        }
        out
    }
}
