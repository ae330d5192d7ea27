use super::*;

const NOON: i64 = 1_795_348_800;

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

#[test]
fn every_verdict_has_a_column_of_its_own() {
    let mut columns = store::VERDICTS.map(Verdict::as_str);
    let mut all: Vec<&str> = Verdict::ALL.iter().map(|one| one.as_str()).collect();
    columns.sort_unstable();
    all.sort_unstable();
    assert_eq!(columns.to_vec(), all);
}

#[test]
fn without_words_it_is_the_24_hours_that_end_with_the_running_one() {
    let span = Span::of(By::Verdict, None, None, at(NOON + 60)).unwrap();
    assert_eq!(
        (span.since, span.until),
        (at(NOON - 23 * 3_600), at(NOON + 3_600))
    );
    assert_eq!(span.hours().count(), 24);
    assert_eq!(span.hours().last(), Some(at(NOON)));
}

#[test]
fn a_span_is_made_of_whole_hours_or_days_and_not_too_many() {
    let span = Span::of(By::Verdict, Some(at(NOON - 1)), Some(at(NOON)), at(NOON)).unwrap();
    assert_eq!((span.since, span.until), (at(NOON - 3_600), at(NOON)));
    assert!(Span::of(By::Verdict, Some(at(NOON)), Some(at(NOON)), at(NOON)).is_err());
    assert!(Span::of(By::Verdict, Some(at(NOON - 32 * 86_400)), None, at(NOON)).is_err());
    assert!(
        Span::of(
            By::Verdict,
            None,
            Some(OffsetDateTime::new_utc(
                time::Date::MAX,
                time::Time::from_hms(23, 59, 59).unwrap()
            )),
            at(NOON)
        )
        .is_err()
    );
    let days = Span::of(By::Grant, None, None, at(NOON)).unwrap();
    let midnight = NOON - 12 * 3_600;
    assert_eq!(
        (days.since, days.until),
        (at(midnight - 86_400), at(midnight + 86_400))
    );
}
