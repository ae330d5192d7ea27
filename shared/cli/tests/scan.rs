//! `portcullis scan`: every client's format, the risk, the policies, and not one secret.

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};

fn scan(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_portcullis"))
        .arg("scan")
        .args(arguments)
        .output()
        .unwrap()
}

fn client(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/clients")
        .join(name);
    file.display().to_string()
}

fn found(arguments: &[&str]) -> Vec<Value> {
    let output = scan(&[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn folder(name: &str) -> PathBuf {
    let folder =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

#[test]
fn the_servers_of_every_client_are_found_with_what_their_tools_can_do() {
    let cases = [
        (
            "claude_desktop.json",
            vec![
                ("imaging", "awslabs.healthimaging-mcp-server"),
                ("home-made", ""),
            ],
        ),
        (
            "claude_code.json",
            vec![("charts", "@antv/mcp-server-chart"), ("remote", "")],
        ),
        (
            "cursor.json",
            vec![("twilio", "@twilio-alpha/mcp"), ("linear", "")],
        ),
        (
            "vscode.jsonc",
            vec![("imaging", "awslabs.healthimaging-mcp-server"), ("api", "")],
        ),
        ("settings.json", vec![("time", "mcp-server-time")]),
    ];
    for (name, mut expected) in cases {
        let mut servers: Vec<(String, String)> = Vec::new();
        for server in found(&["--config", &client(name)]) {
            let text = |key: &str| server[key].as_str().unwrap_or_default().to_owned();
            servers.push((text("name"), text("package")));
            if text("package").starts_with("awslabs") {
                let tools = server["tools"].as_array().unwrap();
                let job = tools
                    .iter()
                    .find(|tool| tool["name"] == "start_dicom_import_job")
                    .unwrap();
                assert_eq!(
                    (&job["category"], &job["severity"]),
                    (&Value::from("execute"), &Value::from("high"))
                );
                assert!(server["grade"].is_string());
            }
        }
        servers.sort();
        expected.sort_unstable();
        let expected: Vec<(String, String)> = expected
            .into_iter()
            .map(|(name, package)| (name.to_owned(), package.to_owned()))
            .collect();
        assert_eq!(servers, expected, "{name}");
    }
}

#[test]
fn no_secret_of_a_configuration_is_ever_printed() {
    for name in [
        "claude_desktop.json",
        "claude_code.json",
        "cursor.json",
        "vscode.jsonc",
    ] {
        for how in [&["--json"][..], &[][..]] {
            let output = scan(&[&["--config", &client(name)], how].concat());
            let said = format!(
                "{}{}",
                String::from_utf8_lossy(&output.stdout),
                String::from_utf8_lossy(&output.stderr)
            );
            assert!(output.status.success(), "{said}");
            assert!(!said.contains("sk-"), "{name}: {said}");
        }
    }
}

#[test]
fn a_policy_is_written_for_each_known_server_and_none_is_written_over() {
    let out = folder("policies");
    let folder = out.display().to_string();
    let config = client("claude_desktop.json");
    for _ in 0..2 {
        let output = scan(&["--config", &config, "--out", &folder, "--preset", "strict"]);
        assert!(output.status.success(), "{output:?}");
    }
    let text = std::fs::read_to_string(out.join("imaging.json")).unwrap();
    assert!(policy::check(&text, None).is_empty(), "{text}");
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1);
    scan(&["--config", &config, "--out", &folder]);
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 2);
    assert_eq!(
        std::fs::read_to_string(out.join("imaging.json")).unwrap(),
        text
    );
    std::fs::remove_dir_all(&out).unwrap();
}

#[test]
fn a_command_is_not_started_unless_that_was_agreed_to() {
    let folder = folder("started");
    std::fs::create_dir_all(&folder).unwrap();
    let mark = folder.join("mark");
    let config = folder.join("config.json");
    let server =
        serde_json::json!({ "mcpServers": { "one": { "command": "touch", "args": [mark] } } });
    std::fs::write(&config, server.to_string()).unwrap();
    let config = config.display().to_string();
    let servers = found(&["--config", &config, "--live"]);
    assert!(!mark.exists());
    assert!(
        servers[0]["known_from"].as_str().unwrap().contains("--yes"),
        "{servers:?}"
    );
    found(&["--config", &config, "--live", "--yes"]);
    assert!(mark.exists());
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_started_server_is_asked_for_every_page_of_its_tools_and_ended() {
    let folder = folder("pipe");
    std::fs::create_dir_all(&folder).unwrap();
    let config = folder.join("config.json");
    // A server in a line of shell: it answers three questions and says something else between.
    let script = r#"read a; echo noise; echo '{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}'; read b; read c; echo '{"jsonrpc":"2.0","method":"notifications/message"}'; echo '{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"list_users"}],"nextCursor":"x"}}'; read d; echo '{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"delete_user"}]}}'; exec sleep 600"#;
    let server =
        serde_json::json!({ "mcpServers": { "one": { "command": "sh", "args": ["-c", script] } } });
    std::fs::write(&config, server.to_string()).unwrap();
    let servers = found(&["--config", &config.display().to_string(), "--live", "--yes"]);
    let categories: Vec<&str> = servers[0]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["category"].as_str().unwrap())
        .collect();
    assert_eq!(categories, ["read", "destructive"], "{servers:?}");
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A server at a URL: to the request that has the first text, it answers the second with the type of the third.
fn server(
    says: &'static [(&'static str, &'static str, &'static str)],
) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request = request(&mut stream);
            let said = says.iter().find(|(asked, ..)| request.contains(asked));
            let (_, answer, kind) = said.copied().unwrap_or_default();
            let status = if kind.is_empty() {
                "202 Accepted"
            } else {
                "200 OK"
            };
            let length = answer.len();
            write!(stream, "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\nmcp-session-id: s1\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}").unwrap();
            let _ = tell.send(request);
        }
    });
    (format!("http://{address}/mcp?key=topsecret"), told)
}

