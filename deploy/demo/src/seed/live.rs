//! Waits until a replica enforces what was just published: a bundle takes a moment to arrive.

use std::time::{Duration, Instant};

use anyhow::bail;
use reqwest::header::{ACCEPT, AUTHORIZATION};
use serde_json::json;
use url::Url;

const PATIENCE: Duration = Duration::from_secs(30);

/// Asks the replica for the tools, as the demo's agent, until it answers them.
pub async fn until_enforced(gateway: &Url, proxy_url: &str, token: &str) -> anyhow::Result<()> {
    let address = gateway.join(Url::parse(proxy_url)?.path())?;
    let client = reqwest::Client::builder()
        .timeout(Duration::from_secs(10))
        .build()?;
    let listing = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    let begun = Instant::now();
    loop {
        let answer = client
            .post(address.clone())
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(ACCEPT, "application/json, text/event-stream")
            .json(&listing)
            .send()
            .await;
        let said = match answer {
            Ok(answer) if answer.status().is_success() => return Ok(()),
            Ok(answer) => answer.status().to_string(),
            Err(failed) => failed.to_string(),
        };
        if begun.elapsed() > PATIENCE {
            bail!(
                "the replica at {gateway} does not serve the demo after {} s: {said}",
                PATIENCE.as_secs()
            );
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
