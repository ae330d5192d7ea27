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

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_process_tells_what_it_uses_itself() {
    let answer = ask("GET /metrics").await;
    let number = |name: &str| -> f64 {
        let name = format!("portcullis_{name}{{plane=\"data\"}} ");
        let line = answer.lines().find_map(|line| line.strip_prefix(&*name));
        line.unwrap_or_else(|| panic!("no {name}: {answer}"))
            .parse()
            .expect("a number")
    };
    assert!(number("process_resident_memory_bytes") > 1e6);
    let open = number("process_open_descriptors");
    assert!(open >= 3.0 && open <= number("process_most_descriptors"));
    assert!(number("runtime_threads") >= 1.0);
    assert!(number("runtime_tasks") >= 1.0);
    assert!(number("runtime_queue") >= 0.0);
    assert!(number("runtime_busy_seconds_total") >= 0.0);
}

#[tokio::test]
async fn nothing_else_is_answered() {
    assert!(ask("GET /").await.starts_with("HTTP/1.1 404"));
    assert!(ask("GET /metrics/").await.starts_with("HTTP/1.1 404"));
    assert!(ask("POST /metrics").await.starts_with("HTTP/1.1 405"));
}
