use super::export::{Guard, provider};
use super::{current_traceparent, current_tracestate, lines, panics, parent, set_parent};
use crate::serve::{Limits, serve};
use crate::stop::Stop;
use axum::Router;
use axum::routing::post;
use bytes::Bytes;
use hyper_util::service::TowerToHyperService;
use serde_json::Value;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tracing::subscriber::with_default;
use tracing_subscriber::layer::SubscriberExt as _;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0
            .lock()
            .expect("not poisoned")
            .extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().expect("not poisoned").clone()).expect("text")
    }

    fn lines(&self) -> Vec<Value> {
        let parsed = self.text();
        parsed
            .lines()
            .map(|line| serde_json::from_str(line).expect("a line is JSON"))
            .collect()
    }
}

/// What is logged by `say` when `wanted` is asked for.
fn logged(wanted: Option<&str>, say: impl FnOnce()) -> Paper {
    let paper = Paper::default();
    let out = paper.clone();
    let layer = lines::layer(wanted, move || out.clone()).expect("a filter");
    with_default(tracing_subscriber::registry().with(layer), say);
    paper
}

#[test]
fn no_value_can_forge_a_line() {
    let hostile = "x\"}\n{\"level\":\"INFO\"}\r\u{1b}[2J\u{9b}2J\u{7f}\u{2028}\u{202e}é";
    let paper = logged(None, || tracing::info!(value = hostile, ?hostile, "said"));
    let lines = paper.lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["fields"]["value"], hostile);
    assert_eq!(lines[0]["fields"]["message"], "said");
    let text = paper.text();
    let shown = text.trim_end_matches('\n');
    assert!(!shown.contains(char::is_control));
    assert!(!shown.contains(['\u{2028}', '\u{202e}']) && shown.contains('é'));
}

#[test]
fn info_is_the_default_and_a_filter_that_says_nothing_is_refused() {
    let paper = logged(None, || {
        tracing::debug!("whispered");
        tracing::info!("said");
    });
    assert_eq!(paper.lines().len(), 1);
    let refused = lines::layer::<tracing_subscriber::Registry, _>(Some("a=loud"), std::io::sink);
    let Err(refused) = refused else {
        panic!("`loud` is no level");
    };
    assert_eq!(refused.to_string(), "`a=loud` does not say what to log");
}

#[test]
fn the_crates_on_the_wire_are_silent_at_the_finest_levels() {
    let paper = logged(Some("trace,h2=trace"), || {
        tracing::trace!(target: "h2::codec", "authorization: canary");
        tracing::debug!(target: "hyper", "authorization: canary");
        tracing::info!(target: "h2", "going away");
        tracing::trace!(target: "data_plane", "fine");
    });
    let targets: Vec<Value> = paper.lines().iter().map(|l| l["target"].clone()).collect();
    assert_eq!(targets, ["h2", "data_plane"]);
    assert!(!paper.text().contains("canary"));
}

#[test]
fn a_look_whether_something_would_be_logged_hides_nothing_that_comes_after() {
    let (quiet, loud) = (Paper::default(), Paper::default());
    let layer = |wanted, paper: &Paper| {
        let out = paper.clone();
        lines::layer(Some(wanted), move || out.clone()).expect("a filter")
    };
    let both =
        tracing_subscriber::registry().with(vec![layer("info", &quiet), layer("debug", &loud)]);
    with_default(both, || {
        for _ in 0..2 {
            let _ = tracing::enabled!(tracing::Level::DEBUG);
            tracing::info!("said");
        }
    });
    assert_eq!((quiet.lines().len(), loud.lines().len()), (2, 2));
}

#[test]
fn a_panic_is_a_line_of_the_log() {
    let paper = logged(None, || {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(panics::log));
        let caught = std::panic::catch_unwind(|| panic!("the {} broke", "chain\n"));
        std::panic::set_hook(before);
        assert!(caught.is_err());
    });
    let lines = paper.lines();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["level"], "ERROR");
    assert_eq!(lines[0]["target"], "panic");
    assert_eq!(lines[0]["fields"]["message"], "the chain\n broke");
    let location = lines[0]["fields"]["location"].as_str().expect("a place");
    assert!(location.contains("telemetry/tests.rs"));
}

