use super::*;

struct Folder(PathBuf);

impl Folder {
    fn with_keys(name: &str) -> Self {
        let folder =
            std::env::temp_dir().join(format!("portcullis-config-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let ring = format!("1 {}\n", "c0".repeat(32));
        for (file, text) in [
            ("pepper.key", "c0".repeat(32)),
            ("credentials.key", ring.clone()),
            ("session.key", ring.clone()),
            ("snapshot.key", ring),
            ("bundle-verify.pem", String::new()),
            ("gateway-signing.pem", "canary-pem".to_owned()),
        ] {
            std::fs::write(folder.join(file), text).unwrap();
        }
        Self(folder)
    }

    fn config(&self, more: &[(&str, &str)]) -> anyhow::Result<Config> {
        let keys = self.0.display().to_string();
        let mut pairs = vec![
            ("PORTCULLIS_KEYS_DIR", keys.as_str()),
            ("PORTCULLIS_STATE_DIR", "/nowhere"),
        ];
        pairs.extend(more);
        Config::from_env(&Env::from_pairs("PORTCULLIS_", pairs))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn what_is_printed_at_start_holds_no_secret() {
    let folder = Folder::with_keys("printed");
    let config = folder
        .config(&[
            ("PORTCULLIS_CONTROL_PLANE_URL", "http://127.0.0.1:8080"),
            (
                "PORTCULLIS_REDIS_URL",
                "redis://:canary-redis@127.0.0.1:6379",
            ),
            (
                "PORTCULLIS_OTLP_ENDPOINT",
                "http://u:canary-otlp@127.0.0.1:4318",
            ),
        ])
        .unwrap();
    let printed = format!("{config:?} {config:#?}");
    assert!(
        !printed.contains("canary") && !printed.contains("c0c0c0"),
        "{printed}"
    );
}

#[test]
fn an_address_of_redis_that_cannot_be_used_ends_the_start_and_is_not_repeated() {
    let folder = Folder::with_keys("redis");
    let plane = ("PORTCULLIS_CONTROL_PLANE_URL", "http://127.0.0.1:8080");
    let file = folder.0.join("pepper.key").display().to_string();
    for (url, authority, expected) in [
        ("rodis://:canary@a", None, "expected `redis://host:port`"),
        ("redis://:canary@a", Some(file.as_str()), "no TLS"),
        (
            "rediss://:canary@a",
            Some(file.as_str()),
            "certificates in PEM",
        ),
        ("rediss://:canary@a", Some("/none"), "cannot read `/none`"),
    ] {
        let mut variables = vec![plane, ("PORTCULLIS_REDIS_URL", url)];
        variables.extend(authority.map(|file| ("PORTCULLIS_REDIS_CA_FILE", file)));
        let said = format!("{:#}", folder.config(&variables).unwrap_err());
        assert!(
            said.contains(expected) && !said.contains("canary"),
            "{said}"
        );
    }
    let alone = folder.config(&[plane, ("PORTCULLIS_REDIS_CA_FILE", &file)]);
    let said = format!("{:#}", alone.unwrap_err());
    assert!(said.contains("`PORTCULLIS_REDIS_URL` is not"), "{said}");
}

#[test]
fn an_address_of_the_control_plane_holds_no_credential() {
    let folder = Folder::with_keys("address");
    let refused = folder.config(&[(
        "PORTCULLIS_CONTROL_PLANE_URL",
        "http://u:canary@127.0.0.1:8080",
    )]);
    let said = format!("{:#}", refused.unwrap_err());
    assert!(
        said.contains("PORTCULLIS_CONTROL_PLANE_URL") && !said.contains("canary"),
        "{said}"
    );
}
