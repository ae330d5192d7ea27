use super::*;

fn read(url: &str) -> Result<Place, AddressError> {
    Address::read(&Secret::new(url.to_owned()), None).map(|address| address.0)
}

fn refused(url: &str, authority: Option<&[u8]>) -> AddressError {
    let read = Address::read(&Secret::new(url.to_owned()), authority);
    let Err(error) = read else {
        panic!("`{url}` was taken");
    };
    assert!(!error.to_string().contains("hunter2"));
    error
}

#[test]
fn one_address_is_one_server_and_several_are_a_cluster() {
    assert!(matches!(read("redis://a:1"), Ok(Place::One(_))));
    assert!(matches!(read("rediss://:p@a:1"), Ok(Place::One(_))));
    let Ok(Place::Cluster(nodes)) = read("redis://u:p@a:1, redis://u:p@b:2") else {
        panic!("expected a cluster");
    };
    let addresses = nodes
        .iter()
        .map(|node| node.get_connection_info().addr().to_string());
    assert_eq!(addresses.collect::<Vec<_>>(), ["a:1", "b:2"]);
}

#[test]
fn sentinels_are_asked_by_name_and_without_the_primarys_password() {
    let Ok(Place::Sentinels(sentinels)) =
        read("redis+sentinel://u:hunter2@a:1/main,redis+sentinel://u:hunter2@b:2/main")
    else {
        panic!("expected sentinels");
    };
    assert_eq!(sentinels.name, "main");
    assert_eq!(sentinels.ask.len(), 2);
    for client in &sentinels.ask {
        assert_eq!(
            client.get_connection_info().redis_settings().password(),
            None
        );
    }
    let primary = at(&sentinels.like, "c", 3).unwrap();
    let info = primary.get_connection_info();
    assert_eq!(info.addr().to_string(), "c:3");
    assert_eq!(info.redis_settings().password(), Some("hunter2"));
}

#[test]
fn what_is_no_address_is_refused_without_its_password() {
    for (url, expected) in [
        ("", AddressError::BadUrl),
        ("somewhere", AddressError::BadUrl),
        ("rodis://:hunter2@a", AddressError::BadUrl),
        ("redis://:hunter2@a:1,", AddressError::BadUrl),
        ("rediss://:hunter2@a:1/#insecure", AddressError::BadUrl),
        ("redis://:hunter2@a:1,redis://b:2", AddressError::Mixed),
        ("redis://a:1,rediss://b:2", AddressError::Mixed),
        ("redis+sentinel://:hunter2@a:1", AddressError::NoName),
        (
            "redis+sentinel://a:1/x,redis+sentinel://b:2/y",
            AddressError::NoName,
        ),
        ("redis+sentinel://a:1/x,redis://b:2", AddressError::Mixed),
    ] {
        assert_eq!(refused(url, None), expected, "{url}");
    }
}

#[test]
fn an_authority_needs_tls_and_certificates() {
    assert_eq!(refused("redis://a:1", Some(b"any")), AddressError::NoTls);
    assert_eq!(
        refused("rediss://a:1", Some(b"any")),
        AddressError::BadAuthority
    );
    let broken = b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    assert_eq!(
        refused("rediss://a:1", Some(broken)),
        AddressError::BadAuthority
    );
}
