//! Holds a value against its shape and says everything that does not fit.

use super::form::start;
use super::shape::{Object, Shape};
use crate::finding::{At, Findings, Flaw};
use crate::word::nearest;
use json::{Decimal, Member, Node, Span, Value};

pub(crate) fn fit(node: &Node<'_>, shape: &Shape, at: &At<'_>, found: &mut Findings) {
    match shape {
        Shape::Word(words) => match node.as_str() {
            Some(word) if words.contains(&word) => {}
            Some(word) => {
                let near = nearest(word, words.iter().copied());
                let message = format!(
                    "`{}` is not known here; expected {}",
                    start(word),
                    one_of(words)
                );
                found.error(at, node.span, Flaw::new("unknown_word", message).hint(near));
            }
            None => wrong_type(node, shape, at, found),
        },
        Shape::Text(form) => match node.as_str() {
            Some(text) => {
                if let Err(flaw) = form.check(text) {
                    found.error(at, node.span, flaw);
                }
            }
            None => wrong_type(node, shape, at, found),
        },
        Shape::Whole { least, most } => {
            let whole = |text: &str| Decimal::parse(text).ok()?.whole();
            match node.as_number().map(whole) {
                Some(Some(value)) if (*least..=*most).contains(&value) => {}
                Some(_) => {
                    let message = format!("expected a whole number from {least} to {most}");
                    found.error(at, node.span, Flaw::new("out_of_range", message));
                }
                None => wrong_type(node, shape, at, found),
            }
        }
        Shape::List { of, least, most } => match &node.value {
            Value::Array(items) => {
                if items.len() < *least {
                    found.error(
                        at,
                        node.span,
                        Flaw::new("empty_group", "expected at least one condition"),
                    );
                }
                too_many(items.len(), *most, node.span, at, found);
                for (index, item) in items.iter().enumerate() {
                    fit(item, of, &at.index(index), found);
                }
            }
            _ => wrong_type(node, shape, at, found),
        },
        Shape::Object(object) => match node.as_object() {
            Some(members) => fit_object(members, object, node.span, at, found),
            None => wrong_type(node, shape, at, found),
        },
        Shape::Map { keys, of, most } => match node.as_object() {
            Some(members) => {
                too_many(members.len(), *most, node.span, at, found);
                for member in members {
                    match keys.check(&member.key) {
                        Ok(()) => fit(&member.node, of, &at.key(&member.key), found),
                        // A key that is too long to be a name is not repeated in what is said of it.
                        Err(flaw) => {
                            found.error(&at.key(start(&member.key)), member.key_span, flaw);
                        }
                    }
                }
            }
            None => wrong_type(node, shape, at, found),
        },
        Shape::Either(shapes) => match shapes.iter().find(|shape| is_of_type(node, shape)) {
            Some(shape) => fit(node, shape, at, found),
            None => wrong_type(node, shape, at, found),
        },
        Shape::Marked { marks, else_ } => match node.as_object() {
            Some(members) => {
                let marked = marks.iter().find(|(mark, _)| node.get(mark).is_some());
                let object = marked.map_or(*else_, |(_, object)| object);
                fit_object(members, object, node.span, at, found);
            }
            None => wrong_type(node, shape, at, found),
        },
        Shape::See(shape) => fit(node, shape, at, found),
        // Read with the operator beside it.
        Shape::Operand => {}
    }
}

fn fit_object(
    members: &[Member<'_>],
    object: &Object,
    span: Span,
    at: &At<'_>,
    found: &mut Findings,
) {
    for member in members {
        if let Some(key) = object.key(&member.key) {
            fit(&member.node, &key.shape, &at.key(key.name), found);
        } else {
            {
                let near = nearest(&member.key, object.keys().map(|key| key.name));
                let known: Vec<&str> = object.keys().map(|key| key.name).collect();
                let message = format!(
                    "`{}` has no key `{}`; expected {}",
                    object.name,
                    start(&member.key),
                    one_of(&known)
                );
                let flaw = Flaw::new("unknown_key", message).hint(near);
                found.error(&at.key(start(&member.key)), member.key_span, flaw);
            }
        }
    }
    for key in object.keys().filter(|key| key.is_required) {
        if !members.iter().any(|member| member.key == key.name) {
            let flaw = Flaw::new(
                "missing_key",
                format!("`{}` needs the key `{}`", object.name, key.name),
            );
            found.error(at, span, flaw.hint(Some(key.name)));
        }
    }
}

fn too_many(count: usize, most: usize, span: Span, at: &At<'_>, found: &mut Findings) {
    if count > most {
        found.error(
            at,
            span,
            Flaw::new(
                "too_many",
                format!("{count} are too many; at most {most} may stand here"),
            ),
        );
    }
}

fn wrong_type(node: &Node<'_>, shape: &Shape, at: &At<'_>, found: &mut Findings) {
    let message = format!("expected {}, not {}", expected(shape), kind(node));
    found.error(at, node.span, Flaw::new("wrong_type", message));
}

fn kind(node: &Node<'_>) -> &'static str {
    match node.value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn expected(shape: &Shape) -> String {
    match shape {
        Shape::Word(words) => one_of(words),
        Shape::Text(_) => "a string".to_owned(),
        Shape::Whole { .. } => "a whole number".to_owned(),
        Shape::List { .. } => "a list".to_owned(),
        Shape::Object(_) | Shape::Map { .. } | Shape::Marked { .. } => "an object".to_owned(),
        Shape::Either(shapes) => shapes.iter().map(expected).collect::<Vec<_>>().join(" or "),
        Shape::See(shape) => expected(shape),
        Shape::Operand => "a value".to_owned(),
    }
}

fn is_of_type(node: &Node<'_>, shape: &Shape) -> bool {
    match shape {
        Shape::Word(_) | Shape::Text(_) => node.as_str().is_some(),
        Shape::Whole { .. } => node.as_number().is_some(),
        Shape::List { .. } => node.as_array().is_some(),
        Shape::Object(_) | Shape::Map { .. } | Shape::Marked { .. } => node.as_object().is_some(),
        Shape::Either(shapes) => shapes.iter().any(|shape| is_of_type(node, shape)),
        Shape::See(shape) => is_of_type(node, shape),
        Shape::Operand => true,
    }
}

fn one_of(words: &[&str]) -> String {
    match words {
        [only] => format!("`{only}`"),
        _ => format!("one of `{}`", words.join("`, `")),
    }
}

#[cfg(test)]
mod tests;
