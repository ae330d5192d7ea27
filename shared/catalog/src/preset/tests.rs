use super::Preset;
use crate::Category;

#[test]
fn the_recommended_document_asks_for_each_category_what_the_table_says() {
    let tools = [
        ("list", Category::Read),
        ("create", Category::Write),
        ("run", Category::Execute),
        ("drop", Category::Destructive),
        ("pay", Category::Financial),
        ("odd", Category::Unknown),
        ("wild*", Category::Read),
        ("list", Category::Read),
    ];
    assert_eq!(
        Preset::Recommended.document(tools.into_iter()),
        r#"{
  "version": "1",
  "default": "deny",
  "tools": {
    "list": {},
    "create": { "limits": [ { "counter": "create_rate", "window": "minute", "max": 30, "scope": "grant" } ] },
    "run": { "limits": [ { "counter": "run_rate", "window": "minute", "max": 10, "scope": "grant" } ] },
    "drop": { "action": "require_approval" },
    "pay": { "action": "require_approval" },
    "odd": { "action": "require_approval" }
  }
}"#
    );
}

#[test]
fn what_cannot_be_brought_back_never_goes_through_by_itself_in_any_preset() {
    for preset in Preset::ALL {
        for category in [
            Category::Destructive,
            Category::Financial,
            Category::Unknown,
        ] {
            let text = preset.document([("it", category)].into_iter());
            assert!(
                text.contains("require_approval") || text.contains("hide"),
                "{text}"
            );
        }
    }
}

#[test]
fn a_server_of_more_tools_than_a_document_holds_is_put_under_its_categories() {
    let names: Vec<String> = (0..3_000).map(|number| format!("tool_{number}")).collect();
    let tools = names.iter().map(|name| (name.as_str(), Category::Write));
    let text = Preset::Recommended.document(tools);
    assert!(text.contains(r#""@write": { "limits""#), "{text}");
    assert!(!text.contains("tool_1"));
}
