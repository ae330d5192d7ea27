//! `tools/list`: what may be seen is what may be known.

mod world;

use world::upstream::{self, Upstream, events};
use world::{Plan, World, plan};

const LIST: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"cacheScope":"public","tools":[{"name":"a","inputSchema":{"type":"object","x":1.50}},{ "name":"hidden_b"},{"name":"c","annotations":{"\u0061":true}}, {"name":"denied"}],"nextCursor":""}}"#;
const ASK: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
const POLICY: &str =
    r#"{"version":"1","default":"deny","hide":["hidden_*"],"tools":{"a":{},"c":{}}}"#;

fn expected() -> String {
    LIST.replace(r#"{ "name":"hidden_b"},"#, "")
        .replace("public", "private")
}

async fn world(as_stream: bool, plan: Plan, list: &'static str) -> World {
    let upstream = Upstream::new(move |_| async move {
        if as_stream {
            events(&[list])
        } else {
            upstream::json(list)
        }
    })
    .await;
    World::new(
        Plan {
            policy: Some(POLICY.into()),
            ..plan
        },
        upstream,
    )
    .await
}

#[tokio::test]
async fn hidden_tools_are_cut_out_and_everything_else_is_as_it_was() {
    let answer = world(false, plan(), LIST).await.post(&[], ASK).await;
    assert_eq!(answer.body, expected());
    assert_eq!(answer.headers["cache-control"], "no-store");
    let answer = world(true, plan(), LIST).await.post(&[], ASK).await;
    assert_eq!(answer.body, world::upstream::event(&expected()));
}

#[tokio::test]
async fn a_list_is_kept_by_no_cache_even_where_nothing_was_cut_out_of_it() {
    let upstream = Upstream::new(|_| async {
        let mut said = upstream::json(r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}"#);
        let forever = "public, max-age=600, No-Transform".parse().unwrap();
        said.headers_mut().insert("cache-control", forever);
        said
    })
    .await;
    let world = World::new(plan(), upstream).await;
    let list = world.post(&[], ASK).await;
    assert_eq!(list.headers["cache-control"], "no-store, no-transform");
    let other = world.post(&[], ASK.replace("tools/list", "ping")).await;
    assert_eq!(
        other.headers["cache-control"],
        "public, max-age=600, No-Transform"
    );
}

#[tokio::test]
async fn tools_that_wait_for_their_review_are_not_shown() {
    let reviewed = digest(r#"{"name":"a","inputSchema":{"type":"object","x":1.5}}"#);
    let change = move |bundle: &mut bundle::OrgBundle| {
        let server = &mut bundle.servers[0];
        server.pinning = bundle::Pinning::Block;
        let mut first = world::tool("a");
        first.digest = reviewed;
        // The definition of `c` has changed since.
        server.tools = Some(vec![first, world::tool("c")]);
    };
    let world = world(
        false,
        Plan {
            change: Box::new(change),
            ..plan()
        },
        LIST,
    )
    .await;
    let said = world.post(&[], ASK).await.json();
    let names: Vec<_> = said["result"]["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["a"]);
    let call = world.call("c", "{}").await.json();
    assert_eq!(
        call["result"]["_meta"]["dev.portcullis/decision"]["rule"],
        "(changed)"
    );
}

#[tokio::test]
async fn a_list_that_cannot_be_cut_is_an_error_and_never_a_whole_list() {
    for list in [
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"hidden_b"}],"Tools":[]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","name":"hidden_b"}]}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":{"name":"hidden_b"}}}"#,
        r#"[{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"hidden_b"}]}}]"#,
    ] {
        let answer = world(false, plan(), list).await.post(&[], ASK).await;
        assert_eq!(
            (
                answer.status.as_u16(),
                answer.json()["error"]["code"].as_i64()
            ),
            (502, Some(1001)),
            "{list}"
        );
        assert!(!answer.body.contains("hidden_b"));
        let stream = world(true, plan(), list).await.post(&[], ASK).await;
        assert!(
            stream.body.contains(r#""id":1,"error":{"code":1001"#)
                && !stream.body.contains("hidden_b"),
            "{}",
            stream.body
        );
    }
}

