//! One delivery, one answer: through the guarded way out, within ten seconds, and never on to somewhere else.

use crate::config::Site;
use bytes::{Bytes, BytesMut};
use egress::{Connector, Egress, Https, Lookup};
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use std::sync::Arc;
use std::time::Duration;

const AGENT: &str = concat!("portcullis/", env!("CARGO_PKG_VERSION"));
const CONNECT: Duration = Duration::from_secs(5);
/// For a whole attempt.
pub const WHOLE: Duration = Duration::from_secs(10);
/// So much of an answer is read, and kept.
const LONGEST: usize = 1024;

pub struct Wire {
    http: Client<Https, Full<Bytes>>,
    egress: Arc<Egress>,
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire")
    }
}

/// What was answered, and its beginning.
#[derive(Debug)]
pub struct Answered {
    pub status: StatusCode,
    pub text: String,
}

impl Answered {
    /// Why it is no success.
    pub fn fault(&self) -> Option<String> {
        if self.status.is_success() {
            None
        } else if self.status.is_redirection() {
            Some(format!(
                "it answered {} and would send us on; redirects are not followed",
                self.status.as_u16()
            ))
        } else {
            Some(format!("it answered {}", self.status.as_u16()))
        }
    }
}

impl Wire {
    pub fn new(site: &Site, lookup: Lookup) -> Self {
        let mut exceptions = site.egress_allow.clone();
        if site.is_local {
            let loopback = ["127.0.0.0/8", "::1/128"];
            exceptions.extend(
                loopback
                    .iter()
                    .filter_map(|net| net.parse::<ipnet::IpNet>().ok()),
            );
        }
        let egress = Arc::new(Egress::new(exceptions));
        let connector = Connector {
            egress: Arc::clone(&egress),
            lookup,
            timeout: CONNECT,
        };
        let https = Https::new(egress::platform_tls(), connector);
        // Nothing is kept open to addresses that anybody may have named.
        let http = Client::builder(TokioExecutor::new())
            .pool_max_idle_per_host(0)
            .build(https);
        Self { http, egress }
    }

    /// What may be dialled.
    pub fn egress(&self) -> &Egress {
        &self.egress
    }

    /// Posts the body with these headers; says in words why no answer came.
    pub async fn post(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Bytes,
    ) -> Result<Answered, String> {
        let mut request = Request::post(url)
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "*/*")
            .header(USER_AGENT, AGENT);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body));
        let request = request.map_err(|_| "the request cannot be written".to_owned())?;
        tokio::time::timeout(WHOLE, self.answer(request))
            .await
            .map_err(|_| format!("no answer within {} seconds", WHOLE.as_secs()))?
    }

    async fn answer(&self, request: Request<Full<Bytes>>) -> Result<Answered, String> {
        let response = self.http.request(request).await.map_err(|error| {
            let cause = std::error::Error::source(&error);
            cause.map_or_else(|| error.to_string(), ToString::to_string)
        })?;
        let status = response.status();
        let (mut body, mut read) = (response.into_body(), BytesMut::new());
        while read.len() < LONGEST {
            // The status has been said; what breaks off after it is no reason to send again.
            let Some(Ok(frame)) = body.frame().await else {
                break;
            };
            if let Ok(data) = frame.into_data() {
                read.extend_from_slice(&data);
            }
        }
        read.truncate(LONGEST);
        let text = String::from_utf8_lossy(&read).replace('\0', "\u{fffd}");
        Ok(Answered { status, text })
    }
}

#[cfg(test)]
mod tests;
