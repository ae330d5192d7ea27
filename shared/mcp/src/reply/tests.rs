use super::*;
use proptest::prelude::*;

fn one<T>(text: &str, then: impl FnOnce(Result<Reply<'_>, Unreadable>) -> T) -> T {
    let document = parse(text.as_bytes()).unwrap();
    then(Reply::of(&document.root, &document))
}

#[test]
fn a_servers_words_are_answers_requests_or_notifications() {
    one(
        r#"{"jsonrpc":"2.0","id":1,"result":{"isError":true}}"#,
        |reply| {
            let Ok(Reply::Answer(answer)) = reply else {
                panic!("{reply:?}")
            };
            assert!(answer.is_tool_error && !answer.is_error);
            assert_eq!(answer.id, Some("1"));
        },
    );
    one(
        r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":""}}"#,
        |reply| {
            assert!(matches!(
                reply,
                Ok(Reply::Answer(Answer {
                    id: None,
                    is_error: true,
                    ..
                }))
            ));
        },
    );
    one(
        r#"{"jsonrpc":"2.0","id":"e1","method":"elicitation/create","params":{}}"#,
        |reply| {
            assert!(matches!(
                reply,
                Ok(Reply::Request {
                    id: "\"e1\"",
                    told: Told {
                        method: "elicitation/create",
                        ..
                    },
                    ..
                })
            ));
        },
    );
    one(
        r#"{"jsonrpc":"2.0","method":"notifications/message"}"#,
        |reply| {
            assert!(matches!(
                reply,
                Ok(Reply::Notification(Told {
                    method: "notifications/message",
                    ..
                }))
            ));
        },
    );
}

#[test]
fn half_a_surrogate_pair_deep_in_a_result_is_the_servers_own_affair() {
    one(
        r#"{"jsonrpc":"2.0","id":1,"result":{"content":[{"text":"\ud83d"}]}}"#,
        |reply| {
            assert!(matches!(reply, Ok(Reply::Answer(_))));
        },
    );
}

#[test]
fn an_answer_that_can_be_read_in_two_ways_is_none() {
    for text in [
        r#"{"jsonrpc":"2.0","id":1,"id":2,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"requestState":"a","requestState":"b"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{"requeststate":"a"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{},"Error":{}}"#,
        r#"{"jsonrpc":"2.0","id":1,"ID":2,"result":{}}"#,
        r#"{"jsonrpc":"2.0","id":1}"#,
        r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
        "7",
    ] {
        assert!(one(text, |reply| reply.is_err()), "{text}");
    }
}

#[test]
fn a_batch_of_a_servers_is_all_its_messages_or_none() {
    let read = |text: &str| messages(&parse(text.as_bytes()).unwrap()).map(|all| all.len());
    let one = r#"{"jsonrpc":"2.0","method":"x"}"#;
    assert_eq!(read(&format!("[{one},{one}]")), Ok(2));
    assert!(read("[]").is_err());
    assert!(read(&format!("[{one},7]")).is_err());
}

#[test]
fn an_answer_may_nest_two_hundred_and_fifty_six_deep_and_no_deeper() {
    let nested = |lists: usize| "[".repeat(lists) + &"]".repeat(lists);
    assert!(parse(nested(256).as_bytes()).is_ok());
    assert!(parse(nested(257).as_bytes()).is_err());
}

#[test]
fn ids_are_compared_by_what_they_mean() {
    for (a, b, same) in [
        ("1", "1", true),
        ("1", "1.0", true),
        ("1", "\"1\"", false),
        ("\"a\"", "\"\\u0061\"", true),
        ("9007199254740993", "9007199254740992", false),
        ("null", "null", false),
        ("{}", "{}", false),
    ] {
        assert_eq!(crate::same_id(a, b), same, "{a} {b}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_bytes_are_messages_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..120), inner in "[\\[\\]{}:,\"a-z0-9]{0,40}") {
        for text in [bytes, format!(r#"{{"jsonrpc":"2.0","result":{{{inner}}}}}"#).into_bytes()] {
            if let Ok(document) = parse(&text) {
                let _ = messages(&document);
            }
        }
    }
}
