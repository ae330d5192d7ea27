//! The demo's account and its API key. The password is random, kept in the state folder, and used only here.

use anyhow::bail;
use reqwest::{Method, StatusCode};
use serde_json::json;
use url::Url;

use crate::objects::ORG;
use crate::rest::Api;
use crate::written::State;

/// A key that works: the one of the last run, else a new one.
pub async fn key(base: &Url, state: &State, before: Option<&str>) -> anyhow::Result<String> {
    if let Some(key) = before {
        let answer = Api::with_key(base, key)?
            .get(&format!("/v1/orgs/{ORG}"))
            .await?;
        if answer.status.is_success() {
            return Ok(key.to_owned());
        }
    }
    let api = signed_in(base, state).await?;
    let wanted = json!({ "name": "deploy/up", "role": "admin" });
    let answer = api
        .send(Method::POST, &format!("/v1/orgs/{ORG}/api-keys"), &wanted)
        .await?
        .expected("a new API key")?;
    Ok(answer.text("secret")?.to_owned())
}

async fn signed_in(base: &Url, state: &State) -> anyhow::Result<Api> {
    let api = Api::unknown(base)?;
    let account = state.account()?;
    let login = json!({ "email": account.email, "password": account.password });
    let answer = api.send(Method::POST, "/v1/login", &login).await?;
    let answer = if answer.status.is_success() {
        answer
    } else {
        let signup = json!({
            "email": account.email,
            "password": account.password,
            "name": "Demo owner",
            "org": { "name": "Demo", "slug": ORG },
        });
        let answer = api.send(Method::POST, "/v1/signup", &signup).await?;
        if answer.status == StatusCode::CONFLICT {
            bail!(
                "this database already holds an organisation `{ORG}` or an account `{}` that this checkout did not make: \
                 run deploy/up with --no-demo, or use another database",
                account.email
            );
        }
        answer.expected("signing up")?
    };
    let api = api.signed_in(&answer)?;
    if api.get(&format!("/v1/orgs/{ORG}")).await?.is_missing() {
        let org = json!({ "name": "Demo", "slug": ORG });
        api.send(Method::POST, "/v1/orgs", &org)
            .await?
            .expected("a new organisation")?;
    }
    Ok(api)
}
