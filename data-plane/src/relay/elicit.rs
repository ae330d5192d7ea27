//! Whether a server may have its client ask a person this: a form, or an address that opens safely. PURE.
//!
//! An address is one that a browser fetches over TLS, or from the person's own machine; anything else (`javascript:`,
//! `file:`, plain http) would be opened by a client that trusts its gateway to have looked.

use json::Node;
use mcp::{folds_to, same_id};
use url::{Host, Url};

/// `URL elicitation required` (2025-11-25).
const URL_REQUIRED: &str = "-32042";

/// By the parameters of `elicitation/create`.
pub fn may_be_asked(params: Option<&Node<'_>>) -> bool {
    let members = params.and_then(Node::as_object).unwrap_or_default();
    // By any case: the client may not be as strict with keys as we are.
    let all = |key: &'static str| {
        let of_key = members
            .iter()
            .filter(move |member| folds_to(&member.key, key));
        of_key.map(|member| member.node.as_str())
    };
    let is_url = all("mode").any(|mode| mode == Some("url"));
    all("mode").all(|mode| matches!(mode, Some("form" | "url")))
        && all("url").all(|url| url.is_some_and(opens_safely))
        && (!is_url || all("url").count() == 1)
}

/// An error that sends the client's person to addresses first: each of them must be one to open.
pub fn may_be_required(error: Option<&Node<'_>>) -> bool {
    let Some(error) = error else {
        return true;
    };
    let code = error.get("code").and_then(Node::as_number);
    let is_required = code.is_some_and(|code| same_id(code, URL_REQUIRED));
    let asked = error
        .get("data")
        .and_then(Node::as_object)
        .unwrap_or_default()
        .iter()
        .filter(|member| folds_to(&member.key, "elicitations"));
    !is_required
        || asked
            .flat_map(|member| member.node.as_array().unwrap_or_default())
            .all(|elicitation| may_be_asked(Some(elicitation)))
}

fn opens_safely(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    match (url.scheme(), url.host()) {
        ("https", Some(_)) => true,
        ("http", Some(Host::Domain(name))) => name == "localhost",
        ("http", Some(Host::Ipv4(address))) => address.is_loopback(),
        ("http", Some(Host::Ipv6(address))) => address.is_loopback(),
        _ => false,
    }
}
