use super::*;

fn awaited(bodies: &[&str]) -> Vec<Awaited> {
    let one = |body: &&str| {
        let document = mcp::parse(body.as_bytes()).unwrap();
        let Ok(mcp::Body::One(mcp::Message::Request(request))) = mcp::Body::of(&document) else {
            panic!("not a request: {body}")
        };
        Awaited {
            asked: Asked::of(&request, body),
            heard: mpsc::channel(1).0,
        }
    };
    bodies.iter().map(one).collect()
}

fn calls() -> Vec<Awaited> {
    awaited(&[
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":{"progressToken":"a"}}}"#,
        r#"{"jsonrpc":"2.0","id":"1","method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"_meta":{"progressToken":7}}}"#,
    ])
}

#[test]
fn a_message_goes_to_the_call_that_it_names() {
    let calls = calls();
    let way = |text: &str| way(&read(text).unwrap().1, &calls);
    for (text, to) in [
        (r#"{"jsonrpc":"2.0","id":1.0,"result":{}}"#, Way::To(0)),
        (r#"{"jsonrpc":"2.0","id":"1","error":{}}"#, Way::To(1)),
        (r#"{"jsonrpc":"2.0","id":3,"result":{}}"#, Way::Nowhere),
        (r#"{"jsonrpc":"2.0","id":null,"error":{}}"#, Way::Nowhere),
        (
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"\u0061"}}"#,
            Way::To(0),
        ),
        (
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":7}}"#,
            Way::To(2),
        ),
        (
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"7"}}"#,
            Way::Any,
        ),
        (
            r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"progressToken":7}}"#,
            Way::Any,
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, Way::Any),
    ] {
        assert_eq!(way(text), to, "{text}");
    }
}

#[test]
fn what_is_no_message_belongs_nowhere() {
    for text in [
        "",
        "{}",
        "nonsense",
        r#"{"jsonrpc":"2.0","id":1,"id":2,"result":{}}"#,
        "[]",
    ] {
        assert!(read(text).is_none(), "{text}");
    }
}
