//! URLs of servers: one that may be stored means one place to every reader of it, and no place that is refused is
//! reached by dialling it.

/// Of the control plane, which is no dependency here: it would bring a database.
#[path = "../../../../control-plane/src/server"]
mod server {
    pub mod url;
}

use crate::parts::{parts, text};
use crate::target::address::is_public;
use ::url::Host;
use egress::{ConnectError, Connector, Egress, Lookup};
use http::Uri;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use tower::Service;

/// Without the part that dials: reaching for a socket is a panic.
static RUNTIME: LazyLock<tokio::runtime::Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime")
});

pub fn run(data: &[u8]) {
    let [answers, url] = parts(data);
    let Some(url) = text(url) else {
        return;
    };
    if let Ok(stored) = server::url::read(url, &Egress::default()) {
        same_place(&stored);
    }
    if let Ok(uri) = url.parse::<Uri>() {
        refused(uri, answers);
    }
}

fn same_place(stored: &::url::Url) {
    assert_eq!(stored.scheme(), "https");
    assert!(
        stored.username().is_empty() && stored.password().is_none() && stored.fragment().is_none()
    );
    let again = server::url::read(stored.as_str(), &Egress::default());
    assert_eq!(again.as_ref(), Ok(stored));
    assert!(server::url::is_same_origin(stored.as_str(), stored));
    let uri: Uri = stored.as_str().parse().expect("both readers read it");
    assert_eq!(uri.scheme_str(), Some("https"));
    assert_eq!(uri.host(), stored.host_str());
    assert_eq!(
        uri.port_u16().unwrap_or(443),
        stored.port_or_known_default().unwrap_or(0)
    );
    let authority = uri.authority().expect("a host").as_str();
    assert!(!authority.contains('@'));
    match stored.host().expect("a host") {
        Host::Ipv4(address) => assert!(is_public(address.into())),
        Host::Ipv6(address) => assert!(is_public(address.into())),
        Host::Domain(name) => {
            // What a resolver would take for a number was one to the reader of URLs already.
            let name = name.strip_suffix('.').unwrap_or(name);
            let last = name.rsplit('.').next().unwrap_or_default();
            let is_number = (!last.is_empty() && last.bytes().all(|byte| byte.is_ascii_digit()))
                || last
                    .strip_prefix("0x")
                    .is_some_and(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
            assert!(!is_number, "{name}");
        }
    }
}

/// Names that answer with addresses of ours alone, and literals that are ours, are dialled nowhere.
fn refused(uri: Uri, answers: &[u8]) {
    let bare = uri.host().unwrap_or_default();
    let literal = bare
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<IpAddr>();
    if literal.is_ok_and(is_public) {
        return;
    }
    let addresses: Vec<SocketAddr> = answers
        .chunks_exact(4)
        .map(|four| Ipv4Addr::new(four[0], four[1], four[2], four[3]))
        .flat_map(|four| {
            [
                IpAddr::from(four),
                IpAddr::from(four.to_ipv6_mapped()),
                IpAddr::from(Ipv6Addr::LOCALHOST),
            ]
        })
        .filter(|address| !is_public(*address))
        .map(|address| SocketAddr::new(address, 443))
        .collect();
    let mut connector = Connector {
        egress: Arc::default(),
        lookup: Lookup::by(move |_, _| {
            let addresses = addresses.clone();
            Box::pin(async move { Ok(addresses) })
        }),
        timeout: Duration::from_mins(1),
    };
    match RUNTIME.block_on(connector.call(uri)) {
        Err(ConnectError::Refused(_) | ConnectError::NoHost) => {}
        other => panic!("{other:?}"),
    }
}
