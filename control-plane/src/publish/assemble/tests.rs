use super::*;

fn row(definition: &str) -> ToolRow {
    ToolRow {
        server_id: Uuid::nil(),
        name: "echo".to_owned(),
        definition: definition.to_owned(),
        digest: vec![1; 32],
        reviewed_digest: Some(vec![1; 32]),
        category: None,
        standing_category: None,
    }
}

#[test]
fn the_headers_that_a_schema_asks_for_travel_without_the_schema() {
    let schema = r#"{"type":"object","properties":{"place":{"properties":{"region":{"type":"string","x-mcp-header":"Region"}}},"n":{"type":"integer"}}}"#;
    let definition = format!(r#"{{"name":"echo","inputSchema":{schema}}}"#);
    let told = tool(&row(&definition), false).unwrap();
    assert!(told.input_schema.is_none());
    let expected = mcp::ParamHeader {
        name: "region".to_owned(),
        path: vec!["place".to_owned(), "region".to_owned()],
    };
    assert_eq!(told.param_headers, [expected]);
    let written = serde_json::to_string(&told).unwrap();
    let read: Tool = serde_json::from_str(&written).unwrap();
    assert_eq!(read.param_headers, told.param_headers);
}

#[test]
fn a_tool_without_such_headers_is_told_as_before() {
    for definition in [
        r#"{"name":"echo"}"#,
        r#"{"name":"echo","inputSchema":7}"#,
        r#"{"name":"echo","inputSchema":{"properties":{"a":{"x-mcp-header":7}}}}"#,
    ] {
        let told = tool(&row(definition), false).unwrap();
        assert!(told.param_headers.is_empty(), "{definition}");
        assert!(
            !serde_json::to_string(&told)
                .unwrap()
                .contains("param_headers")
        );
    }
}
