//! Ways to be judged as one call and served as another, to be somebody else, or to hear what was not meant for one: each
//! is closed, and the server never hears of it.

mod arguments;
mod batches;
mod bytes;
mod costs;
mod echoes;
mod headers;
mod keys;
mod methods;
mod mirrors;
mod names;
mod smuggling;
mod smuggling_h2;
mod strangers;
#[path = "../world/mod.rs"]
mod world;

use world::session::RESULT;
use world::upstream::Upstream;
use world::{Plan, World, plan};

/// `echo` is allowed, `drop` is not.
const POLICY: &str = r#"{"version":"1","default":"deny","tools":{"echo":{}}}"#;

async fn with(policy: &str) -> World {
    let plan = Plan {
        policy: Some(policy.to_owned()),
        tools: Some(vec!["echo", "drop", "caf\u{e9}"]),
        ..plan()
    };
    World::new(plan, Upstream::saying(RESULT).await).await
}

/// Posted under every revision, each body is answered by a JSON-RPC error of the protocol's own, and reaches nobody.
async fn all_are_refused<B: AsRef<[u8]>>(world: &World, bodies: impl IntoIterator<Item = B>) {
    for body in bodies {
        let body = body.as_ref();
        let shown = String::from_utf8_lossy(&body[..body.len().min(300)]);
        for revision in ["2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"] {
            let headers = [
                ("mcp-protocol-version", revision),
                ("mcp-method", "tools/call"),
                ("mcp-name", "echo"),
            ];
            let answer = world.post(&headers, body.to_vec()).await;
            let said = answer.json();
            let elements = said.as_array().cloned().unwrap_or_else(|| vec![said]);
            let is_error = |said: &serde_json::Value| {
                let code = said["error"]["code"].as_i64();
                code.is_some_and(|code| code < -32000)
            };
            assert!(
                elements.iter().all(is_error),
                "{revision}: {shown} was answered {}",
                answer.body
            );
        }
        assert!(
            world.upstream.saw().is_empty(),
            "{shown} reached the server"
        );
    }
}
