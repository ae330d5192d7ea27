//! The line to the control plane: every request carries a short-lived JWT of the replica's own signing.

use bundle::Signed;
use bundle::budget;

use bundle::approval::{Answer, Ask, TakeBack, TakenBack, Wait, Waited};
use bundle::feed::{Feed, Heard, Report};
use bytes::Bytes;
use host::clock::Clock;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use url::Url;

const AUDIENCE: &str = "portcullis-control-plane";
const TOKEN_LIFE_S: u64 = 60;
/// For an answer of the feed, whole; and for its beginning, until the control plane has said how long it holds a question.
const FEED_PATIENCE: Duration = Duration::from_secs(35);
/// The beginning of an answer comes this long after a question was held, at most.
const FEED_SLACK: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(10);
/// No bundle is larger than this, however often the control plane says so.
const LARGEST_BUNDLE: usize = 8 * 1024 * 1024;
const LARGEST_ANSWER: usize = 64 * 1024;
/// A page of sums.
const LARGEST_USED: usize = 2 * 1024 * 1024;
const LARGEST_FEED: usize = 64 * 1024 * 1024;

#[derive(Clone)]
pub struct ControlPlane {
    client: reqwest::Client,
    base: Url,
    key: EncodingKey,
    replica: String,
    clock: Clock,
    /// For how long the control plane holds a question of the feed, in milliseconds; 0: it has not said.
    held_ms: Arc<AtomicU64>,
}

#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error("the control plane cannot be reached: {0}")]
    Unreachable(String),
    #[error("the control plane answered {0}")]
    Status(u16),
    #[error("the control plane's answer is larger than {0} bytes")]
    TooLarge(usize),
    #[error("the control plane's answer cannot be read: {0}")]
    Answer(String),
    #[error("`gateway-signing.pem` is not an Ed25519 key in PEM")]
    Key,
}

impl std::fmt::Debug for ControlPlane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ControlPlane")
            .field("base", &self.base.as_str())
            .finish_non_exhaustive()
    }
}

