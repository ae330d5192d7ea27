//! Cases: a document, a question and the answer it must have, written as JSON. Read by the tests here, by both planes'
//! and by people who test their own policies.
//!
//! A case with a key that nobody reads is refused: a slip in a name must not make a test that cannot fail.

use crate::contract::CompiledSchema;
use crate::policy::Policy;
use crate::question::{Around, ClientFacts, GrantFacts, Hints, Question, ServerFacts};
use crate::verdict::Verdict;
use crate::word::Category;
use json::Node;
use std::collections::BTreeMap;

mod compare;

pub use compare::Expect;

/// Noon of a Sunday in UTC: what the clock shows where a case does not say.
pub const NOW: &str = "2026-11-22T12:00:00Z";

#[derive(Debug)]
pub struct Case<'a> {
    pub name: String,
    /// The document's own text; none where the file names one policy for all its cases.
    pub policy: Option<&'a str>,
    pub context: Context,
    pub tool: String,
    pub arguments: Option<&'a Node<'a>>,
    pub expect: Expect,
}

/// The facts around a call, with a default for each.
#[derive(Debug)]
pub struct Context {
    pub now: i64,
    pub grant: String,
    pub labels: BTreeMap<String, String>,
    pub user: Option<String>,
    pub server: String,
    pub client: Option<String>,
    pub client_version: Option<String>,
    pub category: Category,
    pub hints: Hints,
    pub schema: Option<CompiledSchema>,
    pub changed: bool,
    pub known_tools: Option<Vec<String>>,
    pub approved: bool,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            now: millis(NOW).unwrap_or(0),
            grant: "agent".to_owned(),
            labels: BTreeMap::new(),
            user: None,
            server: "server".to_owned(),
            client: None,
            client_version: None,
            category: Category::Unknown,
            hints: Hints::default(),
            schema: None,
            changed: false,
            known_tools: None,
            approved: false,
        }
    }
}

impl<'a> Case<'a> {
    /// Reads a list of cases.
    pub fn read_all(list: &'a Node<'a>, text: &'a str) -> Result<Vec<Self>, String> {
        let nodes = list.as_array().ok_or("expected a list of cases")?;
        let read =
            |(index, node)| Self::read(node, text).map_err(|why| format!("case {index}: {why}"));
        nodes.iter().enumerate().map(read).collect()
    }

    fn read(node: &'a Node<'a>, text: &'a str) -> Result<Self, String> {
        only(node, &["name", "policy", "context", "call", "expect"])?;
        let call = node.get("call").ok_or("a case needs `call`")?;
        only(call, &["tool", "arguments"])?;
        let string =
            |node: &Node<'_>, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
        let name = string(node, "name").ok_or("a case needs `name`")?;
        let policy = node.get("policy").map(|policy| policy.span.of(text));
        let context = match node.get("context") {
            Some(context) => {
                Context::read(context, text).map_err(|why| format!("`{name}`: {why}"))?
            }
            None => Context::default(),
        };
        let expect = node.get("expect").ok_or("a case needs `expect`")?;
        Ok(Self {
            policy,
            context,
            tool: string(call, "tool").ok_or("`call` needs `tool`")?,
            arguments: call.get("arguments"),
            expect: Expect::read(expect).map_err(|why| format!("`{name}`: {why}"))?,
            name,
        })
    }

