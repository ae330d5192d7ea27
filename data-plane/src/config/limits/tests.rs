use super::*;

fn limits(pairs: &[(&str, &str)]) -> anyhow::Result<Limits> {
    let env = Env::from_pairs("PORTCULLIS_", pairs.iter().copied());
    let limits = Limits::from_env(&env)?;
    env.finish()?;
    Ok(limits)
}

#[test]
fn what_is_not_said_is_what_the_listener_and_the_seats_hold_usual() {
    let (said, usual) = (limits(&[]).unwrap(), Limits::default());
    assert_eq!(format!("{said:?}"), format!("{usual:?}"));
}

#[test]
fn what_is_said_counts() {
    let said = limits(&[
        ("PORTCULLIS_BODY_BYTES", "4194304"),
        ("PORTCULLIS_CONNECTIONS", "100"),
        ("PORTCULLIS_STREAMS", "30"),
        ("PORTCULLIS_GRANT_STREAMS", "7"),
        ("PORTCULLIS_HEADER_TIMEOUT_MS", "2000"),
    ])
    .unwrap();
    assert_eq!(said.intake.most_body, 4 << 20);
    assert_eq!(
        (said.serve.connections, said.serve.connections_per_peer),
        (100, 75)
    );
    assert_eq!(
        said.seats.streams,
        Most {
            grant: 7,
            org: 30,
            all: 30
        }
    );
    assert_eq!(said.serve.header_read, Duration::from_secs(2));
    assert_eq!(said.intake.grace, Duration::from_secs(2));
}

#[test]
fn nonsense_is_refused_and_named() {
    for (name, value) in [
        ("PORTCULLIS_BODY_BYTES", "4194305"),
        ("PORTCULLIS_BODY_BYTES", "0"),
        ("PORTCULLIS_BODY_BYTES", "1 MiB"),
        ("PORTCULLIS_BODY_RATE", "0"),
        ("PORTCULLIS_CONNECTIONS", "0"),
        ("PORTCULLIS_CONNECTIONS_PER_ADDRESS", "16385"),
        ("PORTCULLIS_HEADER_BYTES", "100"),
        ("PORTCULLIS_HEADER_FIELDS", "0"),
        ("PORTCULLIS_HEADER_TIMEOUT_MS", "0"),
        ("PORTCULLIS_IDLE_TIMEOUT_MS", "1"),
        ("PORTCULLIS_STALL_TIMEOUT_MS", "0"),
        ("PORTCULLIS_HTTP2_STREAMS", "0"),
        ("PORTCULLIS_HTTP2_STREAM_WINDOW", "1"),
        ("PORTCULLIS_HTTP2_CONNECTION_WINDOW", "1"),
        ("PORTCULLIS_HTTP2_RESETS", "0"),
        ("PORTCULLIS_ABANDONED_A_MINUTE", "0"),
        ("PORTCULLIS_DRAIN_SECONDS", "0"),
        ("PORTCULLIS_CALLS", "1"),
        ("PORTCULLIS_ORG_CALLS", "4097"),
        ("PORTCULLIS_GRANT_CALLS", "1025"),
        ("PORTCULLIS_GRANT_STREAMS", "-1"),
        ("PORTCULLIS_MESSAGE_BYTES", "1"),
        ("PORTCULLIS_BODY_SIZE", "1"),
    ] {
        let refused = limits(&[(name, value)]).unwrap_err();
        assert!(
            format!("{refused:#}").contains(name),
            "{name}={value}: {refused:#}"
        );
    }
}
