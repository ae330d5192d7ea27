//! From a document's `op` and `value` to an operator, with everything that is wrong about the value.

use super::{Group, HostName, Members, Op, Operand, Prefix, Wanted, address, email};
use crate::finding::{At, Findings, Flaw};
use crate::literal::Literal;
use crate::path::Path;
use crate::word::Operator;
use json::{Decimal, Node, Value};
use regex::{Regex, RegexBuilder};
use std::collections::HashMap;

/// What an operator's `value` may be: read here, and printed into the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Anything,
    NumberOrText,
    Members,
    Flag,
    Pattern,
    Text,
    Length,
    Hosts,
    Prefixes,
    Domains,
    Ranges,
}

impl Takes {
    pub(crate) const fn or_path(self) -> bool {
        matches!(
            self,
            Self::Anything | Self::NumberOrText | Self::Members | Self::Text
        )
    }

    const fn expected(self) -> &'static str {
        match self {
            Self::Anything => "a value",
            Self::NumberOrText => "a number or a string",
            Self::Members => "a list",
            Self::Flag => "`true` or `false`",
            Self::Pattern | Self::Text => "a string",
            Self::Length => "a whole number",
            Self::Hosts => "a list of host names",
            Self::Prefixes => "a list of absolute paths",
            Self::Domains => "a list of mail domains",
            Self::Ranges => "a list of CIDR ranges",
        }
    }
}

pub(crate) const fn takes(operator: Operator) -> Takes {
    match operator {
        Operator::Eq | Operator::Neq | Operator::Contains => Takes::Anything,
        Operator::Lt | Operator::Lte | Operator::Gt | Operator::Gte => Takes::NumberOrText,
        Operator::In | Operator::NotIn => Takes::Members,
        Operator::Exists => Takes::Flag,
        Operator::Regex => Takes::Pattern,
        Operator::StartsWith | Operator::EndsWith => Takes::Text,
        Operator::LengthLte | Operator::LengthGte => Takes::Length,
        Operator::HostIn => Takes::Hosts,
        Operator::UnderPath => Takes::Prefixes,
        Operator::EmailDomainIn => Takes::Domains,
        Operator::IpIn => Takes::Ranges,
    }
}

pub(crate) const MOST_PATTERN_CHARS: usize = 1_000;

/// The regular expressions of one document: each compiled once, all of them together bounded.
#[derive(Debug)]
pub(crate) struct Patterns {
    compiled: HashMap<Box<str>, Regex>,
    bytes_left: usize,
}

/// A pattern is first tried small: most are, and what it may take is what it is charged.
const PATTERN_SIZES: [usize; 3] = [32 << 10, 256 << 10, 2 << 20];
const MOST_PATTERN_BYTES: usize = 64 << 20;

impl Default for Patterns {
    fn default() -> Self {
        Self {
            compiled: HashMap::new(),
            bytes_left: MOST_PATTERN_BYTES,
        }
    }
}

impl Patterns {
    fn compile(&mut self, pattern: &str) -> Result<Regex, Flaw> {
        let flaw = |message: String| Err(Flaw::new("bad_regex", message));
        if pattern.chars().count() > MOST_PATTERN_CHARS {
            return flaw(format!(
                "a pattern of more than {MOST_PATTERN_CHARS} characters"
            ));
        }
        if let Some(regex) = self.compiled.get(pattern) {
            return Ok(regex.clone());
        }
        for size in PATTERN_SIZES {
            if size > self.bytes_left {
                return flaw("the patterns of this document together are too large".to_owned());
            }
            let built = RegexBuilder::new(pattern)
                .size_limit(size)
                .dfa_size_limit(size)
                .build();
            match built {
                Ok(regex) => {
                    self.bytes_left -= size;
                    self.compiled.insert(pattern.into(), regex.clone());
                    return Ok(regex);
                }
                Err(regex::Error::CompiledTooBig(_)) => {}
                Err(error) => {
                    // The last line says what is wrong; those before it draw the pattern with a marker below.
                    let text = error.to_string();
                    let why = text
                        .lines()
                        .last()
                        .unwrap_or("")
                        .trim_start_matches("error: ");
                    return flaw(format!("`{pattern}` is not a regular expression: {why}"));
                }
            }
        }
        flaw(format!("`{pattern}` is too large once compiled"))
    }
}

