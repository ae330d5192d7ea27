use super::{Flaw, Lexicon, SHIPPED};

#[test]
fn the_shipped_lexicon_has_no_flaw() {
    assert_eq!(Lexicon::parse(SHIPPED).map(|_| ()), Ok(()));
}

#[test]
fn a_flaw_is_said_with_its_line() {
    let flaw = |text: &str| Lexicon::parse(text).map(|_| ()).unwrap_err();
    assert_eq!(flaw("# fine\nread get"), Flaw::NoLine(2, "read get".into()));
    assert_eq!(
        flaw("reed.verb: get"),
        Flaw::UnknownList(1, "reed.verb".into())
    );
    assert_eq!(flaw("read.verb: Get"), Flaw::NoWord(1, "Get".into()));
    assert_eq!(
        flaw("read.verb: get\nwrite.maybe: get"),
        Flaw::Twice(2, "get".into())
    );
}
