//! What changed in a schema of arguments, parameter by parameter. PURE.

use super::{Change, Found, Kind, is_wide, keys, plain, quoted, same, short, worded};
use json::{Decimal, Node};
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// As deep as parameters are told apart; what changes below is one change.
const DEEPEST: usize = 12;

/// Which way a bound must move to let less through.
#[derive(Clone, Copy)]
enum Bound {
    Least,
    Most,
}

const BOUNDS: [(&str, Bound, &str); 10] = [
    ("minimum", Bound::Least, "the least it takes"),
    ("exclusiveMinimum", Bound::Least, "what it must be above"),
    ("minLength", Bound::Least, "how short it may be"),
    ("minItems", Bound::Least, "how few it takes"),
    ("minProperties", Bound::Least, "how few members it takes"),
    ("maximum", Bound::Most, "the most it takes"),
    ("exclusiveMaximum", Bound::Most, "what it must be below"),
    ("maxLength", Bound::Most, "how long it may be"),
    ("maxItems", Bound::Most, "how many it takes"),
    ("maxProperties", Bound::Most, "how many members it takes"),
];

pub(super) fn compare(old: Option<&Node<'_>>, new: Option<&Node<'_>>, found: &mut Found) {
    match (old, new) {
        (Some(old), Some(new)) if old.as_object().is_some() && new.as_object().is_some() => {
            at("args", old, new, 0, found);
        }
        (None, _) => found.add(plain(
            Kind::SchemaChanged,
            "args",
            "it says now which arguments it takes".to_owned(),
        )),
        (_, None) => found.add(plain(
            Kind::SchemaChanged,
            "args",
            "it does not say any more which arguments it takes".to_owned(),
        )),
        _ => found.add(quoted(
            Kind::SchemaChanged,
            "args",
            "it takes other arguments".to_owned(),
            old,
            new,
        )),
    }
}

fn at(path: &str, old: &Node<'_>, new: &Node<'_>, depth: usize, found: &mut Found) {
    if found.is_full() || is_wide(old) || is_wide(new) {
        let said = format!("`{}` is another one", short(path));
        return found.add(quoted(
            Kind::SchemaChanged,
            path,
            said,
            Some(old),
            Some(new),
        ));
    }
    for key in keys(old, new) {
        let (was, is) = (old.get(&key), new.get(&key));
        if same(was, is) {
            continue;
        }
        let what = || format!("the description of `{}`", short(path));
        match (key.as_str(), was, is) {
            ("description", ..) => found.add(worded(Kind::Wording, path, &what(), was, is)),
            ("title", ..) => {
                let what = format!("the title of `{}`", short(path));
                found.add(worded(Kind::Title, path, &what, was, is));
            }
            ("properties", ..) => properties(path, (old, new), (was, is), depth, found),
            ("required", ..) => required(path, (old, new), (was, is), found),
            ("type", ..) => found.add(types(path, was, is)),
            ("enum" | "const", ..) => found.add(choices(path, &key, was, is)),
            ("additionalProperties", ..) => found.add(others(path, was, is)),
            ("items", Some(was), Some(is))
                if depth < DEEPEST && was.as_object().is_some() && is.as_object().is_some() =>
            {
                at(&format!("{path}[]"), was, is, depth + 1, found);
            }
            (name, ..) => match BOUNDS.iter().find(|(bound, ..)| *bound == name) {
                Some((_, bound, what)) => found.add(bounded(path, *bound, what, was, is)),
                None => found.add(quoted(
                    Kind::SchemaChanged,
                    path,
                    format!("`{}` of `{}` changed", short(name), short(path)),
                    was,
                    is,
                )),
            },
        }
    }
}