#[tokio::test]
async fn a_long_list_passes_byte_for_byte() {
    let tools: Vec<String> = (0..800)
        .map(|index| {
            format!(
                r#"{{"name":"tool_{index}","description":"{}","n":1e{}}}"#,
                "x".repeat(500),
                index % 300
            )
        })
        .collect();
    let list = format!(
        r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{}]}}}}"#,
        tools.join(", ")
    );
    let world = World::new(plan(), Upstream::saying(list.clone()).await).await;
    assert_eq!(world.post(&[], ASK).await.body, list);
    assert_eq!(
        world.call("tool_799", "{}").await.status,
        200,
        "what passed in a list is known"
    );
}

/// Seeing and doing ask the same question, whatever the policy, the pinning and the reviews.
#[tokio::test]
async fn what_is_listed_may_be_asked_for_and_what_is_not_does_not_exist() {
    const NAMES: [&str; 6] = ["read_a", "read_b", "drop_a", "drop_b", "a", "b"];
    const HIDES: [&str; 6] = ["read_*", "*_a", "@read", "a", "drop_?", "no_such"];
    let entries: Vec<String> = NAMES
        .iter()
        .map(|name| format!(r#"{{"name":"{name}"}}"#))
        .collect();
    let list = format!(
        r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{}]}}}}"#,
        entries.join(",")
    );
    let upstream = Upstream::new(move |saw| {
        let said = if saw.method() == "tools/list" {
            list.clone()
        } else {
            RESULT.to_owned()
        };
        async move { upstream::json(&said) }
    })
    .await;
    let mut world = World::new(plan(), upstream).await;
    let random = host::clock::Random::seeded(1);
    let mut seen = [0; 2];
    for _ in 0..60 {
        let [hide, action, default, pinning, changed, recorded] = random.bytes::<6>();
        let of = |bits: u8, words: &[&str]| -> Vec<String> {
            let chosen = words
                .iter()
                .enumerate()
                .filter(|(index, _)| bits & (1 << index) != 0);
            chosen.map(|(_, word)| format!("\"{word}\"")).collect()
        };
        let hidden = of(hide & random.bytes::<1>()[0], &HIDES).join(",");
        let tools: Vec<String> = of(action & hide, &NAMES)
            .iter()
            .map(|name| format!(r#"{name}:{{"action":"hide"}}"#))
            .collect();
        let document = format!(
            r#"{{"version":"1","default":"{}","hide":[{hidden}],"tools":{{{}}}}}"#,
            if default & 1 == 0 { "allow" } else { "deny" },
            tools.join(",")
        );
        world.publish(|bundle| {
            bundle.policies[0].document = document;
            let server = &mut bundle.servers[0];
            server.pinning = if pinning & 1 == 0 {
                bundle::Pinning::Block
            } else {
                bundle::Pinning::Warn
            };
            let known = NAMES
                .iter()
                .enumerate()
                .filter(|(index, _)| recorded & (1 << index) != 0);
            let reviewed = known.map(|(index, name)| bundle::Tool {
                is_changed: changed & (1 << index) != 0,
                digest: digest(&format!(r#"{{"name":"{name}"}}"#)),
                ..world::tool(name)
            });
            server.tools = Some(reviewed.collect());
        });
        let listed = world.post(&[], ASK).await.body;
        for name in NAMES {
            let is_listed = listed.contains(&format!(r#"{{"name":"{name}"}}"#));
            let body = world.call(name, "{}").await.body;
            let is_there = !body.contains("Unknown tool") && !body.contains("(changed)");
            assert_eq!(is_listed, is_there, "{name}: {listed} {body}");
            seen[usize::from(is_listed)] += 1;
        }
    }
    assert!(seen.iter().all(|count| *count > 30), "{seen:?}");
}

const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;

fn digest(definition: &str) -> String {
    let document = mcp::reply::parse(definition.as_bytes()).unwrap();
    seal::to_hex(&seal::sha256(json::canonical(&document.root).as_bytes()))
}
