use super::plain::{Numbers, Plain};
use super::readers::Reader;
use super::*;

fn forwarded(bytes: &str, judged: &str) -> Forwarded {
    let limits = json::Limits {
        bytes: judged.len(),
        depth: 64,
        values: 1 << 20,
    };
    let document = json::read(judged.as_bytes(), &limits).unwrap();
    let params = document.root.get("params").unwrap();
    Forwarded {
        bytes: Bytes::copy_from_slice(bytes.as_bytes()),
        is_call: true,
        is_spliced: false,
        method: "tools/call".to_owned(),
        name: params
            .get("name")
            .and_then(json::Node::as_str)
            .map(str::to_owned),
        arguments: params.get("arguments").map(Plain::of),
        whole: Plain::of(&document.root),
    }
}

fn call(name: &str, arguments: &str) -> String {
    format!(r#"{{"method":"tools/call","params":{{"name":"{name}","arguments":{arguments}}}}}"#)
}

/// The comparison can fail: each pair is bytes, and a judgement that they are not.
#[test]
fn a_reader_that_reads_something_else_is_noticed() {
    let mut readers = Reader::both().unwrap();
    for (bytes, judged) in [
        (call("drop", "{}"), call("echo", "{}")),
        (call("echo", r#"{"a":1}"#), call("echo", r#"{"a":2}"#)),
        (call("echo", r#"{"a":"1"}"#), call("echo", r#"{"a":1}"#)),
        (call("echo", r#"{"a":1,"b":2}"#), call("echo", r#"{"a":1}"#)),
        (
            call("echo", r#"{"a":[1,2]}"#),
            call("echo", r#"{"a":[2,1]}"#),
        ),
        (call("echo", r#"{"a":0.5}"#), call("echo", r#"{"a":0.25}"#)),
        (
            call("echo", r#"{"a":null}"#),
            call("echo", r#"{"a":false}"#),
        ),
        (
            call("echo", r#"{"a":"\u0041"}"#),
            call("echo", r#"{"a":"B"}"#),
        ),
        (call(r#"echo","name":"drop"#, "{}"), call("echo", "{}")),
    ] {
        let one = forwarded(&bytes, &judged);
        let other = |said: Said| matches!(said, Said::Other { .. });
        assert!(other(serde_agrees(&one.bytes, &one)), "serde_json: {bytes}");
        for reader in &mut readers {
            let answer = reader.read(std::slice::from_ref(&one.bytes)).unwrap();
            assert!(
                other(reader.agrees(&answer[0], &one)),
                "{}: {bytes}",
                reader.name
            );
        }
    }
}

#[test]
fn what_doubles_cannot_hold_is_compared_as_far_as_they_can() {
    let mut out = String::new();
    let numbers = ["9007199254740993", "-0", "1e400", "1.0"];
    let list = Plain::List(numbers.map(|text| Plain::Number(text.to_owned())).into());
    list.spell(Numbers::Doubles, &mut out);
    assert_eq!(
        out,
        "[f4340000000000000,f0000000000000000,f7ff0000000000000,f3ff0000000000000]"
    );
    out.clear();
    list.spell(Numbers::ExactWhole, &mut out);
    assert_eq!(
        out,
        "[i9007199254740993,i0,f7ff0000000000000,f3ff0000000000000]"
    );
}

#[test]
fn a_body_follows_from_its_seed_and_number() {
    for number in 0..100 {
        assert_eq!(bodies::body(7, number).body, bodies::body(7, number).body);
    }
    assert_ne!(bodies::body(7, 1).body, bodies::body(8, 1).body);
}
