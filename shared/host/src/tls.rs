//! Which cryptography TLS uses. Certificates and who trusts whom are said where connections are made.

#[cfg(test)]
mod tests;

/// Makes aws-lc-rs the process's provider. Call it first in `main`; calling it again changes nothing.
pub fn install_crypto() {
    // Err means that a provider is there already, and the dependency tree knows only this one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
