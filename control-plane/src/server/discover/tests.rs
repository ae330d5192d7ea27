use super::listing::Gathering;
use super::wire::WireError;
use super::*;
use serde_json::{Value, json};

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

#[test]
fn one_organisation_takes_a_few_seats_and_gives_them_back() {
    host::tls::install_crypto();
    let site = crate::config::Site {
        public_url: "http://127.0.0.1:1".parse().unwrap(),
        gateway_url: "http://127.0.0.1:1".parse().unwrap(),
        is_local: false,
        egress_allow: Vec::new(),
    };
    let reach = Reach::new(&site, egress::Lookup::system());
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
