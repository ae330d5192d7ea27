//! Servers that speak HTTP/2 over TLS, by a private authority: many calls on few streams, refusals to take one up, and the
//! end of a connection while others wait.

mod world;

use bytes::Bytes;
use egress::Lookup;
use h2::Reason;
use h2::server::SendResponse;
use http::{Method, Request, Response, StatusCode};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_util::task::AbortOnDropHandle;
use world::upstream::Upstream;
use world::{Plan, World, plan};

const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;

type Taken = (Request<h2::RecvStream>, SendResponse<Bytes>);

/// A private authority's server, and a client that trusts that authority alone.
fn authority() -> (ServerConfig, ClientConfig) {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec!["mcp.example".to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(issuer.der().clone()).unwrap();
    let mut server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    server.alpn_protocols = vec![b"h2".to_vec()];
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (server, client)
}

struct Server {
    port: u16,
    tls: ClientConfig,
    /// Connections that carried a request, and requests, so far.
    connections: Arc<AtomicUsize>,
    requests: watch::Receiver<usize>,
    _task: AbortOnDropHandle<()>,
}

/// What becomes of a request, the n-th of all from 1 on.
enum Act {
    Answer,
    Refuse,
    /// A stream without end.
    Stand,
    /// An answer, and the end of the connection: nothing above this stream is taken up.
    Last,
}

impl Server {
    /// Takes `streams` at once on a connection.
    async fn new(
        streams: u32,
        act: impl Fn(&Method, usize) -> Act + Send + Sync + 'static,
    ) -> Self {
        let (server, tls) = authority();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let connections = Arc::new(AtomicUsize::new(0));
        let (tell, requests) = watch::channel(0);
        let (counted, tell, act) = (Arc::clone(&connections), Arc::new(tell), Arc::new(act));
        let task = tokio::spawn(async move {
            let acceptor = TlsAcceptor::from(Arc::new(server));
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (acceptor, counted) = (acceptor.clone(), Arc::clone(&counted));
                let (tell, act) = (Arc::clone(&tell), Arc::clone(&act));
                tokio::spawn(async move {
                    // Of several connections begun at once, a client keeps one.
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let mut builder = h2::server::Builder::new();
                    builder.max_concurrent_streams(streams);
                    let Ok(mut connection) = builder.handshake::<_, Bytes>(stream).await else {
                        return;
                    };
                    let mut is_used = false;
                    while let Some(Ok(taken)) = connection.accept().await {
                        if !std::mem::replace(&mut is_used, true) {
                            counted.fetch_add(1, Ordering::SeqCst);
                        }
                        let mut number = 0;
                        tell.send_modify(|all| {
                            *all += 1;
                            number = *all;
                        });
                        let did = act(taken.0.method(), number);
                        if let Act::Last = did {
                            connection.graceful_shutdown();
                        }
                        tokio::spawn(answer(taken, did));
                    }
                });
            }
        });
        Self {
            port,
            tls,
            connections,
            requests,
            _task: AbortOnDropHandle::new(task),
        }
    }

    async fn world(&self, policy: &str) -> World {
        let port = self.port;
        let change = move |bundle: &mut bundle::OrgBundle| {
            bundle.servers[0].url = format!("https://mcp.example:{port}/mcp");
        };
        let plan = Plan {
            policy: Some(policy.into()),
            change: Box::new(change),
            lookup: Lookup::by(|_, port| {
                Box::pin(async move { Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]) })
            }),
            tls: Some(self.tls.clone()),
            ..plan()
        };
        World::new(plan, Upstream::saying("").await).await
    }

    async fn wait(&self, count: usize) {
        let mut requests = self.requests.clone();
        let waiting = requests.wait_for(|so_far| *so_far >= count);
        let patience = std::time::Duration::from_secs(20);
        let there = tokio::time::timeout(patience, waiting).await;
        there.expect("they never came").unwrap();
    }
}

async fn answer((request, mut respond): Taken, did: Act) {
    let mut body = request.into_body();
    while let Some(Ok(piece)) = body.data().await {
        let _ = body.flow_control().release_capacity(piece.len());
    }
    let head = |kind| {
        Response::builder()
            .header("content-type", kind)
            .body(())
            .unwrap()
    };
    match did {
        Act::Refuse => respond.send_reset(Reason::REFUSED_STREAM),
        Act::Stand => {
            let sending = respond.send_response(head("text/event-stream"), false);
            let _kept = sending.unwrap();
            std::future::pending::<()>().await;
        }
        Act::Answer | Act::Last => {
            let sending = respond.send_response(head("application/json"), false);
            sending.unwrap().send_data(RESULT.into(), true).unwrap();
        }
    }
}

#[tokio::test]
async fn many_calls_at_once_share_a_server_that_takes_two_streams() {
    let server = Server::new(2, |_, _| Act::Answer).await;
    let world = server.world(world::ALLOW).await;
    let calls = (0..60).map(|_| world.call("echo", "{}"));
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer.body, RESULT);
    }
    let connections = server.connections.load(Ordering::SeqCst);
    assert!((1..=4).contains(&connections), "{connections}");
}

#[tokio::test]
async fn streams_that_stand_keep_no_call_waiting_on_a_server_that_takes_four() {
    let server = Server::new(4, |method, _| match *method {
        Method::GET => Act::Stand,
        _ => Act::Answer,
    })
    .await;
    let world = server.world(world::ALLOW).await;
    let mut standing = Vec::new();
    for _ in 0..12 {
        let response = world.send(world.request(Method::GET, &[], "")).await;
        assert_eq!(response.status(), StatusCode::OK);
        standing.push(response);
    }
    assert_eq!(world.call("echo", "{}").await.body, RESULT);
}

#[tokio::test]
async fn a_stream_that_was_refused_is_asked_for_again_and_at_last_given_back() {
    let server = Server::new(100, |_, number| match number {
        2 => Act::Answer,
        _ => Act::Refuse,
    })
    .await;
    let policy = r#"{"version":"1","default":"allow","all_tools":{"limits":[{"counter":"sent","window":"hour","max":2,"count":"forwarded"}]}}"#;
    let world = server.world(policy).await;
    assert_eq!(world.call("echo", "{}").await.body, RESULT);
    for _ in 0..3 {
        // Never taken up, so never charged.
        let answer = world.call("echo", "{}").await;
        assert_eq!(answer.status, StatusCode::BAD_GATEWAY, "{}", answer.body);
        assert_eq!(answer.json()["error"]["code"], 1001);
    }
    assert_eq!(*server.requests.borrow(), 2 + 3 * 3);
}

#[tokio::test]
async fn a_server_that_ends_its_connections_again_and_again_loses_no_call() {
    let server = Server::new(100, |_, number| {
        if number.is_multiple_of(3) {
            Act::Last
        } else {
            Act::Answer
        }
    })
    .await;
    let world = server.world(world::ALLOW).await;
    for _ in 0..12 {
        let calls = (0..5).map(|_| world.call("echo", "{}"));
        for answer in futures_util::future::join_all(calls).await {
            assert_eq!(answer.body, RESULT);
        }
    }
    server.wait(60).await;
    assert!(server.connections.load(Ordering::SeqCst) > 3);
}
