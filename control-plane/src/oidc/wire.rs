//! One question to a provider, one answer: through the guarded way out, short, and never on to somewhere else.

use super::Untrusted;
use crate::config::Site;
use bytes::Bytes;
use egress::{Connector, Egress, Https, Lookup};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

const AGENT: &str = concat!("portcullis/", env!("CARGO_PKG_VERSION"));
const CONNECT: Duration = Duration::from_secs(5);
const WHOLE: Duration = Duration::from_secs(10);
const LONGEST: usize = 256 * 1024;

type Http = Client<Https, Full<Bytes>>;

pub struct Wire(Http);

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

impl Wire {
    pub fn new(site: &Site) -> Self {
        let mut exceptions = site.egress_allow.clone();
        if site.is_local {
            let loopback = ["127.0.0.0/8", "::1/128"];
            exceptions.extend(
                loopback
                    .iter()
                    .filter_map(|net| net.parse::<ipnet::IpNet>().ok()),
            );
        }
        let connector = Connector {
            egress: Arc::new(Egress::new(exceptions)),
            lookup: Lookup::system(),
            timeout: CONNECT,
        };
        let https = Https::new(egress::platform_tls(), connector);
        Self(Client::builder(TokioExecutor::new()).build(https))
    }

    pub async fn get<T: DeserializeOwned>(
        &self,
        url: &Url,
        bearer: Option<&str>,
    ) -> Result<T, Untrusted> {
        let authorization = bearer.map(|token| format!("Bearer {token}"));
        self.ask(Method::GET, url, authorization, None).await
    }

    pub async fn post<T: DeserializeOwned>(
        &self,
        url: &Url,
        authorization: Option<String>,
        form: String,
    ) -> Result<T, Untrusted> {
        self.ask(Method::POST, url, authorization, Some(form)).await
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        url: &Url,
        authorization: Option<String>,
        form: Option<String>,
    ) -> Result<T, Untrusted> {
        let unusable = || Untrusted::Wire("the request cannot be written".to_owned());
        let mut request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .header(ACCEPT, "application/json")
            .header(USER_AGENT, AGENT);
        if let Some(authorization) = authorization {
            let mut value = HeaderValue::from_str(&authorization).map_err(|_| unusable())?;
            value.set_sensitive(true);
            request = request.header(AUTHORIZATION, value);
        }
        if form.is_some() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let body = Full::new(Bytes::from(form.unwrap_or_default()));
        let request = request.body(body).map_err(|_| unusable())?;
        let answered = tokio::time::timeout(WHOLE, self.answer(request)).await;
        answered.map_err(|_| Untrusted::Wire(format!("`{url}` took too long")))?
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        request: Request<Full<Bytes>>,
    ) -> Result<T, Untrusted> {
        let path = request.uri().path().to_owned();
        let response = self.0.request(request).await.map_err(|error| {
            let cause = std::error::Error::source(&error);
            let cause = cause.map_or_else(|| error.to_string(), ToString::to_string);
            Untrusted::Wire(format!("`{path}`: {cause}"))
        })?;
        let status = response.status();
        if !status.is_success() {
            return Err(Untrusted::Wire(format!("`{path}` answered {status}")));
        }
        let body = Limited::new(response.into_body(), LONGEST).collect().await;
        let body = body.map_err(|error| Untrusted::Wire(format!("`{path}`: {error}")))?;
        serde_json::from_slice(&body.to_bytes())
            .map_err(|_| Untrusted::Wire(format!("`{path}` answered what is not expected of it")))
    }
}
