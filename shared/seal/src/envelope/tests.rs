use super::*;

fn ring(lines: &[u32]) -> KeyRing {
    let text: Vec<String> = lines
        .iter()
        .map(|v| format!("{v} {}", format!("{v:02x}").repeat(32)))
        .collect();
    KeyRing::parse(&text.join("\n")).unwrap()
}

#[test]
fn what_is_sealed_opens_only_where_it_belongs() {
    let sealed = ring(&[1]).seal([9; 12], b"org-1", b"hunter2").unwrap();
    assert_eq!(
        ring(&[1]).open(b"org-1", &sealed).unwrap().as_slice(),
        b"hunter2"
    );
    assert_eq!(ring(&[1]).open(b"org-2", &sealed), Err(CannotOpen));
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert_eq!(
            ring(&[1]).open(b"org-1", &changed),
            Err(CannotOpen),
            "byte {at}"
        );
        assert_eq!(
            ring(&[1]).open(b"org-1", &sealed[..at]),
            Err(CannotOpen),
            "cut at {at}"
        );
    }
}

#[test]
fn an_old_key_still_opens_and_the_newest_seals() {
    let old = ring(&[1]).seal([1; 12], b"", b"x").unwrap();
    let both = ring(&[1, 2]);
    assert!(both.open(b"", &old).is_ok());
    let new = both.seal([2; 12], b"", b"x").unwrap();
    assert_eq!(ring(&[1]).open(b"", &new), Err(CannotOpen));
}

#[test]
fn a_bad_ring_says_which_line() {
    assert_eq!(KeyRing::parse("").unwrap_err(), BadKeyRing::Empty);
    assert_eq!(KeyRing::parse("1 zz").unwrap_err(), BadKeyRing::Line(1));
    let twice = format!("1 {0}\n1 {0}", "00".repeat(32));
    assert_eq!(KeyRing::parse(&twice).unwrap_err(), BadKeyRing::Repeated(1));
}
