//! Paths that a tool's recorded schema does not have, and literals of a type that a path never has.

use super::{ServerTools, for_each_rules};
use crate::finding::{At, Findings, Flaw};
use crate::path::{Path, Root, Step};
use crate::policy::Policy;
use crate::word::Operator;
use json::{Node, Span};
use serde_json::Value;
use std::collections::HashMap;

/// Tools that one entry is held against; more say nothing new.
const MOST_TOOLS: usize = 64;

pub(super) fn warn(
    root: &Node<'_>,
    policy: &Policy,
    server: Option<&ServerTools>,
    found: &mut Findings,
) {
    let schemas = server.map_or_else(HashMap::new, |server| schemas(policy, server));
    for_each_rules(root, &mut |node, at| {
        let rule = at.pointer();
        let own = schemas
            .get(rule.as_str())
            .map(Vec::as_slice)
            .unwrap_or_default();
        for_each_path(node, at, &mut |path, test, at, span| {
            look(path, test, own, at, span, found);
        });
    });
}

/// The schemas of the tools that each entry is for, and those of every tool that is not hidden for `all_tools`.
fn schemas<'s>(
    policy: &'s Policy,
    server: &'s ServerTools,
) -> HashMap<&'s str, Vec<Option<&'s Value>>> {
    let mut schemas: HashMap<&str, Vec<Option<&Value>>> = HashMap::new();
    for tool in &server.tools {
        let entry = policy.entry(&tool.name, tool.category);
        let is_hidden = policy.is_hidden(&tool.name, tool.category);
        let rules = entry
            .map(|entry| entry.rule.as_ref())
            .into_iter()
            .chain(["/all_tools"]);
        for rule in rules.filter(|_| !is_hidden) {
            let of_rule = schemas.entry(rule).or_default();
            if of_rule.len() < MOST_TOOLS {
                of_rule.push(tool.schema.as_ref());
            }
        }
    }
    schemas
}

type VisitPath<'v> = dyn FnMut(&Path, Option<&Node<'_>>, &At<'_>, Span) + 'v;

/// Every path that the rules look at: of conditions, with the test it stands in, and of limits.
fn for_each_path(rules: &Node<'_>, at: &At<'_>, visit: &mut VisitPath<'_>) {
    for key in ["require", "deny_if", "approve_if"] {
        let at = at.key(key);
        let predicates = rules.get(key).and_then(Node::as_array).unwrap_or_default();
        for (index, predicate) in predicates.iter().enumerate() {
            if let Some(conditions) = predicate.get("conditions") {
                let at = at.index(index);
                group(conditions, &at.key("conditions"), visit);
            }
        }
    }
    let limits = rules
        .get("limits")
        .and_then(Node::as_array)
        .unwrap_or_default();
    let at = at.key("limits");
    for (index, limit) in limits.iter().enumerate() {
        let at = at.index(index);
        let from = limit.get("cost").and_then(|cost| cost.get("from"));
        if let Some(from) = from {
            let at = at.key("cost");
            one(from, None, &at.key("from"), visit);
        }
        let by = limit.get("by").and_then(Node::as_array).unwrap_or_default();
        let at = at.key("by");
        for (index, path) in by.iter().enumerate() {
            one(path, None, &at.index(index), visit);
        }
    }
}

fn group(conditions: &Node<'_>, at: &At<'_>, visit: &mut VisitPath<'_>) {
    for (index, node) in conditions.as_array().unwrap_or_default().iter().enumerate() {
        condition(node, &at.index(index), visit);
    }
}

fn condition(node: &Node<'_>, at: &At<'_>, visit: &mut VisitPath<'_>) {
    for key in ["any", "all"] {
        if let Some(inside) = node.get(key) {
            group(inside, &at.key(key), visit);
        }
    }
    if let Some(inside) = node.get("not") {
        condition(inside, &at.key("not"), visit);
    }
    if let Some(path) = node.get("path") {
        one(path, Some(node), &at.key("path"), visit);
    }
    if let Some(path) = node.get("value").and_then(|value| value.get("path")) {
        let at = at.key("value");
        one(path, None, &at.key("path"), visit);
    }
}

fn one(path: &Node<'_>, test: Option<&Node<'_>>, at: &At<'_>, visit: &mut VisitPath<'_>) {
    if let Some(Ok(parsed)) = path.as_str().map(Path::parse) {
        visit(&parsed, test, at, path.span);
    }
}

