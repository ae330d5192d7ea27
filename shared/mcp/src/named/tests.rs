use super::*;
use crate::reply::parse;

fn named(places: impl for<'d> Fn(&'d Node<'d>) -> Vec<&'d Node<'d>>, text: &str) -> Vec<String> {
    let document = parse(text.as_bytes()).unwrap();
    let found = places(&document.root).into_iter();
    found.map(|node| node.span.of(text).to_owned()).collect()
}

#[test]
fn an_answer_names_the_task_it_made_or_tells_of_or_belongs_to() {
    let of = |text: &str| named(tasks_of_result, text);
    assert_eq!(
        of(r#"{"task":{"taskId":"a","status":"working"}}"#),
        [r#""a""#]
    );
    assert_eq!(
        of(r#"{"resultType":"task","taskId":"a","status":"working"}"#),
        [r#""a""#]
    );
    assert_eq!(
        of(r#"{"content":[],"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"b"}}}"#),
        [r#""b""#]
    );
    for other in [
        r#"{"taskId":"a"}"#,
        r#"{"task":{"taskId":"a"}}"#,
        r#"{"structuredContent":{"taskId":"a","status":"x"}}"#,
        "[]",
    ] {
        assert!(of(other).is_empty(), "{other}");
    }
}

#[test]
fn a_message_of_the_servers_names_tasks_in_its_params() {
    let of = |method: &str, text: &str| named(|node| tasks_of_message(method, node), text);
    let related = r#""_meta":{"io.modelcontextprotocol/related-task":{"taskId":"b"}}"#;
    for method in ["notifications/tasks/status", "notifications/tasks"] {
        assert_eq!(
            of(
                method,
                &format!(r#"{{"params":{{"taskId":"a",{related}}}}}"#)
            ),
            [r#""a""#, r#""b""#]
        );
    }
    assert_eq!(
        of(
            "tasks/get",
            &format!(r#"{{"params":{{"taskId":"theirs",{related}}}}}"#)
        ),
        [r#""b""#],
        "a server asks for a task that the client keeps"
    );
    assert!(of("notifications/tasks", "{}").is_empty());
}

#[test]
fn a_request_names_the_task_it_is_about_and_those_it_listens_for() {
    let of = |method: &str, text: &str| named(|node| tasks_of_request(method, node), text);
    assert_eq!(of("tasks/get", r#"{"taskId":7}"#), ["7"]);
    assert_eq!(of("tools/call", r#"{"taskId":7}"#), [""; 0]);
    assert_eq!(
        of(
            "subscriptions/listen",
            r#"{"notifications":{"taskIds":["a","b"]}}"#
        ),
        [r#""a""#, r#""b""#]
    );
    assert_eq!(
        of(
            "subscriptions/listen",
            r#"{"notifications":{"taskid\u017f":["a"],"taskIds":7}}"#
        ),
        [r#""a""#, "7"],
        "as a careless reader would find them"
    );
    assert_eq!(
        of(
            "tools/call",
            r#"{"_meta":{"io.modelcontextprotocol/related-task":{"TaskID":"a"}}}"#
        ),
        [r#""a""#]
    );
}

#[test]
fn only_a_cancellation_takes_a_question_back() {
    let text = r#"{"params":{"requestId":7}}"#;
    let document = parse(text.as_bytes()).unwrap();
    let of = |method| taken_back(method, &document.root).map(|node| node.span.of(text));
    assert_eq!(of("notifications/cancelled"), Some("7"));
    assert_eq!(of("notifications/progress"), None);
}
