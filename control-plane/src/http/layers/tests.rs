use super::*;

fn source_of(peer: &str, forwarded: &[&str]) -> String {
    let trusted = ["10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()];
    let mut headers = HeaderMap::new();
    for value in forwarded {
        headers.append("x-forwarded-for", HeaderValue::from_str(value).unwrap());
    }
    source(&headers, peer.parse().unwrap(), &trusted).to_string()
}

#[test]
fn whoever_is_no_proxy_of_ours_speaks_for_themselves() {
    assert_eq!(source_of("203.0.113.7", &["198.51.100.1"]), "203.0.113.7");
    assert_eq!(source_of("203.0.113.7", &[]), "203.0.113.7");
    assert_eq!(source_of("10.0.0.1", &[]), "10.0.0.1");
}

#[test]
fn a_proxy_of_ours_is_believed_whom_it_heard_and_nobody_before_it() {
    for (forwarded, source) in [
        (&["203.0.113.7"][..], "203.0.113.7"),
        (&["198.51.100.1, 203.0.113.7"], "203.0.113.7"),
        (&["198.51.100.1", "203.0.113.7, 10.0.0.2"], "203.0.113.7"),
        (&["2001:db8::1"], "2001:db8::1"),
        (&["203.0.113.7, unknown"], "10.0.0.1"),
        (&["203.0.113.7, "], "10.0.0.1"),
        (&["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    ] {
        assert_eq!(source_of("10.0.0.1", forwarded), source, "{forwarded:?}");
    }
    assert_eq!(
        source_of("::ffff:10.0.0.1", &["203.0.113.7"]),
        "203.0.113.7"
    );
}
