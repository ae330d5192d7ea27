//! A second, slow reading of a policy document, for the properties to compare with: it walks the JSON itself at every
//! question and shares no code with the judgement. Written from the language's description, one sentence at a time.

mod number;
mod texts;
mod value;

use json::Node;
use number::Number;
use policy::Question;
use std::cmp::Ordering;
use value::{Owned, is_sound, kind, own, same, text};

/// The verdict's word and the rule.
pub type Answer = (&'static str, Option<String>);

#[derive(Clone, Copy, PartialEq)]
enum Three {
    Yes,
    No,
    Doubt,
}
use Three::{Doubt, No, Yes};

/// A value that a path found.
#[derive(Clone)]
enum Found {
    Nothing,
    Wrong,
    Json(Owned),
}

pub fn answer(document: &Node<'_>, question: &Question<'_>) -> Answer {
    let arguments = match question.arguments {
        None => Owned::Object(Vec::new()),
        Some(node) => own(node),
    };
    if !matches!(arguments, Owned::Object(_)) {
        return ("invalid", Some("-32602".into()));
    }
    if !question.known {
        return ("unknown_tool", Some("(unknown)".into()));
    }
    let entry = entry(document, question);
    let enforced = |rules: &Node<'_>| string(rules, "mode") != Some("shadow");
    let live = entry.filter(|(_, rules)| enforced(rules));
    let action = live.and_then(|(_, rules)| string(rules, "action"));
    if list(document, "hide")
        .iter()
        .any(|selector| matches(selector.as_str().unwrap(), question))
        || action == Some("hide")
    {
        return ("unknown_tool", Some("(hidden)".into()));
    }
    if question.changed {
        return ("deny", Some("(changed)".into()));
    }
    if entry.is_none() && string(document, "default") == Some("deny") {
        return ("deny", Some("(default deny)".into()));
    }
    let mut blocks: Vec<(String, &Node<'_>)> = Vec::new();
    if let Some((selector, rules)) = live {
        blocks.push((format!("/tools/{}", escape(selector)), rules));
    }
    if let Some(rules) = document.get("all_tools").filter(|rules| enforced(rules)) {
        blocks.push(("/all_tools".to_owned(), rules));
    }
    if action == Some("deny") {
        return ("deny", Some(format!("{}/action", blocks[0].0)));
    }
    // Nothing here has a schema: a demand on arguments cannot be met.
    if let Some((at, _)) = blocks
        .iter()
        .find(|(_, rules)| rules.get("arguments").is_some())
    {
        return ("deny", Some(format!("{at}/arguments")));
    }
    let world = World {
        question,
        arguments,
        zone: string(document, "timezone").unwrap_or("UTC"),
    };
    for (key, wanted) in [("require", Yes), ("deny_if", No)] {
        for (at, rules) in &blocks {
            for (id, predicate) in with_ids(list(rules, key)) {
                if world.all(list(predicate, "conditions"), key) != wanted {
                    return ("deny", Some(format!("{at}/{key}/{}", escape(&id))));
                }
            }
        }
    }
    for (at, rules) in &blocks {
        for limit in list(rules, "limits") {
            let at = format!("{at}/limits/{}", escape(string(limit, "counter").unwrap()));
            if let Some(cost) = limit.get("cost").filter(|cost| cost.as_object().is_some())
                && !world.is_cost(cost)
            {
                return ("deny", Some(format!("{at}/cost")));
            }
            if !list(limit, "by")
                .iter()
                .all(|path| world.divides(path.as_str().unwrap()))
            {
                return ("deny", Some(format!("{at}/by")));
            }
        }
    }
    if question.approved {
        return ("allow", None);
    }
    if action == Some("require_approval") {
        return ("hold", Some(format!("{}/action", blocks[0].0)));
    }
    for (at, rules) in &blocks {
        for (id, predicate) in with_ids(list(rules, "approve_if")) {
            if world.all(list(predicate, "conditions"), "approve_if") != No {
                return ("hold", Some(format!("{at}/approve_if/{}", escape(&id))));
            }
        }
    }
    ("allow", None)
}

/// The one entry that applies, found by trying every kind in turn.
fn entry<'a>(document: &'a Node<'a>, question: &Question<'_>) -> Option<(&'a str, &'a Node<'a>)> {
    let entries: Vec<(&str, &Node<'_>)> = document
        .get("tools")
        .and_then(Node::as_object)
        .unwrap_or_default()
        .iter()
        .map(|member| (member.key.as_ref(), &member.node))
        .collect();
    let is_glob = |selector: &str| selector.contains(['*', '?']);
    let literal = |selector: &str| {
        selector
            .chars()
            .filter(|char| !"*?".contains(*char))
            .count()
    };
    let by_name = entries
        .iter()
        .find(|(selector, _)| !is_glob(selector) && *selector == question.tool);
    let by_glob = entries
        .iter()
        .filter(|(selector, _)| {
            is_glob(selector) && *selector != "*" && matches(selector, question)
        })
        .max_by(|(left, _), (right, _)| {
            let strength = |selector: &str| (literal(selector), selector.chars().count());
            strength(left)
                .cmp(&strength(right))
                .then(right.as_bytes().cmp(left.as_bytes()))
        });
    let by_category = entries.iter().find(|(selector, _)| {
        !is_glob(selector) && selector.strip_prefix('@') == Some(question.category.word())
    });
    let last = entries.iter().find(|(selector, _)| *selector == "*");
    by_name.or(by_glob).or(by_category).or(last).copied()
}

fn matches(selector: &str, question: &Question<'_>) -> bool {
    if selector.contains(['*', '?']) {
        let pattern: Vec<char> = selector.chars().collect();
        let name: Vec<char> = question.tool.chars().collect();
        return glob(&pattern, &name);
    }
    match selector.strip_prefix('@') {
        Some(category) => category == question.category.word(),
        None => selector == question.tool,
    }
}

fn glob(pattern: &[char], name: &[char]) -> bool {
    match pattern.split_first() {
        None => name.is_empty(),
        Some(('*', rest)) => (0..=name.len()).any(|taken| glob(rest, &name[taken..])),
        Some((wanted, rest)) => name
            .split_first()
            .is_some_and(|(char, after)| (*wanted == '?' || wanted == char) && glob(rest, after)),
    }
}

fn with_ids<'a>(predicates: &'a [Node<'a>]) -> Vec<(String, &'a Node<'a>)> {
    let mut ids: Vec<String> = Vec::new();
    let mut out = Vec::new();
    for predicate in predicates {
        let id = string(predicate, "id")
            .map(str::to_owned)
            .or_else(|| list(predicate, "conditions").first().map(first))
            .unwrap_or_else(|| "always".to_owned());
        let earlier = ids.iter().filter(|seen| **seen == id).count();
        ids.push(id.clone());
        out.push((
            if earlier == 0 {
                id
            } else {
                format!("{id}#{}", earlier + 1)
            },
            predicate,
        ));
    }
    out
}

fn first(condition: &Node<'_>) -> String {
    if let Some(inside) = condition.get("not") {
        return first(inside);
    }
    match condition.get("any").or(condition.get("all")) {
        Some(group) => first(&group.as_array().unwrap()[0]),
        None => format!(
            "{}-{}",
            string(condition, "path").unwrap(),
            string(condition, "op").unwrap()
        ),
    }
}

struct World<'a> {
    question: &'a Question<'a>,
    arguments: Owned,
    zone: &'a str,
}

impl World<'_> {
    fn all(&self, conditions: &[Node<'_>], role: &str) -> Three {
        let answers: Vec<Three> = conditions
            .iter()
            .map(|condition| self.judge(condition, role))
            .collect();
        all(&answers)
    }

    fn judge(&self, condition: &Node<'_>, role: &str) -> Three {
        if let Some(group) = condition.get("all") {
            return self.all(group.as_array().unwrap(), role);
        }
        if let Some(group) = condition.get("any") {
            let answers: Vec<Three> = group
                .as_array()
                .unwrap()
                .iter()
                .map(|inside| self.judge(inside, role))
                .collect();
            return any(&answers);
        }
        if let Some(inside) = condition.get("not") {
            return match self.judge(inside, role) {
                Yes => No,
                No => Yes,
                Doubt => Doubt,
            };
        }
        let path = string(condition, "path").unwrap();
        let op = string(condition, "op").unwrap();
        let value = condition.get("value").unwrap();
        let answers: Vec<Three> = self
            .find(path)
            .iter()
            .map(|found| self.test(found, op, value))
            .collect();
        if !path.contains("[*]") {
            return answers[0];
        }
        let each =
            string(condition, "each").unwrap_or(if role == "require" { "all" } else { "any" });
        if each == "all" {
            all(&answers)
        } else {
            any(&answers)
        }
    }

    fn test(&self, left: &Found, op: &str, value: &Node<'_>) -> Three {
        if op == "exists" {
            let is_there = matches!(left, Found::Json(_));
            return three(is_there == value.as_bool().unwrap());
        }
        let other = value
            .as_object()
            .filter(|members| members.len() == 1 && members[0].key == "path");
        let right = match other {
            Some(members) => self.find(members[0].node.as_str().unwrap()).remove(0),
            None => Found::Json(own(value)),
        };
        let (left, right) = match (left, right) {
            (Found::Nothing, _) | (_, Found::Nothing) => return No,
            (Found::Wrong, _) | (_, Found::Wrong) => return Doubt,
            (Found::Json(left), Found::Json(right)) => (left, right),
        };
        if op.starts_with("length_") {
            let length = match left {
                Owned::Text(text) => text.chars().count(),
                Owned::List(items) => items.len(),
                Owned::Object(members) => members.len(),
                _ => return Doubt,
            };
            let Owned::Number(than) = right else {
                unreachable!("lengths are numbers")
            };
            let order = Number::read(&length.to_string())
                .unwrap()
                .cmp(&Number::read(&than).unwrap());
            return three(if op == "length_lte" {
                order != Ordering::Greater
            } else {
                order != Ordering::Less
            });
        }
        if !is_sound(left) || !is_sound(&right) {
            return Doubt;
        }
        Self::compare(left, op, &right, other.is_none())
    }

    fn compare(left: &Owned, op: &str, right: &Owned, is_literal: bool) -> Three {
        let strings = |right: &Owned| -> Vec<String> {
            match right {
                Owned::List(items) => items.iter().filter_map(text).collect(),
                _ => Vec::new(),
            }
        };
        match op {
            "eq" | "neq" => {
                if kind(left) != kind(right) {
                    return Doubt;
                }
                three(same(left, right) == (op == "eq"))
            }
            "lt" | "lte" | "gt" | "gte" => {
                let order = match (left, right) {
                    (Owned::Number(left), Owned::Number(right)) => Number::read(left)
                        .unwrap()
                        .cmp(&Number::read(right).unwrap()),
                    (Owned::Text(left), Owned::Text(right)) if is_literal => {
                        left.chars().cmp(right.chars())
                    }
                    _ => return Doubt,
                };
                three(match op {
                    "lt" => order == Ordering::Less,
                    "lte" => order != Ordering::Greater,
                    "gt" => order == Ordering::Greater,
                    _ => order != Ordering::Less,
                })
            }
            "in" | "not_in" => {
                let Owned::List(items) = right else {
                    return Doubt;
                };
                let is_in = items.iter().any(|item| same(item, left));
                if !items.is_empty() && !items.iter().any(|item| kind(item) == kind(left)) {
                    return Doubt;
                }
                three(is_in == (op == "in"))
            }
            "contains" => match (left, right) {
                (Owned::Text(left), Owned::Text(right)) => three(left.contains(right.as_str())),
                (Owned::List(items), right) => three(items.iter().any(|item| same(item, right))),
                _ => Doubt,
            },
            _ => {
                let Owned::Text(left) = left else {
                    return Doubt;
                };
                match (op, right) {
                    ("starts_with", Owned::Text(right)) => three(left.starts_with(right.as_str())),
                    ("ends_with", Owned::Text(right)) => three(left.ends_with(right.as_str())),
                    ("regex", Owned::Text(right)) => {
                        three(regex::Regex::new(right).unwrap().is_match(left))
                    }
                    ("host_in", list) => three(texts::host_in(left, &strings(list))),
                    ("under_path", list) => three(texts::under_path(left, &strings(list))),
                    ("email_domain_in", list) => {
                        three(texts::email_domain_in(left, &strings(list)))
                    }
                    ("ip_in", list) => three(texts::ip_in(left, &strings(list))),
                    _ => Doubt,
                }
            }
        }
    }

    /// Every value of a path; one for a path without `[*]`.
    fn find(&self, path: &str) -> Vec<Found> {
        let question = self.question;
        let around = &question.around;
        let some = |text: Option<&str>| {
            text.map_or(Found::Nothing, |text| {
                Found::Json(Owned::Text(text.to_owned()))
            })
        };
        let hint =
            |hint: Option<bool>| hint.map_or(Found::Nothing, |hint| Found::Json(Owned::Bool(hint)));
        let number = |number: i8| Found::Json(Owned::Number(number.to_string()));
        let instant = jiff::Timestamp::from_millisecond(around.now).unwrap();
        let time = instant.in_tz(self.zone).unwrap();
        vec![match path {
            "grant.name" => some(Some(around.grant.name)),
            "grant.user" => some(around.grant.user),
            "server.slug" => some(Some(around.server.slug)),
            "tool.name" => some(Some(question.tool)),
            "tool.category" => some(Some(question.category.word())),
            "tool.annotations.readOnlyHint" => hint(question.hints.read_only),
            "tool.annotations.destructiveHint" => hint(question.hints.destructive),
            "tool.annotations.idempotentHint" => hint(question.hints.idempotent),
            "tool.annotations.openWorldHint" => hint(question.hints.open_world),
            "client.name" => some(around.client.name),
            "client.version" => some(around.client.version),
            "time.hour" => number(time.hour()),
            "time.minute" => number(time.minute()),
            "time.weekday" => some(Some(&time.strftime("%a").to_string().to_lowercase())),
            "time.date" => some(Some(&time.strftime("%Y-%m-%d").to_string())),
            path => match path.strip_prefix("grant.labels.") {
                Some(label) => some(around.grant.labels.get(label).map(String::as_str)),
                None => {
                    return walk(
                        Found::Json(self.arguments.clone()),
                        path.strip_prefix("args").unwrap(),
                    );
                }
            },
        }]
    }

    fn is_cost(&self, cost: &Node<'_>) -> bool {
        let scale = cost
            .get("scale")
            .map_or(0, |scale| scale.as_number().unwrap().parse().unwrap());
        match &self.find(string(cost, "from").unwrap())[0] {
            Found::Json(Owned::Number(text)) => {
                Number::read(text).is_some_and(|number| number.is_cost(scale))
            }
            _ => false,
        }
    }

    fn divides(&self, path: &str) -> bool {
        match &self.find(path)[0] {
            Found::Nothing => true,
            Found::Wrong => false,
            Found::Json(Owned::Number(text)) => Number::read(text).is_some(),
            Found::Json(value) => matches!(value, Owned::Bool(_) | Owned::Text(_)),
        }
    }
}

/// Only the spellings that the properties generate: `.key`, `[n]`, `[*]`.
fn walk(from: Found, steps: &str) -> Vec<Found> {
    if steps.is_empty() {
        return vec![from];
    }
    let end = steps[1..]
        .find(['.', '['])
        .map_or(steps.len(), |end| end + 1);
    let (step, rest) = steps.split_at(end);
    let from = match from {
        Found::Wrong => return vec![Found::Wrong],
        Found::Nothing => None,
        Found::Json(value) => Some(value),
    };
    match (step, from) {
        ("[*]", None) => Vec::new(),
        ("[*]", Some(Owned::List(items))) => items
            .into_iter()
            .flat_map(|item| walk(present(item), rest))
            .collect(),
        (_, None) => walk(Found::Nothing, rest),
        (step, Some(Owned::Object(members))) if step.starts_with('.') => {
            let found = members.into_iter().find(|(key, _)| *key == step[1..]);
            walk(
                found.map_or(Found::Nothing, |(_, value)| present(value)),
                rest,
            )
        }
        (step, Some(Owned::List(items))) if step.starts_with('[') => {
            let index: usize = step[1..step.len() - 1].parse().unwrap();
            walk(
                items.into_iter().nth(index).map_or(Found::Nothing, present),
                rest,
            )
        }
        _ => vec![Found::Wrong],
    }
}

fn present(value: Owned) -> Found {
    if matches!(value, Owned::Null) {
        Found::Nothing
    } else {
        Found::Json(value)
    }
}

fn all(answers: &[Three]) -> Three {
    if answers.contains(&No) {
        No
    } else if answers.contains(&Doubt) {
        Doubt
    } else {
        Yes
    }
}

fn any(answers: &[Three]) -> Three {
    if answers.contains(&Yes) {
        Yes
    } else if answers.contains(&Doubt) {
        Doubt
    } else {
        No
    }
}

fn three(holds: bool) -> Three {
    if holds { Yes } else { No }
}

fn string<'a>(node: &'a Node<'_>, key: &str) -> Option<&'a str> {
    node.get(key)?.as_str()
}

fn list<'a>(node: &'a Node<'a>, key: &str) -> &'a [Node<'a>] {
    node.get(key).and_then(Node::as_array).unwrap_or_default()
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
