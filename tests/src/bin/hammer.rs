//! One process that calls one tool again and again, and says of every call when it was sent, when answered, and whether
//! it passed: `hammer URL TOKEN TOOL SECONDS`, a line of three words a call.

#![allow(
    clippy::disallowed_methods,
    reason = "histories of several processes are compared by the machine's clock, on a loopback that needs no manners"
)]

use serde_json::{Value, json};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Between a refusal and the next try: still far more than the limit lets through.
const PAUSE: Duration = Duration::from_millis(5);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    host::tls::install_crypto();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, token, tool, seconds] = arguments.as_slice() else {
        eprintln!("hammer URL TOKEN TOOL SECONDS");
        std::process::exit(2);
    };
    let seconds = Duration::from_secs(seconds.parse().expect("seconds are a number"));
    let client = reqwest::Client::new();
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": {} } });
    let begun = Instant::now();
    while begun.elapsed() < seconds {
        let sent = now_ms();
        let answer = client
            .post(url)
            .bearer_auth(token)
            .header("accept", "application/json, text/event-stream")
            .json(&body);
        let answer: Value = answer.send().await.unwrap().json().await.unwrap();
        let text = answer["result"]["content"][0]["text"]
            .as_str()
            .unwrap_or_else(|| panic!("{answer}"));
        let passed = match text {
            _ if text.starts_with("done") => true,
            _ if text.starts_with("[RATE LIMITED]") => false,
            _ => panic!("{answer}"),
        };
        println!("{sent} {} {passed}", now_ms());
        if !passed {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is past 1970");
    u64::try_from(since.as_millis()).expect("the clock is before the year 500 million")
}
