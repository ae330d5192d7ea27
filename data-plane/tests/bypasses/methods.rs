//! Every method of every revision, asked by whoever may do nothing.

use crate::world::session::RESULT;
use crate::world::upstream::Upstream;
use crate::world::{Answer, Plan, World, plan};
use mcp::{Era, Revision, Rule};
use std::collections::BTreeSet;

/// The requests of a client as each revision's schema lists them; of 2026-07-28 with those of the tasks extension.
const LEGACY: &[&str] = &[
    "initialize",
    "ping",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "logging/setLevel",
];
const TASKS_2025: &[&str] = &["tasks/get", "tasks/result", "tasks/list", "tasks/cancel"];
const MODERN: &[&str] = &[
    "server/discover",
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "subscriptions/listen",
    "tasks/get",
    "tasks/update",
    "tasks/cancel",
];

fn schema(revision: Revision) -> BTreeSet<&'static str> {
    let lists: &[&[&str]] = match revision {
        Revision::V2026_07_28 => &[MODERN],
        Revision::V2025_11_25 => &[LEGACY, TASKS_2025],
        _ => &[LEGACY],
    };
    lists.concat().into_iter().collect()
}

fn era(revision: Revision) -> Era {
    if revision.is_modern() {
        Era::Modern(revision)
    } else {
        Era::Legacy(revision)
    }
}

/// What no client may ask in any revision: requests of servers, notifications with an id, names that look like others.
const NO_METHODS: &[&str] = &[
    "",
    "tools",
    "tools/",
    "tools/call/",
    "/tools/call",
    "tools/Call",
    "TOOLS/CALL",
    "tools/call ",
    " tools/call",
    "tools//call",
    "tools\\/call\\u0000",
    "tools/c\u{430}ll",
    "tools/call\u{200b}",
    "tools.call",
    "tools_call",
    "rpc.discover",
    "system.listMethods",
    "sampling/createMessage",
    "elicitation/create",
    "roots/list",
    "notifications/initialized",
    "notifications/cancelled",
    "notifications/progress",
    "resources/write",
    "prompts/set",
    "tasks/delete",
    "x/y",
];

async fn world(policy: Option<&str>) -> World {
    let plan = Plan {
        policy: policy.map(str::to_owned),
        ..plan()
    };
    World::new(plan, Upstream::saying(RESULT).await).await
}

async fn ask(world: &World, revision: Revision, method: &str) -> Answer {
    let version = revision.as_str();
    let meta = format!(
        r#","_meta":{{"io.modelcontextprotocol/protocolVersion":"{version}","io.modelcontextprotocol/clientCapabilities":{{}}}}"#
    );
    let meta = if revision.is_modern() {
        meta
    } else {
        String::new()
    };
    let body = format!(
        r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"name":"echo","uri":"echo","taskId":"echo"{meta}}}}}"#
    );
    let spelled: String = serde_json::from_str(&format!("\"{method}\"")).unwrap();
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, spelled);
    let mirrored = format!("=?base64?{encoded}?=");
    let headers = [
        ("mcp-protocol-version", version),
        ("mcp-method", mirrored.as_str()),
        ("mcp-name", "echo"),
    ];
    world.post(&headers, body).await
}

#[test]
fn the_table_of_methods_is_that_of_the_schemas() {
    for revision in Revision::ALL {
        let known: BTreeSet<&str> = mcp::REQUESTS
            .iter()
            .copied()
            .filter(|method| mcp::rule(method, era(revision)).is_some())
            .collect();
        assert_eq!(known, schema(revision), "{}", revision.as_str());
    }
}

#[tokio::test]
async fn without_a_policy_no_method_of_any_revision_reaches_the_server() {
    let world = world(None).await;
    for revision in Revision::ALL {
        for method in mcp::REQUESTS.iter().chain(NO_METHODS) {
            let answer = ask(&world, revision, method).await;
            let said = answer.json();
            let is_no = said["error"]["code"].is_i64() || said["result"]["isError"] == true;
            assert!(is_no, "{} {method}: {}", revision.as_str(), answer.body);
            assert!(
                world.upstream.saw().is_empty(),
                "{} {method} went on",
                revision.as_str()
            );
        }
    }
    for method in [
        "notifications/initialized",
        "notifications/cancelled",
        "notifications/progress",
    ] {
        let note = format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#);
        assert_eq!(world.post(&[], note).await.status, 403, "{method}");
    }
    let stream = world.send(world.request(http::Method::GET, &[], "")).await;
    assert_eq!(stream.status(), 403);
    assert!(world.upstream.saw().is_empty());
}

#[tokio::test]
async fn a_policy_that_denies_all_lets_pass_what_no_policy_is_about_and_nothing_else() {
    let world = world(Some(r#"{"version":"1","default":"deny"}"#)).await;
    for revision in Revision::ALL {
        for method in mcp::REQUESTS.iter().chain(NO_METHODS) {
            let passes = matches!(
                mcp::rule(method, era(revision)),
                Some(Rule::Plain | Rule::ToolList | Rule::Listen)
            );
            let before = world.upstream.saw().len();
            let answer = ask(&world, revision, method).await;
            let reached = world.upstream.saw().len() > before;
            assert_eq!(
                reached,
                passes,
                "{} {method}: {}",
                revision.as_str(),
                answer.body
            );
        }
    }
}

#[tokio::test]
async fn what_a_revision_does_not_have_goes_nowhere_however_much_is_allowed() {
    let allow = r#"{"version":"1","default":"allow","methods":["resources","prompts"]}"#;
    let world = world(Some(allow)).await;
    for revision in Revision::ALL {
        let own = schema(revision);
        for method in mcp::REQUESTS.iter().chain(NO_METHODS) {
            if own.contains(method) {
                continue;
            }
            let answer = ask(&world, revision, method).await;
            let status = if revision.is_modern() { 404 } else { 200 };
            let said = (
                answer.status.as_u16(),
                answer.json()["error"]["code"].as_i64(),
            );
            assert_eq!(
                said,
                (status, Some(-32601)),
                "{} {method}",
                revision.as_str()
            );
        }
        // Without an id they are no notifications, and notifications that nobody knows are nobody's.
        for method in mcp::REQUESTS
            .iter()
            .chain(["notifications/made_up", "x/y", ""].iter())
        {
            let note =
                format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{"name":"echo"}}}}"#);
            let headers = [("mcp-protocol-version", revision.as_str())];
            let status = world.post(&headers, note).await.status.as_u16();
            let expected = if mcp::is_request(method) { 400 } else { 202 };
            assert_eq!(status, expected, "{} {method}", revision.as_str());
        }
    }
    assert!(world.upstream.saw().is_empty());
}
