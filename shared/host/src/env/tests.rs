use super::{BadEnv, Env, Unfit};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::ffi::OsStringExt;

fn env(pairs: &[(&str, &str)]) -> Env {
    Env::from_pairs("PC_", pairs.iter().copied())
}

#[test]
fn only_variables_with_the_prefix_are_seen() {
    let env = env(&[("PC_LISTEN", "a"), ("LISTEN", "b"), ("HOME", "/")]);
    assert_eq!(env.text("LISTEN").as_deref(), Some("a"));
    assert_eq!(env.finish(), Ok(()));
}

#[test]
fn the_process_environment_is_what_is_read() {
    // Every test process of cargo has this one.
    let env = Env::read("CARGO_MANIFEST_");
    assert!(env.text("DIR").unwrap().ends_with("shared/host"));
}

#[test]
fn an_empty_value_is_none() {
    let env = env(&[("PC_REDIS_URL", "")]);
    assert_eq!(env.text("REDIS_URL"), None);
    assert!(matches!(
        env.required("REDIS_URL"),
        Err(BadEnv::Missing { variable }) if variable == "PC_REDIS_URL"
    ));
    assert_eq!(env.finish(), Ok(()));
}

#[test]
fn whatever_nobody_asked_for_is_an_error_all_at_once_with_the_nearest_name() {
    let env = env(&[
        ("PC_LISTEN", "x"),
        ("PC_LISTNE", "y"),
        ("PC_WHOLLY_DIFFERENT", "z"),
    ]);
    env.text("LISTEN");
    env.text("KEYS_DIR");
    let refused = env.finish().expect_err("two are unknown");
    assert_eq!(
        refused.to_string(),
        "`PC_LISTNE` is not a variable of this program (nearest: `PC_LISTEN`); \
         `PC_WHOLLY_DIFFERENT` is not a variable of this program"
    );
}

#[test]
fn a_value_that_is_not_utf8_is_an_error_and_not_absent() {
    let bytes = OsString::from_vec(vec![b'a', 0xff]);
    let env = Env::from_pairs("PC_", [(OsString::from("PC_KEYS_DIR"), bytes)]);
    assert_eq!(env.text("KEYS_DIR"), None);
    assert_eq!(
        env.finish(),
        Err(BadEnv::Unfit(vec![Unfit::NotUtf8 {
            variable: "PC_KEYS_DIR".to_owned()
        }]))
    );
}

#[test]
fn a_malformed_value_is_named_by_its_variable_and_what_was_expected_never_repeated() {
    let env = env(&[("PC_LISTEN", "hunter2"), ("PC_PORT", "65536")]);
    let listen = env.parse::<SocketAddr>("LISTEN").expect_err("no address");
    assert_eq!(
        listen.to_string(),
        "`PC_LISTEN` is not an address and port such as `127.0.0.1:8080`"
    );
    let port = env.parse::<u16>("PORT").expect_err("too large");
    assert_eq!(
        port.to_string(),
        "`PC_PORT` is not a whole number from 0 to 65535"
    );
}

#[test]
fn what_is_well_formed_is_read() {
    let env = env(&[("PC_LISTEN", "127.0.0.1:1 "), ("PC_LOCAL", "true")]);
    let listen = env.parse::<SocketAddr>("LISTEN").expect("an address");
    assert_eq!(listen, Some(SocketAddr::from(([127, 0, 0, 1], 1))));
    assert_eq!(env.parse::<bool>("LOCAL"), Ok(Some(true)));
    assert_eq!(env.parse::<u64>("ABSENT"), Ok(None));
}

#[test]
fn a_list_is_split_at_commas_and_its_bad_entry_is_counted() {
    let env = env(&[("PC_EGRESS_ALLOW", " 10.0.0.0/8, ,fd00::/8,10/8")]);
    assert_eq!(env.list("EGRESS_ALLOW"), ["10.0.0.0/8", "fd00::/8", "10/8"]);
    let refused = env
        .parse_list::<ipnet::IpNet>("EGRESS_ALLOW")
        .expect_err("the third is short");
    assert_eq!(
        refused.to_string(),
        "entry 3 of `PC_EGRESS_ALLOW` is not a network such as `10.0.0.0/8`"
    );
    assert!(env.list("ABSENT").is_empty());
}

#[test]
fn no_value_is_printed_not_even_for_debugging() {
    let env = env(&[("PC_DATABASE_URL", "postgres://u:canary@h/d")]);
    let secret = env.required_secret("DATABASE_URL").expect("set");
    assert_eq!(secret.expose(), "postgres://u:canary@h/d");
    assert!(!format!("{env:?} {secret:?}").contains("canary"));
}
