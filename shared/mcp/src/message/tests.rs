use super::*;
use proptest::prelude::*;

fn refused(text: &str) -> Refused {
    match parse(text.as_bytes()) {
        Err(refused) => refused,
        Ok(document) => match Body::of(&document) {
            Err(refused) => refused,
            Ok(Body::One(message)) => panic!("{text} was read as {message:?}"),
            Ok(Body::Batch(elements)) => panic!("{text} was read as {elements:?}"),
        },
    }
}

fn request(text: &str, then: impl FnOnce(Request<'_>)) {
    let document = parse(text.as_bytes()).unwrap();
    match Body::of(&document).unwrap() {
        Body::One(Message::Request(request)) => then(request),
        other => panic!("{text} was read as {other:?}"),
    }
}

#[test]
fn ids_are_kept_as_they_were_written() {
    for id in [
        "1",
        "1.50",
        "18446744073709551616",
        r#""a\u0062""#,
        "-0",
        "1e3",
    ] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#);
        request(&text, |request| assert_eq!(request.id, id));
    }
}

#[test]
fn an_escaped_method_is_the_method_it_spells() {
    request(
        r#"{"jsonrpc":"2.0","id":1,"method":"\u0074ools/call","params":{"name":"a"}}"#,
        |request| {
            assert_eq!(request.method, "tools/call");
            assert_eq!(request.tool_call().unwrap().name, "a");
        },
    );
}

#[test]
fn what_two_readers_could_read_differently_is_refused_with_its_id() {
    for text in [
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","name":"b"}}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","\u006eame":"b"}}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"arguments":{"x":{"y":1,"y":2}}}}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"a","Name":"b"}}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","Method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"tools/call","param\u017f":{}}"#,
        r#"{"jsonrpc":"2.0","id":7,"\u0131d":8,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"resources/read","params":{"ur\u0130":"x:y"}}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"ping","params":{"_meta":{"progresstoken":1}}}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":"\ud800"}}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"ping","params":{"a\u0000":1}}"#,
        r#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#,
        r#"{"id":7,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":7}"#,
        r#"{"jsonrpc":"2.0","id":7,"method":"ping","result":{}}"#,
        r#"{"jsonrpc":"2.0","id":7,"result":{},"error":{}}"#,
        r#"{"jsonrpc":"2.0","id":7}"#,
    ] {
        let refused = refused(text);
        assert_eq!(refused.code, INVALID_REQUEST, "{text}");
        assert_eq!(refused.id.as_deref(), Some("7"), "{text}");
    }
}

#[test]
fn an_id_that_cannot_be_read_is_not_echoed() {
    for text in [
        r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#,
        r#"{"jsonrpc":"2.0","id":"\ud800","method":"ping"}"#,
        r#"{"jsonrpc":"2.0","result":{}}"#,
        "[]",
        "7",
        "\"ping\"",
    ] {
        let refused = refused(text);
        assert_eq!(refused.code, INVALID_REQUEST, "{text}");
        assert_eq!(refused.id, None, "{text}");
    }
}

#[test]
fn text_that_is_not_json_is_a_parse_error() {
    for text in [
        "",
        "{",
        "{} {}",
        "\u{feff}{}",
        "{'a':1}",
        "{\"a\":NaN}",
        "{\"a\":1,}",
        "// x\n{}",
    ] {
        assert_eq!(refused(text).code, PARSE_ERROR, "{text}");
    }
    assert_eq!(parse(b"\xff\xfe").unwrap_err().code, PARSE_ERROR);
}

#[test]
fn a_message_may_nest_sixty_four_deep_and_no_deeper() {
    let nested = |lists: usize| {
        format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"a":{}{}}}}}"#,
            "[".repeat(lists),
            "]".repeat(lists)
        )
    };
    request(&nested(62), |request| assert_eq!(request.method, "ping"));
    assert_eq!(refused(&nested(63)).code, INVALID_REQUEST);
}

#[test]
fn a_message_without_an_id_is_a_notification_and_one_without_a_method_an_answer() {
    let text = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
    let document = parse(text.as_bytes()).unwrap();
    assert!(matches!(
        Body::of(&document).unwrap(),
        Body::One(Message::Notification(Notification {
            method: "notifications/initialized",
            ..
        }))
    ));
    let text = r#"{"jsonrpc":"2.0","id":"s1","result":{}}"#;
    let document = parse(text.as_bytes()).unwrap();
    let Body::One(Message::Response(response)) = Body::of(&document).unwrap() else {
        panic!("not an answer")
    };
    assert_eq!(
        (response.id, response.id_node.as_str()),
        ("\"s1\"", Some("s1"))
    );
}

#[test]
fn every_element_of_a_batch_is_read_for_itself() {
    let text = r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}, {"id":2}, 3]"#;
    let document = parse(text.as_bytes()).unwrap();
    let Body::Batch(elements) = Body::of(&document).unwrap() else {
        panic!("not a batch")
    };
    assert!(matches!(
        &elements[0],
        Ok(Message::Request(Request {
            text: r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            ..
        }))
    ));
    assert_eq!(elements[1].as_ref().unwrap_err().id.as_deref(), Some("2"));
    assert_eq!(elements[2].as_ref().unwrap_err().id, None);
}

#[test]
fn a_batch_is_bounded() {
    let batch = |count: usize| {
        let one = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;
        format!("[{}]", vec![one; count].join(","))
    };
    let text = batch(MOST_IN_BATCH);
    assert!(Body::of(&parse(text.as_bytes()).unwrap()).is_ok());
    assert_eq!(refused(&batch(MOST_IN_BATCH + 1)).code, INVALID_REQUEST);
}

#[test]
fn a_call_without_a_name_is_invalid_and_never_another_method() {
    for params in [
        "",
        r#","params":{}"#,
        r#","params":{"name":1}"#,
        r#","params":[]"#,
        r#","params":null"#,
    ] {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call"{params}}}"#);
        request(&text, |request| {
            assert!(request.tool_call().is_err(), "{text}");
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_bytes_are_a_message_or_a_refusal(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(document) = parse(&bytes) {
            let _ = Body::of(&document);
        }
    }

    #[test]
    fn near_messages_are_read_without_panic(text in r#"[\[\{\}\]:,"a-z0-9\\ ]{0,60}"#, key in "(id|method|params|name|_meta|result|jsonrpc)") {
        let text = format!(r#"{{"jsonrpc":"2.0","{key}":{text}}}"#);
        if let Ok(document) = parse(text.as_bytes()) {
            let _ = Body::of(&document);
        }
    }

    /// What stands in the message's own text is what was judged: read again, it says the same.
    #[test]
    fn the_text_of_an_element_reads_as_the_element(method in "[a-z/]{1,12}", id in 0u64..u64::MAX) {
        let one = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"}}"#);
        let text = format!("[ {one} ,\n{one}]");
        let document = parse(text.as_bytes()).unwrap();
        let Body::Batch(elements) = Body::of(&document).unwrap() else { panic!("not a batch") };
        for element in elements {
            let Ok(Message::Request(request)) = element else { panic!("not a request") };
            prop_assert_eq!(request.text, one.as_str());
            prop_assert_eq!(request.method, method.as_str());
        }
    }
}