    pub fn question(&'a self) -> Question<'a> {
        self.context.question(&self.tool, self.arguments)
    }

    /// What the policy answers otherwise than expected; nothing where it answers as it should.
    pub fn differences(&self, policy: &Policy) -> Vec<String> {
        let question = self.question();
        let mut differences = self.expect.compare(policy, &question);
        // Deciding and explaining are asked both: a case that passes has shown that they agree.
        let explained = policy.explain(&question);
        let decided: Verdict<'_> = policy.decide(&question);
        if explained.verdict != decided.word() || explained.rule.as_deref() != decided.rule() {
            differences.push(format!(
                "`explain` says {} by {:?}, `decide` says {} by {:?}",
                explained.verdict,
                explained.rule,
                decided.word(),
                decided.rule()
            ));
        }
        differences
    }
}

impl Context {
    pub fn read(node: &Node<'_>, text: &str) -> Result<Self, String> {
        only(
            node,
            &[
                "now",
                "grant",
                "server",
                "client",
                "tool",
                "known_tools",
                "approved",
            ],
        )?;
        let mut context = Self::default();
        let string =
            |node: &Node<'_>, key: &str| node.get(key).and_then(Node::as_str).map(str::to_owned);
        if let Some(now) = node.get("now") {
            context.now =
                millis(now.as_str().unwrap_or("")).ok_or("`now` is not an RFC 3339 time")?;
        }
        if let Some(grant) = node.get("grant") {
            only(grant, &["name", "labels", "user"])?;
            context.grant = string(grant, "name").unwrap_or(context.grant);
            context.user = string(grant, "user");
            for label in grant
                .get("labels")
                .and_then(Node::as_object)
                .unwrap_or_default()
            {
                let value = label.node.as_str().ok_or("a label is a string")?;
                context
                    .labels
                    .insert(label.key.to_string(), value.to_owned());
            }
        }
        if let Some(server) = node.get("server") {
            only(server, &["slug"])?;
            context.server = string(server, "slug").unwrap_or(context.server);
        }
        if let Some(client) = node.get("client") {
            only(client, &["name", "version"])?;
            context.client = string(client, "name");
            context.client_version = string(client, "version");
        }
        if let Some(tool) = node.get("tool") {
            context.read_tool(tool, text)?;
        }
        if let Some(known) = node.get("known_tools").and_then(Node::as_array) {
            let names = known.iter().map(|name| name.as_str().map(str::to_owned));
            context.known_tools = Some(
                names
                    .collect::<Option<_>>()
                    .ok_or("`known_tools` is a list of names")?,
            );
        }
        context.approved = node
            .get("approved")
            .and_then(Node::as_bool)
            .unwrap_or(false);
        Ok(context)
    }

    fn read_tool(&mut self, tool: &Node<'_>, text: &str) -> Result<(), String> {
        only(tool, &["category", "annotations", "schema", "changed"])?;
        if let Some(category) = tool.get("category").and_then(Node::as_str) {
            self.category = Category::from_word(category)
                .ok_or_else(|| format!("`{category}` is no category"))?;
        }
        if let Some(annotations) = tool.get("annotations") {
            let hint = |key: &str| annotations.get(key).and_then(Node::as_bool);
            self.hints = Hints {
                read_only: hint("readOnlyHint"),
                destructive: hint("destructiveHint"),
                idempotent: hint("idempotentHint"),
                open_world: hint("openWorldHint"),
            };
        }
        // A schema that does not compile is, to a judgement, no schema.
        self.schema = tool
            .get("schema")
            .and_then(|schema| CompiledSchema::compile(schema.span.of(text)).ok());
        self.changed = tool.get("changed").and_then(Node::as_bool).unwrap_or(false);
        Ok(())
    }

    pub fn question<'a>(&'a self, tool: &'a str, arguments: Option<&'a Node<'a>>) -> Question<'a> {
        Question {
            tool,
            known: self
                .known_tools
                .as_ref()
                .is_none_or(|known| known.iter().any(|name| name == tool)),
            changed: self.changed,
            category: self.category,
            hints: self.hints,
            schema: self.schema.as_ref(),
            arguments,
            approved: self.approved,
            around: Around {
                grant: GrantFacts {
                    name: &self.grant,
                    labels: &self.labels,
                    user: self.user.as_deref(),
                },
                server: ServerFacts { slug: &self.server },
                client: ClientFacts {
                    name: self.client.as_deref(),
                    version: self.client_version.as_deref(),
                },
                now: self.now,
            },
        }
    }
}

/// Unix milliseconds of an RFC 3339 time.
pub fn millis(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>()
        .ok()
        .map(jiff::Timestamp::as_millisecond)
}

fn only(node: &Node<'_>, known: &[&str]) -> Result<(), String> {
    let members = node
        .as_object()
        .ok_or_else(|| format!("expected an object with {known:?}"))?;
    match members
        .iter()
        .find(|member| !known.contains(&member.key.as_ref()))
    {
        Some(member) => Err(format!(
            "the key `{}` is not known here; expected one of {known:?}",
            member.key
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