fn look(
    path: &Path,
    test: Option<&Node<'_>>,
    schemas: &[Option<&Value>],
    at: &At<'_>,
    span: Span,
    found: &mut Findings,
) {
    let types = if path.is_argument() {
        let there: Vec<Place> = schemas
            .iter()
            .map(|schema| {
                schema.map_or(Place::Unclear, |schema| {
                    place(schema, schema, &path.steps, 0)
                })
            })
            .collect();
        if !there.is_empty() && there.iter().all(|place| *place == Place::Missing) {
            let message = format!(
                "no tool that this is for declares `{}` in its schema",
                path.text
            );
            found.warning(at, span, Flaw::new("path_not_there", message));
            return;
        }
        let mut types = Vec::new();
        for place in there {
            match place {
                Place::Types(some) => types.extend(some),
                Place::Missing => {}
                Place::Unclear => return,
            }
        }
        types
    } else {
        vec![root_type(&path.root).to_owned()]
    };
    let Some(test) = test else { return };
    let operator = test
        .get("op")
        .and_then(Node::as_str)
        .and_then(Operator::from_word);
    let (Some(operator), Some(value)) = (operator, test.get("value")) else {
        return;
    };
    let wanted = wanted(operator, value);
    if !types.is_empty()
        && !wanted.is_empty()
        && !wanted
            .iter()
            .any(|wanted| types.iter().any(|own| fits(own, wanted)))
    {
        let message = format!(
            "`{}` is never of a type that `{}` can compare here: it is {}, not {}",
            path.text,
            operator.word(),
            types.join(" or "),
            wanted.join(" or ")
        );
        found.warning(at, span, Flaw::new("type_never_met", message));
    }
}

fn root_type(root: &Root) -> &'static str {
    match root {
        Root::Args => "object",
        Root::Hour | Root::Minute => "number",
        Root::ReadOnlyHint | Root::DestructiveHint | Root::IdempotentHint | Root::OpenWorldHint => {
            "boolean"
        }
        _ => "string",
    }
}

fn fits(own: &str, wanted: &str) -> bool {
    own == wanted || (own == "integer" && wanted == "number")
}

/// The types that the operator can judge with this literal; none where any may do, as with another path.
fn wanted(operator: Operator, value: &Node<'_>) -> Vec<&'static str> {
    let is_path = value
        .as_object()
        .is_some_and(|members| members.len() == 1 && value.get("path").is_some());
    if is_path {
        return Vec::new();
    }
    match operator {
        Operator::Exists => Vec::new(),
        Operator::Eq
        | Operator::Neq
        | Operator::Lt
        | Operator::Lte
        | Operator::Gt
        | Operator::Gte => {
            vec![json_type(value)]
        }
        Operator::In | Operator::NotIn => value
            .as_array()
            .unwrap_or_default()
            .iter()
            .map(json_type)
            .collect(),
        Operator::Contains if value.as_str().is_some() => vec!["string", "array"],
        Operator::Contains => vec!["array"],
        Operator::LengthLte | Operator::LengthGte => vec!["string", "array", "object"],
        Operator::Regex
        | Operator::StartsWith
        | Operator::EndsWith
        | Operator::HostIn
        | Operator::UnderPath
        | Operator::EmailDomainIn
        | Operator::IpIn => vec!["string"],
    }
}

fn json_type(node: &Node<'_>) -> &'static str {
    match node.value {
        json::Value::Null => "null",
        json::Value::Bool(_) => "boolean",
        json::Value::Number(_) => "number",
        json::Value::String(_) => "string",
        json::Value::Array(_) => "array",
        json::Value::Object(_) => "object",
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// The types that the schema gives the value; none where it leaves that open.
    Types(Vec<String>),
    Missing,
    /// The schema says it in a way that is not followed here: nothing is warned of.
    Unclear,
}

/// References inside references are followed this far.
const MOST_REFERENCES: u32 = 16;

fn place(schema: &Value, root: &Value, steps: &[Step], references: u32) -> Place {
    let Some(keywords) = schema.as_object() else {
        return Place::Unclear;
    };
    if let Some(reference) = keywords.get("$ref").and_then(Value::as_str) {
        let target = reference
            .strip_prefix('#')
            .and_then(|pointer| root.pointer(pointer));
        return match target {
            Some(target) if references < MOST_REFERENCES => {
                place(target, root, steps, references + 1)
            }
            _ => Place::Unclear,
        };
    }
    let is_compound = [
        "allOf",
        "anyOf",
        "oneOf",
        "if",
        "$dynamicRef",
        "patternProperties",
        "dependentSchemas",
    ]
    .iter()
    .any(|keyword| keywords.contains_key(*keyword));
    if is_compound {
        return Place::Unclear;
    }
    let Some((step, rest)) = steps.split_first() else {
        return match keywords.get("type") {
            Some(Value::String(one)) => Place::Types(vec![one.clone()]),
            Some(Value::Array(some)) => Place::Types(
                some.iter()
                    .filter_map(Value::as_str)
                    .map(str::to_owned)
                    .collect(),
            ),
            _ => Place::Unclear,
        };
    };
    let below = match step {
        Step::Key(key) => match keywords.get("properties").and_then(Value::as_object) {
            Some(properties) => match properties.get(key.as_ref()) {
                Some(below) => below,
                None if keywords
                    .get("additionalProperties")
                    .is_some_and(Value::is_object) =>
                {
                    return Place::Unclear;
                }
                None => return Place::Missing,
            },
            None => return Place::Unclear,
        },
        Step::Index(_) | Step::Every => match keywords.get("items") {
            Some(items) => items,
            None => return Place::Unclear,
        },
    };
    place(below, root, rest, references)
}
