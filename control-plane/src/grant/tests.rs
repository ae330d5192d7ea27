use super::*;

#[test]
fn an_overlap_is_a_whole_number_and_a_unit_up_to_a_week() {
    let read = |text| overlap(text).map(Duration::whole_seconds);
    assert_eq!(read("90s"), Some(90));
    assert_eq!(read("30m"), Some(1_800));
    assert_eq!(read("24h"), Some(86_400));
    assert_eq!(read("7d"), Some(604_800));
    assert_eq!(read("0s"), Some(0));
    for refused in [
        "",
        "s",
        "24",
        "1.5h",
        "-1h",
        "+1h",
        " 1h",
        "1h ",
        "1w",
        "8d",
        "604801s",
        "99999999999999999999d",
        "٣h",
    ] {
        assert_eq!(read(refused), None, "{refused}");
    }
}

#[test]
fn revoked_is_final_and_expiry_is_the_moment_itself() {
    let now = OffsetDateTime::UNIX_EPOCH;
    let (past, later) = (Some(now), Some(now + Duration::SECOND));
    assert_eq!(State::of(None, None, now), State::Active);
    assert_eq!(State::of(None, later, now), State::Active);
    assert_eq!(State::of(None, past, now), State::Expired);
    assert_eq!(State::of(past, later, now), State::Revoked);
    assert_eq!(State::of(past, past, now), State::Revoked);
}

#[test]
fn a_pin_is_the_word_latest_or_a_number_from_one() {
    let read = |text: &str| serde_json::from_str::<Pin>(text).ok();
    assert_eq!(read("\"latest\""), Some(Pin::Latest));
    assert_eq!(read("3"), Some(Pin::At(3)));
    for refused in [
        "0",
        "-1",
        "1.5",
        "\"3\"",
        "\"newest\"",
        "4294967295",
        "true",
        "{}",
    ] {
        assert_eq!(read(refused), None, "{refused}");
    }
    assert_eq!(
        serde_json::to_string(&[Pin::Latest, Pin::At(3)]).unwrap(),
        "[\"latest\",3]"
    );
}
