//! Rules as the fields of a form, and back. Pure. What a form cannot say is no form: it is shown as it is written. What is
//! typed wrongly is written down as it was typed, so that the language's own check says what is wrong with it, and where.

use super::edit::spell::Json;
use ::policy::Operator;
use json::Node;

mod literal;
mod settings;

pub use literal::{literal, shown};
pub use settings::Settings;

/// One comparison of a condition.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Test {
    pub path: String,
    pub op: String,
    /// Whether `value` is another path.
    pub is_path: bool,
    pub value: String,
    pub each: String,
}

/// A predicate of `require`, `deny_if` or `approve_if`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Predicate {
    pub id: String,
    pub message: String,
    pub tests: Vec<Test>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limit {
    pub counter: String,
    /// Calls in flight instead of calls in a window.
    pub is_concurrency: bool,
    pub max: String,
    pub window: String,
    pub scope: String,
    pub by: String,
    /// A whole number, or an argument.
    pub cost: String,
    pub scale: String,
    pub count: String,
    pub methods: String,
    pub on_outage: String,
    pub message: String,
}

/// The types that a path has, in the words of JSON Schema; none where nothing is known.
pub type TypesOf<'t> = &'t dyn Fn(&str) -> Vec<String>;

impl Predicate {
    /// None where the form cannot say it.
    pub fn read(node: &Node<'_>, text: &str, types: TypesOf<'_>) -> Option<Self> {
        has_only(node, &["id", "conditions", "on_deny", "on_hold"])?;
        let conditions = node.get("conditions")?.as_array()?;
        let tests = conditions.iter().map(|test| Test::read(test, text, types));
        let message = words(node, "on_deny")? + &words(node, "on_hold")?;
        Some(Self {
            id: words(node, "id")?,
            message: on_one_line(message)?,
            tests: tests.collect::<Option<_>>()?,
        })
    }

    pub fn spell(&self, list: &str, types: TypesOf<'_>) -> Json {
        let conditions = self.tests.iter().map(|test| test.spell(types)).collect();
        let message = if list == "approve_if" {
            "on_hold"
        } else {
            "on_deny"
        };
        object([
            ("id", said(&self.id)),
            ("conditions", Some(Json::List(conditions))),
            (message, said(&self.message)),
        ])
    }
}

impl Test {
    fn read(node: &Node<'_>, text: &str, types: TypesOf<'_>) -> Option<Self> {
        has_only(node, &["path", "op", "value", "each"])?;
        let (path, op) = (words(node, "path")?, words(node, "op")?);
        let value = node.get("value")?;
        let other = value
            .as_object()
            .filter(|members| members.len() == 1)
            .and_then(|_| value.get("path")?.as_str());
        Some(Self {
            value: match other {
                Some(path) => path.to_owned(),
                None => shown(value, text, &op, &types(&path))?,
            },
            is_path: other.is_some(),
            each: words(node, "each")?,
            path,
            op,
        })
    }

    fn spell(&self, types: TypesOf<'_>) -> Json {
        let value = if self.is_path {
            Json::object([("path", Json::text(self.value.trim()))])
        } else {
            literal(&self.value, &self.op, &types(self.path.trim()))
        };
        object([
            ("path", Some(Json::text(self.path.trim()))),
            ("op", Some(Json::text(&self.op))),
            ("value", Some(value)),
            ("each", said(&self.each)),
        ])
    }

    /// In words, as short as a summary is read.
    pub fn sentence(&self) -> String {
        let value = match self.op.as_str() {
            "exists" if self.value == "true" => return format!("{} is there", self.path),
            "exists" => return format!("{} is not there", self.path),
            _ => &self.value,
        };
        format!("{} {} {value}", self.path, operator_words(&self.op))
    }
}

impl Limit {
    pub fn read(node: &Node<'_>) -> Option<Self> {
        const KEYS: [&str; 11] = [
            "counter",
            "concurrency",
            "window",
            "max",
            "scope",
            "by",
            "cost",
            "count",
            "methods",
            "on_outage",
            "message",
        ];
        has_only(node, &KEYS)?;
        let concurrency = node.get("concurrency");
        if concurrency.is_some() && (node.get("max").is_some() || node.get("window").is_some()) {
            return None;
        }
        let by = match node.get("by") {
            Some(by) => {
                let paths = by
                    .as_array()?
                    .iter()
                    .map(|path| path.as_str().filter(|it| !it.contains(',')));
                paths.collect::<Option<Vec<_>>>()?.join(", ")
            }
            None => String::new(),
        };
        let (mut cost, mut scale) = (String::new(), String::new());
        if let Some(node) = node.get("cost") {
            if let Some(number) = node.as_number() {
                number.clone_into(&mut cost);
            } else {
                has_only(node, &["from", "scale"])?;
                cost = words(node, "from")?;
                scale = number(node, "scale")?;
            }
        }
        Some(Self {
            counter: words(node, "counter")?,
            is_concurrency: concurrency.is_some(),
            max: number(
                node,
                if concurrency.is_some() {
                    "concurrency"
                } else {
                    "max"
                },
            )?,
            window: words(node, "window").or_else(|| number(node, "window"))?,
            scope: words(node, "scope")?,
            by,
            cost,
            scale,
            count: words(node, "count")?,
            methods: words(node, "methods")?,
            on_outage: words(node, "on_outage")?,
            message: on_one_line(words(node, "message")?)?,
        })
    }

