//! What the demo organisation holds: one server, one policy, one grant. Each is made only where it is missing.

use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};
use url::Url;

use crate::rest::Api;
use crate::written::State;

pub const ORG: &str = "demo";
pub const SERVER: &str = "desk";
const POLICY: &str = "support";
const POLICY_DOCUMENT: &str = include_str!("../../support-policy.json");

/// The document goes as it is written, so that its findings name lines that exist.
#[derive(Debug, Serialize)]
struct Draft<'a> {
    document: &'a RawValue,
}

/// The server behind the gateway, its tools read; gives the address that clients use.
pub async fn server(api: &Api, upstream: &Url) -> anyhow::Result<String> {
    let path = format!("/v1/orgs/{ORG}/servers/{SERVER}");
    let mut answer = api.get(&path).await?;
    if answer.is_missing() {
        let wanted = json!({ "slug": SERVER, "name": "Support desk", "url": upstream.as_str(), "auth": { "type": "none" } });
        answer = api
            .send(Method::POST, &format!("/v1/orgs/{ORG}/servers"), &wanted)
            .await?;
    } else if answer.body.get("url").and_then(Value::as_str) != Some(upstream.as_str()) {
        // The demo server's port may be another one than last time.
        answer = api
            .send(Method::PATCH, &path, &json!({ "url": upstream.as_str() }))
            .await?;
    }
    let proxy_url = answer
        .expected("the demo's server")?
        .text("proxy_url")?
        .to_owned();
    api.send(Method::POST, &format!("{path}/discover"), &json!({}))
        .await?
        .expected("reading the server's tools")?;
    Ok(proxy_url)
}

pub async fn policy(api: &Api) -> anyhow::Result<()> {
    let policies = format!("/v1/orgs/{ORG}/policies");
    let path = format!("{policies}/{POLICY}");
    if api.get(&path).await?.is_missing() {
        let wanted = json!({ "slug": POLICY, "name": "Support agents" });
        api.send(Method::POST, &policies, &wanted)
            .await?
            .expected("a new policy")?;
    }
    // Once published it is the reader's to change; a second run leaves it alone.
    let versions = api
        .get(&format!("{path}/versions"))
        .await?
        .expected("the policy's versions")?;
    if versions
        .body
        .get("items")
        .and_then(Value::as_array)
        .is_some_and(|items| !items.is_empty())
    {
        return Ok(());
    }
    let draft = Draft {
        document: serde_json::from_str(POLICY_DOCUMENT)?,
    };
    api.send(Method::PUT, &format!("{path}/draft"), &draft)
        .await?
        .expected("the policy's draft")?;
    let note = json!({ "note": "What the demo's agent may do" });
    api.send(Method::POST, &format!("{path}/publish"), &note)
        .await?
        .expected("publishing the policy")?;
    Ok(())
}

/// The demo agent's token: the one of the last run while its grant is active, else a new one.
pub async fn grant(api: &Api, state: &State, before: Option<&str>) -> anyhow::Result<String> {
    let grants = format!("/v1/orgs/{ORG}/grants");
    if let (Some(token), Some(grant)) = (before, state.grant()?) {
        let answer = api.get(&format!("{grants}/{grant}")).await?;
        if answer.status.is_success() && answer.text("state")? == "active" {
            return Ok(token.to_owned());
        }
    }
    let wanted = json!({
        "name": "demo-agent",
        "labels": { "team": "support" },
        "servers": [{ "server": SERVER, "policy": POLICY, "version": "latest" }],
    });
    let answer = api
        .send(Method::POST, &grants, &wanted)
        .await?
        .expected("a new grant")?;
    state.keep_grant(answer.text("id")?)?;
    Ok(answer.text("token")?.to_owned())
}