fn request(stream: &mut TcpStream) -> String {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if let Some(said) = line.to_lowercase().strip_prefix("content-length:") {
            length = said.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    head + std::str::from_utf8(&body).unwrap()
}

fn asked(name: &str, url: &str) -> Value {
    let folder = folder(name);
    std::fs::create_dir_all(&folder).unwrap();
    let config = folder.join("config.json");
    let server = serde_json::json!({ "mcpServers": { "linear":
        { "type": "http", "url": url, "headers": { "Authorization": "Bearer topsecret" } } } });
    std::fs::write(&config, server.to_string()).unwrap();
    let mut servers = found(&["--config", &config.display().to_string(), "--live"]);
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(!format!("{servers:?}").contains("topsecret"));
    servers.remove(0)
}

fn categories(server: &Value) -> Vec<&str> {
    let tools = server["tools"].as_array().into_iter().flatten();
    tools
        .map(|tool| tool["category"].as_str().unwrap())
        .collect()
}

#[test]
fn a_server_at_a_url_is_asked_for_every_page_of_its_tools_and_its_session_ended() {
    let (url, told) = server(&[
        (
            r#""initialize""#,
            r#"{"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"s","version":"1"}}}"#,
            "application/json",
        ),
        (
            r#""cursor":"x""#,
            r#"{"jsonrpc":"2.0","id":2,"result":{"tools":[{"name":"delete_user"}]}}"#,
            "application/json",
        ),
        (
            r#""tools/list""#,
            "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\"}\n\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[{\"name\":\"list_users\"}],\"nextCursor\":\"x\"}}\n\n",
            "text/event-stream",
        ),
    ]);
    let server = asked("url", &url);
    assert_eq!(categories(&server), ["read", "destructive"], "{server}");
    assert_eq!(server["known_from"], "the server itself");
    let told: Vec<String> = told.iter().take(5).collect();
    assert!(
        told.iter()
            .all(|request| request.contains("Bearer topsecret"))
    );
    assert!(
        told[1..]
            .iter()
            .all(|request| request.contains("mcp-session-id: s1")
                && request.contains("mcp-protocol-version: 2025-06-18"))
    );
    assert!(told[1].contains("notifications/initialized") && told[4].starts_with("DELETE "));
}

#[test]
fn a_server_at_a_url_that_shakes_no_hands_is_asked_in_the_modern_protocol() {
    let (url, told) = server(&[
        (
            r#""initialize""#,
            r#"{"jsonrpc":"2.0","id":0,"error":{"code":-32601,"message":"no such method"}}"#,
            "application/json",
        ),
        (
            r#""tools/list""#,
            r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"list_users"}]}}"#,
            "application/json",
        ),
    ]);
    let server = asked("modern", &url);
    assert_eq!(categories(&server), ["read"], "{server}");
    let listed = told.iter().nth(1).unwrap();
    assert!(
        listed.contains("mcp-method: tools/list")
            && listed.contains("protocolVersion\":\"2026-07-28"),
        "{listed}"
    );
}

#[test]
fn a_server_at_a_url_that_answers_otherwise_is_told_of() {
    let (url, _told) = server(&[(r#""initialize""#, "<html>", "text/html")]);
    let server = asked("html", &url);
    let source = server["known_from"].as_str().unwrap();
    assert!(
        source.contains("status 200, and not as the protocol"),
        "{source}"
    );
    assert!(
        server["reach"]
            .as_str()
            .unwrap()
            .starts_with("asks http://127.0.0.1:")
    );
}

#[test]
fn what_is_no_configuration_is_told_and_not_passed_over() {
    let folder = folder("bad");
    std::fs::create_dir_all(&folder).unwrap();
    let config = folder.join("config.json");
    std::fs::write(&config, "{ not json").unwrap();
    let output = scan(&["--config", &config.display().to_string()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("it is no JSON"));
    let output = scan(&["--config", "/no/such/file"]);
    assert_eq!(output.status.code(), Some(2));
    std::fs::remove_dir_all(&folder).unwrap();
}
