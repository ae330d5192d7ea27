use super::*;

fn egress(exceptions: &[&str]) -> Egress {
    Egress::new(exceptions.iter().map(|net| net.parse().unwrap()).collect())
}

#[test]
fn a_public_https_url_is_kept_in_its_one_spelling() {
    let spelled = |text| read(text, &egress(&[])).unwrap().to_string();
    assert_eq!(
        spelled("https://Example.COM:443/mcp"),
        "https://example.com/mcp"
    );
    assert_eq!(
        spelled("https://bücher.example/mcp?a=b"),
        "https://xn--bcher-kva.example/mcp?a=b"
    );
    assert_eq!(spelled("https://1.1.1.1/mcp"), "https://1.1.1.1/mcp");
}

#[test]
fn a_command_line_is_told_what_to_do() {
    for text in [
        "npx -y @modelcontextprotocol/server-everything",
        "uvx server",
        "/usr/bin/server",
        "stdio:server",
        "file:///mcp",
        "",
        "mcp.example.com/mcp",
    ] {
        let told = read(text, &egress(&[])).unwrap_err();
        assert!(told.contains("stdio"), "{text}: {told}");
    }
}

#[test]
fn what_would_be_lost_or_leak_in_a_url_is_refused() {
    for (text, word) in [
        ("https://user:pass@example.com/mcp", "password"),
        ("https://user@example.com/mcp", "user"),
        ("https://example.com/mcp#part", "fragment"),
        ("https://example.com:0/mcp", "port"),
        ("http://example.com/mcp", "https"),
        ("http://1.1.1.1/mcp", "https"),
    ] {
        let told = read(text, &egress(&[])).unwrap_err();
        assert!(told.contains(word), "{text}: {told}");
    }
    assert!(
        read(
            &format!("https://example.com/{}", "a".repeat(3000)),
            &egress(&[])
        )
        .is_err()
    );
}

#[test]
fn what_no_name_server_could_resolve_is_no_host() {
    let long = "a".repeat(64);
    let all = ["abcdefg"; 32].join(".");
    for host in [
        ".",
        "..",
        "a..example",
        ".example",
        "localhost..",
        &long,
        &all[1..],
    ] {
        let told = read(&format!("https://{host}/mcp"), &egress(&[])).unwrap_err();
        assert!(
            told.contains("host name") || told.contains("URL"),
            "{host}: {told}"
        );
    }
    for host in ["example.", &long[1..], &all[2..]] {
        assert!(
            read(&format!("https://{host}/mcp"), &egress(&[])).is_ok(),
            "{host}"
        );
    }
}

#[test]
fn no_spelling_of_an_inner_address_is_registered() {
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "[::1]",
        "[::ffff:7f00:1]",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "[fd00:ec2::254]",
        "①②⑦.0.0.1",
        "metadata.google.internal",
        "0",
    ] {
        let told = read(&format!("https://{host}/mcp"), &egress(&[])).unwrap_err();
        assert!(told.contains("not dialled"), "{host}: {told}");
    }
}

#[test]
fn the_operators_networks_may_be_named_and_spoken_to_plainly() {
    let loopback = egress(&["127.0.0.0/8"]);
    for text in [
        "http://127.0.0.1:8000/mcp",
        "http://localhost:8000/mcp",
        "http://server.internal/mcp",
    ] {
        assert!(read(text, &loopback).is_ok(), "{text}");
    }
    assert!(read("http://10.0.0.1/mcp", &loopback).is_err());
}

#[test]
fn an_origin_is_scheme_host_and_port() {
    let after = |text: &str| Url::parse(text).unwrap();
    assert!(is_same_origin(
        "https://a.example/mcp",
        &after("https://a.example:443/other?x")
    ));
    for other in [
        "http://a.example/mcp",
        "https://b.example/mcp",
        "https://a.example:8443/mcp",
    ] {
        assert!(
            !is_same_origin("https://a.example/mcp", &after(other)),
            "{other}"
        );
    }
}
