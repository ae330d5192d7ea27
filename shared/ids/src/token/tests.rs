use super::*;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_token_reads_back_and_no_single_change_does(random: [u8; 32], at in 0..LENGTH, to in 0..62_usize) {
        let token = Token::new(TokenKind::Grant, random);
        prop_assert_eq!(token.expose().len(), LENGTH);
        prop_assert_eq!(Token::parse(token.expose()), Ok(token.clone()));
        let mut changed = token.expose().as_bytes().to_vec();
        if changed[at] != ALPHABET[to] {
            changed[at] = ALPHABET[to];
            prop_assert_eq!(Token::parse(std::str::from_utf8(&changed).unwrap()), Err(BadToken));
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(pcl_|pck_)?\\PC{0,60}") {
        let _ = Token::parse(&text);
    }
}

#[test]
fn the_largest_number_fills_its_43_digits() {
    assert_eq!(base62([0; 32]), "0".repeat(43));
    assert_eq!(base62([0xFF; 32]).len(), 43);
    let one = {
        let mut bytes = [0; 32];
        bytes[31] = 62;
        bytes
    };
    assert_eq!(base62(one), format!("{}10", "0".repeat(41)));
}

#[test]
fn the_two_kinds_are_told_apart_and_never_printed() {
    let key = Token::new(TokenKind::ApiKey, [1; 32]);
    assert_eq!(
        Token::parse(key.expose()).unwrap().kind(),
        TokenKind::ApiKey
    );
    assert_eq!(format!("{key:?}"), "[secret]");
    assert_eq!(key.hint().len(), 8);
}
