use super::read;

#[test]
fn a_server_json_of_the_registry_gives_a_server_for_each_package_and_no_tools() {
    let text = r#"{
        "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
        "name": "io.github.acme/files", "title": "Files", "description": "Reads files.", "version": "1.2.0",
        "packages": [
            { "registryType": "npm", "identifier": "@acme/files", "version": "1.2.0", "transport": { "type": "stdio" } },
            { "registryType": "oci", "identifier": "docker.io/acme/files:1.2.0", "transport": { "type": "streamable-http" } }
        ],
        "remotes": [ { "type": "sse", "url": "https://files.acme.example/sse" } ]
    }"#;
    let found = read(text).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(
        (found[0].ecosystem.as_str(), found[0].package.as_str()),
        ("npm", "@acme/files")
    );
    assert_eq!(found[1].transport, "streamable-http");
    assert_eq!(found[1].version, "1.2.0");
    assert!(found.iter().all(|one| one.tools.is_none()));
}

#[test]
fn a_page_of_the_registrys_answer_is_read_and_a_remote_server_stands_under_its_own_name() {
    let text = r#"{ "servers": [ { "server": { "name": "com.acme/analytics", "version": "2.0.0",
        "remotes": [ { "type": "streamable-http", "url": "https://analytics.acme.example/mcp" } ] }, "_meta": {} } ],
        "metadata": { "count": 1 } }"#;
    let found = read(text).unwrap();
    assert_eq!(
        (found[0].ecosystem.as_str(), found[0].package.as_str()),
        ("remote", "com.acme/analytics")
    );
}

#[test]
fn a_listing_is_judged_as_it_is_read() {
    let text =
        r#"{"package":"a","ecosystem":"npm","version":"1","tools":[{"name":"delete_user"}]}"#;
    let found = read(text).unwrap();
    assert_eq!(
        found[0].tools.as_ref().unwrap()[0].category.name(),
        "destructive"
    );
}

#[test]
fn what_is_none_of_it_is_refused_and_says_what_was_expected() {
    for text in [
        "",
        "hello",
        "[]",
        "{}",
        r#"{"name":"x"}"#,
        r#"{"servers":[]}"#,
        "{\"package\":1}\n",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
    let fault = read("hello").unwrap_err().to_string();
    assert!(fault.contains("expected"), "{fault}");
    let fault = read("{\"package\":\"a\",\"tools\":[]}\n{\"package\":\"b\"}")
        .unwrap_err()
        .to_string();
    assert!(fault.starts_with("line 2"), "{fault}");
}
