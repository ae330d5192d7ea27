//! The shipped catalogue is whole, and is what the classifier of today says.

use catalog::label::Labelled;
use catalog::{Trust, classify, place, shipped};
use std::collections::{HashMap, HashSet};

#[test]
fn the_file_was_built_with_the_lexicon_of_today() {
    let first = shipped::FILE.lines().next().unwrap();
    let header: shipped::Header = serde_json::from_str(first).unwrap();
    assert_eq!(
        header.lexicon,
        shipped::lexicon(),
        "the lexicon has changed: `portcullis catalog build LISTINGS shared/catalog/shipped/servers.jsonl` judges anew"
    );
}

#[test]
fn a_tool_that_is_labelled_is_shipped_as_the_classifier_judges_it() {
    let servers = shipped::read(shipped::FILE).unwrap();
    let known: HashMap<(&str, &str), &catalog::ToolEntry> = servers
        .iter()
        .flat_map(|server| {
            let package = server.package.as_str();
            let tools = server.tools.iter().flatten();
            tools.map(move |tool| ((package, tool.name.as_str()), tool))
        })
        .collect();
    let labels = include_str!("../labels/tools.jsonl");
    let mut compared = 0;
    for line in labels.lines() {
        let labelled: Labelled = serde_json::from_str(line).unwrap();
        let definition = &labelled.definition;
        let key = (labelled.package.as_str(), definition.name.as_str());
        let Some(tool) = known.get(&key) else {
            continue;
        };
        let judged = classify(definition, Trust::Untrusted);
        assert_eq!(
            (tool.category, tool.confidence, &tool.evidence),
            (judged.category, judged.confidence, &judged.evidence),
            "{key:?}"
        );
        compared += 1;
    }
    assert!(compared > 600, "{compared} tools were compared");
}

#[test]
fn every_server_has_a_place_of_its_own_and_its_tools() {
    let servers = shipped::read(shipped::FILE).unwrap();
    let places: HashSet<String> = servers.iter().map(catalog::ServerEntry::slug).collect();
    assert_eq!(places.len(), servers.len());
    for server in &servers {
        assert!(
            server.tools.as_ref().is_some_and(|tools| !tools.is_empty()),
            "{}",
            server.package
        );
        assert!(server.tokens > 0);
        assert_eq!(
            place::slug(&server.ecosystem, &server.package),
            server.slug()
        );
    }
}

#[test]
fn the_same_servers_make_the_same_file_in_whatever_order() {
    let mut servers = shipped::read(shipped::FILE).unwrap();
    servers.reverse();
    assert_eq!(shipped::spell(&servers).unwrap(), shipped::FILE);
}

#[test]
fn half_a_file_is_none() {
    let cut: String = shipped::FILE
        .lines()
        .take(5)
        .flat_map(|line| [line, "\n"])
        .collect();
    let fault = shipped::read(&cut).unwrap_err().to_string();
    assert!(fault.contains("not whole"), "{fault}");
}
