use super::*;
use mcp::Page;

fn read(
    definition: &str,
    trust: Trust,
    recorded: Option<&bundle::Tool>,
    digest: &str,
) -> Option<Category> {
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{definition}]}}}}"#);
    let document = mcp::reply::parse(text.as_bytes()).unwrap();
    let page = Page::of(&document).unwrap().unwrap();
    let entry = page.entries().next().unwrap();
    of(&entry, trust, recorded, digest)
}

fn recorded(category: Category, is_read: bool) -> bundle::Tool {
    bundle::Tool {
        name: "drop_table".to_owned(),
        digest: "old".to_owned(),
        category,
        is_read,
        hints: bundle::Hints::default(),
        is_changed: false,
        param_headers: Vec::new(),
        input_schema: None,
    }
}

const DROP: &str = r#"{"name":"drop_table","description":"Drops a table for good."}"#;
const LOOK: &str = r#"{"name":"get_table","description":"Gets a table."}"#;

#[test]
fn a_tool_that_nobody_recorded_is_what_its_definition_says() {
    assert_eq!(
        read(DROP, Trust::Untrusted, None, "new"),
        Some(Category::Destructive)
    );
    assert_eq!(
        read(LOOK, Trust::Untrusted, None, "new"),
        Some(Category::Read)
    );
}

#[test]
fn peoples_words_and_an_unchanged_definition_are_not_read_again() {
    let word = recorded(Category::Read, false);
    assert_eq!(read(DROP, Trust::Untrusted, Some(&word), "new"), None);
    let same = recorded(Category::Read, true);
    assert_eq!(read(DROP, Trust::Untrusted, Some(&same), "old"), None);
}

#[test]
fn a_new_definition_makes_a_tool_worse_at_once_and_milder_only_when_it_is_recorded() {
    let mild = recorded(Category::Read, true);
    assert_eq!(
        read(DROP, Trust::Untrusted, Some(&mild), "new"),
        Some(Category::Destructive)
    );
    let bad = recorded(Category::Destructive, true);
    assert_eq!(
        read(LOOK, Trust::Untrusted, Some(&bad), "new"),
        Some(Category::Destructive)
    );
}
