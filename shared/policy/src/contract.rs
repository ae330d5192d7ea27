//! A tool's recorded input schema, and whether a call's arguments fit it.
//!
//! The schema comes from a server that nobody vouches for: it is bounded, nothing it refers to is fetched, its patterns
//! run in linear time, and a validation that would not end soon is not begun.

use crate::question::Question;
use crate::word::Strictness;
use json::{Decimal, Node};
use jsonschema::{PatternOptions, Validator};
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Number, Value};
use std::collections::HashMap;

mod walk;

/// Larger or deeper schemas are not compiled: calls that need them are refused.
const SCHEMA_LIMITS: json::Limits = json::Limits {
    bytes: 1 << 20,
    depth: 64,
    values: 1 << 17,
};
/// What one pattern may take once compiled, and all those of a schema together.
const MOST_PATTERN_BYTES: usize = 2 << 20;
const MOST_PATTERNS_BYTES: usize = 32 << 20;

/// A schema that can be held against arguments.
#[derive(Debug)]
pub struct CompiledSchema {
    validator: Validator,
    schema: Value,
    /// Of `patternProperties`: which names they declare.
    patterns: HashMap<String, Regex>,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaFault {
    #[error("the schema is not strict JSON within 1 MiB, 64 levels and 131072 values")]
    NotRead,
    #[error("the schema states a number that cannot be compared exactly")]
    InexactNumber,
    #[error("the schema cannot be compiled: {0}")]
    NotCompiled(String),
}

impl CompiledSchema {
    /// Compiles the text of a JSON Schema: 2020-12 unless it says otherwise.
    pub fn compile(text: &str) -> Result<Self, SchemaFault> {
        let document =
            json::read(text.as_bytes(), &SCHEMA_LIMITS).map_err(|_| SchemaFault::NotRead)?;
        if !document.refusals.is_empty() {
            return Err(SchemaFault::NotRead);
        }
        let schema = exact(&document.root).ok_or(SchemaFault::InexactNumber)?;
        let mut names = Vec::new();
        let share = MOST_PATTERNS_BYTES / count_patterns(&schema, &mut names).max(1);
        let size = share.min(MOST_PATTERN_BYTES);
        let patterns = PatternOptions::regex()
            .size_limit(size)
            .dfa_size_limit(size);
        let validator = jsonschema::options()
            .should_validate_formats(false)
            .with_pattern_options(patterns)
            .build(&schema)
            .map_err(|error| SchemaFault::NotCompiled(error.to_string()))?;
        let patterns = names
            .into_iter()
            .filter_map(|name| {
                let built = RegexBuilder::new(name)
                    .size_limit(size)
                    .dfa_size_limit(size)
                    .build();
                Some((name.to_owned(), built.ok()?))
            })
            .collect();
        Ok(Self {
            validator,
            schema,
            patterns,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Misfit {
    #[error("the tool has no schema that could be compiled")]
    NoSchema,
    #[error("the arguments hold a number that a schema cannot compare exactly")]
    InexactNumber,
    #[error("the arguments do not validate against the tool's schema")]
    Invalid,
    #[error("holding these arguments against this schema would take too long")]
    TooMuchWork,
    #[error("a property is not declared by the tool's schema")]
    Undeclared,
    #[error("the schema refers in a way that does not tell what it declares")]
    UnclearReference,
}

/// Absent arguments are judged as an empty object.
pub(crate) fn fits(question: &Question<'_>, strictness: Strictness) -> Result<(), Misfit> {
    let contract = question.schema.ok_or(Misfit::NoSchema)?;
    let arguments = match question.arguments {
        Some(arguments) => exact(arguments).ok_or(Misfit::InexactNumber)?,
        None => Value::Object(Map::new()),
    };
    // First, because it bounds what the validator will do.
    walk::bounded(contract, &arguments, strictness)?;
    if contract.validator.is_valid(&arguments) {
        Ok(())
    } else {
        Err(Misfit::Invalid)
    }
}

/// How many patterns a schema has, wherever they stand; the names of `patternProperties` are gathered on the way, and
/// count twice because they are compiled twice.
fn count_patterns<'a>(schema: &'a Value, names: &mut Vec<&'a str>) -> usize {
    match schema {
        Value::Array(items) => items.iter().map(|item| count_patterns(item, names)).sum(),
        Value::Object(members) => {
            let mut count = 0;
            for (key, value) in members {
                count += usize::from(key == "pattern" && value.is_string());
                if let Some(patterns) = value.as_object().filter(|_| key == "patternProperties") {
                    names.extend(patterns.keys().map(String::as_str));
                    count += 2 * patterns.len();
                }
                count += count_patterns(value, names);
            }
            count
        }
        _ => 0,
    }
}

/// The same value for a library that carries integers of 64 bits and doubles; none where a number would change. A
/// fraction is carried where the double prints as the same decimal, which two different decimals never share.
fn exact(node: &Node<'_>) -> Option<Value> {
    Some(match &node.value {
        json::Value::Null => Value::Null,
        json::Value::Bool(value) => Value::Bool(*value),
        json::Value::Number(text) => Value::Number(number(text)?),
        json::Value::String(text) => Value::String(text.as_ref().to_owned()),
        json::Value::Array(items) => Value::Array(items.iter().map(exact).collect::<Option<_>>()?),
        json::Value::Object(members) => Value::Object(
            members
                .iter()
                .map(|member| Some((member.key.as_ref().to_owned(), exact(&member.node)?)))
                .collect::<Option<_>>()?,
        ),
    })
}

fn number(text: &str) -> Option<Number> {
    let sent = Decimal::parse(text).ok()?;
    let plain = sent.canonical();
    if let Ok(whole) = plain.parse::<u64>() {
        return Some(whole.into());
    }
    if let Ok(whole) = plain.parse::<i64>() {
        return Some(whole.into());
    }
    let carried = Number::from_f64(plain.parse::<f64>().ok()?)?;
    let printed = carried.to_string();
    (Decimal::parse(&printed).ok()? == sent).then_some(carried)
}

#[cfg(test)]
mod tests;
