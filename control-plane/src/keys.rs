//! The keys of an instance: read at start, made once by `control-plane keys DIR`.
//!
//! Each plane has a folder of its own, so that a data plane never holds what signs bundles.

use anyhow::{Context, ensure};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use host::clock::Random;
use seal::{KeyRing, Pepper, SigningKey, VerifyingKey};
use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;

#[derive(Debug, Clone)]
pub struct Keys {
    /// Of tokens' digests.
    pub pepper: Pepper,
    /// Of upstream credentials, and of kept answers.
    pub credentials: KeyRing,
    /// Of bundles.
    pub signing: Arc<SigningKey>,
    pub verifying: VerifyingKey,
    /// The public half of what replicas sign their JWTs with, in PEM.
    pub gateway_verify_pem: String,
}

pub fn read(dir: &Path) -> anyhow::Result<Keys> {
    let text = |name: &str| fs::read_to_string(dir.join(name)).with_context(|| format!("`{name}`"));
    let signing =
        SigningKey::from_pem(&text("bundle-signing.pem")?).context("`bundle-signing.pem`")?;
    Ok(Keys {
        pepper: Pepper::from_hex(&text("pepper.key")?)
            .context("`pepper.key`: expected 64 hexadecimal digits")?,
        credentials: KeyRing::parse(&text("credentials.key")?).context("`credentials.key`")?,
        verifying: signing.verifying()?,
        signing: Arc::new(signing),
        gateway_verify_pem: text("gateway-verify.pem")?,
    })
}

/// Writes a full set of fresh keys below `dir`. Refuses to touch a set that is there.
pub fn make(dir: &Path, random: &Random) -> anyhow::Result<()> {
    ensure!(
        !dir.join("control-plane").exists(),
        "`{}` already holds keys; they are not overwritten",
        dir.display()
    );
    let hex = || seal::to_hex(&random.bytes::<32>());
    let (credentials, pepper) = (format!("1 {}\n", hex()), format!("{}\n", hex()));
    let (bundle_private, bundle_public) = pair(random)?;
    let (gateway_private, gateway_public) = pair(random)?;
    let control_plane = [
        ("credentials.key", &credentials),
        ("pepper.key", &pepper),
        ("bundle-signing.pem", &bundle_private),
        ("gateway-verify.pem", &gateway_public),
    ];
    let session = format!("1 {}\n", hex());
    let snapshot = format!("1 {}\n", hex());
    let data_plane = [
        ("credentials.key", &credentials),
        ("pepper.key", &pepper),
        ("bundle-verify.pem", &bundle_public),
        ("gateway-signing.pem", &gateway_private),
        ("session.key", &session),
        ("snapshot.key", &snapshot),
    ];
    write(&dir.join("data-plane"), &data_plane)?;
    write(&dir.join("control-plane"), &control_plane)
}

fn pair(random: &Random) -> anyhow::Result<(String, String)> {
    let pair = Ed25519KeyPair::from_seed_unchecked(&random.bytes::<32>())?;
    let der: Pkcs8V1Der<'_> = pair.as_der()?;
    let private = format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        STANDARD.encode(der.as_ref())
    );
    let public = SigningKey::from_pem(&private)?.verifying()?.to_pem();
    Ok((private, public))
}

fn write(dir: &Path, files: &[(&str, &String)]) -> anyhow::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)?;
    for (name, text) in files {
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(dir.join(name))?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
    }
    Ok(())
}
