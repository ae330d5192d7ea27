use super::*;

fn ring(versions: &[u32]) -> KeyRing {
    let lines: Vec<String> = versions
        .iter()
        .map(|version| format!("{version} {}", format!("{version:02x}").repeat(32)))
        .collect();
    KeyRing::parse(&lines.join("\n")).unwrap()
}

#[test]
fn a_tag_belongs_to_its_text_and_its_place() {
    let ring = ring(&[1]);
    let tag = ring.tag(&[b"place", b"text"]).unwrap();
    assert_eq!(ring.tag(&[b"place", b"text"]), Some(tag));
    assert!(ring.is_tag(&tag, &[b"place", b"text"]));
    for parts in [
        [b"place".as_slice(), b"tex"],
        [b"plac", b"etext"],
        [b"", b"placetext"],
    ] {
        assert!(!ring.is_tag(&tag, &parts));
    }
    for at in 0..TAG {
        let mut changed = tag;
        changed[at] ^= 1;
        assert!(!ring.is_tag(&changed, &[b"place", b"text"]), "byte {at}");
        assert!(
            !ring.is_tag(&tag[..at], &[b"place", b"text"]),
            "cut at {at}"
        );
    }
}

#[test]
fn an_old_key_still_knows_its_tags_and_a_stranger_none() {
    let tag = ring(&[1]).tag(&[b"text"]).unwrap();
    assert!(ring(&[1, 2]).is_tag(&tag, &[b"text"]));
    assert_ne!(ring(&[1, 2]).tag(&[b"text"]), Some(tag));
    assert!(!ring(&[2]).is_tag(&tag, &[b"text"]));
}
