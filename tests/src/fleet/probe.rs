//! Calls to every replica, again and again, until each judges as it should.

use super::fill::Tenant;
use futures_util::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Between one call to a replica and the next: what is measured is this much too long at most.
const STEP: Duration = Duration::from_millis(10);
/// What does not come in this time does not come.
const PATIENCE: Duration = Duration::from_mins(2);

#[derive(Debug)]
pub struct Probe {
    client: Client,
    replicas: Vec<String>,
}

impl Probe {
    pub fn new(replicas: Vec<String>) -> Self {
        let client = Client::builder().timeout(Duration::from_secs(10)).build();
        Self {
            client: client.expect("a client"),
            replicas,
        }
    }

    pub async fn ready(&self) {
        join_all(self.replicas.iter().map(|url| async move {
            self.until(Instant::now(), || async {
                let answer = self.client.get(format!("{url}/readyz")).send().await;
                answer.is_ok_and(|answer| answer.status().is_success())
            })
            .await
        }))
        .await;
    }

    /// When each replica judged by this version of the policy, counted from `begun`.
    pub async fn enforce(&self, tenant: &Tenant, number: u64, begun: Instant) -> Vec<Duration> {
        let each = self.replicas.iter().map(|url| async move {
            self.until(begun, || async {
                let answer = self.call(url, tenant, &tenant.token, "denied").await;
                let decision = answer
                    .map(|(_, body)| body["result"]["_meta"]["dev.portcullis/decision"].clone());
                decision.is_some_and(|said| said["version"].as_u64() >= Some(number))
            })
            .await
        });
        join_all(each).await
    }

    /// When each replica knew this token no more.
    pub async fn refuse(&self, tenant: &Tenant, token: &str, begun: Instant) -> Vec<Duration> {
        let each = self.replicas.iter().map(|url| async move {
            self.until(begun, || async {
                let answer = self.call(url, tenant, token, "denied").await;
                answer.is_some_and(|(status, _)| status == 401)
            })
            .await
        });
        join_all(each).await
    }

    /// One call to each.
    pub async fn call_each(&self, tenant: &Tenant, token: &str, tool: &str) -> Vec<u16> {
        let calls = self.replicas.iter().map(|url| async move {
            let answer = self.call(url, tenant, token, tool).await;
            answer.map_or(0, |(status, _)| status)
        });
        join_all(calls).await
    }

    /// None where nobody answers: the replica is just starting.
    async fn call(
        &self,
        url: &str,
        tenant: &Tenant,
        token: &str,
        tool: &str,
    ) -> Option<(u16, Value)> {
        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": tool, "arguments": {} },
        });
        let request = self
            .client
            .post(format!("{url}/{}/notes/mcp", tenant.slug))
            .header("accept", "application/json, text/event-stream")
            .bearer_auth(token)
            .json(&call);
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let body = answer.json().await.unwrap_or(Value::Null);
        Some((status, body))
    }

    async fn until<F: Future<Output = bool>>(
        &self,
        begun: Instant,
        mut holds: impl FnMut() -> F,
    ) -> Duration {
        loop {
            if holds().await {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < PATIENCE, "a replica does not follow");
            tokio::time::sleep(STEP).await;
        }
    }
}
