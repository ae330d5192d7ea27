//! Signing in with another provider, by `OpenID` Connect: the authorisation code with PKCE, a nonce, and a state that is good
//! once, for ten minutes, in the browser it was given to.
//!
//! Here: the providers of this instance, what is asked of them and believed. Not here: sessions.

pub mod act;
pub mod api;
pub mod identity;
pub mod page;
pub mod provider;
pub mod store;
mod token;
mod wire;

pub use provider::Provider;

use crate::config::Site;
use provider::Known;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::Arc;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use url::Url;
use wire::Wire;

/// The providers of this instance, and what is known of each for the moment.
#[derive(Debug)]
pub struct Providers {
    all: Vec<Provider>,
    wire: Wire,
    /// Of each by its name, behind a lock of its own: one that is slow keeps nobody from another.
    held: HashMap<String, Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    known: Option<Arc<Known>>,
    /// When it last did not answer as it should, and what was wrong.
    failed: Option<(OffsetDateTime, Untrusted)>,
}

impl Providers {
    pub fn new(all: Vec<Provider>, site: &Site) -> Self {
        Self {
            held: all
                .iter()
                .map(|provider| (provider.name.clone(), Mutex::default()))
                .collect(),
            all,
            wire: Wire::new(site),
        }
    }

    pub fn all(&self) -> &[Provider] {
        &self.all
    }

    pub fn named(&self, name: &str) -> Option<&Provider> {
        self.all.iter().find(|provider| provider.name == name)
    }
}

/// Who somebody is to a provider.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Claims {
    #[serde(rename = "sub")]
    pub subject: String,
    #[serde(default)]
    pub email: Option<String>,
    #[serde(default)]
    pub email_verified: Option<Verified>,
    #[serde(default)]
    pub name: Option<String>,
}

/// Some providers write their booleans as text.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Verified {
    Plain(bool),
    Text(String),
}

impl Claims {
    /// The address, where the provider vouches for it.
    pub fn verified_email(&self) -> Option<String> {
        let is_verified = match &self.email_verified {
            Some(Verified::Plain(is)) => *is,
            Some(Verified::Text(text)) => text == "true",
            None => false,
        };
        let email = self.email.as_deref().filter(|_| is_verified)?;
        Some(email.trim().to_lowercase())
    }
}

/// Where a provider sends people back to.
fn redirect_uri(site: &Url, provider: &str) -> String {
    format!(
        "{}/v1/login/oidc/{provider}/callback",
        site.as_str().trim_end_matches('/')
    )
}

/// What went wrong with a provider. The detail is for the log: whoever signs in cannot mend it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Untrusted {
    #[error("{0}")]
    Wire(String),
    #[error("the issuer says that it is `{0}`")]
    OtherIssuer(String),
    #[error("it does not offer {0}")]
    Lacks(&'static str),
    #[error("the ID token: {0}")]
    Token(&'static str),
}