fn properties(
    path: &str,
    (old, new): (&Node<'_>, &Node<'_>),
    (was, is): (Option<&Node<'_>>, Option<&Node<'_>>),
    depth: usize,
    found: &mut Found,
) {
    let (before, after) = (names_of(was), names_of(is));
    let (needed, needs) = (required_of(old), required_of(new));
    let is_odd = |node: Option<&Node<'_>>| {
        node.is_some_and(|node| node.as_object().is_none() || is_wide(node))
    };
    if depth >= DEEPEST || is_odd(was) || is_odd(is) {
        return found.add(quoted(
            Kind::SchemaChanged,
            path,
            format!("the parameters in `{}` are others", short(path)),
            was,
            is,
        ));
    }
    for name in after.union(&before) {
        let inner = format!("{path}.{}", short(name));
        let (was, is) = (
            was.and_then(|node| node.get(name)),
            is.and_then(|node| node.get(name)),
        );
        match (was, is) {
            (None, Some(_)) if needs.contains(name) => found.add(quoted(
                Kind::ParameterRequired,
                &inner,
                format!("`{inner}` is new and must be given"),
                None,
                is,
            )),
            (None, Some(_)) => found.add(quoted(
                Kind::ParameterAdded,
                &inner,
                format!("`{inner}` is new"),
                None,
                is,
            )),
            (Some(_), None) => {
                let had_to = if needed.contains(name) {
                    ", which had to be given,"
                } else {
                    ""
                };
                found.add(quoted(
                    Kind::ParameterRemoved,
                    &inner,
                    format!("`{inner}`{had_to} is gone"),
                    was,
                    None,
                ));
            }
            (Some(was), Some(is)) if !same(Some(was), Some(is)) => {
                if was.as_object().is_some() && is.as_object().is_some() {
                    at(&inner, was, is, depth + 1, found);
                } else {
                    found.add(others(&inner, Some(was), Some(is)));
                }
            }
            _ => {}
        }
    }
}

/// Only of parameters that are in both: a new one says itself whether it must be given.
fn required(
    path: &str,
    (old, new): (&Node<'_>, &Node<'_>),
    (was, is): (Option<&Node<'_>>, Option<&Node<'_>>),
    found: &mut Found,
) {
    let (needed, needs) = (required_of(old), required_of(new));
    let (had, has) = (
        names_of(old.get("properties")),
        names_of(new.get("properties")),
    );
    let before = found.changes.len();
    for name in needs.difference(&needed) {
        let inner = format!("{path}.{}", short(name));
        if had.contains(name) || !has.contains(name) {
            let said = format!("`{inner}` must be given now");
            found.add(plain(Kind::ParameterRequired, &inner, said));
        }
    }
    for name in needed.difference(&needs) {
        let inner = format!("{path}.{}", short(name));
        if has.contains(name) || !had.contains(name) {
            let said = format!("`{inner}` need not be given any more");
            found.add(plain(Kind::ParameterOptional, &inner, said));
        }
    }
    let is_reordered = needed == needs && found.changes.len() == before;
    if is_reordered {
        found.add(quoted(
            Kind::SchemaChanged,
            path,
            format!("what `{}` must have is written otherwise", short(path)),
            was,
            is,
        ));
    }
}

fn types(path: &str, was: Option<&Node<'_>>, is: Option<&Node<'_>>) -> Change {
    let of = |node: Option<&Node<'_>>| -> Option<BTreeSet<String>> {
        let node = node?;
        match node.as_array() {
            Some(all) => all
                .iter()
                .map(|one| one.as_str().map(str::to_owned))
                .collect(),
            None => node.as_str().map(|one| [one.to_owned()].into()),
        }
    };
    let said = |set: &Option<BTreeSet<String>>| match set {
        Some(set) => set
            .iter()
            .map(|word| short(word))
            .collect::<Vec<_>>()
            .join(" or "),
        None => "anything".to_owned(),
    };
    let (before, after) = (of(was), of(is));
    let kind = match (&before, &after) {
        (Some(before), Some(after)) if before.is_subset(after) => Kind::Widened,
        (Some(before), Some(after)) if after.is_subset(before) => Kind::Narrowed,
        _ => Kind::TypeChanged,
    };
    let sentence = format!(
        "`{}` was {} and is {} now",
        short(path),
        said(&before),
        said(&after)
    );
    quoted(kind, path, sentence, was, is)
}

