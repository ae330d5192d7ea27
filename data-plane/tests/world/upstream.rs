//! A fake MCP server: answers as it is told to, and writes down every byte that reached it.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::request::Parts;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::task::AbortOnDropHandle;

pub type Said = Response<UnsyncBoxBody<Bytes, Infallible>>;
type Script = Arc<dyn Fn(Saw) -> BoxFuture<'static, Said> + Send + Sync>;

#[derive(Debug, Clone)]
pub struct Saw {
    pub head: Parts,
    pub body: Bytes,
}

impl Saw {
    pub fn header(&self, name: &str) -> &str {
        self.head
            .headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn method(&self) -> String {
        let value: serde_json::Value = serde_json::from_slice(&self.body).unwrap_or_default();
        value["method"].as_str().unwrap_or("").to_owned()
    }
}

pub struct Upstream {
    pub address: SocketAddr,
    saw: watch::Receiver<Vec<Saw>>,
    _task: AbortOnDropHandle<()>,
}

impl Upstream {
    pub async fn new<F>(script: impl Fn(Saw) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Said> + Send + 'static,
    {
        let script: Script = Arc::new(move |saw| Box::pin(script(saw)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, saw) = watch::channel(Vec::new());
        let tell = Arc::new(tell);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (script, tell) = (Arc::clone(&script), Arc::clone(&tell));
                tokio::spawn(async move {
                    let service = service_fn(move |request: Request<Incoming>| {
                        let (script, tell) = (Arc::clone(&script), Arc::clone(&tell));
                        async move {
                            let (head, body) = request.into_parts();
                            let body = body
                                .collect()
                                .await
                                .map(http_body_util::Collected::to_bytes)
                                .unwrap_or_default();
                            let saw = Saw { head, body };
                            tell.send_modify(|all| all.push(saw.clone()));
                            Ok::<_, Infallible>(script(saw).await)
                        }
                    });
                    let builder =
                        hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                    let _ = builder
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self {
            address,
            saw,
            _task: AbortOnDropHandle::new(task),
        }
    }

    /// Answers everything with this JSON.
    pub async fn saying(text: impl Into<String>) -> Self {
        let text: Arc<str> = text.into().into();
        Self::new(move |_| {
            let text = Arc::clone(&text);
            async move { json(&text) }
        })
        .await
    }

    /// What reached it so far.
    pub fn saw(&self) -> Vec<Saw> {
        self.saw.borrow().clone()
    }

    /// Waits until what it saw is as asked.
    pub async fn wait(&self, is_there: impl FnMut(&Vec<Saw>) -> bool) -> Vec<Saw> {
        let mut saw = self.saw.clone();
        let there =
            tokio::time::timeout(std::time::Duration::from_secs(10), saw.wait_for(is_there)).await;
        there.expect("the upstream never saw it").unwrap().clone()
    }
}

pub fn json(text: &str) -> Said {
    let body = Full::new(Bytes::copy_from_slice(text.as_bytes())).boxed_unsync();
    Response::builder()
        .header("content-type", "application/json")
        .body(body)
        .unwrap()
}

pub fn status(status: u16, text: &str) -> Said {
    let mut said = json(text);
    *said.status_mut() = http::StatusCode::from_u16(status).unwrap();
    said
}

/// A stream that the test writes, event by event; dropping the sender ends it.
pub fn stream() -> (mpsc::Sender<String>, Said) {
    let (sender, receiver) = mpsc::channel::<String>(1);
    (sender, streaming(receiver))
}

pub fn streaming(receiver: mpsc::Receiver<String>) -> Said {
    let frames = ReceiverStream::new(receiver).map(|text| Ok(Frame::data(Bytes::from(text))));
    let body = UnsyncBoxBody::new(StreamBody::new(frames));
    Response::builder()
        .header("content-type", "text/event-stream")
        .body(body)
        .unwrap()
}

pub fn event(data: &str) -> String {
    format!("event: message\ndata: {data}\n\n")
}

/// A stream of these events, then its end.
pub fn events(all: &[&str]) -> Said {
    let text: String = all.iter().map(|data| event(data)).collect();
    let body = Full::new(Bytes::from(text)).boxed_unsync();
    Response::builder()
        .header("content-type", "text/event-stream")
        .body(body)
        .unwrap()
}
