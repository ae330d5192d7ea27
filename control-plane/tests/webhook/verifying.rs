//! The example of the documentation, run against what is really sent.

use crate::desk::Desk;
use crate::receiver::Receiver;
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// What the receiver's program says: `yes`, or why not.
const ASK: &str = "
import json, sys
asked = json.load(sys.stdin)
try:
    verify(asked['secret'], asked['headers'], asked['body'].encode(), lambda: asked['now'])
    print('yes')
except ValueError as error:
    print(error)
";

fn example() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/webhooks.md");
    let text = std::fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once("```python\n").unwrap();
    rest.split("```").next().unwrap().to_owned()
}

fn verdict(asked: &serde_json::Value) -> String {
    let mut python = Command::new("python3")
        .args(["-c", &format!("{}{ASK}", example())])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = python.stdin.take().unwrap();
    stdin.write_all(asked.to_string().as_bytes()).unwrap();
    drop(stdin);
    let said = python.wait_with_output().unwrap();
    assert!(said.status.success());
    String::from_utf8(said.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn the_ten_lines_of_the_documentation_accept_what_is_sent_and_nothing_else() {
    let desk = Desk::open().await;
    let receiver = Receiver::start([]).await;
    let (_, secret) = desk.webhook("bot", &receiver.url).await;
    desk.waits(&desk.ask).await;
    desk.deliver().await;
    let got = receiver.got().remove(0);
    let body = String::from_utf8(got.body.to_vec()).unwrap();
    let mut headers = serde_json::Map::new();
    for name in ["webhook-id", "webhook-timestamp", "webhook-signature"] {
        headers.insert(name.to_owned(), got.header(name).into());
    }
    let now: i64 = got.header("webhook-timestamp").parse().unwrap();
    let good = json!({ "secret": secret, "headers": headers, "body": body, "now": now + 300 });
    assert_eq!(verdict(&good), "yes");

    let mut changed = good.clone();
    changed["body"] = json!(body.replacen("create_refund", "create_refunk", 1));
    assert_eq!(verdict(&changed), "not signed with this secret");
    let mut other = good.clone();
    other["headers"]["webhook-id"] = json!("dlv_0");
    assert_eq!(verdict(&other), "not signed with this secret");
    let mut late = good.clone();
    late["now"] = json!(now + 301);
    assert_eq!(verdict(&late), "not of these five minutes");
    let mut shifted = late;
    shifted["headers"]["webhook-timestamp"] = json!((now + 301).to_string());
    assert_eq!(verdict(&shifted), "not signed with this secret");
}
