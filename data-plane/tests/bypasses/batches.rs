//! Denied calls among allowed ones.

use super::{POLICY, with};
use crate::world::session::{begin, server};
use crate::world::{World, call, plan};

#[tokio::test]
async fn a_batch_hides_no_denied_call() {
    let world = with(POLICY).await;
    let (allowed, denied) = (call("echo", "{}"), call("drop", "{}"));
    for version in [
        "2024-11-05",
        "2025-06-18",
        "2025-11-25",
        "2026-07-28",
        "2099-01-01",
    ] {
        for batch in [
            format!("[{allowed},{denied}]"),
            format!("[{denied}]"),
            format!("[{allowed}]"),
            format!("[[{denied}]]"),
            "[]".to_owned(),
        ] {
            let headers = [("mcp-protocol-version", version)];
            assert_eq!(world.post(&headers, batch).await.status, 400, "{version}");
        }
    }
    for batch in [
        format!("[[{allowed}],[{denied}]]"),
        format!("[{{\"batch\":[{denied}]}}]"),
        format!("[{}]", vec![denied.as_str(); 101].join(",")),
        format!(
            "[{allowed},{}]",
            denied.replace(r#""name""#, r#""name":"echo","name""#)
        ),
        format!("[{allowed},{denied}"),
        format!("[{allowed}]{denied}"),
        format!("[{allowed},]"),
        "[]".to_owned(),
    ] {
        for version in ["2025-03-26", ""] {
            let headers = [("mcp-protocol-version", version)];
            let answer = world.post(&headers, batch.clone()).await;
            assert!(answer.body.contains(r#""error""#), "{}", answer.body);
        }
    }
    assert!(world.upstream.saw().is_empty());
    let mixed = format!(
        "[{denied},{allowed},{},{}]",
        denied.replace(r#""id":1"#, r#""id":"1""#),
        allowed.replace("echo", r"\u0065cho")
    );
    for version in ["2025-03-26", ""] {
        let headers = [("mcp-protocol-version", version)];
        let said = world.post(&headers, mixed.clone()).await.json();
        let refused: Vec<bool> = (0..4)
            .map(|at| said[at]["result"]["isError"] == true)
            .collect();
        assert_eq!(refused, [true, false, true, false], "{said}");
    }
    let calls = world.calls();
    assert_eq!(calls.len(), 4);
    assert!(calls.iter().all(|call| !call.contains("drop")), "{calls:?}");
}

#[tokio::test]
async fn a_session_without_batches_takes_none_whatever_the_header_says() {
    let (upstream, _) = server(false).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let before = world.upstream.saw().len();
    for version in ["2025-03-26", ""] {
        let headers = [
            ("mcp-session-id", session.as_str()),
            ("mcp-protocol-version", version),
        ];
        let answer = world
            .post(&headers, format!("[{}]", call("echo", "{}")))
            .await;
        assert_eq!(answer.status, 400, "{version}");
    }
    assert_eq!(world.upstream.saw().len(), before);
}
