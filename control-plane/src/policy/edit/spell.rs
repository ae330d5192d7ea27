//! How what an edit writes is spelt: on one line where it is short, else as the rest of the document is.

/// A value to be written. Its keys keep the order they are given in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// Already JSON: a number, a word, or a part of the document itself.
    Raw(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// How a document is laid out, as far as its own text tells.
#[derive(Debug, Clone, Copy)]
pub struct Layout<'t> {
    /// A document on a single line stays on it.
    pub is_broken: bool,
    /// What one level is indented by.
    pub unit: &'t str,
}

/// Longer than this no value stands on one line of a document that has several.
const LONGEST_LINE: usize = 100;

impl<'t> Layout<'t> {
    pub fn of(text: &'t str) -> Self {
        let mut indents = text.lines().skip(1).map(indent).filter(|it| !it.is_empty());
        Self {
            is_broken: text.contains('\n'),
            unit: indents.next().unwrap_or("  "),
        }
    }
}

/// The white space that a line begins with.
pub fn indent(line: &str) -> &str {
    line.split(|char: char| char != ' ' && char != '\t')
        .next()
        .unwrap_or("")
}

impl Json {
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub fn object<const N: usize>(members: [(&str, Self); N]) -> Self {
        Self::Object(
            members
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect(),
        )
    }

    /// A part of a document, to be laid out anew.
    pub fn of(node: &json::Node<'_>, text: &str) -> Self {
        match &node.value {
            json::Value::Array(items) => {
                Self::List(items.iter().map(|item| Self::of(item, text)).collect())
            }
            json::Value::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|member| (member.key.to_string(), Self::of(&member.node, text)))
                    .collect(),
            ),
            _ => Self::Raw(node.span.of(text).to_owned()),
        }
    }

    /// `base` is what the line is indented by on which the value begins.
    pub fn spell(&self, layout: Layout<'_>, base: &str) -> String {
        let line = self.line(layout.is_broken);
        if !layout.is_broken || base.chars().count() + line.chars().count() <= LONGEST_LINE {
            return line;
        }
        let inner = format!("{base}{}", layout.unit);
        match self {
            Self::List(items) if !items.is_empty() => {
                let parts = items.iter().map(|item| item.spell(layout, &inner));
                lines('[', parts, ']', base, &inner)
            }
            Self::Object(members) if !members.is_empty() => {
                let parts = members
                    .iter()
                    .map(|(key, value)| format!("{}: {}", quote(key), value.spell(layout, &inner)));
                lines('{', parts, '}', base, &inner)
            }
            _ => line,
        }
    }

    /// A whole document: what stands at its top has lines of its own, and so has what stands right below.
    pub fn spell_out(&self, layout: Layout<'_>) -> String {
        self.spell_down_to(2, layout, "")
    }

    fn spell_down_to(&self, levels: usize, layout: Layout<'_>, base: &str) -> String {
        match self {
            Self::Object(members) if levels > 0 && !members.is_empty() => {
                let inner = format!("{base}{}", layout.unit);
                let parts = members.iter().map(|(key, value)| {
                    let value = value.spell_down_to(levels - 1, layout, &inner);
                    format!("{}: {value}", quote(key))
                });
                lines('{', parts, '}', base, &inner)
            }
            _ => self.spell(layout, base),
        }
    }

    fn line(&self, is_airy: bool) -> String {
        let (comma, colon, gap) = if is_airy {
            (", ", ": ", " ")
        } else {
            (",", ":", "")
        };
        match self {
            Self::Raw(text) => text.clone(),
            Self::Text(text) => quote(text),
            Self::List(items) if items.is_empty() => "[]".to_owned(),
            Self::List(items) => {
                let parts: Vec<String> = items.iter().map(|item| item.line(is_airy)).collect();
                format!("[{}]", parts.join(comma))
            }
            Self::Object(members) if members.is_empty() => "{}".to_owned(),
            Self::Object(members) => {
                let parts: Vec<String> = members
                    .iter()
                    .map(|(key, value)| format!("{}{colon}{}", quote(key), value.line(is_airy)))
                    .collect();
                format!("{{{gap}{}{gap}}}", parts.join(comma))
            }
        }
    }
}

fn lines(
    open: char,
    parts: impl Iterator<Item = String>,
    close: char,
    base: &str,
    inner: &str,
) -> String {
    let parts: Vec<String> = parts.map(|part| format!("{inner}{part}")).collect();
    format!("{open}\n{}\n{base}{close}", parts.join(",\n"))
}

pub fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
