use super::{Drained, Limits, Peer, Stands, serve};
use crate::stop::Stop;
use axum::Extension;
use axum::Router;
use axum::routing::get;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Frame;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::service::TowerToHyperService;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// For what must happen: far more than it takes.
const SOON: Duration = Duration::from_secs(20);
/// For limits that a test waits out.
const SHORT: Duration = Duration::from_millis(60);

struct Served {
    address: SocketAddr,
    stop: Stop,
    done: JoinHandle<Drained>,
    /// A permit for each request of `/wait` that has arrived.
    arrived: Arc<Semaphore>,
    /// A permit here lets one of them go.
    go: Arc<Semaphore>,
}

async fn served(limits: Limits) -> Served {
    let (arrived, go) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let stop = Stop::new();
    let wait = {
        let (arrived, go) = (Arc::clone(&arrived), Arc::clone(&go));
        get(move || async move {
            arrived.add_permits(1);
            go.acquire().await.expect("open").forget();
            "waited"
        })
    };
    let peer = |Extension(peer): Extension<Peer>| async move { peer.0.to_string() };
    let endless = {
        let gone = Arc::clone(&arrived);
        get(move || async move { axum::body::Body::new(Endless(gone)) })
    };
    let stands = {
        let gone = Arc::clone(&arrived);
        get(move || async move {
            (
                Extension(Stands),
                axum::body::Body::new(Word {
                    is_said: false,
                    gone,
                }),
            )
        })
    };
    let router = Router::new()
        .route("/peer", get(peer))
        .route("/wait", wait)
        .route("/endless", endless)
        .route("/stands", stands);
    let service = TowerToHyperService::new(router);
    let done = tokio::spawn(serve(listener, limits, stop.clone(), service));
    Served {
        address,
        stop,
        done,
        arrived,
        go,
    }
}

/// A body without end; a permit is there when it has gone.
struct Endless(Arc<Semaphore>);

impl hyper::body::Body for Endless {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&[0; 1024])))))
    }
}

impl Drop for Endless {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

/// A body of one word, which stands open after it; a permit is there when it has gone.
struct Word {
    is_said: bool,
    gone: Arc<Semaphore>,
}

impl hyper::body::Body for Word {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if std::mem::replace(&mut self.is_said, true) {
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"word")))))
    }
}

impl Drop for Word {
    fn drop(&mut self) {
        self.gone.add_permits(1);
    }
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("connected")
    }

    async fn send(&self, text: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.expect("sent");
        stream
    }

    async fn one_arrives(&self) {
        let one = timeout(SOON, self.arrived.acquire()).await;
        one.expect("a request arrives").expect("open").forget();
    }

    async fn ended(self) -> Drained {
        self.stop.stop();
        let ended = timeout(SOON, self.done).await;
        ended.expect("serving ends").expect("no panic")
    }
}

fn get_line(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
}

/// Everything up to the end of the connection, which must come, be it clean or not.
async fn all_of(mut stream: TcpStream) -> String {
    let mut bytes = Vec::new();
    let ended = timeout(SOON, stream.read_to_end(&mut bytes)).await;
    drop(ended.expect("the connection ends"));
    String::from_utf8(bytes).expect("text")
}

async fn h2(
    address: SocketAddr,
) -> (
    http2::SendRequest<Empty<Bytes>>,
    JoinHandle<hyper::Result<()>>,
) {
    let stream = TcpStream::connect(address).await.expect("connected");
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .expect("HTTP/2 is spoken");
    (sender, tokio::spawn(connection))
}

