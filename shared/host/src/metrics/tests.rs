use super::{Metrics, serve_on};
use crate::stop::Stop;
use prometheus_client::metrics::counter::Counter;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn counted() -> Metrics {
    let metrics = Metrics::new("data");
    let calls = Counter::<u64>::default();
    metrics.register(|registry| registry.register("calls", "Calls judged", calls.clone()));
    calls.inc();
    metrics
}

async fn ask(request: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let stop = Stop::new();
    let serving = tokio::spawn(serve_on(listener, counted(), stop.clone()));
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let request = format!("{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answered");
    stop.stop();
    assert_eq!(serving.await.expect("served").cut, 0);
    answer
}

#[tokio::test]
async fn metrics_are_shown_as_open_metrics_with_the_plane() {
    let answer = ask("GET /metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains("content-type: application/openmetrics-text; version=1.0.0"));
    assert!(answer.contains("portcullis_calls_total{plane=\"data\"} 1\n"));
    assert!(answer.ends_with("# EOF\n"));
}

#[tokio::test]
async fn nothing_else_is_answered() {
    assert!(ask("GET /").await.starts_with("HTTP/1.1 404"));
    assert!(ask("GET /metrics/").await.starts_with("HTTP/1.1 404"));
    assert!(ask("POST /metrics").await.starts_with("HTTP/1.1 405"));
}
