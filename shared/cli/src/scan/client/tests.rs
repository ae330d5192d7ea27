use super::{Reach, origin, read, without_comments};
use serde_json::Value;

#[test]
fn comments_and_last_commas_go_and_texts_stay() {
    let text = "{ // one\n \"a//b\": \"/* no */ , }\\\" //\", /* two */ \"c\": [1, 2, ], }";
    let value: Value = serde_json::from_str(&without_comments(text)).unwrap();
    assert_eq!(value["a//b"], "/* no */ , }\" //");
    assert_eq!(value["c"][1], 2);
}

#[test]
fn neither_a_password_in_a_url_nor_its_path_is_shown() {
    assert_eq!(
        origin("https://ann:secret@mcp.example.com/token-in-path?key=x"),
        "https://mcp.example.com"
    );
    assert_eq!(
        origin("https://mcp.example.com?key=x"),
        "https://mcp.example.com"
    );
}

#[test]
fn what_has_neither_command_nor_url_is_no_server_and_what_is_no_object_is_refused() {
    let found =
        read(r#"{ "mcpServers": { "a": {}, "b": 1, "c": { "command": "x", "args": [1, "y"] } } }"#)
            .unwrap();
    assert_eq!(found.len(), 1);
    let Reach::Command { args, .. } = &found[0].reach else {
        panic!("{found:?}");
    };
    assert_eq!(args, &["y"]);
    assert!(read("[]").is_err());
    assert!(read("{").is_err());
}
