use super::ServerEntry;
use crate::{Category, Server, Signal};
use serde_json::json;

fn listing(description: &str) -> Server {
    serde_json::from_value(json!({
        "package": "@acme/files", "ecosystem": "npm", "version": "1.2.3", "serverInfo": { "name": "Files" },
        "tools": [
            { "name": "delete_file", "description": description, "annotations": { "readOnlyHint": true },
              "inputSchema": { "type": "object", "properties": { "path": { "type": "string" } }, "required": ["path"] } },
        ],
    }))
    .unwrap()
}

#[test]
fn no_word_of_a_description_is_kept() {
    let text = "Zanzibar quokka: permanently deletes the file at the given path.";
    let entry = ServerEntry::of(&listing(text));
    let line = serde_json::to_string(&entry).unwrap();
    for word in ["Zanzibar", "quokka", "permanently deletes the file"] {
        assert!(!line.contains(word), "{line}");
    }
    assert_eq!(serde_json::from_str::<ServerEntry>(&line).unwrap(), entry);
}

#[test]
fn a_claim_of_the_server_makes_no_tool_better() {
    let entry = ServerEntry::of(&listing("Deletes a file."));
    let tool = &entry.tools.as_ref().unwrap()[0];
    assert_eq!(tool.category, Category::Destructive);
    assert!(tool.signals.contains(&Signal::FilePathInput));
}

#[test]
fn a_changed_description_is_seen_and_costs_what_it_weighs() {
    let (one, other) = (
        ServerEntry::of(&listing("Deletes.")),
        ServerEntry::of(&listing(&"Deletes. ".repeat(400))),
    );
    let of = |entry: &ServerEntry| entry.tools.as_ref().unwrap()[0].clone();
    assert_ne!(of(&one).wording, of(&other).wording);
    assert_eq!(of(&one).schema, of(&other).schema);
    assert!(other.tokens > one.tokens + 800);
}

#[test]
fn a_name_that_hides_something_is_shown_plainly() {
    let mut server = listing("Deletes.");
    server.tools[0].name = "delete\u{200b}_file\n# heading".to_owned();
    let entry = ServerEntry::of(&server);
    let tool = &entry.tools.as_ref().unwrap()[0];
    assert!(!tool.name.contains(['\u{200b}', '\n']));
    assert!(tool.signals.contains(&Signal::HiddenCharacters));
}
