use super::{NotReady, ask};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::thread;

/// Answers one request with these bytes; everywhere, as a container does.
fn answering(answer: &'static str) -> (SocketAddr, thread::JoinHandle<String>) {
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let heard = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte).unwrap();
            request.extend(byte);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(request).unwrap()
    });
    (address, heard)
}

#[test]
fn who_answers_200_is_ready() {
    let (address, heard) = answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    ask(address).unwrap();
    let heard = heard.join().unwrap();
    assert!(
        heard.starts_with("GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:"),
        "{heard}"
    );
}

#[test]
fn who_answers_anything_else_is_not() {
    let no = "HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
    for answer in [no, "SSH-2.0-OpenSSH_9.2\r\n"] {
        let (address, heard) = answering(answer);
        assert!(matches!(ask(address), Err(NotReady::No { .. })), "{answer}");
        heard.join().unwrap();
    }
}

#[test]
fn who_hangs_up_or_is_not_there_is_not() {
    let (address, heard) = answering("HTTP/1.1");
    assert!(matches!(ask(address), Err(NotReady::Silent { .. })));
    heard.join().unwrap();
    assert!(
        matches!(ask(address), Err(NotReady::Silent { .. })),
        "its listener is gone"
    );
}
