use super::*;

#[test]
fn numbers_are_spelled_as_the_runs_they_make() {
    let spelled = |numbers: &[i64]| spelled(&numbers.iter().copied().collect());
    assert_eq!(spelled(&[]), "{}");
    assert_eq!(spelled(&[7]), "{[7,8)}");
    assert_eq!(spelled(&[3, 1, 2, 9, 5, 6]), "{[1,4),[5,7),[9,10)}");
}

#[test]
fn a_number_that_no_column_holds_is_none() {
    let mut came = Came::default();
    for seq in [0, u64::MAX, i64::MAX.unsigned_abs()] {
        came.note(&format!(r#"{{"epoch":1,"seq":{seq}}}"#));
    }
    came.note(r#"{"epoch":18446744073709551615,"seq":1}"#);
    came.note(r#"{"epoch":1,"seq":-1}"#);
    came.note(r#"{"seq":1}"#);
    came.note("no record");
    assert!(came.0.is_empty());
    came.note(r#"{"kind":"of tomorrow","epoch":1,"seq":2}"#);
    assert_eq!(came.0, BTreeMap::from([(1, BTreeSet::from([2]))]));
}