impl ControlPlane {
    pub fn new(
        base: Url,
        signing_pem: &str,
        replica: String,
        clock: Clock,
    ) -> Result<Self, LinkError> {
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(3))
            .redirect(reqwest::redirect::Policy::none());
        Ok(Self {
            client: client
                .build()
                .map_err(|error| LinkError::Unreachable(error.to_string()))?,
            base,
            key: EncodingKey::from_ed_pem(signing_pem.as_bytes()).map_err(|_| LinkError::Key)?,
            replica,
            clock,
            held_ms: Arc::default(),
        })
    }

    /// What changed since `cursor`; waits with the control plane for news where there is none.
    pub async fn feed(&self, cursor: Option<u64>) -> Result<Feed, LinkError> {
        let mut request = self
            .client
            .get(self.url("v1/gateway/feed"))
            .timeout(FEED_PATIENCE);
        if let Some(cursor) = cursor {
            request = request.query(&[("cursor", cursor)]);
        }
        // A connection whose other end is gone, and has not said so, is given up soon after an answer would have come.
        let patience = match self.held_ms.load(Ordering::Relaxed) {
            0 => FEED_PATIENCE,
            held => FEED_SLACK + Duration::from_millis(held),
        };
        let bytes = self.send_within(request, LARGEST_FEED, patience).await?;
        let feed: Feed =
            serde_json::from_slice(&bytes).map_err(|error| LinkError::Answer(error.to_string()))?;
        self.held_ms
            .store(feed.held_ms.unwrap_or_default(), Ordering::Relaxed);
        Ok(feed)
    }

    pub async fn bundle(&self, signed: &Signed) -> Result<Bytes, LinkError> {
        let path = format!("v1/gateway/bundles/{}", signed.statement.sha256);
        self.send(
            self.client.get(self.url(&path)).timeout(PATIENCE),
            LARGEST_BUNDLE,
        )
        .await
    }

    pub async fn report(&self, report: &Report) -> Result<Heard, LinkError> {
        let request = self
            .client
            .post(self.url("v1/gateway/acks"))
            .json(report)
            .timeout(PATIENCE);
        let bytes = self.send(request, 1024).await?;
        serde_json::from_slice(&bytes).map_err(|error| LinkError::Answer(error.to_string()))
    }

    /// Whether a held call may go on. A question that found nobody may have been heard all the same: asked again by the
    /// same call, it is answered the same.
    pub async fn ask(&self, ask: &Ask) -> Result<Answer, LinkError> {
        let request = self
            .client
            .post(self.url("v1/gateway/approvals/ask"))
            .json(ask)
            .timeout(PATIENCE);
        let bytes = self.send(request, LARGEST_ANSWER).await?;
        serde_json::from_slice(&bytes).map_err(|error| LinkError::Answer(error.to_string()))
    }

    /// Whether it has been decided; takes as long as the question says, where it has not.
    pub async fn wait(&self, wait: &Wait) -> Result<Waited, LinkError> {
        let request = self
            .client
            .post(self.url("v1/gateway/approvals/wait"))
            .json(wait)
            .timeout(PATIENCE + Duration::from_millis(wait.patience_ms));
        let bytes = self.send(request, LARGEST_ANSWER).await?;
        serde_json::from_slice(&bytes).map_err(|error| LinkError::Answer(error.to_string()))
    }

    /// How much of an organisation's budgets is used by what is on record.
    pub async fn budgets(&self, ask: &budget::Ask) -> Result<budget::Used, LinkError> {
        let request = self
            .client
            .post(self.url("v1/gateway/budgets"))
            .json(ask)
            .timeout(PATIENCE);
        let bytes = self.send(request, LARGEST_USED).await?;
        serde_json::from_slice(&bytes).map_err(|error| LinkError::Answer(error.to_string()))
    }

    /// Tells that a client cancels what does not wait here; answers how many waited elsewhere.
    pub async fn take_back(&self, back: &TakeBack) -> Result<u64, LinkError> {
        let request = self
            .client
            .post(self.url("v1/gateway/approvals/take-back"))
            .json(back)
            .timeout(PATIENCE);
        let bytes = self.send(request, LARGEST_ANSWER).await?;
        let taken: TakenBack =
            serde_json::from_slice(&bytes).map_err(|error| LinkError::Answer(error.to_string()))?;
        Ok(taken.ended)
    }

    /// A request to the control plane, for who sends other things there (records).
    pub fn post(&self, path: &str) -> Result<reqwest::RequestBuilder, LinkError> {
        Ok(self
            .client
            .post(self.url(path))
            .bearer_auth(self.token()?)
            .timeout(PATIENCE))
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        largest: usize,
    ) -> Result<Bytes, LinkError> {
        self.send_within(request, largest, Duration::MAX).await
    }

    /// Waits for so long for the beginning of the answer, and for its end as long as the request says.
    async fn send_within(
        &self,
        request: reqwest::RequestBuilder,
        largest: usize,
        patience: Duration,
    ) -> Result<Bytes, LinkError> {
        let unreachable =
            |error: reqwest::Error| LinkError::Unreachable(error.without_url().to_string());
        let sent = request.bearer_auth(self.token()?).send();
        let mut response = tokio::time::timeout(patience, sent)
            .await
            .map_err(|_| LinkError::Unreachable("it says nothing".to_owned()))?
            .map_err(unreachable)?;
        if !response.status().is_success() {
            return Err(LinkError::Status(response.status().as_u16()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if bytes.len() + chunk.len() > largest {
                return Err(LinkError::TooLarge(largest));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes.into())
    }

    fn token(&self) -> Result<String, LinkError> {
        let now = self.clock.unix_ms() / 1000;
        let claims =
            json!({ "sub": self.replica, "aud": AUDIENCE, "iat": now, "exp": now + TOKEN_LIFE_S });
        encode(&Header::new(Algorithm::EdDSA), &claims, &self.key).map_err(|_| LinkError::Key)
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base.as_str().trim_end_matches('/'))
    }
}
