//! Predicates of a document: their conditions, and the rule ids they go by.

use super::{Build, text};
use crate::condition::{Condition, Test};
use crate::document::MOST_GROUPS;
use crate::finding::{At, Flaw};
use crate::op;
use crate::path::Path;
use crate::predicate::Predicate;
use crate::word::{Each, Operator};
use json::Node;
use std::collections::HashMap;

/// Under which key a predicate stands: it says what an answer for many values is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Require,
    DenyIf,
    ApproveIf,
}

impl Role {
    /// The careful reading of each: all must satisfy a demand, one is enough for an objection.
    const fn each(self) -> Each {
        match self {
            Self::Require => Each::All,
            Self::DenyIf | Self::ApproveIf => Each::Any,
        }
    }

    const fn message_key(self) -> &'static str {
        match self {
            Self::Require | Self::DenyIf => "on_deny",
            Self::ApproveIf => "on_hold",
        }
    }
}

impl Build<'_> {
    pub(super) fn predicates(
        &mut self,
        rules: &Node<'_>,
        key: &str,
        role: Role,
        at: &At<'_>,
    ) -> Vec<Predicate> {
        let at = at.key(key);
        let list = at.pointer();
        let mut seen: HashMap<Box<str>, usize> = HashMap::new();
        let mut predicates = Vec::new();
        let nodes = rules.get(key).and_then(Node::as_array).unwrap_or_default();
        for (index, node) in nodes.iter().enumerate() {
            let at = at.index(index);
            let conditions = self.conditions(
                node.get("conditions"),
                role,
                &at.key("conditions"),
                MOST_GROUPS,
            );
            let id = text(node, "id").unwrap_or_else(|| default_id(&conditions));
            let times = seen.entry(id.clone()).or_default();
            *times += 1;
            let number = if *times > 1 {
                format!("#{times}")
            } else {
                String::new()
            };
            predicates.push(Predicate {
                rule: format!("{list}/{}{number}", json::pointer_escape(&id)).into(),
                message: text(node, role.message_key()),
                conditions,
            });
        }
        predicates
    }

    fn conditions(
        &mut self,
        list: Option<&Node<'_>>,
        role: Role,
        at: &At<'_>,
        groups: usize,
    ) -> Vec<Condition> {
        let nodes = list.and_then(Node::as_array).unwrap_or_default();
        let mut conditions = Vec::with_capacity(nodes.len());
        for (index, node) in nodes.iter().enumerate() {
            conditions.extend(self.condition(node, role, &at.index(index), groups));
        }
        conditions
    }

    fn condition(
        &mut self,
        node: &Node<'_>,
        role: Role,
        at: &At<'_>,
        groups: usize,
    ) -> Option<Condition> {
        let group = ["any", "all", "not"]
            .into_iter()
            .find_map(|key| Some((key, node.get(key)?)));
        let Some((key, inside)) = group else {
            return self.test(node, role, at).map(Condition::Test);
        };
        let Some(groups) = groups.checked_sub(1) else {
            let message = format!("groups nest to depth {MOST_GROUPS}");
            self.found
                .error(at, node.span, Flaw::new("too_deep", message));
            return None;
        };
        let at = at.key(key);
        Some(match key {
            "any" => Condition::Any(self.conditions(Some(inside), role, &at, groups)),
            "all" => Condition::All(self.conditions(Some(inside), role, &at, groups)),
            _ => Condition::Not(Box::new(self.condition(inside, role, &at, groups)?)),
        })
    }

    fn test(&mut self, node: &Node<'_>, role: Role, at: &At<'_>) -> Option<Test> {
        let word = |key: &str| node.get(key).and_then(Node::as_str);
        let operator = word("op").and_then(Operator::from_word)?;
        // The value is read even where the path is wrong, so that both are said at once.
        let op = op::read(
            operator,
            node.get("value")?,
            &at.key("value"),
            &mut self.patterns,
            self.found,
        );
        Some(Test {
            path: Path::parse(word("path")?).ok()?,
            operator,
            op: op?,
            each: word("each")
                .and_then(Each::from_word)
                .unwrap_or(role.each()),
        })
    }
}

/// Path and operator of the first condition, or of the first inside it; `always` where there is none.
fn default_id(conditions: &[Condition]) -> Box<str> {
    match conditions.first().and_then(Condition::first) {
        Some(test) => format!("{}-{}", test.path.text, test.operator.word()).into(),
        None => "always".into(),
    }
}
