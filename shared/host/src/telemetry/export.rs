//! Sends finished spans to a collector over OTLP (HTTP, protobuf), in batches, from a thread of its own.

use super::trace::is_wire;
use anyhow::Context as _;
use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::time::Duration;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, dynamic_filter_fn};
use tracing_subscriber::registry::LookupSpan;
use url::Url;

/// For one batch, and for all that is left at the end.
const PATIENCE: Duration = Duration::from_secs(5);

/// Dropping it sends what is left, for five seconds at most.
#[derive(Debug)]
#[must_use = "spans are sent only while the guard lives"]
pub struct Guard {
    provider: Option<SdkTracerProvider>,
    patience: Duration,
}

impl Guard {
    pub(super) fn new(provider: Option<SdkTracerProvider>) -> Self {
        Self {
            provider,
            patience: PATIENCE,
        }
    }

    #[cfg(test)]
    pub(super) fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    pub(super) fn layer<S>(&self, service: &'static str) -> Option<Box<dyn Layer<S> + Send + Sync>>
    where
        S: Subscriber + Send + Sync + for<'a> LookupSpan<'a>,
    {
        let spans = tracing_opentelemetry::layer()
            .with_tracer(self.provider.as_ref()?.tracer(service))
            .with_location(false)
            .with_threads(false);
        // Of its own level: quiet logs must not make traces go away.
        // Asked anew each time: where an answer is cached, a look with `tracing::enabled!` (sqlx takes one at every
        // statement) leaves its no standing for the next span.
        let ours =
            dynamic_filter_fn(|said, _| *said.level() <= Level::INFO && !is_wire(said.target()))
                .with_max_level_hint(LevelFilter::INFO);
        Some(spans.with_filter(ours).boxed())
    }

    /// As dropping it, for those who want to see it done.
    pub fn shutdown(self) {
        drop(self);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        let Some(provider) = self.provider.take() else {
            return;
        };
        let patience = self.patience;
        match elsewhere(move || provider.shutdown_with_timeout(patience)) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last spans were not sent"),
            Err(error) => tracing::warn!(%error, "the last spans were not sent"),
        }
    }
}

/// `endpoint` is the collector's base, as in `http://127.0.0.1:4318`.
pub(super) fn provider(
    endpoint: &str,
    service: &'static str,
    instance: &str,
) -> anyhow::Result<SdkTracerProvider> {
    let resource = Resource::builder()
        .with_service_name(service)
        .with_attribute(KeyValue::new("service.instance.id", instance.to_owned()))
        .build();
    let endpoint = traces_of(endpoint)?;
    elsewhere(move || {
        let client = reqwest::blocking::Client::builder()
            .timeout(PATIENCE)
            // The collector is who it was said to be.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("cannot make a client for the collector")?;
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(endpoint)
            .with_timeout(PATIENCE)
            .build()
            .context("cannot make an exporter of spans")?;
        Ok(SdkTracerProvider::builder()
            // A caller's "not sampled" must not hide what it did.
            .with_sampler(Sampler::AlwaysOn)
            .with_resource(resource)
            .with_batch_exporter(exporter)
            .build())
    })?
}

fn traces_of(endpoint: &str) -> anyhow::Result<String> {
    // The text is not repeated: it may hold a password.
    let mut url: Url = endpoint
        .parse()
        .context("the collector's address is not a URL")?;
    anyhow::ensure!(
        matches!(url.scheme(), "http" | "https"),
        "the collector's address is not `http` or `https`"
    );
    if !url.path().ends_with("/v1/traces") {
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/v1/traces"));
    }
    Ok(url.into())
}

/// On a plain thread: the blocking client panics when it is made or ended inside an async runtime.
fn elsewhere<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> anyhow::Result<T> {
    let thread = std::thread::Builder::new()
        .name("telemetry".to_owned())
        .spawn(work)
        .context("cannot start a thread for telemetry")?;
    thread
        .join()
        .map_err(|_| anyhow::anyhow!("the thread for telemetry panicked"))
}
