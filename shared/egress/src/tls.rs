//! Whom TLS trusts: the platform's certificates, so that a private authority works.

use hyper_rustls::ConfigBuilderExt;
use rustls::{ClientConfig, RootCertStore};
use std::sync::Arc;

/// Where a machine has no certificates, https fails and is said so here; a demo over loopback still runs.
pub fn platform_tls() -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = || {
        ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap_or_else(|_| ClientConfig::builder())
    };
    match builder().with_native_roots() {
        Ok(rooted) => rooted.with_no_client_auth(),
        Err(error) => {
            tracing::warn!(%error, "no certificates of the platform: https upstreams cannot be verified");
            builder()
                .with_root_certificates(RootCertStore::empty())
                .with_no_client_auth()
        }
    }
}