fn choices(path: &str, key: &str, was: Option<&Node<'_>>, is: Option<&Node<'_>>) -> Change {
    let of = |node: &Node<'_>| -> BTreeSet<String> {
        match node.as_array().filter(|_| key == "enum") {
            Some(all) => all.iter().map(json::canonical).collect(),
            None => [json::canonical(node)].into(),
        }
    };
    let path_said = short(path);
    let (kind, said) = match (was.map(of), is.map(of)) {
        (None, _) => (
            Kind::Narrowed,
            format!("`{path_said}` takes only certain values now"),
        ),
        (_, None) => (Kind::Widened, format!("`{path_said}` takes any value now")),
        (Some(before), Some(after)) => {
            let listed = |of: &BTreeSet<String>, without: &BTreeSet<String>| {
                let names: Vec<String> = of
                    .difference(without)
                    .take(5)
                    .map(|one| format!("`{}`", short(one)))
                    .collect();
                names.join(", ")
            };
            let (new, gone) = (listed(&after, &before), listed(&before, &after));
            match (new.is_empty(), gone.is_empty()) {
                (false, true) => (Kind::Widened, format!("`{path_said}` also takes {new}")),
                (true, false) => (
                    Kind::Narrowed,
                    format!("`{path_said}` does not take {gone} any more"),
                ),
                (false, false) => (
                    Kind::ChoicesChanged,
                    format!("`{path_said}` takes {new} and not {gone} any more"),
                ),
                (true, true) => (
                    Kind::SchemaChanged,
                    format!("the choices of `{path_said}` are written otherwise"),
                ),
            }
        }
    };
    quoted(kind, path, said, was, is)
}

/// `additionalProperties`, and a schema that is `true` or `false`: silence and `true` take everything.
fn others(path: &str, was: Option<&Node<'_>>, is: Option<&Node<'_>>) -> Change {
    let takes = |node: Option<&Node<'_>>| node.map_or(Some(true), Node::as_bool);
    let said = short(path);
    let (kind, said) = match (takes(was), takes(is)) {
        (Some(false), _) => (
            Kind::Widened,
            format!("`{said}` takes what it did not take"),
        ),
        (_, Some(false)) => (
            Kind::Narrowed,
            format!("`{said}` takes nothing that it does not name"),
        ),
        (None, Some(true)) => (Kind::Widened, format!("`{said}` takes anything besides")),
        (Some(true), None) => (
            Kind::Narrowed,
            format!("`{said}` takes not just anything besides"),
        ),
        _ => (
            Kind::SchemaChanged,
            format!("what `{said}` takes besides is otherwise"),
        ),
    };
    quoted(kind, path, said, was, is)
}

fn bounded(
    path: &str,
    bound: Bound,
    what: &str,
    was: Option<&Node<'_>>,
    is: Option<&Node<'_>>,
) -> Change {
    let kind = match (was, is) {
        (None, _) => Kind::Narrowed,
        (_, None) => Kind::Widened,
        (Some(was), Some(is)) => match (number(was), number(is)) {
            (Some(was), Some(is)) => match (is.cmp(&was), bound) {
                (Ordering::Greater, Bound::Least) | (Ordering::Less, Bound::Most) => Kind::Narrowed,
                (Ordering::Less, Bound::Least) | (Ordering::Greater, Bound::Most) => Kind::Widened,
                (Ordering::Equal, _) => Kind::SchemaChanged,
            },
            _ => Kind::SchemaChanged,
        },
    };
    let shown = |node: Option<&Node<'_>>| {
        node.map_or_else(
            || "nothing".to_owned(),
            |node| short(&json::canonical(node)),
        )
    };
    let said = format!(
        "of `{}`, {what} was {} and is {}",
        short(path),
        shown(was),
        shown(is)
    );
    quoted(kind, path, said, was, is)
}

fn number<'a>(node: &Node<'a>) -> Option<Decimal<'a>> {
    Decimal::parse(node.as_number()?).ok()
}

fn names_of(properties: Option<&Node<'_>>) -> BTreeSet<String> {
    let members = properties.and_then(Node::as_object).unwrap_or_default();
    members
        .iter()
        .map(|member| member.key.to_string())
        .collect()
}

fn required_of(schema: &Node<'_>) -> BTreeSet<String> {
    let names = schema.get("required").and_then(Node::as_array);
    names
        .unwrap_or_default()
        .iter()
        .filter_map(Node::as_str)
        .map(str::to_owned)
        .collect()
}