/// What is written beside `path` in a condition, with where it stands.
pub(crate) fn read(
    operator: Operator,
    node: &Node<'_>,
    at: &At<'_>,
    patterns: &mut Patterns,
    found: &mut Findings,
) -> Option<Op> {
    let takes = takes(operator);
    let mut refuse = |at: &At<'_>, node: &Node<'_>, flaw: Flaw| {
        found.error(at, node.span, flaw);
    };
    if node.is_null() {
        refuse(
            at,
            node,
            Flaw::new(
                "null_literal",
                "a literal `null` compares with nothing; ask with `exists`",
            )
            .hint(Some("exists")),
        );
        return None;
    }
    let path = match other_path(node) {
        Some(text) if takes.or_path() => Some(read_path(text, node, at, found)?),
        Some(_) => {
            let message = format!(
                "`{}` takes {} and no path",
                operator.word(),
                takes.expected()
            );
            found.error(at, node.span, Flaw::new("wrong_type", message));
            return None;
        }
        None => None,
    };
    let wrong = |found: &mut Findings| {
        let message = format!(
            "`{}` takes {}, not a {}",
            operator.word(),
            takes.expected(),
            node.type_name()
        );
        found.error(at, node.span, Flaw::new("wrong_type", message));
        None
    };
    let operand = |found: &mut Findings| match path.clone() {
        Some(path) => Some(Operand::Path(path)),
        None => read_literal(node, at, found).map(Operand::Literal),
    };
    Some(match operator {
        Operator::Exists => match node.as_bool() {
            Some(wanted) => Op::Exists(wanted),
            None => return wrong(found),
        },
        Operator::Eq | Operator::Neq => Op::Same {
            wanted: operator == Operator::Eq,
            with: operand(found)?,
        },
        Operator::Contains => Op::Contains(operand(found)?),
        Operator::Lt | Operator::Lte | Operator::Gt | Operator::Gte => {
            if path.is_none() && !matches!(node.value, Value::Number(_) | Value::String(_)) {
                return wrong(found);
            }
            Op::Order {
                wanted: match operator {
                    Operator::Lt => Wanted::Less,
                    Operator::Lte => Wanted::LessOrEqual,
                    Operator::Gt => Wanted::Greater,
                    _ => Wanted::GreaterOrEqual,
                },
                with: operand(found)?,
            }
        }
        Operator::In | Operator::NotIn => {
            let of = match (path, node.as_array()) {
                (Some(path), _) => Group::Path(path),
                (None, Some(items)) => Group::Literal(read_members(items, at, found)?),
                (None, None) => return wrong(found),
            };
            Op::In {
                wanted: operator == Operator::In,
                of,
            }
        }
        Operator::StartsWith | Operator::EndsWith => {
            if path.is_none() && node.as_str().is_none() {
                return wrong(found);
            }
            let with = operand(found)?;
            if operator == Operator::StartsWith {
                Op::StartsWith(with)
            } else {
                Op::EndsWith(with)
            }
        }
        Operator::Regex => {
            let Some(pattern) = node.as_str() else {
                return wrong(found);
            };
            match patterns.compile(pattern) {
                Ok(regex) => Op::Regex(regex),
                Err(flaw) => {
                    found.error(at, node.span, flaw);
                    return None;
                }
            }
        }
        Operator::LengthLte | Operator::LengthGte => {
            let whole = node
                .as_number()
                .and_then(|text| Decimal::parse(text).ok())
                .and_then(|number| number.whole());
            let Some(than) = whole else {
                return wrong(found);
            };
            Op::Length {
                wanted: if operator == Operator::LengthLte {
                    Wanted::LessOrEqual
                } else {
                    Wanted::GreaterOrEqual
                },
                than,
            }
        }
        Operator::HostIn => Op::HostIn(each(node, at, found, takes, HostName::parse)?),
        Operator::UnderPath => Op::UnderPath(each(node, at, found, takes, Prefix::parse)?),
        Operator::EmailDomainIn => Op::EmailDomainIn(each(node, at, found, takes, email::domain)?),
        Operator::IpIn => Op::IpIn(each(node, at, found, takes, address::range)?),
    })
}

