//! Every case of `corpus/`: the design's own vectors and ours, decided and explained.

use policy::case::Case;
use std::path::PathBuf;

const LIMITS: json::Limits = json::Limits {
    bytes: 16 << 20,
    depth: 64,
    values: 1 << 20,
};

fn files() -> Vec<(PathBuf, String)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the corpus")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| {
            (
                path.clone(),
                std::fs::read_to_string(&path).expect("a file of the corpus"),
            )
        })
        .collect();
    files.sort();
    files
}

fn for_each_case(mut visit: impl FnMut(&str, &Case<'_>)) {
    for (path, text) in files() {
        let document = json::read(text.as_bytes(), &LIMITS)
            .unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
        let file = path.file_name().expect("a name").to_string_lossy();
        let cases = Case::read_all(&document.root, document.text)
            .unwrap_or_else(|why| panic!("{file}: {why}"));
        for case in &cases {
            visit(&file, case);
        }
    }
}

#[test]
fn every_case_is_answered_as_it_says() {
    let (mut cases, mut failures) = (0, Vec::new());
    for_each_case(|file, case| {
        cases += 1;
        let text = case.policy.expect("a case of the corpus brings its policy");
        match policy::compile(text) {
            Ok(policy) => {
                let differences = case.differences(&policy);
                if !differences.is_empty() {
                    failures.push(format!("{file}: {}: {}", case.name, differences.join("; ")));
                }
            }
            Err(findings) => failures.push(format!("{file}: {}: {findings:?}", case.name)),
        }
    });
    assert!(
        failures.is_empty(),
        "{} of {cases} failed:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(cases >= 440, "the corpus has only {cases} cases");
}

#[test]
fn every_rule_that_was_looked_at_has_a_line() {
    let (mut named, mut lost) = (0, Vec::new());
    for_each_case(|file, case| {
        let text = case.policy.expect("a case of the corpus brings its policy");
        let Ok(policy) = policy::compile(text) else {
            return;
        };
        let explanation = policy.explain(&case.question());
        let rules = explanation.trace.iter().map(|step| &step.rule);
        for rule in rules.filter(|rule| rule.starts_with('/')) {
            named += 1;
            if policy::line_of(text, rule).is_none() {
                lost.push(format!("{file}: {}: {rule}", case.name));
            }
        }
    });
    assert!(lost.is_empty(), "{}", lost.join("\n"));
    assert!(named >= 400, "only {named} rules are named");
}

#[test]
fn a_document_means_the_same_in_its_canonical_form() {
    for_each_case(|file, case| {
        let text = case.policy.expect("a policy");
        let spelt = policy::canonical(text).expect("a document of the corpus compiles");
        assert_eq!(
            policy::canonical(&spelt).as_ref(),
            Ok(&spelt),
            "{file}: {}",
            case.name
        );
        let policy = policy::compile(&spelt).expect("the canonical form compiles");
        assert_eq!(
            case.differences(&policy),
            Vec::<String>::new(),
            "{file}: {}",
            case.name
        );
    });
}

#[test]
fn the_published_schema_takes_every_document_of_the_corpus() {
    let validator = jsonschema::options()
        .build(&policy::schema())
        .expect("the schema compiles");
    for_each_case(|file, case| {
        let text = case.policy.expect("a policy");
        let document = serde_json::from_str(text).expect("JSON");
        let errors: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{file}: {}: {errors:?}", case.name);
    });
}

#[test]
fn names_tell_cases_apart() {
    let mut seen = std::collections::HashSet::new();
    for_each_case(|file, case| {
        assert!(
            seen.insert((file.to_owned(), case.name.clone())),
            "{file}: {} twice",
            case.name
        );
    });
}
