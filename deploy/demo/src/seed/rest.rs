//! The control plane's REST API, as far as the demo needs it: one request, one answer, and the problem in words.

use std::time::Duration;

use anyhow::{Context, bail};
use reqwest::header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde_json::Value;
use url::Url;

#[derive(Debug)]
pub struct Api {
    base: Url,
    client: reqwest::Client,
    headers: HeaderMap,
}

/// An answer below 500: what it means is for the caller to say.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub body: Value,
    cookie: Option<String>,
}

impl Api {
    /// Nobody in particular: only sign-up and sign-in work.
    pub fn unknown(base: &Url) -> anyhow::Result<Self> {
        // Discovery may take its 30 s; nothing else comes near.
        let client = reqwest::Client::builder()
            .timeout(Duration::from_mins(1))
            .build()?;
        Ok(Self {
            base: base.clone(),
            client,
            headers: HeaderMap::new(),
        })
    }

    pub fn with_key(base: &Url, key: &str) -> anyhow::Result<Self> {
        let mut api = Self::unknown(base)?;
        let mut value = HeaderValue::from_str(&format!("Bearer {key}"))?;
        value.set_sensitive(true);
        api.headers.insert(AUTHORIZATION, value);
        Ok(api)
    }

    /// The same, signed in by what `signup` or `login` answered.
    pub fn signed_in(mut self, answer: &Answer) -> anyhow::Result<Self> {
        let cookie = answer
            .cookie
            .as_deref()
            .context("the answer to signing in holds no cookie")?;
        let csrf = answer.text("csrf_token")?;
        self.headers.insert(COOKIE, HeaderValue::from_str(cookie)?);
        self.headers
            .insert("x-csrf-token", HeaderValue::from_str(csrf)?);
        Ok(self)
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.ask::<()>(Method::GET, path, None).await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> anyhow::Result<Answer> {
        self.ask(method, path, Some(body)).await
    }

    async fn ask<B: Serialize>(
        &self,
        method: Method,
        path: &str,
        body: Option<&B>,
    ) -> anyhow::Result<Answer> {
        let url = self.base.join(path)?;
        let mut request = self
            .client
            .request(method.clone(), url)
            .headers(self.headers.clone());
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("{method} {path} got no answer"))?;
        let status = response.status();
        let cookie = response
            .headers()
            .get(SET_COOKIE)
            .and_then(|cookie| cookie.to_str().ok())
            .and_then(|cookie| cookie.split(';').next())
            .map(str::to_owned);
        let bytes = response.bytes().await?;
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes).with_context(|| {
                format!("{method} {path} answered {status} with something that is no JSON")
            })?
        };
        let answer = Answer {
            status,
            body,
            cookie,
        };
        if status.is_server_error() {
            bail!("{method} {path} answered {}", answer.problem());
        }
        Ok(answer)
    }
}

impl Answer {
    /// The answer where it is a success; the problem in words where it is not.
    pub fn expected(self, of: &str) -> anyhow::Result<Self> {
        if self.status.is_success() {
            return Ok(self);
        }
        bail!("{of} was answered {}", self.problem());
    }

    pub fn is_missing(&self) -> bool {
        self.status == StatusCode::NOT_FOUND
    }

    pub fn text(&self, key: &str) -> anyhow::Result<&str> {
        self.body
            .get(key)
            .and_then(Value::as_str)
            .with_context(|| format!("the answer holds no `{key}`"))
    }

    /// Status, title and detail; never the whole body, which may hold a secret.
    fn problem(&self) -> String {
        let part = |key| {
            self.body
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let mut words = format!("{}: {} {}", self.status, part("title"), part("detail"));
        for error in self
            .body
            .get("errors")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            words.push_str("\n  ");
            words.push_str(&error.to_string());
        }
        words
    }
}
