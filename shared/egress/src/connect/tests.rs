use super::*;
use futures_util::FutureExt;
use std::net::{Ipv4Addr, Ipv6Addr};
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

/// The least kind of resolver: every name leads to the canary, and what the system takes for a number, there besides.
fn hostile() -> Lookup {
    Lookup::by(|name, port| {
        Box::pin(async move {
            let mut all = vec![
                SocketAddr::from(([127, 0, 0, 1], port)),
                SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
                SocketAddr::from((Ipv4Addr::LOCALHOST.to_ipv6_mapped(), port)),
            ];
            let is_number = |letter: char| letter.is_ascii_hexdigit() || "xX.:%".contains(letter);
            if name.chars().all(is_number) {
                // What it does not take for one it may not answer.
                let asked = tokio::net::lookup_host((name, port)).await;
                all.extend(asked.into_iter().flatten());
            }
            Ok(all)
        })
    })
}

#[tokio::test]
async fn no_way_to_write_an_inner_address_reaches_the_canary() {
    // On both families, and on every address of this machine.
    let canary = TcpListener::bind("[::]:0").await.unwrap();
    let port = canary.local_addr().unwrap().port();
    let (mut dialled, mut written) = (0, 0);
    let lines = include_str!("../../corpus/inner-urls.txt").lines();
    for line in lines.filter(|line| !line.starts_with("# ")) {
        written += 1;
        for scheme in ["http", "https"] {
            let text = format!("{scheme}://{}", line.replace("{port}", &port.to_string()));
            let Ok(uri) = text.parse::<Uri>() else {
                // No URL to the dialling side: nothing to dial.
                continue;
            };
            dialled += 1;
            let outcome = connector(hostile(), &[]).connect(uri).await;
            assert!(
                matches!(
                    outcome,
                    Err(ConnectError::Refused(_) | ConnectError::NoHost)
                ),
                "{text}: {outcome:?}"
            );
        }
    }
    assert!(written > 150 && dialled > 200, "{written} {dialled}");
    let knocked = canary.accept().now_or_never();
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
    assert!(canary.accept().now_or_never().is_none());
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

#[tokio::test]
async fn of_several_addresses_the_private_ones_are_passed_over_and_the_silent_ones_wait_for_their_part_only()
 {
    let server = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = server.local_addr().unwrap().port();
    let canary = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    // Nobody is at home in a network for documentation; allowed here, it swallows what is sent.
    let lookup = changing(vec!["127.0.0.1 ::1 192.0.2.1 127.0.0.2"]);
    let uri = format!("http://several.example:{port}/").parse().unwrap();
    let found = connector(lookup, &["127.0.0.2/32", "192.0.2.0/24"])
        .connect(uri)
        .await;
    assert!(found.is_ok(), "{found:?}");
    assert!(server.accept().now_or_never().is_some());
    assert!(canary.accept().now_or_never().is_none());
}

#[tokio::test]
async fn a_name_of_very_many_addresses_is_not_tried_at_all_of_them() {
    let asked = Lookup::by(|_, port| {
        let all = (1..=255).map(move |last| SocketAddr::from(([127, 0, 9, last], port)));
        Box::pin(async move { Ok(all.collect()) })
    });
    // The ninth would answer.
    let ninth = TcpListener::bind("127.0.9.9:0").await.unwrap();
    let port = ninth.local_addr().unwrap().port();
    let uri = format!("http://many.example:{port}/").parse().unwrap();
    let outcome = connector(asked, &["127.0.0.0/8"]).connect(uri).await;
    assert!(matches!(outcome, Err(ConnectError::Io(_))), "{outcome:?}");
    assert!(ninth.accept().now_or_never().is_none());
}