/// The other path, where the value is `{ "path": … }` and nothing else.
fn other_path<'a>(node: &'a Node<'_>) -> Option<&'a Node<'a>> {
    match node.as_object()? {
        [only] if only.key == "path" => Some(&only.node),
        _ => None,
    }
}

fn read_path(text: &Node<'_>, node: &Node<'_>, at: &At<'_>, found: &mut Findings) -> Option<Path> {
    let Some(spelt) = text.as_str() else {
        let message = format!("expected a path, not a {}", text.type_name());
        found.error(&at.key("path"), text.span, Flaw::new("wrong_type", message));
        return None;
    };
    match Path::parse(spelt) {
        Ok(path) if path.is_many() => {
            let flaw = Flaw::new(
                "bad_path",
                format!("`{spelt}` yields many values; the other side of a comparison is one"),
            );
            found.error(&at.key("path"), text.span, flaw);
            None
        }
        Ok(path) => Some(path),
        Err(flaw) => {
            found.error(&at.key("path"), node.span, flaw);
            None
        }
    }
}

fn read_literal(node: &Node<'_>, at: &At<'_>, found: &mut Findings) -> Option<Literal> {
    let literal = Literal::read(node);
    if literal.is_none() {
        found.error(
            at,
            node.span,
            Flaw::new(
                "bad_number",
                "a number beyond exponent ±400 or with over 400 digits compares with nothing",
            ),
        );
    }
    literal
}

fn read_members(items: &[Node<'_>], at: &At<'_>, found: &mut Findings) -> Option<Members> {
    let mut literals = Some(Vec::with_capacity(items.len()));
    for (index, item) in items.iter().enumerate() {
        let literal = if item.is_null() {
            let flaw = Flaw::new(
                "null_literal",
                "a literal `null` compares with nothing; ask with `exists`",
            )
            .hint(Some("exists"));
            found.error(&at.index(index), item.span, flaw);
            None
        } else {
            read_literal(item, &at.index(index), found)
        };
        literals = literals.zip(literal).map(|(mut literals, literal)| {
            literals.push(literal);
            literals
        });
    }
    literals.map(Members::new)
}

fn each<T>(
    node: &Node<'_>,
    at: &At<'_>,
    found: &mut Findings,
    takes: Takes,
    parse: impl Fn(&str) -> Result<T, Flaw>,
) -> Option<Vec<T>> {
    let Some(items) = node.as_array() else {
        let message = format!("expected {}, not a {}", takes.expected(), node.type_name());
        found.error(at, node.span, Flaw::new("wrong_type", message));
        return None;
    };
    let mut parsed = Some(Vec::with_capacity(items.len()));
    for (index, item) in items.iter().enumerate() {
        let one = match item.as_str() {
            Some(text) => parse(text),
            None => Err(Flaw::new(
                "wrong_type",
                format!(
                    "expected {} of strings, not a {}",
                    takes.expected(),
                    item.type_name()
                ),
            )),
        };
        match one {
            Ok(one) => {
                if let Some(parsed) = &mut parsed {
                    parsed.push(one);
                }
            }
            Err(flaw) => {
                found.error(&at.index(index), item.span, flaw);
                parsed = None;
            }
        }
    }
    parsed
}
