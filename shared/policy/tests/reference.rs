//! The reference in `docs/policy.md`: its documents compile, and its cases are answered as they say.

use policy::case::Case;

const REFERENCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/policy.md");
const LIMITS: json::Limits = json::Limits {
    bytes: 1 << 20,
    depth: 64,
    values: 1 << 20,
};

/// The fenced blocks that open with exactly these words.
fn blocks(words: &str) -> Vec<String> {
    let text = std::fs::read_to_string(REFERENCE).expect("the reference");
    let (mut blocks, mut open) = (Vec::new(), None);
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(opening), None) => open = Some((opening.to_owned(), String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, block))) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "every block of the reference is closed");
    blocks
        .into_iter()
        .filter(|(opening, _)| opening == words)
        .map(|(_, block)| block)
        .collect()
}

#[test]
fn every_document_of_the_reference_compiles_without_a_finding() {
    let documents = blocks("json");
    assert!(documents.len() >= 3);
    for document in documents {
        assert_eq!(policy::check(&document, None), [], "{document}");
    }
}

#[test]
fn every_case_of_the_reference_is_answered_as_it_says() {
    let lists = blocks("json cases");
    assert!(lists.len() >= 2);
    for list in lists {
        let document = json::read(list.as_bytes(), &LIMITS).expect("a list of cases");
        let cases = Case::read_all(&document.root, document.text).expect("cases");
        assert!(!cases.is_empty());
        for case in cases {
            let policy = policy::compile(case.policy.expect("a policy")).expect("it compiles");
            assert_eq!(
                case.differences(&policy),
                Vec::<String>::new(),
                "{}",
                case.name
            );
        }
    }
}
