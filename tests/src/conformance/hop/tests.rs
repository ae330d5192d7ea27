#![allow(clippy::disallowed_methods, reason = "a loopback needs no manners")]

use super::*;
use axum::http::HeaderMap;
use futures_util::StreamExt;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Listens, and answers with what `router` says; gives its address with the path of a server.
async fn listen(router: Router) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://127.0.0.1:{port}/acme/peer/mcp")
}

async fn echo(uri: Uri, headers: HeaderMap, body: String) -> String {
    let said = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    format!(
        "{uri} {:?} {:?} {body}",
        said("authorization"),
        said("host")
    )
}

#[tokio::test]
async fn the_token_is_added_and_the_host_is_left_as_it_was() {
    host::tls::install_crypto();
    let hop = Hop::start(&[listen(Router::new().fallback(echo)).await], "pcl_x").await;
    let request = reqwest::Client::new()
        .post(&hop.url)
        .header("host", "evil.example")
        .body("hello");
    let answer = request.send().await.unwrap().text().await.unwrap();
    assert_eq!(
        answer,
        r#"/acme/peer/mcp Some("Bearer pcl_x") Some("evil.example") hello"#
    );
}

#[tokio::test]
async fn every_target_has_its_turn() {
    host::tls::install_crypto();
    let mut targets = Vec::new();
    for name in ["one", "two"] {
        targets.push(listen(Router::new().fallback(move || async move { name })).await);
    }
    let hop = Hop::start(&targets, "x").await;
    let mut said = Vec::new();
    for _ in 0..4 {
        said.push(reqwest::get(&hop.url).await.unwrap().text().await.unwrap());
    }
    assert_eq!(said, ["one", "two", "one", "two"]);
}

#[tokio::test]
async fn what_has_been_said_arrives_before_the_end_and_a_hang_up_is_noticed() {
    host::tls::install_crypto();
    let (say, said) = mpsc::channel::<Result<String, std::io::Error>>(1);
    let said = Arc::new(std::sync::Mutex::new(Some(said)));
    let stream = move || async move {
        Body::from_stream(ReceiverStream::new(said.lock().unwrap().take().unwrap()))
    };
    let hop = Hop::start(&[listen(Router::new().fallback(stream)).await], "x").await;
    say.send(Ok("data: 1\n\n".to_owned())).await.unwrap();
    let mut events = reqwest::get(&hop.url).await.unwrap().bytes_stream();
    assert_eq!(events.next().await.unwrap().unwrap(), "data: 1\n\n");
    drop(events);
    say.closed().await;
}
