//! One field of text and the literal that it means: which depends on the operator, and on the type of what is compared.

use super::on_one_line;
use crate::policy::edit::spell::Json;
use ::policy::Operator;
use json::Node;

/// How the text of a field is read.
enum Reading {
    /// As it stands.
    Text,
    /// A number or a word of JSON where it is one, else text.
    Any,
    /// Several, between commas.
    Texts,
    Several,
}

fn reading(op: &str) -> Reading {
    match Operator::from_word(op) {
        Some(Operator::Regex | Operator::StartsWith | Operator::EndsWith) => Reading::Text,
        Some(Operator::HostIn | Operator::UnderPath | Operator::EmailDomainIn | Operator::IpIn) => {
            Reading::Texts
        }
        Some(Operator::In | Operator::NotIn) => Reading::Several,
        _ => Reading::Any,
    }
}

/// `types` are those of what is compared: where it can only be a text, so is the literal.
pub fn literal(text: &str, op: &str, types: &[String]) -> Json {
    match reading(op) {
        Reading::Text => Json::text(text),
        Reading::Any => one(text, op, types),
        Reading::Texts | Reading::Several if is_list(text) => Json::Raw(text.trim().to_owned()),
        Reading::Texts => Json::List(parts(text).map(Json::text).collect()),
        Reading::Several => Json::List(parts(text).map(|part| one(part, op, types)).collect()),
    }
}

/// The text of a field that means this literal; none where none does.
pub fn shown(value: &Node<'_>, text: &str, op: &str, types: &[String]) -> Option<String> {
    let written = value.span.of(text);
    let spelt = Json::Raw(written.to_owned());
    let line = written
        .split(['\n', '\r'])
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(" ");
    let plain = match (&value.value, value.as_array()) {
        (json::Value::String(plain), _) => Some(plain.to_string()),
        (_, Some(items)) => Some(
            items
                .iter()
                .map(|item| item.as_str().unwrap_or(item.span.of(text)))
                .collect::<Vec<_>>()
                .join(", "),
        ),
        _ => None,
    };
    let means_it = |field: &String| is_same(&literal(field, op, types), &spelt);
    plain
        .into_iter()
        .chain([line])
        .filter_map(on_one_line)
        .find(means_it)
}

fn one(text: &str, op: &str, types: &[String]) -> Json {
    let is_text = !types.is_empty()
        && types.iter().all(|it| it == "string" || it == "null")
        && !matches!(
            Operator::from_word(op),
            Some(Operator::LengthGte | Operator::LengthLte | Operator::Exists)
        );
    let limits = json::Limits {
        bytes: 1 << 16,
        depth: 32,
        values: 1 << 16,
    };
    match json::read(text.as_bytes(), &limits) {
        // A text in its quotes is a text whatever is known; so is one whose quotes were forgotten.
        Ok(read) if !is_text || read.root.as_str().is_some() => Json::Raw(text.trim().to_owned()),
        _ => Json::text(text),
    }
}

fn is_list(text: &str) -> bool {
    let limits = json::Limits {
        bytes: 1 << 16,
        depth: 32,
        values: 1 << 16,
    };
    json::read(text.as_bytes(), &limits).is_ok_and(|read| read.root.as_array().is_some())
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
}

fn is_same(left: &Json, right: &Json) -> bool {
    let layout = crate::policy::edit::spell::Layout {
        is_broken: false,
        unit: "",
    };
    let limits = json::Limits {
        bytes: 1 << 20,
        depth: 64,
        values: 1 << 17,
    };
    let (left, right) = (left.spell(layout, ""), right.spell(layout, ""));
    match (
        json::read(left.as_bytes(), &limits),
        json::read(right.as_bytes(), &limits),
    ) {
        (Ok(left), Ok(right)) => json::canonical(&left.root) == json::canonical(&right.root),
        _ => false,
    }
}
