//! An OTLP collector at the world's edge: takes spans over HTTP and keeps their bytes.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};
use prost::Message;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

#[derive(Debug)]
pub struct Collector {
    pub url: String,
    received: Arc<Mutex<Vec<Bytes>>>,
    task: JoinHandle<()>,
}

/// A span as it was told.
#[derive(Debug, Clone)]
pub struct Span {
    pub service: String,
    pub name: String,
    /// In hex.
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub attributes: BTreeMap<String, String>,
}

impl Span {
    pub fn attribute(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }
}

impl Collector {
    pub async fn start() -> Self {
        let received: Arc<Mutex<Vec<Bytes>>> = Arc::default();
        let router = Router::new()
            .route("/v1/traces", post(take))
            .with_state(received.clone());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            url,
            received,
            task,
        }
    }

    /// All that was received, in protobuf: texts stand in it as they are.
    pub fn received(&self) -> Vec<u8> {
        self.received.lock().unwrap().concat()
    }

    /// Every span of these planes' so far.
    pub fn spans(&self) -> Vec<Span> {
        let received = self.received.lock().unwrap().clone();
        let exports = received
            .into_iter()
            .map(|bytes| ExportTraceServiceRequest::decode(bytes).expect("OTLP"));
        exports
            .flat_map(|export| export.resource_spans)
            .flat_map(|resource| {
                let about = texts(&resource.resource.unwrap_or_default().attributes);
                let service = about.get("service.name").cloned().unwrap_or_default();
                let spans = resource
                    .scope_spans
                    .into_iter()
                    .flat_map(|scope| scope.spans);
                spans
                    .map(|span| Span {
                        service: service.clone(),
                        name: span.name,
                        trace: seal::to_hex(&span.trace_id),
                        id: seal::to_hex(&span.span_id),
                        parent: seal::to_hex(&span.parent_span_id),
                        attributes: texts(&span.attributes),
                    })
                    .collect::<Vec<_>>()
            })
            .collect()
    }

    pub fn holds(&self, text: &str) -> bool {
        self.received()
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(received): State<Arc<Mutex<Vec<Bytes>>>>, body: Bytes) {
    received.lock().unwrap().push(body);
}

/// Texts as they are, everything else as it is printed.
fn texts(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |attribute: &KeyValue| match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        Value::BoolValue(is) => Some(is.to_string()),
        other => Some(format!("{other:?}")),
    };
    attributes
        .iter()
        .filter_map(|attribute| Some((attribute.key.clone(), text(attribute)?)))
        .collect()
}
