use super::all;
use serde_json::Value;

fn snippets() -> Vec<super::Snippet> {
    let servers = [
        (
            "billing".to_owned(),
            "https://gate.example/acme/billing/mcp".to_owned(),
        ),
        (
            "crm".to_owned(),
            "https://gate.example/acme/crm/mcp".to_owned(),
        ),
    ];
    all(&servers, "pcl_secret")
}

#[test]
fn every_client_is_pointed_at_every_server_with_the_token() {
    for snippet in snippets() {
        for part in [
            "https://gate.example/acme/billing/mcp",
            "https://gate.example/acme/crm/mcp",
            "Bearer pcl_secret",
        ] {
            assert!(
                snippet.text.contains(part),
                "{} has no {part}: {}",
                snippet.title,
                snippet.text
            );
        }
    }
}

#[test]
fn what_goes_into_a_json_file_is_json() {
    for title in ["Cursor", "VS Code", "Claude Desktop"] {
        let snippet = snippets()
            .into_iter()
            .find(|snippet| snippet.title == title)
            .unwrap();
        let value: Value = serde_json::from_str(&snippet.text).unwrap();
        assert!(value.is_object(), "{title}");
    }
}
