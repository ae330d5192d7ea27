//! A walk over arguments and schema together: how much work a validation would be, and what the schema declares.
//!
//! It visits what a validator would visit, every way a value can be reached counted, so that a schema whose branches
//! multiply, or that refers to itself without end, is found out before the validator is.

use super::{CompiledSchema, Misfit};
use crate::word::Strictness;
use regex::Regex;
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Pairs of a schema and a value that one validation may visit.
const MOST_VISITS: u32 = 200_000;
/// Schemas and values inside one another, together: the validator goes as deep on the stack.
const MOST_NESTED: u32 = 256;

pub(super) fn bounded(
    contract: &CompiledSchema,
    arguments: &Value,
    strictness: Strictness,
) -> Result<(), Misfit> {
    let mut walk = Walk {
        root: &contract.schema,
        patterns: &contract.patterns,
        left: MOST_VISITS,
        is_closed: strictness == Strictness::Closed,
    };
    walk.visit(&[&contract.schema], arguments, MOST_NESTED)
}

struct Walk<'a> {
    root: &'a Value,
    patterns: &'a HashMap<String, Regex>,
    left: u32,
    is_closed: bool,
}

/// Keywords whose schemas apply to the same value.
const IN_PLACE_LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const IN_PLACE: [&str; 4] = ["if", "then", "else", "not"];
/// Keywords that speak of the properties that `properties` does not name.
const OF_OTHERS: [&str; 2] = ["additionalProperties", "unevaluatedProperties"];

impl<'a> Walk<'a> {
    fn spend(&mut self, visits: usize) -> Result<(), Misfit> {
        self.left = u32::try_from(visits)
            .ok()
            .and_then(|visits| self.left.checked_sub(visits))
            .ok_or(Misfit::TooMuchWork)?;
        Ok(())
    }

    fn visit(&mut self, schemas: &[&'a Value], value: &Value, nested: u32) -> Result<(), Misfit> {
        let mut here = Vec::new();
        let mut deepest = nested;
        for schema in schemas {
            deepest = deepest.min(self.in_place(schema, nested, &mut here)?);
        }
        match value {
            Value::Object(members) => self.object(&here, members, deepest, nested == MOST_NESTED),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    let below = Self::of_item(&here, index);
                    self.visit(&below, item, deepest)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The schema and all that apply to the same value with it, each as often as it is reached; what is left of the
    /// nesting after the deepest of them.
    fn in_place(
        &mut self,
        schema: &'a Value,
        nested: u32,
        out: &mut Vec<&'a Map<String, Value>>,
    ) -> Result<u32, Misfit> {
        self.spend(1)?;
        let mut deepest = nested.checked_sub(1).ok_or(Misfit::TooMuchWork)?;
        let nested = deepest;
        let Value::Object(keywords) = schema else {
            return Ok(deepest);
        };
        let is_root = std::ptr::eq(schema, self.root);
        if !is_root
            && ["$id", "id"]
                .iter()
                .any(|base| keywords.get(*base).is_some_and(Value::is_string))
        {
            return Err(Misfit::UnclearReference);
        }
        // An `enum` is compared member by member.
        self.spend(
            keywords
                .get("enum")
                .and_then(Value::as_array)
                .map_or(0, Vec::len),
        )?;
        out.push(keywords);
        for (keyword, value) in keywords {
            let schemas: Vec<&'a Value> = match (keyword.as_str(), value) {
                ("$ref", Value::String(reference)) => {
                    vec![self.resolve(reference).ok_or(Misfit::UnclearReference)?]
                }
                // Its target depends on the way here.
                ("$dynamicRef" | "$recursiveRef", Value::String(_)) => {
                    return Err(Misfit::UnclearReference);
                }
                ("dependentSchemas" | "dependencies", Value::Object(schemas)) => {
                    schemas.values().collect()
                }
                (keyword, Value::Array(schemas)) if IN_PLACE_LISTS.contains(&keyword) => {
                    schemas.iter().collect()
                }
                (keyword, schema) if IN_PLACE.contains(&keyword) => vec![schema],
                _ => continue,
            };
            for schema in schemas {
                deepest = deepest.min(self.in_place(schema, nested, out)?);
            }
        }
        Ok(deepest)
    }

    /// Only what stands in the same document, by JSON Pointer; an anchor or another base is not followed.
    fn resolve(&self, reference: &str) -> Option<&'a Value> {
        let pointer = reference.strip_prefix('#')?;
        if pointer.is_empty() {
            return Some(self.root);
        }
        if pointer.contains('%') || !pointer.starts_with('/') {
            return None;
        }
        self.root.pointer(pointer)
    }

    fn object(
        &mut self,
        here: &[&'a Map<String, Value>],
        members: &Map<String, Value>,
        nested: u32,
        is_top: bool,
    ) -> Result<(), Misfit> {
        let declares = here.iter().any(|schema| schema.contains_key("properties"));
        let is_silent = !here.iter().any(|schema| {
            OF_OTHERS
                .iter()
                .any(|keyword| schema.contains_key(*keyword))
        });
        let is_closed = self.is_closed && (is_top || (declares && is_silent));
        let patterns = self.patterns(here)?;
        for (name, value) in members {
            let mut below = Vec::new();
            self.spend(here.len() + patterns.len())?;
            for schema in here {
                below.extend(schema.get("properties").and_then(|all| all.get(name)));
            }
            let fitting = patterns
                .iter()
                .filter(|(pattern, _)| pattern.is_match(name));
            below.extend(fitting.map(|(_, schema)| *schema));
            if below.is_empty() {
                if is_closed {
                    return Err(Misfit::Undeclared);
                }
                for schema in here {
                    below.extend(OF_OTHERS.iter().filter_map(|keyword| schema.get(*keyword)));
                }
            }
            self.visit(&below, value, nested)?;
        }
        Ok(())
    }

    fn patterns(
        &mut self,
        here: &[&'a Map<String, Value>],
    ) -> Result<Vec<(&'a Regex, &'a Value)>, Misfit> {
        let mut patterns = Vec::new();
        let all = here
            .iter()
            .filter_map(|schema| schema.get("patternProperties")?.as_object());
        for (pattern, schema) in all.flatten() {
            self.spend(1)?;
            patterns.push((
                self.patterns.get(pattern).ok_or(Misfit::UnclearReference)?,
                schema,
            ));
        }
        Ok(patterns)
    }

    fn of_item(here: &[&'a Map<String, Value>], index: usize) -> Vec<&'a Value> {
        let mut below = Vec::new();
        for schema in here {
            let listed = ["prefixItems", "items"]
                .iter()
                .find_map(|keyword| schema.get(*keyword)?.as_array());
            match listed.map(|schemas| schemas.get(index)) {
                Some(Some(schema)) => below.push(schema),
                Some(None) => below.extend(schema.get("additionalItems")),
                None => {}
            }
            below.extend(schema.get("items").filter(|items| !items.is_array()));
            below.extend(schema.get("contains"));
            below.extend(schema.get("unevaluatedItems"));
        }
        below
    }
}