#[test]
fn only_a_whole_traceparent_has_a_parent() {
    assert!(parent(PARENT, None).is_some());
    assert!(parent(PARENT, Some(&"x".repeat(513))).is_some());
    let no_span = format!("00-{TRACE}-0000000000000000-01");
    let upper = PARENT.to_uppercase();
    let long = format!("{PARENT}-00");
    for text in ["", "00", "nonsense", &no_span, &upper, &long, "00-1-2-01"] {
        assert!(parent(text, None).is_none(), "`{text}` was taken");
    }
}

struct Request {
    path: String,
    kind: String,
    body: Bytes,
}

async fn collector(stop: Stop) -> (SocketAddr, mpsc::Receiver<Request>) {
    let (sender, received) = mpsc::channel(16);
    let take = move |uri: http::Uri, headers: http::HeaderMap, body: Bytes| async move {
        let kind = headers[http::header::CONTENT_TYPE].to_str();
        let request = Request {
            path: uri.path().to_owned(),
            kind: kind.expect("text").to_owned(),
            body,
        };
        sender.send(request).await.expect("the test listens");
    };
    let router = Router::new().route("/{*path}", post(take));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let service = TowerToHyperService::new(router);
    tokio::spawn(serve(listener, Limits::default(), stop, service));
    (address, received)
}

fn holds(body: &[u8], part: &[u8]) -> bool {
    body.windows(part.len()).any(|window| window == part)
}

fn bytes_of(hex: &str) -> Vec<u8> {
    seal::from_hex(hex).expect("hex")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_span_arrives_at_the_collector_with_who_sent_it_and_its_parent() {
    let stop = Stop::new();
    let (address, mut received) = collector(stop.clone()).await;
    crate::tls::install_crypto();
    let provider = provider(&format!("http://{address}"), "data-plane", "replica-7");
    let guard = Guard::new(Some(provider.expect("a provider")));
    let outgoing = with_default(
        tracing_subscriber::registry().with(guard.layer("data-plane")),
        || {
            let span = tracing::info_span!("call.judge", verdict = "allow");
            let caller = parent(PARENT, Some("v=1")).expect("a parent");
            set_parent(&span, caller);
            let _entered = span.enter();
            (current_traceparent(), current_tracestate())
        },
    );
    guard.shutdown();
    stop.stop();

    let request = received.recv().await.expect("a batch arrives");
    assert_eq!(request.path, "/v1/traces");
    assert_eq!(request.kind, "application/x-protobuf");
    for part in [
        "data-plane",
        "replica-7",
        "service.instance.id",
        "call.judge",
        "verdict",
    ] {
        assert!(holds(&request.body, part.as_bytes()), "no {part}");
    }
    assert!(holds(&request.body, &bytes_of(TRACE)));
    assert!(holds(&request.body, &bytes_of("00f067aa0ba902b7")));

    // What goes out continues the same trace from our own span, and says that it is kept.
    let (traceparent, tracestate) = outgoing;
    let traceparent = traceparent.expect("within a span");
    let parts: Vec<&str> = traceparent.split('-').collect();
    assert_eq!((parts[0], parts[1], parts[3]), ("00", TRACE, "01"));
    assert!(holds(&request.body, &bytes_of(parts[2])));
    assert_eq!(tracestate.as_deref(), Some("v=1"));
}

#[test]
fn without_a_collector_there_is_nothing_to_send_along() {
    let guard = Guard::new(None);
    let layer = guard.layer::<tracing_subscriber::Registry>("data-plane");
    assert!(layer.is_none());
    with_default(tracing_subscriber::registry().with(layer), || {
        let _entered = tracing::info_span!("call").entered();
        assert_eq!(current_traceparent(), None);
    });
}

#[test]
fn a_collector_that_never_answers_does_not_hold_up_the_end() {
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = silent.local_addr().expect("bound");
    crate::tls::install_crypto();
    let provider = provider(&format!("http://{address}/"), "data-plane", "r");
    let guard = Guard::new(Some(provider.expect("a provider"))).patience(Duration::from_millis(50));
    with_default(
        tracing_subscriber::registry().with(guard.layer("x")),
        || {
            drop(tracing::info_span!("call").entered());
        },
    );
    let began = Instant::now();
    drop(guard);
    assert!(
        began.elapsed() < Duration::from_secs(4),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn an_address_that_is_no_collectors_is_refused_and_not_repeated() {
    for endpoint in ["canary", "ftp://canary/", "unix:/canary"] {
        let refused = provider(endpoint, "data-plane", "r").expect_err("no address");
        assert!(!format!("{refused:#}").contains("canary"));
    }
}
