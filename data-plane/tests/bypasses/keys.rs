//! Keys that two readers could take for different ones.

use super::{POLICY, all_are_refused, with};
use crate::world::call;

/// A key in some of the spellings that JSON allows.
fn spellings(key: &str) -> Vec<String> {
    let escape = |at: usize| {
        let unit = key.as_bytes()[at];
        format!("{}\\u{unit:04x}{}", &key[..at], &key[at + 1..])
    };
    let whole: Vec<String> = key.bytes().map(|byte| format!("\\u{byte:04X}")).collect();
    vec![
        key.to_owned(),
        escape(0),
        escape(key.len() - 1),
        whole.concat(),
    ]
}

#[tokio::test]
async fn a_key_that_stands_twice_is_refused_at_any_depth_and_in_any_spelling() {
    let world = with(POLICY).await;
    let mut bodies = Vec::new();
    for again in spellings("name") {
        for (first, second) in [("echo", "drop"), ("drop", "echo"), ("echo", "echo")] {
            bodies.push(format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"{first}","{again}":"{second}"}}}}"#
            ));
        }
    }
    let envelope = [
        ("jsonrpc", r#""2.0""#, r#""2.0""#),
        ("id", "1", "2"),
        ("method", r#""ping""#, r#""tools/call""#),
        ("params", r#"{"name":"echo"}"#, r#"{"name":"drop"}"#),
    ];
    for (key, first, second) in envelope {
        let others: Vec<String> = envelope
            .iter()
            .filter(|(other, ..)| *other != key)
            .map(|(other, _, value)| format!(r#","{other}":{value}"#))
            .collect();
        let others = others.concat();
        for again in spellings(key) {
            bodies.push(format!(r#"{{"{key}":{first},"{again}":{second}{others}}}"#));
            bodies.push(format!(r#"{{"{again}":{first}{others},"{key}":{second}}}"#));
        }
    }
    // Many members are compared in another way than few.
    let many: Vec<String> = (0..40).map(|at| format!(r#""k{at}":{at},"#)).collect();
    let many = many.concat();
    for depth in [0, 1, 7, 30, 60] {
        for again in spellings("amount") {
            for inner in [
                format!(r#"{{"amount":1,"{again}":1000}}"#),
                format!(r#"{{"{again}":1,"x":[],"amount":1}}"#),
                format!(r#"{{"{again}":1,{many}"amount":1}}"#),
            ] {
                let nested = format!("{}{inner}{}", "[".repeat(depth), "]".repeat(depth));
                bodies.push(call("echo", &format!(r#"{{"a":{nested}}}"#)));
            }
        }
    }
    for again in spellings("progressToken") {
        bodies.push(format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"echo","_meta":{{"progressToken":1,"{again}":2}}}}}}"#
        ));
    }
    all_are_refused(&world, bodies).await;
}

/// The key in other case, and with the letters that fold to its own.
fn look_alikes(key: &str) -> Vec<String> {
    let mut all = vec![
        key[..1].to_uppercase() + &key[1..],
        key.to_uppercase(),
        key.to_lowercase(),
        key.replace('s', "\u{17f}"),
        key.replace('k', "\u{212a}"),
        key.replace('i', "\u{131}"),
    ];
    all.retain(|other| other != key);
    all
}

#[tokio::test]
async fn a_key_that_is_another_but_for_case_is_refused_where_meaning_hangs_on_it() {
    let world = with(POLICY).await;
    let mut bodies = Vec::new();
    for key in ["jsonrpc", "id", "method", "params", "result", "error"] {
        for other in look_alikes(key) {
            bodies.push(format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"echo"}},"{other}":"drop"}}"#
            ));
        }
    }
    for key in [
        "name",
        "arguments",
        "task",
        "requestState",
        "inputResponses",
        "uri",
        "_meta",
    ] {
        for other in look_alikes(key) {
            bodies.push(format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"{other}":"drop","name":"echo"}}}}"#
            ));
        }
    }
    for key in ["progressToken", "io.modelcontextprotocol/protocolVersion"] {
        for other in look_alikes(key) {
            bodies.push(format!(
                r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":"echo","_meta":{{"{other}":1}}}}}}"#
            ));
        }
    }
    for alone in [
        r#"{"jsonrpc":"2.0","id":1,"Method":"tools/call","params":{"name":"drop"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"Name":"drop"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","Params":{"name":"drop"}}"#,
    ] {
        bodies.push(alone.to_owned());
    }
    all_are_refused(&world, bodies).await;
}