    pub fn spell(&self) -> Json {
        let by: Vec<Json> = self
            .by
            .split(',')
            .map(str::trim)
            .filter(|path| !path.is_empty())
            .map(Json::text)
            .collect();
        let cost = match (self.cost.trim(), self.scale.trim()) {
            ("", "") => None,
            (cost, "") if is_number(cost) => Some(Json::Raw(cost.to_owned())),
            (from, scale) => Some(object([
                ("from", Some(Json::text(from))),
                ("scale", (!scale.is_empty()).then(|| typed(scale))),
            ])),
        };
        let is_windowed = !self.is_concurrency;
        let max = Some(self.max.trim())
            .filter(|max| !max.is_empty())
            .map(typed);
        object([
            ("counter", Some(Json::text(self.counter.trim()))),
            ("concurrency", max.clone().filter(|_| !is_windowed)),
            (
                "window",
                Some(typed(self.window.trim())).filter(|_| is_windowed),
            ),
            ("max", max.filter(|_| is_windowed)),
            ("scope", said(&self.scope)),
            ("by", (!by.is_empty()).then_some(Json::List(by))),
            ("cost", cost),
            ("count", said(&self.count)),
            ("methods", said(&self.methods)),
            ("on_outage", said(&self.on_outage)),
            ("message", said(&self.message)),
        ])
    }

    pub fn sentence(&self) -> String {
        let whose = if self.scope.is_empty() {
            "grant"
        } else {
            &self.scope
        };
        if self.is_concurrency {
            return format!(
                "at most {} at once for each {whose} ({})",
                self.max, self.counter
            );
        }
        format!(
            "at most {} in a {} for each {whose} ({})",
            self.max, self.window, self.counter
        )
    }
}

/// How an operator reads between a path and a value.
pub fn operator_words(op: &str) -> &'static str {
    match Operator::from_word(op) {
        Some(Operator::Eq) => "is",
        Some(Operator::Neq) => "is not",
        Some(Operator::Lt) => "is less than",
        Some(Operator::Lte) => "is at most",
        Some(Operator::Gt) => "is more than",
        Some(Operator::Gte) => "is at least",
        Some(Operator::In) => "is one of",
        Some(Operator::NotIn) => "is none of",
        Some(Operator::Exists) => "is there",
        Some(Operator::Regex) => "matches the pattern",
        Some(Operator::Contains) => "contains",
        Some(Operator::StartsWith) => "starts with",
        Some(Operator::EndsWith) => "ends with",
        Some(Operator::LengthLte) => "is at most so long:",
        Some(Operator::LengthGte) => "is at least so long:",
        Some(Operator::HostIn) => "is a URL on the hosts",
        Some(Operator::UnderPath) => "is a path under",
        Some(Operator::EmailDomainIn) => "is an address at",
        Some(Operator::IpIn) => "is an IP address in",
        None => "compares with",
    }
}

fn object<const N: usize>(members: [(&str, Option<Json>); N]) -> Json {
    let there = members
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Json::Object(there.collect())
}

fn said(text: &str) -> Option<Json> {
    let text = text.trim();
    (!text.is_empty()).then(|| Json::text(text))
}

/// A number as a number; anything else as the text it is.
pub fn typed(text: &str) -> Json {
    if is_number(text) {
        Json::Raw(text.to_owned())
    } else {
        Json::text(text)
    }
}

fn is_number(text: &str) -> bool {
    let limits = json::Limits {
        bytes: 1_000,
        depth: 1,
        values: 1_000,
    };
    json::read(text.as_bytes(), &limits).is_ok_and(|read| read.root.as_number().is_some())
}

fn has_only(node: &Node<'_>, keys: &[&str]) -> Option<()> {
    let members = node.as_object()?;
    members
        .iter()
        .all(|member| keys.contains(&&*member.key))
        .then_some(())
}

/// Empty where the key is not there; none where it holds something else than a text.
fn words(node: &Node<'_>, key: &str) -> Option<String> {
    match node.get(key) {
        None => Some(String::new()),
        Some(value) => value
            .as_str()
            .filter(|text| text.trim() == *text)
            .map(str::to_owned),
    }
}

fn number(node: &Node<'_>, key: &str) -> Option<String> {
    match node.get(key) {
        None => Some(String::new()),
        Some(value) => value.as_number().map(str::to_owned),
    }
}

/// What a field of one line can hold.
fn on_one_line(text: String) -> Option<String> {
    (!text.contains(char::is_control)).then_some(text)
}

#[cfg(test)]
mod tests;