#[tokio::test]
async fn both_protocols_are_served_and_told_who_asks() {
    let served = served(Limits::default()).await;
    let stream = served.send(&get_line("/peer")).await;
    let own = stream.local_addr().expect("connected").to_string();
    let answer = all_of(stream).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.ends_with(&own));

    let (mut sender, _connection) = h2(served.address).await;
    let request = Request::get("http://x/peer").body(Empty::new());
    let answer = sender.send_request(request.expect("well formed")).await;
    let answer = answer.expect("answered");
    assert_eq!(answer.status(), StatusCode::OK);
    let body = answer
        .into_body()
        .collect()
        .await
        .expect("whole")
        .to_bytes();
    assert!(body.starts_with(b"127.0.0.1:"));
    assert_eq!(served.ended().await.cut, 0);
}

#[tokio::test]
async fn a_request_under_way_finishes_after_the_stop() {
    let served = served(Limits::default()).await;
    let stream = served.send(&get_line("/wait")).await;
    served.one_arrives().await;
    served.stop.stop();
    served.go.add_permits(1);
    assert!(all_of(stream).await.ends_with("waited"));
    assert_eq!(served.ended().await, Drained { cut: 0 });
}

#[tokio::test]
async fn an_idle_connection_does_not_hold_up_the_stop() {
    let served = served(Limits::default()).await;
    let mut stream = served.send("GET /peer HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.expect("answered");
    assert_eq!(served.ended().await, Drained { cut: 0 });
}

#[tokio::test]
async fn what_takes_longer_than_the_drain_is_cut() {
    let served = served(Limits {
        drain: SHORT,
        ..Limits::default()
    })
    .await;
    let stream = served.send(&get_line("/wait")).await;
    served.one_arrives().await;
    assert_eq!(served.ended().await, Drained { cut: 1 });
    assert_eq!(all_of(stream).await, "");
}

#[tokio::test]
async fn connections_do_not_outlive_a_server_that_was_dropped() {
    let served = served(Limits::default()).await;
    let stream = served.send(&get_line("/wait")).await;
    served.one_arrives().await;
    served.done.abort();
    assert_eq!(all_of(stream).await, "");
}

#[tokio::test]
async fn a_peer_that_takes_nothing_of_what_it_asked_for_is_given_up() {
    let served = served(Limits {
        stall: SHORT,
        ..Limits::default()
    })
    .await;
    let unread = served.send(&get_line("/endless")).await;
    served.one_arrives().await;
    drop(unread);
    assert_eq!(served.ended().await.cut, 0);
}

#[tokio::test]
async fn an_address_with_its_share_of_connections_is_turned_away() {
    let served = served(Limits {
        connections_per_peer: 1,
        ..Limits::default()
    })
    .await;
    let first = served.send(&get_line("/wait")).await;
    served.one_arrives().await;
    assert_eq!(all_of(served.connect().await).await, "");
    served.go.add_permits(1);
    assert!(all_of(first).await.ends_with("waited"));
    served.ended().await;
}

#[tokio::test]
async fn a_peer_that_gives_up_request_after_request_loses_its_connection() {
    let served = served(Limits {
        abandoned_a_minute: 3,
        ..Limits::default()
    })
    .await;
    let (mut sender, connection) = h2(served.address).await;
    for _ in 0..4 {
        sender.ready().await.expect("the connection stands");
        let request = Request::get("http://x/wait").body(Empty::new());
        let asked = tokio::spawn(sender.send_request(request.expect("well formed")));
        served.one_arrives().await;
        asked.abort();
    }
    let ended = timeout(SOON, connection).await;
    drop(ended.expect("the connection ends"));
    served.ended().await;
}

#[tokio::test]
async fn a_connection_beyond_the_limit_waits_until_one_leaves() {
    let served = served(Limits {
        connections: 1,
        ..Limits::default()
    })
    .await;
    let first = served.send(&get_line("/wait")).await;
    served.one_arrives().await;
    let second = served.send(&get_line("/wait")).await;
    // It must not arrive, which nothing announces: this much time it is given to do so wrongly.
    let too_early = timeout(SHORT * 5, served.arrived.acquire()).await;
    assert!(too_early.is_err());
    served.go.add_permits(2);
    assert!(all_of(first).await.ends_with("waited"));
    assert!(all_of(second).await.ends_with("waited"));
}

#[tokio::test]
async fn whoever_does_not_finish_asking_is_sent_away() {
    let served = served(Limits {
        header_read: SHORT,
        ..Limits::default()
    })
    .await;
    // Nothing; what HTTP/1 and HTTP/2 begin with alike; half of the headers; HTTP/2 without a question.
    for begun in [
        "",
        "P",
        "GET / HTTP/1.1\r\nhost:",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ] {
        let mut stream = served.send(begun).await;
        let mut rest = Vec::new();
        let ended = timeout(SOON, stream.read_to_end(&mut rest)).await;
        assert!(ended.is_ok(), "{begun:?} keeps its connection");
    }
}

#[tokio::test]
async fn an_http2_connection_that_asks_no_more_is_closed() {
    let served = served(Limits {
        idle: SHORT,
        ..Limits::default()
    })
    .await;
    let (mut sender, connection) = h2(served.address).await;
    let request = Request::get("http://x/peer").body(Empty::new());
    let answer = sender.send_request(request.expect("well formed")).await;
    assert_eq!(answer.expect("answered").status(), StatusCode::OK);
    let closed = timeout(SOON, connection).await;
    closed.expect("closed").expect("no panic").expect("cleanly");
}

#[tokio::test]
async fn too_many_header_fields_are_refused_in_both_protocols() {
    let served = served(Limits {
        max_header_fields: 10,
        ..Limits::default()
    })
    .await;
    let fields: Vec<String> = (0..20).map(|i| format!("x-{i}: y\r\n")).collect();
    let fields = fields.concat();
    let request = format!("GET /peer HTTP/1.1\r\nhost: x\r\n{fields}\r\n");
    let answer = all_of(served.send(&request).await).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");

    let (mut sender, _connection) = h2(served.address).await;
    let mut request = Request::get("http://x/peer");
    for i in 0..20 {
        request = request.header(format!("x-{i}"), "y");
    }
    let request = request.body(Empty::new()).expect("well formed");
    let answer = sender.send_request(request).await.expect("answered");
    assert_eq!(answer.status(), StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
}

#[tokio::test]
async fn headers_larger_than_the_limit_are_refused() {
    let served = served(Limits {
        max_header_bytes: 8192,
        ..Limits::default()
    })
    .await;
    let long = "y".repeat(9000);
    let request = format!("GET /peer HTTP/1.1\r\nhost: x\r\nx-long: {long}\r\n\r\n");
    let answer = all_of(served.send(&request).await).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn an_answer_that_stands_open_has_its_connection_alone_and_goes_with_its_peer() {
    let served = served(Limits::default()).await;
    let mut stream = served.send("GET /stands HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut read = String::new();
    while !read.ends_with("\r\n\r\n4\r\nword\r\n") {
        let mut piece = [0; 512];
        let length = timeout(SOON, stream.read(&mut piece)).await;
        let length = length.expect("it speaks").expect("it stands");
        assert!(length > 0, "{read}");
        read.push_str(std::str::from_utf8(&piece[..length]).expect("text"));
    }
    assert!(read.starts_with("HTTP/1.1 200 OK\r\n"), "{read}");
    assert!(read.contains("\r\nconnection: close\r\n"), "{read}");
    drop(stream);
    served.one_arrives().await;
    assert_eq!(served.ended().await, Drained { cut: 0 });
}

#[tokio::test]
async fn an_answer_that_stands_open_is_cut_when_the_drain_is_over() {
    let served = served(Limits {
        drain: SHORT,
        ..Limits::default()
    })
    .await;
    let mut stream = served.send("GET /stands HTTP/1.1\r\nhost: x\r\n\r\n").await;
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.expect("its head");
    assert_eq!(served.ended().await, Drained { cut: 1 });
    assert!(all_of(stream).await.ends_with("word\r\n"));
}
