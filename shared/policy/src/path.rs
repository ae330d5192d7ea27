//! Where a condition looks: one of a few roots, and below `args` any key, index or every element.

use crate::finding::Flaw;
use crate::scene::Scene;
use crate::value::{Fields, Seen, View};
use crate::word::nearest;
use json::Node;
use std::ops::ControlFlow;

mod parse;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    /// As the document writes it: rule ids repeat it.
    pub(crate) text: Box<str>,
    pub(crate) root: Root,
    pub(crate) steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Root {
    Args,
    GrantName,
    GrantUser,
    GrantLabel(Box<str>),
    ServerSlug,
    ToolName,
    ToolCategory,
    ReadOnlyHint,
    DestructiveHint,
    IdempotentHint,
    OpenWorldHint,
    ClientName,
    ClientVersion,
    Hour,
    Minute,
    Weekday,
    Date,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Key(Box<str>),
    Index(usize),
    Every,
}

/// The roots that are whole paths by themselves.
pub(crate) const LEAVES: &[(&str, Root)] = &[
    ("grant.name", Root::GrantName),
    ("grant.user", Root::GrantUser),
    ("server.slug", Root::ServerSlug),
    ("tool.name", Root::ToolName),
    ("tool.category", Root::ToolCategory),
    ("tool.annotations.readOnlyHint", Root::ReadOnlyHint),
    ("tool.annotations.destructiveHint", Root::DestructiveHint),
    ("tool.annotations.idempotentHint", Root::IdempotentHint),
    ("tool.annotations.openWorldHint", Root::OpenWorldHint),
    ("client.name", Root::ClientName),
    ("client.version", Root::ClientVersion),
    ("time.hour", Root::Hour),
    ("time.minute", Root::Minute),
    ("time.weekday", Root::Weekday),
    ("time.date", Root::Date),
];

static NOTHING: [json::Member<'static>; 0] = [];

impl Path {
    pub(crate) fn parse(text: &str) -> Result<Self, Flaw> {
        let (root, steps) = parse::parse(text).map_err(|why| {
            let near = nearest(text, LEAVES.iter().map(|(leaf, _)| *leaf));
            Flaw::new("bad_path", format!("`{text}` is not a path: {why}")).hint(near)
        })?;
        Ok(Self {
            text: text.into(),
            root,
            steps,
        })
    }

    /// Whether it may yield more than one value.
    pub(crate) fn is_many(&self) -> bool {
        self.steps.contains(&Step::Every)
    }

    pub(crate) fn is_argument(&self) -> bool {
        self.root == Root::Args
    }

    /// The one value of a path without `[*]`.
    pub(crate) fn one<'a>(&'a self, scene: &'a Scene<'_>) -> Seen<'a> {
        let mut found = Seen::Absent;
        let _ = self.each(scene, &mut |seen| {
            found = seen;
            ControlFlow::Continue(())
        });
        found
    }

    /// Calls `visit` with every value of the path, in order, until it breaks.
    pub(crate) fn each<'a>(
        &'a self,
        scene: &'a Scene<'_>,
        visit: &mut dyn FnMut(Seen<'a>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let question = scene.question;
        let around = &question.around;
        let hint =
            |hint: Option<bool>| hint.map_or(Seen::Absent, |hint| Seen::Value(View::Bool(hint)));
        let number = |text: Option<&'static str>| {
            text.map_or(Seen::Misshapen, |text| Seen::Value(View::Number(text)))
        };
        visit(match &self.root {
            Root::Args => {
                return match question.arguments {
                    Some(arguments) => descend(arguments, &self.steps, scene, visit),
                    // Absent arguments are judged as an empty object.
                    None => match self.steps.as_slice() {
                        [] => visit(Seen::Value(View::Object(Fields::Sent(&NOTHING)))),
                        steps => miss(steps, visit),
                    },
                };
            }
            Root::GrantName => Seen::text(Some(around.grant.name)),
            Root::GrantUser => Seen::text(around.grant.user),
            Root::GrantLabel(label) => {
                Seen::text(around.grant.labels.get(label.as_ref()).map(String::as_str))
            }
            Root::ServerSlug => Seen::text(Some(around.server.slug)),
            Root::ToolName => Seen::text(Some(question.tool)),
            Root::ToolCategory => Seen::text(Some(question.category.word())),
            Root::ReadOnlyHint => hint(question.hints.read_only),
            Root::DestructiveHint => hint(question.hints.destructive),
            Root::IdempotentHint => hint(question.hints.idempotent),
            Root::OpenWorldHint => hint(question.hints.open_world),
            Root::ClientName => Seen::text(around.client.name),
            Root::ClientVersion => Seen::text(around.client.version),
            // A time that no calendar can say is there, and cannot be judged.
            Root::Hour => number(scene.clock().map(|clock| clock.hour)),
            Root::Minute => number(scene.clock().map(|clock| clock.minute)),
            Root::Weekday => scene
                .clock()
                .map_or(Seen::Misshapen, |clock| Seen::text(Some(clock.weekday))),
            Root::Date => scene
                .clock()
                .map_or(Seen::Misshapen, |clock| Seen::text(Some(clock.date()))),
        })
    }
}

fn descend<'a>(
    node: &'a Node<'a>,
    steps: &[Step],
    scene: &Scene<'_>,
    visit: &mut dyn FnMut(Seen<'a>) -> ControlFlow<()>,
) -> ControlFlow<()> {
    scene.work.spend(1);
    let Some((step, rest)) = steps.split_first() else {
        return visit(node.into());
    };
    if node.is_null() {
        return miss(steps, visit);
    }
    match step {
        Step::Key(key) => match node.as_object() {
            Some(members) => {
                scene.work.spend(members.len() / 16);
                match node.get(key) {
                    Some(below) => descend(below, rest, scene, visit),
                    None => miss(rest, visit),
                }
            }
            None => visit(Seen::Misshapen),
        },
        Step::Index(index) => match node.as_array() {
            Some(items) => match items.get(*index) {
                Some(below) => descend(below, rest, scene, visit),
                None => miss(rest, visit),
            },
            None => visit(Seen::Misshapen),
        },
        Step::Every => match node.as_array() {
            Some(items) => items
                .iter()
                .try_for_each(|item| descend(item, rest, scene, visit)),
            None => visit(Seen::Misshapen),
        },
    }
}

/// Nothing is there, and these steps are still to go: no values where one of them is `[*]`, else one absent value.
fn miss<'a>(steps: &[Step], visit: &mut dyn FnMut(Seen<'a>) -> ControlFlow<()>) -> ControlFlow<()> {
    if steps.contains(&Step::Every) {
        ControlFlow::Continue(())
    } else {
        visit(Seen::Absent)
    }
}

#[cfg(test)]
mod tests;
