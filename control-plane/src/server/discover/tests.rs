use super::listing::Gathering;
use super::wire::WireError;
use super::*;
use bundle::credential::Headers;
use futures_util::FutureExt;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const SMALL: Bounds = Bounds {
    reading: Duration::from_secs(5),
    probe: Duration::from_secs(5),
    farewell: Duration::from_secs(1),
    connect: Duration::from_secs(1),
    bytes: 1024 * 1024,
    pages: 3,
    tools: 10,
};

fn page(tools: &Value, next: &Value) -> Vec<u8> {
    json!({ "jsonrpc": "2.0", "id": 1, "result": { "tools": tools, "nextCursor": next } })
        .to_string()
        .into_bytes()
}

fn gathered(pages: &[Vec<u8>]) -> Result<Listing, WireError> {
    let mut gathering = Gathering::new(SMALL);
    for page in pages {
        gathering.take(page)?;
    }
    Ok(gathering.finish())
}

#[test]
fn definitions_are_kept_byte_for_byte_in_the_servers_order() {
    let text = br#"{"jsonrpc":"2.0","id":1,"result":{"tools":[ {"name":"b", "x" : 1.0e2},{"x":100,"name":"a","y":"\u00e9"}]}}"#;
    let listing = gathered(&[text.to_vec()]).unwrap();
    let definitions: Vec<&str> = listing
        .tools
        .iter()
        .map(|tool| tool.definition.as_str())
        .collect();
    assert_eq!(
        definitions,
        [
            r#"{"name":"b", "x" : 1.0e2}"#,
            r#"{"x":100,"name":"a","y":"\u00e9"}"#
        ]
    );
    assert_eq!(listing.odd, None);
}

