//! What `deploy/up` says in the end: what to open, and a client ready to paste.

use serde_json::json;

use crate::written::{Demo, Dev};

pub fn tell(dev: &Dev) {
    println!("\nPortcullis is up.\n");
    println!(
        "  control plane  {}   (API: /v1, description: /v1/openapi.json)",
        dev.control_plane
    );
    for (number, gateway) in dev.gateways.iter().enumerate() {
        println!("  gateway {}      {}", number + 1, gateway);
    }
    match &dev.demo {
        Some(demo) => println!("{}", snippets(demo)),
        None => println!(
            "\n  No demo organisation: sign up with POST {}/v1/signup.",
            dev.control_plane
        ),
    }
}

fn snippets(demo: &Demo) -> String {
    let Demo {
        org,
        server,
        proxy_url,
        grant_token,
        ..
    } = demo;
    let call = json!({
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": { "name": "get_customer", "arguments": { "customer": "ada-byron" } },
    });
    let client = json!({
        "mcpServers": {
            (format!("{org}-{server}")): {
                "type": "http",
                "url": proxy_url,
                "headers": { "Authorization": format!("Bearer {grant_token}") },
            },
        },
    });
    format!(
        "
The organisation `{org}` has the MCP server `{server}` and an agent that may use part of it.

An MCP client (Claude Code, Cursor, VS Code, …):

{client:#}

By hand:

curl -s {proxy_url} \\
  -H 'Authorization: Bearer {grant_token}' \\
  -H 'Content-Type: application/json' -H 'Accept: application/json, text/event-stream' \\
  -d '{call}'
"
    )
}
