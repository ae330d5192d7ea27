//! One span a call, continued from the client's own, handed to the server, and exported to a collector.

mod world;

use world::upstream::{self, Upstream, json};
use world::{call, with_policy};

const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;
const HEADER_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const META_TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

fn holds(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_is_one_span_below_the_clients_and_above_the_servers() {
    host::tls::install_crypto();
    let collector = Upstream::new(|_| async { upstream::status(200, "") }).await;
    let guard = host::telemetry::start(host::telemetry::Telemetry {
        service: "portcullis-data-plane",
        instance: "test".into(),
        // What is logged does not decide what is traced.
        log: Some("off".into()),
        otlp: Some(format!("http://{}", collector.address)),
    })
    .unwrap();
    let policy = r#"{"version":"1","default":"deny","tools":{"echo":{}}}"#;
    let world = with_policy(policy, Upstream::new(|_| async { json(RESULT) }).await).await;

    let traceparent = format!("00-{HEADER_TRACE}-b7ad6b7169203331-01");
    let allowed = world
        .post(&[("traceparent", &traceparent)], call("echo", "{}"))
        .await;
    assert_eq!(allowed.body, RESULT);
    let meta = format!(r#"{{}},"_meta":{{"traceparent":"00-{META_TRACE}-00f067aa0ba902b7-01"}}"#);
    assert!(world.call("echo", &meta).await.body.contains("content"));
    let broken = [("traceparent", "broken"), ("tracestate", "of=another")];
    assert_eq!(world.post(&broken, call("echo", "{}")).await.body, RESULT);
    let denied = world
        .post(&[("traceparent", &traceparent)], call("other", "{}"))
        .await;
    assert_eq!(denied.status, 200);

    let sent: Vec<String> = world
        .upstream
        .saw()
        .iter()
        .filter(|saw| saw.method() == "tools/call")
        .map(|saw| saw.header("traceparent").to_owned())
        .collect();
    assert_eq!(sent.len(), 3);
    assert!(sent[0].starts_with(&format!("00-{HEADER_TRACE}-")) && sent[0] != traceparent);
    assert!(sent[1].starts_with(&format!("00-{META_TRACE}-")));

    let saw = world.upstream.saw();
    assert!(
        saw.iter().all(|saw| saw.header("tracestate").is_empty()),
        "the state of a trace that is not continued"
    );

    // The outcomes are on record when the calls' own tasks have ended, and their spans with them.
    world.recorded(|records| records.len() >= 7).await;
    tokio::task::spawn_blocking(move || drop(guard))
        .await
        .unwrap();
    let exported: Vec<u8> = collector
        .saw()
        .iter()
        .flat_map(|saw| saw.body.to_vec())
        .collect();
    assert_eq!(collector.saw()[0].head.uri.path(), "/v1/traces");
    for part in [
        "mcp.method.name",
        "tools/call",
        "gen_ai.tool.name",
        "echo",
        "portcullis.verdict",
        "allow",
        "unknown_tool",
    ] {
        assert!(holds(&exported, part.as_bytes()), "no {part}");
    }
    for trace in [
        HEADER_TRACE,
        META_TRACE,
        "b7ad6b7169203331",
        "00f067aa0ba902b7",
        &sent[0][36..52],
    ] {
        assert!(
            holds(&exported, &seal::from_hex(trace).unwrap()),
            "no {trace}"
        );
    }
    let spans = exported
        .windows(15)
        .filter(|window| *window == b"mcp.method.name")
        .count();
    assert_eq!(spans, 4, "one span a call");
    assert!(!holds(&exported, world.token.as_bytes()));
}
