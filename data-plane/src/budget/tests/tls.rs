//! Redis behind TLS, with a private authority, a user and a password.

use super::{Agent, PATIENT, Server, folder, free_port, passed, refused};
use crate::budget::{Address, Budget, Charge, Mode, OnOutage};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use seal::Secret;
use std::sync::Arc;

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A Redis with a certificate of this authority's for 127.0.0.1, which lets one user in,
    /// with the permissions that docs/operations.md names.
    fn server(&self) -> Server {
        let (dir, port) = (folder(), free_port());
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        std::fs::write(dir.join("own.pem"), certificate.pem()).unwrap();
        std::fs::write(dir.join("own.key"), key.serialize_pem()).unwrap();
        std::fs::write(dir.join("ca.pem"), self.pem()).unwrap();
        let args = format!(
            "--port 0 --tls-port {port} --tls-cert-file own.pem --tls-key-file own.key --tls-ca-cert-file ca.pem \
             --tls-auth-clients no --user default off --user gateway on >hunter2 ~rl:* ~cc:* ~rev:* ~ep:* ~rf:* \
             +@read +@write +@connection +time +fcall +function|load +cluster|slots +role"
        );
        let args: Vec<&str> = args.split_whitespace().collect();
        Server::in_folder(dir, Some(port), &args)
    }
}

async fn mode(url: String, authority: Option<&str>) -> Mode {
    host::tls::install_crypto();
    let address = Address::read(&Secret::new(url), authority.map(str::as_bytes)).unwrap();
    let records = Arc::new(super::Records::default());
    let budget = Budget::connect(address, PATIENT, super::fleet(1, 0), records).await;
    let agent = Agent::new();
    let charges = [Charge {
        on_outage: OnOutage::Closed,
        ..agent.hourly("calls", 5)
    }];
    let answer = budget.charge(&agent.ask(&charges)).await;
    if budget.status().is_reachable {
        passed(answer).0
    } else {
        refused(&answer).2
    }
}

#[tokio::test]
async fn redis_is_asked_over_tls_by_who_it_knows_if_its_authority_is_trusted() {
    let authority = Authority::new();
    let server = authority.server();
    let port = server.port.unwrap();
    let pem = authority.pem();
    let url = |scheme: &str, login: &str| format!("{scheme}://{login}127.0.0.1:{port}");
    let trusted = mode(url("rediss", "gateway:hunter2@"), Some(&pem)).await;
    assert_eq!(trusted, Mode::Shared);

    let stranger = Authority::new().pem();
    for (url, authority, why) in [
        (
            url("rediss", "gateway:hunter2@"),
            Some(stranger.as_str()),
            "another authority",
        ),
        (
            url("rediss", "gateway:hunter2@"),
            None,
            "those of the platform",
        ),
        (
            url("rediss", "gateway:wrong@"),
            Some(pem.as_str()),
            "another password",
        ),
        (url("rediss", ""), Some(pem.as_str()), "nobody"),
        (url("redis", "gateway:hunter2@"), None, "no TLS"),
    ] {
        assert_eq!(mode(url, authority).await, Mode::Closed, "{why}");
    }
}
