//! Where a server's address leads, however it is written, whatever its name means this time, and whatever it answers.

mod world;

use egress::Lookup;
use futures_util::FutureExt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::net::TcpListener;
use world::raw::{Raw, read_request, write};
use world::upstream::{self, Upstream};
use world::{Plan, World, plan, with_policy};

const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;

/// Every name leads to this machine.
fn hostile() -> Lookup {
    Lookup::by(|_, port| {
        let all = ["127.0.0.1", "::1", "::ffff:127.0.0.1"];
        let all = all.map(|ip| SocketAddr::new(ip.parse().unwrap(), port));
        Box::pin(async move { Ok(all.to_vec()) })
    })
}

#[tokio::test]
async fn no_way_to_write_an_inner_address_is_dialled_for_a_call() {
    let canary = TcpListener::bind("[::]:0").await.unwrap();
    let port = canary.local_addr().unwrap().port().to_string();
    let plan = Plan {
        egress: Vec::new(),
        lookup: hostile(),
        ..plan()
    };
    let mut world = World::new(plan, Upstream::saying(RESULT).await).await;
    let lines = include_str!("../../shared/egress/corpus/inner-urls.txt").lines();
    let mut tried = 0;
    for line in lines.filter(|line| !line.starts_with("# ")) {
        for scheme in ["https", "http"] {
            let url = format!("{scheme}://{}", line.replace("{port}", &port));
            world.publish(|bundle| bundle.servers[0].url.clone_from(&url));
            let answer = world.call("echo", "{}").await;
            let said = (
                answer.status.as_u16(),
                answer.json()["error"]["code"].as_i64(),
                answer.json()["id"].as_i64(),
            );
            assert_eq!(said, (502, Some(1001), Some(1)), "{url}: {}", answer.body);
            assert!(answer.body.contains("`Files`") && !answer.body.contains(&port));
            tried += 1;
        }
    }
    assert!(tried > 300, "{tried}");
    assert!(world.upstream.saw().is_empty());
    let knocked = canary.accept().now_or_never();
    assert!(knocked.is_none(), "the canary was reached");
}

#[tokio::test]
async fn a_name_that_changes_its_answer_between_calls_leads_nowhere_else() {
    // The operator allows one address of this machine, and not the other.
    let server = Raw::at("127.0.0.2:0", |mut stream| async move {
        read_request(&mut stream).await;
        // A new connection each time: a new question about the name.
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close";
        let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{RESULT}", RESULT.len());
        write(&mut stream, answer).await;
    })
    .await;
    let port = server.address.port();
    let canary = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let rebinding = Lookup::by(move |_, port| {
        let is_honest = counted.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        let ip = if is_honest {
            [127, 0, 0, 2]
        } else {
            [127, 0, 0, 1]
        };
        Box::pin(async move { Ok(vec![SocketAddr::from((ip, port))]) })
    });
    let change = move |bundle: &mut bundle::OrgBundle| {
        bundle.servers[0].url = format!("http://rebinding.example:{port}/mcp");
    };
    let plan = Plan {
        egress: vec!["127.0.0.2/32"],
        lookup: rebinding,
        change: Box::new(change),
        ..plan()
    };
    let world = World::new(plan, Upstream::saying(RESULT).await).await;
    let (mut good, mut refused) = (0, 0);
    for _ in 0..200 {
        match world.call("echo", "{}").await.status.as_u16() {
            200 => good += 1,
            502 => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!((good, refused), (100, 100));
    assert_eq!(asked.load(Ordering::SeqCst), 200);
    assert_eq!(server.taken(), 100);
    assert!(canary.accept().now_or_never().is_none());
}

#[tokio::test]
async fn no_answer_leads_anywhere_else() {
    let canary = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/mcp", canary.local_addr().unwrap());
    for status in [200, 201, 300, 301, 302, 303, 305, 307, 308] {
        let to = target.clone();
        let leading = Upstream::new(move |_| {
            let to = to.clone();
            async move {
                let refresh = format!(r#"<meta http-equiv="refresh" content="0; url={to}">"#);
                let mut said = upstream::status(status, &refresh);
                for (name, value) in [
                    ("location", to.clone()),
                    ("content-location", to.clone()),
                    ("refresh", format!("0; url={to}")),
                    ("link", format!("<{to}>; rel=canonical")),
                    ("alt-svc", format!("h2=\"{}\"", &to[7..])),
                    ("content-type", "text/html".to_owned()),
                ] {
                    said.headers_mut().insert(name, value.parse().unwrap());
                }
                said
            }
        })
        .await;
        let world = with_policy(world::ALLOW, leading).await;
        let answer = world.call("echo", "{}").await;
        assert_eq!(answer.status, 502, "{status}");
        assert!(!answer.headers.contains_key("location"));
        assert!(!answer.body.contains("http"), "{}", answer.body);
        assert_eq!(world.upstream.saw().len(), 1);
    }
    assert!(canary.accept().now_or_never().is_none());
}
