//! Telemetry as a process starts it. Alone in its file, because it is started once in a process.

use host::telemetry::{Telemetry, start};
use std::io::{Read, Write};
use std::net::TcpListener;

fn telemetry(otlp: &str) -> Telemetry {
    Telemetry {
        service: "data-plane",
        instance: "replica-1".to_owned(),
        log: Some("off".to_owned()),
        otlp: Some(otlp.to_owned()),
    }
}

/// The head and body of one request, answered with an empty 200.
fn take_one(listener: &TcpListener) -> Vec<u8> {
    let (mut stream, _) = listener.accept().expect("the exporter comes");
    let mut request = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let read = stream.read(&mut chunk).expect("it sends");
        assert_ne!(read, 0, "it left before it was done");
        request.extend_from_slice(&chunk[..read]);
        let head = String::from_utf8_lossy(&request).to_lowercase();
        let Some(end) = head.find("\r\n\r\n") else {
            continue;
        };
        let length = head[..end]
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let length: usize = length.expect("a length").parse().expect("a number");
        if request
            .windows(4)
            .position(|w| w == b"\r\n\r\n")
            .expect("a head")
            + 4
            + length
            <= request.len()
        {
            break;
        }
    }
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    stream.write_all(answer).expect("it listens");
    request
}

#[test]
fn spans_are_sent_when_the_guard_goes_even_with_the_log_off_and_a_second_start_is_refused() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("http://{}", listener.local_addr().expect("bound"));
    let taking = std::thread::spawn(move || take_one(&listener));

    let guard = start(telemetry(&endpoint)).expect("the first start");
    assert!(start(telemetry(&endpoint)).is_err());
    // In a runtime, since that is where a blocking client would panic.
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async move {
        tracing::info_span!("call.judge").in_scope(|| ());
        drop(guard);
    });
    let request = taking.join().expect("taken");
    let name = b"call.judge";
    assert!(request.windows(name.len()).any(|window| window == name));
}
