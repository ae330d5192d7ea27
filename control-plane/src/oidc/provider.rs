//! A provider: what the configuration says of it, and what it says of itself.

use super::Untrusted;
use super::wire::Wire;
use anyhow::{Context, ensure};
use host::env::Env;
use jsonwebtoken::jwk::Jwk;
use seal::Secret;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use time::{Duration, OffsetDateTime};
use url::Url;

/// For so long what a provider says of itself is not asked again.
const FRESH: Duration = Duration::minutes(10);

/// As `PORTCULLIS_OIDC_PROVIDERS` and the variables of each name say.
#[derive(Debug, Clone)]
pub struct Provider {
    /// In URLs.
    pub name: String,
    /// On the button.
    pub title: String,
    pub issuer: Url,
    /// As it was written: tokens must name the very same.
    pub issuer_text: String,
    pub client_id: String,
    pub client_secret: Option<Secret>,
}

/// What a provider says of itself.
#[derive(Debug)]
pub struct Known {
    pub metadata: Metadata,
    pub keys: Vec<Jwk>,
    pub at: OffsetDateTime,
}

#[derive(Debug, Deserialize)]
pub struct Metadata {
    pub issuer: String,
    #[serde(deserialize_with = "url")]
    pub authorization_endpoint: Url,
    #[serde(deserialize_with = "url")]
    pub token_endpoint: Url,
    #[serde(deserialize_with = "url")]
    pub jwks_uri: Url,
    #[serde(default, deserialize_with = "optional_url")]
    pub userinfo_endpoint: Option<Url>,
    #[serde(default)]
    pub token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

fn url<'de, D: Deserializer<'de>>(from: D) -> Result<Url, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(D::Error::custom)
}

fn optional_url<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| text.parse().map_err(D::Error::custom))
        .transpose()
}

#[derive(Deserialize)]
struct Keys {
    keys: Vec<serde_json::Value>,
}

impl Provider {
    /// Each name of the list has `OIDC_{NAME}_ISSUER`, `…_CLIENT_ID`, and perhaps `…_CLIENT_SECRET` and `…_TITLE`.
    pub fn from_env(env: &Env, is_local: bool) -> anyhow::Result<Vec<Self>> {
        let mut all: Vec<Self> = Vec::new();
        for name in env.list("OIDC_PROVIDERS") {
            let is_name = name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            ensure!(
                is_name && name.len() <= 40 && all.iter().all(|other| other.name != name),
                "PORTCULLIS_OIDC_PROVIDERS: expected different names of `a-z` and `0-9`, separated by commas"
            );
            let variable = |rest: &str| format!("OIDC_{}_{rest}", name.to_uppercase());
            let issuer_text = env.required(&variable("ISSUER"))?;
            let issuer = Url::parse(&issuer_text).with_context(|| variable("ISSUER"))?;
            ensure!(
                issuer.scheme() == "https" || is_local && issuer.scheme() == "http",
                "PORTCULLIS_{}: expected `https://…`",
                variable("ISSUER")
            );
            all.push(Self {
                title: env.text(&variable("TITLE")).unwrap_or_else(|| name.clone()),
                client_id: env.required(&variable("CLIENT_ID"))?,
                client_secret: env.secret(&variable("CLIENT_SECRET")),
                issuer,
                issuer_text,
                name,
            });
        }
        Ok(all)
    }

    /// Its metadata and keys, fetched anew.
    pub(super) async fn ask(&self, wire: &Wire, now: OffsetDateTime) -> Result<Known, Untrusted> {
        let base = self.issuer_text.trim_end_matches('/');
        let url = format!("{base}/.well-known/openid-configuration");
        let url = Url::parse(&url).map_err(|error| Untrusted::Wire(error.to_string()))?;
        let metadata: Metadata = wire.get(&url, None).await?;
        if metadata.issuer != self.issuer_text {
            return Err(Untrusted::OtherIssuer(metadata.issuer));
        }
        // What an https issuer names is https too: secrets are sent there.
        let named = [
            Some(&metadata.authorization_endpoint),
            Some(&metadata.token_endpoint),
            Some(&metadata.jwks_uri),
            metadata.userinfo_endpoint.as_ref(),
        ];
        if named
            .into_iter()
            .flatten()
            .any(|url| url.scheme() != self.issuer.scheme())
        {
            return Err(Untrusted::Lacks("endpoints of the issuer's own scheme"));
        }
        let keys: Keys = wire.get(&metadata.jwks_uri, None).await?;
        // A key of a kind unknown to us is not the one we look for.
        let readable = keys.keys.into_iter().take(100);
        let keys = readable.filter_map(|key| serde_json::from_value(key).ok());
        Ok(Known {
            keys: keys.collect(),
            metadata,
            at: now,
        })
    }
}

impl Known {
    pub fn is_fresh(&self, now: OffsetDateTime) -> bool {
        now - self.at < FRESH
    }
}

#[cfg(test)]
mod tests;
