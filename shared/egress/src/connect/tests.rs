use super::*;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;

fn connector(lookup: Lookup, exceptions: &[&str]) -> Connector {
    let exceptions = exceptions.iter().map(|net| net.parse().unwrap()).collect();
    Connector {
        egress: Arc::new(Egress::new(exceptions)),
        lookup,
        timeout: Duration::from_secs(2),
    }
}

/// Answers each question with the next of the given addresses, the last one for ever.
fn changing(answers: Vec<&'static str>) -> Lookup {
    let asked = AtomicUsize::new(0);
    Lookup::by(move |_, port| {
        let answer = answers[asked.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1)];
        Box::pin(async move {
            Ok(answer
                .split(' ')
                .map(|ip| SocketAddr::new(ip.parse().unwrap(), port))
                .collect())
        })
    })
}

#[tokio::test]
async fn no_spelling_of_a_loopback_address_reaches_the_canary() {
    let canary = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = canary.local_addr().unwrap().port();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "017700000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "localhost",
        "localhost.",
        "LOCALHOST",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "127.000.000.001",
        "127.0.1",
        "[0:0:0:0:0:0:0:1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
    ] {
        for scheme in ["http", "https"] {
            let Ok(uri) = format!("{scheme}://{host}:{port}/mcp").parse::<Uri>() else {
                continue;
            };
            let outcome = connector(Lookup::system(), &[]).connect(uri).await;
            assert!(outcome.is_err(), "{host}");
        }
    }
    let knocked = futures_util::FutureExt::now_or_never(canary.accept());
    assert!(knocked.is_none(), "the canary was reached");
}

#[tokio::test]
async fn a_name_that_changes_its_answer_leads_nowhere_else() {
    let canary = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = canary.local_addr().unwrap().port();
    let connector = connector(
        changing(vec![
            "127.0.0.1",
            "10.0.0.1 127.0.0.1 ::1",
            "::ffff:127.0.0.1",
        ]),
        &[],
    );
    for _ in 0..3 {
        let uri = format!("https://rebinding.example:{port}/")
            .parse()
            .unwrap();
        assert!(matches!(
            connector.clone().connect(uri).await,
            Err(ConnectError::Refused(_))
        ));
    }
    assert!(futures_util::FutureExt::now_or_never(canary.accept()).is_none());
}

#[tokio::test]
async fn the_operators_exception_is_dialled_and_only_there_is_http_plain() {
    let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    let uri: Uri = format!("http://server.example:{port}/").parse().unwrap();
    let lookup = changing(vec!["10.0.0.1 127.0.0.1"]);
    assert!(
        connector(lookup, &["127.0.0.0/8"])
            .connect(uri)
            .await
            .is_ok()
    );
    let public = connector(changing(vec!["1.1.1.1"]), &[])
        .connect("http://public.example/".parse().unwrap());
    assert!(matches!(public.await, Err(ConnectError::Plain)));
}

#[tokio::test(start_paused = true)]
async fn a_resolver_that_never_answers_ends_at_the_deadline() {
    let never = Lookup::by(|_, _| Box::pin(std::future::pending()));
    let outcome = connector(never, &[])
        .call("https://slow.example/".parse().unwrap())
        .await;
    assert!(matches!(outcome, Err(ConnectError::Slow(_))));
}
