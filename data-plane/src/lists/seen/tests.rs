use super::*;
use mcp::Page;
use std::sync::atomic::{AtomicUsize, Ordering};

fn server(last: u8) -> ServerId {
    ServerId::new(1, [last; 10])
}

fn note(seen: &Seen, server: ServerId, tools: &str) {
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{tools}]}}}}"#);
    let document = mcp::reply::parse(text.as_bytes()).unwrap();
    let page = Page::of(&document).unwrap().unwrap();
    seen.note(
        server,
        document.text,
        page.entries(),
        Trust::Untrusted,
        |_| None,
    );
}

#[test]
fn a_tool_that_passed_is_known_with_its_newest_definition() {
    let seen = Seen::default();
    assert!(seen.tool(server(1), "a").is_none());
    note(
        &seen,
        server(1),
        r#"{"name":"a","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}}"#,
    );
    let first = seen.tool(server(1), "a").unwrap();
    assert_eq!(first.hints.read_only_hint, Some(true));
    assert!(first.schema().is_some());
    assert!(seen.tool(server(2), "a").is_none());
    note(
        &seen,
        server(1),
        r#"{"inputSchema":{"type":"object"}, "annotations":{"readOnlyHint":true},"name":"a"}"#,
    );
    assert_eq!(
        seen.tool(server(1), "a").unwrap().digest,
        first.digest,
        "order is no change"
    );
    note(
        &seen,
        server(1),
        r#"{"name":"a","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":false}}"#,
    );
    assert_ne!(seen.tool(server(1), "a").unwrap().digest, first.digest);
}

#[test]
fn a_server_fills_no_more_than_its_own_place() {
    let seen = Seen::default();
    let many: Vec<String> = (0..MOST_TOOLS + 5)
        .map(|index| format!(r#"{{"name":"t{index}"}}"#))
        .collect();
    note(&seen, server(1), &many.join(","));
    assert!(
        seen.tool(server(1), &format!("t{}", MOST_TOOLS - 1))
            .is_some()
    );
    assert!(seen.tool(server(1), &format!("t{MOST_TOOLS}")).is_none());
}

#[test]
fn a_servers_schemas_fill_no_more_than_their_own_place() {
    let seen = Seen::default();
    let long = "x".repeat(LONGEST_SCHEMA - 100);
    let tool = |index: usize| {
        format!(r#"{{"name":"t{index}","inputSchema":{{"type":"object","description":"{long}"}}}}"#)
    };
    let most = MOST_SCHEMA_BYTES / (LONGEST_SCHEMA - 100);
    for round in 0..2 {
        for index in 0..most + 2 {
            note(
                &seen,
                server(1),
                &tool(index).replace("xx", if round == 0 { "xy" } else { "yx" }),
            );
        }
        let kept = (0..most + 2).filter(|index| {
            seen.tool(server(1), &format!("t{index}"))
                .unwrap()
                .schema()
                .is_some()
        });
        assert!((most - 1..=most).contains(&kept.count()), "round {round}");
    }
    note(&seen, server(2), &tool(0));
    assert!(seen.tool(server(2), "t0").unwrap().schema().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_list_is_read_once_a_minute_and_everybody_waits_for_that_reading() {
    let (seen, read) = (Seen::default(), AtomicUsize::new(0));
    let reading = || {
        seen.once_a_minute(server(1), || async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            read.fetch_add(1, Ordering::SeqCst);
        })
    };
    tokio::join!(reading(), reading(), reading());
    assert_eq!(read.load(Ordering::SeqCst), 1);
    tokio::time::advance(PAUSE).await;
    reading().await;
    assert_eq!(read.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_list_is_due_until_it_was_read_and_a_minute_later_again() {
    let seen = Seen::default();
    assert!(seen.is_due(server(1)));
    seen.once_a_minute(server(1), || async {}).await;
    assert!(!seen.is_due(server(1)) && seen.is_due(server(2)));
    tokio::time::advance(PAUSE).await;
    assert!(seen.is_due(server(1)));
}
