//! Judgements: the compiled policy answers as the slow reading of its document does, explained or not, and however the
//! document is spelt.

#[path = "../../../../shared/policy/tests/oracle/mod.rs"]
mod oracle;

use crate::parts::{choice, parts, text};
use json::Limits;
use policy::case::Context;
use policy::{Category, Hints, Policy, Question};

const LIMITS: Limits = Limits {
    bytes: 1 << 16,
    depth: 64,
    values: 1 << 20,
};
const CATEGORIES: [Category; 6] = [
    Category::Read,
    Category::Write,
    Category::Destructive,
    Category::Execute,
    Category::Financial,
    Category::Unknown,
];

pub fn run(data: &[u8]) {
    let [facts, tool, arguments, document] = parts(data);
    let (Some(tool), Some(document)) = (text(tool), text(document)) else {
        return;
    };
    let Ok(compiled) = policy::compile(document) else {
        return;
    };
    let arguments = (!arguments.is_empty()).then(|| json::read(arguments, &LIMITS));
    let arguments = match &arguments {
        None => None,
        Some(Ok(read)) if read.refusals.is_empty() => Some(&read.root),
        Some(_) => return,
    };
    let context = context(facts);
    let question = context.question(tool, arguments);
    let (word, rule) = decided(&compiled, &question);

    let explained = compiled.explain(&question);
    assert_eq!((explained.verdict, &explained.rule), (word, &rule));
    let spelt = policy::canonical(document).expect("what compiles has one spelling");
    let again = policy::compile(&spelt).expect("the canonical form compiles");
    assert_eq!(decided(&again, &question), (word, rule.clone()));
    // The slow reading tries every way a pattern could match, and knows no keys in quotes.
    if document.matches('*').count() <= 8 && !spelt.contains("[\\\"") {
        let read = json::read(document.as_bytes(), &LIMITS).expect("what compiles is JSON");
        assert_eq!(oracle::answer(&read.root, &question), (word, rule));
    }
}

fn decided(policy: &Policy, question: &Question<'_>) -> (&'static str, Option<String>) {
    let verdict = policy.decide(question);
    (verdict.word(), verdict.rule().map(str::to_owned))
}

fn context(facts: &[u8]) -> Context {
    let (bits, facts) = choice(facts, u8::MAX);
    let (category, facts) = choice(facts, 6);
    let (late, name) = choice(facts, u8::MAX);
    let is = |bit: u8| bits & (1 << bit) != 0;
    let name = text(name).unwrap_or_default();
    let mut context = Context {
        category: CATEGORIES[usize::from(category)],
        changed: is(0),
        approved: is(1),
        known_tools: is(2).then(Vec::new),
        hints: Hints {
            read_only: is(3).then_some(is(4)),
            ..Hints::default()
        },
        user: is(5).then(|| format!("{name}@a.example")),
        client: is(6).then(|| name.to_owned()),
        ..Context::default()
    };
    context.now += i64::from(late) * 1_234_567_890;
    if is(7) {
        context.labels.insert("env".to_owned(), name.to_owned());
    }
    context
}
