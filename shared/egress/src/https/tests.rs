use super::*;
use crate::{Egress, Lookup};
use hyper_util::client::legacy::connect::Connection;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use rustls::{RootCertStore, ServerConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// A private authority's server, and a client that trusts that authority alone.
fn authority(name: &str) -> (ServerConfig, ClientConfig) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(issuer.der().clone()).unwrap();
    let server = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::Pkcs8(key.serialize_der().into()),
        )
        .unwrap();
    let client = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    (server, client)
}

fn connector(timeout: Duration) -> Connector {
    Connector {
        egress: Arc::new(Egress::new(vec!["127.0.0.0/8".parse().unwrap()])),
        lookup: Lookup::by(|_, port| {
            Box::pin(async move { Ok(vec![SocketAddr::from(([127, 0, 0, 1], port))]) })
        }),
        timeout,
    }
}

/// What dialling `url`'s host comes to, at a server with this TLS.
async fn dial(
    host: &str,
    tls: ServerConfig,
    trusted: ClientConfig,
) -> Result<MaybeHttpsStream<Stream>, ConnectError> {
    dial_by(Https::new, host, tls, trusted).await
}

async fn dial_by(
    offering: fn(ClientConfig, Connector) -> Https,
    host: &str,
    tls: ServerConfig,
    trusted: ClientConfig,
) -> Result<MaybeHttpsStream<Stream>, ConnectError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let acceptor = TlsAcceptor::from(Arc::new(tls));
        let (stream, _) = listener.accept().await.unwrap();
        // A client that trusts nobody here hangs up.
        let _kept = acceptor.accept(stream).await;
        std::future::pending::<()>().await;
    });
    let uri = format!("https://{host}:{port}/").parse().unwrap();
    offering(trusted, connector(Duration::from_secs(20)))
        .call(uri)
        .await
}

#[tokio::test]
async fn a_private_authority_that_is_trusted_works_and_http2_is_agreed_on_where_offered() {
    let (mut server, client) = authority("mcp.example");
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = dial("mcp.example", server, client).await.unwrap();
    assert!(stream.connected().is_negotiated_h2());
    let (server, client) = authority("mcp.example");
    let stream = dial("mcp.example", server, client).await.unwrap();
    assert!(!stream.connected().is_negotiated_h2());
}

#[tokio::test]
async fn where_http_1_1_alone_is_offered_a_server_of_both_speaks_it() {
    let (mut server, client) = authority("mcp.example");
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = dial_by(Https::http1, "mcp.example", server, client).await;
    assert!(!stream.unwrap().connected().is_negotiated_h2());
}

#[tokio::test]
async fn a_certificate_of_another_name_or_another_authority_is_no_connection() {
    let (server, client) = authority("other.example");
    let outcome = dial("mcp.example", server, client).await;
    assert!(matches!(outcome, Err(ConnectError::Tls(_))), "{outcome:?}");
    let (server, _) = authority("mcp.example");
    let (_, stranger) = authority("mcp.example");
    let outcome = dial("mcp.example", server, stranger).await;
    assert!(matches!(outcome, Err(ConnectError::Tls(_))), "{outcome:?}");
}

#[tokio::test]
async fn a_server_that_never_says_hello_is_given_up_at_the_connect_deadline() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let (_, client) = authority("mcp.example");
    let uri = format!("https://mcp.example:{port}/").parse().unwrap();
    let outcome = Https::new(client, connector(Duration::from_millis(100)))
        .call(uri)
        .await;
    assert!(matches!(outcome, Err(ConnectError::Slow(_))), "{outcome:?}");
}

#[tokio::test]
async fn what_the_connector_refuses_is_still_told_as_its_refusal() {
    let (_, client) = authority("mcp.example");
    let closed = Connector {
        egress: Arc::default(),
        ..connector(Duration::from_secs(20))
    };
    let outcome = Https::new(client, closed)
        .call("https://mcp.example/".parse().unwrap())
        .await;
    assert!(
        matches!(outcome, Err(ConnectError::Refused("loopback"))),
        "{outcome:?}"
    );
}
