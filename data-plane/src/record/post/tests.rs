use std::convert::Infallible;
use std::sync::Mutex;

use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use host::clock::Clock;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use super::*;

/// What came in: path, authorization, content type, body.
type Seen = Arc<Mutex<Vec<[String; 4]>>>;

/// A control plane that gives this answer to whatever comes.
async fn plane(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: Bytes,
) -> (ControlPlane, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap())
        .parse()
        .unwrap();
    let seen = Seen::default();
    let remember = Arc::clone(&seen);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let (remember, body) = (Arc::clone(&remember), body.clone());
            let answer = service_fn(move |request: Request<Incoming>| {
                let (remember, body) = (Arc::clone(&remember), body.clone());
                async move {
                    let header = |name: &str| {
                        request
                            .headers()
                            .get(name)
                            .map_or("", |value| value.to_str().unwrap())
                            .to_owned()
                    };
                    let (authorization, kind) = (header("authorization"), header("content-type"));
                    let path = request.uri().path().to_owned();
                    let sent = request.into_body().collect().await.unwrap().to_bytes();
                    remember.lock().unwrap().push([
                        path,
                        authorization,
                        kind,
                        String::from_utf8(sent.into()).unwrap(),
                    ]);
                    let mut response = Response::builder().status(status);
                    for (name, value) in headers {
                        response = response.header(*name, *value);
                    }
                    Ok::<_, Infallible>(response.body(Full::new(body)).unwrap())
                }
            });
            tokio::spawn(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer),
            );
        }
    });
    (line(base), seen)
}

fn line(base: url::Url) -> ControlPlane {
    host::tls::install_crypto();
    let key = Ed25519KeyPair::generate_pkcs8(&aws_lc_rs::rand::SystemRandom::new()).unwrap();
    let pem = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(key.as_ref())
    );
    ControlPlane::new(
        base,
        &pem,
        "replica-1".to_owned(),
        Clock::set(1_790_000_000_000),
    )
    .unwrap()
}

#[tokio::test]
async fn a_batch_goes_to_its_door_with_the_replicas_token() {
    let (line, seen) = plane(
        200,
        &[],
        Bytes::from_static(br#"{"stored":2,"repeated":1,"unread":0}"#),
    )
    .await;
    let stored = over(line)(Bytes::from_static(b"{\"id\":\"1\"}"))
        .await
        .unwrap();
    assert_eq!(
        stored,
        Stored {
            stored: 2,
            repeated: 1,
            unread: 0
        }
    );
    let [path, authorization, kind, body] = seen.lock().unwrap()[0].clone();
    assert_eq!(
        (&*path, &*kind, &*body),
        ("/v1/gateway/records", "application/json", "{\"id\":\"1\"}")
    );
    assert_eq!(
        authorization
            .strip_prefix("Bearer ")
            .unwrap()
            .split('.')
            .count(),
        3,
        "a JWT"
    );
}

#[tokio::test]
async fn a_refusal_says_when_to_come_again() {
    let (line, _) = plane(503, &[("retry-after", "7")], Bytes::new()).await;
    let error = over(line)(Bytes::new()).await.unwrap_err();
    assert!(
        matches!(error, ShipError::Status { status: 503, retry_after: Some(wait) } if wait == Duration::from_secs(7)),
        "{error}"
    );
}

#[tokio::test]
async fn what_is_no_acknowledgement_is_none() {
    let long = Bytes::from(vec![b' '; LARGEST_ANSWER + 1]);
    for answer in [
        Bytes::new(),
        Bytes::from_static(b"<html>"),
        Bytes::from_static(b"{}"),
        long,
    ] {
        let (line, _) = plane(200, &[], answer.clone()).await;
        let error = over(line)(Bytes::new()).await.unwrap_err();
        assert!(matches!(error, ShipError::Answer), "{answer:?}: {error}");
    }
    // A redirect is not followed: the batch and the token are for this control plane alone.
    let (line, seen) = plane(307, &[("location", "/elsewhere")], Bytes::new()).await;
    assert!(matches!(
        over(line)(Bytes::new()).await.unwrap_err(),
        ShipError::Status { status: 307, .. }
    ));
    assert_eq!(seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_control_plane_that_is_away_is_unreachable() {
    let gone = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap();
    let line = line(format!("http://{gone}").parse().unwrap());
    assert!(matches!(
        over(line)(Bytes::new()).await.unwrap_err(),
        ShipError::Unreachable(_)
    ));
}
