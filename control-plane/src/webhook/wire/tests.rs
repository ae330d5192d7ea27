use super::*;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

fn site(egress_allow: &[&str]) -> Site {
    Site {
        public_url: "https://gate.example.com".parse().unwrap(),
        gateway_url: "https://gate.example.com".parse().unwrap(),
        is_local: false,
        egress_allow: egress_allow
            .iter()
            .map(|net| net.parse().unwrap())
            .collect(),
        rediscover_every: None,
        keep_calls_days: None,
        trusted_proxies: Vec::new(),
    }
}

#[tokio::test]
async fn a_name_that_means_an_address_inside_is_not_dialled() {
    host::tls::install_crypto();
    let asked = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&asked);
    let lookup = Lookup::by(move |_, port| {
        counts.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move { Ok(vec![SocketAddr::from(([10, 0, 0, 7], port))]) })
    });
    let wire = Wire::new(&site(&[]), lookup);
    let answered = wire
        .post("https://hooks.example.com/x", &[], Bytes::new())
        .await;
    let error = answered.unwrap_err();
    assert!(
        error.contains("none of its addresses may be dialled: private"),
        "{error}"
    );
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn of_an_answer_only_the_beginning_is_read() {
    host::tls::install_crypto();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let endless = axum::Router::new().fallback(|| async {
        let piece = || Ok::<_, std::io::Error>(Bytes::from_static(&[b'a'; 700]));
        axum::body::Body::from_stream(futures_util::stream::repeat_with(piece))
    });
    tokio::spawn(async move { axum::serve(listener, endless).await.unwrap() });
    let wire = Wire::new(&site(&["127.0.0.0/8"]), Lookup::system());
    let url = format!("http://{address}/");
    let answered = wire.post(&url, &[], Bytes::new()).await.unwrap();
    assert_eq!(answered.text, "a".repeat(1024));
}