#[test]
fn the_digest_is_of_what_a_definition_says_and_not_of_how_it_is_spelled() {
    let of = |text: &str| {
        let page = format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{text}]}}}}"#);
        gathered(&[page.into_bytes()]).unwrap().tools[0].digest
    };
    assert_eq!(
        of(r#"{"name":"a","x":1.0}"#),
        of(r#"{ "x": 1, "name": "\u0061" }"#)
    );
    assert_ne!(of(r#"{"name":"a","x":1.0}"#), of(r#"{"name":"a","x":1.5}"#));
}

#[test]
fn what_cannot_be_recorded_is_left_out_and_told() {
    let tools = json!([
        { "name": "good" }, { "name": "good", "description": "another" }, { "title": "nameless" }, 7, { "name": "" },
        { "name": "a\u{0}b" }, { "name": "x".repeat(300) },
    ]);
    let listing = gathered(&[page(&tools, &Value::Null)]).unwrap();
    assert_eq!(listing.tools.len(), 1);
    assert_eq!(listing.tools[0].definition, r#"{"name":"good"}"#);
    let odd = listing.odd.unwrap();
    for part in [
        "without a name: 2",
        "`ab`",
        "more than once, the first counts: `good`",
    ] {
        assert!(odd.contains(part), "{odd}");
    }
}

#[test]
fn a_definition_nested_beyond_reading_is_left_out() {
    let deep = format!(
        r#"{{"name":"deep","inputSchema":{}1{}}}"#,
        "[".repeat(80),
        "]".repeat(80)
    );
    let text =
        format!(r#"{{"jsonrpc":"2.0","id":1,"result":{{"tools":[{deep},{{"name":"flat"}}]}}}}"#);
    let listing = gathered(&[text.into_bytes()]).unwrap();
    assert_eq!(listing.tools.len(), 1);
    assert!(listing.odd.unwrap().contains("`deep`"));
}

#[test]
fn a_list_without_end_is_refused() {
    let endless: Vec<Vec<u8>> = (0..4)
        .map(|number| page(&json!([]), &json!(number.to_string())))
        .collect();
    assert!(
        matches!(gathered(&endless), Err(WireError::TooMuch(what)) if what.contains("3 pages"))
    );
    let circle = [page(&json!([]), &json!("a")), page(&json!([]), &json!("a"))];
    assert!(matches!(gathered(&circle), Err(WireError::TooMuch(what)) if what.contains("again")));
    let crowd: Vec<Value> = (0..11)
        .map(|number| json!({ "name": number.to_string() }))
        .collect();
    assert!(
        matches!(gathered(&[page(&json!(crowd), &Value::Null)]), Err(WireError::TooMuch(what)) if what.contains("10 tools"))
    );
}

#[test]
fn a_list_that_can_be_read_in_two_ways_is_refused_with_the_place() {
    let text = br#"{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"a","name":"b"}]}}"#;
    assert!(
        matches!(gathered(&[text.to_vec()]), Err(WireError::Unreadable(what)) if what.contains("/result/tools/0/name"))
    );
    for bad in [
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"tools":{}}}"#,
        "[]",
        "nothing",
    ] {
        assert!(
            matches!(
                gathered(&[bad.as_bytes().to_vec()]),
                Err(WireError::Unreadable(_))
            ),
            "{bad}"
        );
    }
    let odd_cursor = page(&json!([]), &json!(7));
    assert!(matches!(
        gathered(&[odd_cursor]),
        Err(WireError::Unreadable(_))
    ));
}

fn reach(exceptions: &[&str], lookup: egress::Lookup) -> Reach {
    let site = crate::config::Site {
        public_url: "http://127.0.0.1:1".parse().unwrap(),
        gateway_url: "http://127.0.0.1:1".parse().unwrap(),
        is_local: false,
        egress_allow: exceptions.iter().map(|net| net.parse().unwrap()).collect(),
        rediscover_every: Some(std::time::Duration::from_hours(1)),
        keep_calls_days: None,
        trusted_proxies: Vec::new(),
    };
    Reach::new(&site, lookup)
}

/// Every name leads to this machine.
fn hostile() -> egress::Lookup {
    egress::Lookup::by(|_, port| {
        let all = ["127.0.0.1", "::1", "::ffff:127.0.0.1"];
        let all = all.map(|ip| SocketAddr::new(ip.parse().unwrap(), port));
        Box::pin(async move { Ok(all.to_vec()) })
    })
}

#[tokio::test]
async fn no_way_to_write_an_inner_address_is_registered_or_else_it_is_not_dialled() {
    host::tls::install_crypto();
    let canary = TcpListener::bind("[::]:0").await.unwrap();
    let port = canary.local_addr().unwrap().port().to_string();
    let reach = reach(&[], hostile());
    let lines = include_str!("../../../../shared/egress/corpus/inner-urls.txt").lines();
    let (mut refused, mut stored) = (0, 0);
    for line in lines.filter(|line| !line.starts_with("# ")) {
        for scheme in ["https", "http"] {
            let text = format!("{scheme}://{}", line.replace("{port}", &port));
            let Ok(url) = crate::server::url::read(&text, reach.egress()) else {
                refused += 1;
                continue;
            };
            stored += 1;
            assert_eq!(scheme, "https", "{text}");
            let outcome = read(&reach, &url, &Headers::new(), SMALL).await;
            let told = outcome.unwrap_err().told;
            assert!(told.contains("none of its addresses"), "{text}: {told}");
        }
    }
    assert!(refused > 250 && stored > 10, "{refused} {stored}");
    let knocked = canary.accept().now_or_never();
    assert!(knocked.is_none(), "the canary was reached");
}

#[tokio::test]
async fn discovery_follows_no_redirect_wherever_it_stands() {
    host::tls::install_crypto();
    let canary = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = format!("http://{}/mcp", canary.local_addr().unwrap());
    let html = format!(r#"<meta http-equiv="refresh" content="0; url={target}">"#);
    for status in [200, 201, 300, 301, 302, 303, 305, 307, 308] {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", server.local_addr().unwrap());
        let said = format!(
            "HTTP/1.1 {status} Elsewhere\r\nLocation: {target}\r\nContent-Location: {target}\r\nRefresh: 0; url={target}\r\n\
            Link: <{target}>; rel=canonical\r\nAlt-Svc: h2=\"{}\"\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\
            Connection: close\r\n\r\n{html}",
            canary.local_addr().unwrap(),
            html.len()
        );
        let serving = tokio::spawn(async move {
            loop {
                let (mut stream, _) = server.accept().await.unwrap();
                let mut asked = [0; 4096];
                let _ = stream.read(&mut asked).await;
                let _ = stream.write_all(said.as_bytes()).await;
            }
        });
        let reach = reach(&["127.0.0.0/8"], egress::Lookup::system());
        let outcome = read(&reach, &url.parse().unwrap(), &Headers::new(), SMALL).await;
        assert!(outcome.is_err(), "{status}");
        serving.abort();
    }
    let knocked = canary.accept().now_or_never();
    assert!(knocked.is_none(), "the canary was reached");
}

#[test]
fn one_organisation_takes_a_few_seats_and_gives_them_back() {
    host::tls::install_crypto();
    let reach = reach(&[], egress::Lookup::system());
    let org = |n: u8| ids::OrgId::new(1, [n; 10]);
    let server = |n: u8| ids::ServerId::new(1, [n; 10]);
    let mut seats: Vec<Seat> = (0..4)
        .map(|n| reach.seat(org(1), server(n)).unwrap())
        .collect();
    assert_eq!(reach.seat(org(1), server(0)).unwrap_err(), Busy::ThisServer);
    assert_eq!(reach.seat(org(1), server(9)).unwrap_err(), Busy::ThisOrg);
    let other = reach.seat(org(2), server(9));
    assert!(other.is_ok());
    seats.pop();
    assert!(reach.seat(org(1), server(9)).is_ok());
}
