//! From a document's `op` and `value` to an operator, with everything that is wrong about the value.

use super::pattern::Patterns;
use super::{Group, HostName, Members, Op, Operand, Prefix, Wanted, address, email};
use crate::finding::{At, Findings, Flaw};
use crate::literal::Literal;
use crate::path::Path;
use crate::word::Operator;
use json::{Decimal, Node, Value};

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

    fn fits(self, node: &Node<'_>) -> bool {
        match self {
            Self::Anything => true,
            Self::NumberOrText => node.as_number().is_some() || node.as_str().is_some(),
            Self::Flag => node.as_bool().is_some(),
            Self::Pattern | Self::Text => node.as_str().is_some(),
            Self::Length => whole(node).is_some(),
            Self::Members | Self::Hosts | Self::Prefixes | Self::Domains | Self::Ranges => {
                node.as_array().is_some()
            }
        }
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

/// Reads what is written beside `path` in a condition.
pub(crate) fn read(
    operator: Operator,
    node: &Node<'_>,
    at: &At<'_>,
    patterns: &mut Patterns,
    found: &mut Findings,
) -> Option<Op> {
    let takes = takes(operator);
    if node.is_null() {
        found.error(at, node.span, null_literal());
        return None;
    }
    match other_path(node) {
        Some(text) if takes.or_path() => return with_path(operator, read_path(text, at, found)?),
        Some(_) => {
            let message = format!(
                "`{}` takes {} and no path",
                operator.word(),
                takes.expected()
            );
            found.error(at, node.span, Flaw::new("wrong_type", message));
            return None;
        }
        None => {}
    }
    if !takes.fits(node) {
        let message = format!(
            "`{}` takes {}, not {}",
            operator.word(),
            takes.expected(),
            kind(node)
        );
        found.error(at, node.span, Flaw::new("wrong_type", message));
        return None;
    }
    with_literal(operator, node, at, patterns, found)
}

fn with_path(operator: Operator, path: Path) -> Option<Op> {
    if let Operator::In | Operator::NotIn = operator {
        return Some(Op::In {
            wanted: operator == Operator::In,
            of: Group::Path(path),
        });
    }
    comparison(operator, Operand::Path(path))
}

fn with_literal(
    operator: Operator,
    node: &Node<'_>,
    at: &At<'_>,
    patterns: &mut Patterns,
    found: &mut Findings,
) -> Option<Op> {
    Some(match operator {
        Operator::Exists => Op::Exists(node.as_bool()?),
        Operator::In | Operator::NotIn => Op::In {
            wanted: operator == Operator::In,
            of: Group::Literal(read_members(node.as_array()?, at, found)?),
        },
        Operator::Regex => match patterns.compile(node.as_str()?) {
            Ok(regex) => Op::Regex(regex),
            Err(flaw) => {
                found.error(at, node.span, flaw);
                return None;
            }
        },
        Operator::LengthLte | Operator::LengthGte => Op::Length {
            wanted: if operator == Operator::LengthLte {
                Wanted::LessOrEqual
            } else {
                Wanted::GreaterOrEqual
            },
            than: whole(node)?,
        },
        Operator::HostIn => Op::HostIn(each(node, at, found, HostName::parse)?),
        Operator::UnderPath => Op::UnderPath(each(node, at, found, Prefix::parse)?),
        Operator::EmailDomainIn => Op::EmailDomainIn(each(node, at, found, email::domain)?),
        Operator::IpIn => {
            let ranges = each(node, at, found, address::range)?;
            for (index, (range, item)) in ranges.iter().zip(node.as_array()?).enumerate() {
                if let Some(flaw) = address::flaw(*range) {
                    found.warning(&at.index(index), item.span, flaw);
                }
            }
            Op::IpIn(ranges)
        }
        compares => return comparison(compares, Operand::Literal(read_literal(node, at, found)?)),
    })
}

/// The operators whose two sides are values of the same standing.
fn comparison(operator: Operator, with: Operand) -> Option<Op> {
    Some(match operator {
        Operator::Eq => Op::Same { wanted: true, with },
        Operator::Neq => Op::Same {
            wanted: false,
            with,
        },
        Operator::Lt => Op::Order {
            wanted: Wanted::Less,
            with,
        },
        Operator::Lte => Op::Order {
            wanted: Wanted::LessOrEqual,
            with,
        },
        Operator::Gt => Op::Order {
            wanted: Wanted::Greater,
            with,
        },
        Operator::Gte => Op::Order {
            wanted: Wanted::GreaterOrEqual,
            with,
        },
        Operator::Contains => Op::Contains(with),
        Operator::StartsWith => Op::StartsWith(with),
        Operator::EndsWith => Op::EndsWith(with),
        _ => return None,
    })
}

fn whole(node: &Node<'_>) -> Option<u64> {
    Decimal::parse(node.as_number()?).ok()?.whole()
}

fn null_literal() -> Flaw {
    Flaw::new(
        "null_literal",
        "a literal `null` compares with nothing; ask with `exists`",
    )
    .hint(Some("exists"))
}

fn kind(node: &Node<'_>) -> &'static str {
    match node.value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "this number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The other path, where the value is `{ "path": … }` and nothing else.
fn other_path<'a>(node: &'a Node<'_>) -> Option<&'a Node<'a>> {
    match node.as_object()? {
        [only] if only.key == "path" => Some(&only.node),
        _ => None,
    }
}

fn read_path(text: &Node<'_>, at: &At<'_>, found: &mut Findings) -> Option<Path> {
    let flaw = match text.as_str().map(Path::parse) {
        Some(Ok(path)) if !path.is_many() => return Some(path),
        Some(Ok(path)) => Flaw::new(
            "bad_path",
            format!(
                "`{}` yields many values; the other side of a comparison is one",
                path.text
            ),
        ),
        Some(Err(flaw)) => flaw,
        None => Flaw::new("wrong_type", format!("expected a path, not {}", kind(text))),
    };
    found.error(&at.key("path"), text.span, flaw);
    None
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

/// Every item is read, so that everything wrong is said; the whole is there only where nothing is.
fn read_members(items: &[Node<'_>], at: &At<'_>, found: &mut Findings) -> Option<Members> {
    let mut literals = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        if item.is_null() {
            found.error(&at.index(index), item.span, null_literal());
        } else {
            literals.extend(read_literal(item, &at.index(index), found));
        }
    }
    (literals.len() == items.len()).then(|| Members::new(literals))
}

fn each<T>(
    node: &Node<'_>,
    at: &At<'_>,
    found: &mut Findings,
    parse: impl Fn(&str) -> Result<T, Flaw>,
) -> Option<Vec<T>> {
    let items = node.as_array()?;
    let mut parsed = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let one = match item.as_str() {
            Some(text) => parse(text),
            None => Err(Flaw::new(
                "wrong_type",
                format!("expected a string, not {}", kind(item)),
            )),
        };
        match one {
            Ok(one) => parsed.push(one),
            Err(flaw) => found.error(&at.index(index), item.span, flaw),
        }
    }
    (parsed.len() == items.len()).then_some(parsed)
}
