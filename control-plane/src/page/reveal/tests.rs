use super::pieces;
use proptest::prelude::*;

fn shown(text: &str) -> String {
    let each = pieces(text).into_iter();
    each.map(|piece| {
        if piece.is_sign {
            format!("[{}]", piece.text)
        } else {
            piece.text
        }
    })
    .collect()
}

#[test]
fn what_shows_is_left_as_it_is() {
    assert_eq!(shown("Grüße, 世界 of 3 👋"), "Grüße, 世界 of 3 👋");
    assert_eq!(shown(""), "");
}

#[test]
fn what_does_not_show_is_named_and_counted() {
    assert_eq!(shown("pay\u{200b}pal"), "pay[U+200B]pal");
    assert_eq!(shown("a\u{202e}b"), "a[U+202E]b");
    assert_eq!(shown("a\u{200b}\u{200b}\u{200b}b"), "a[U+200B ×3]b");
    assert_eq!(shown("a\u{0}\u{7f}b"), "a[U+0000][U+007F]b");
    assert_eq!(shown("one\u{a0}two"), "one[U+00A0]two");
    assert_eq!(shown("x\u{e0041}"), "x[U+E0041]");
}

#[test]
fn lines_and_spaces_at_an_end_are_seen() {
    assert_eq!(shown("one\ntwo\t3"), "one[line feed]\ntwo[tab]3");
    assert_eq!(shown("a\n\nb"), "a[line feed]\n[line feed]\nb");
    assert_eq!(shown("  a b "), "[space ×2]a b[space]");
    assert_eq!(shown("   "), "[space ×3]");
}

proptest! {
    #[test]
    fn no_sign_is_lost_and_nothing_hidden_is_left(text in "[a-z \n\u{200b}\u{202e}\u{fe0f}é]{0,40}") {
        let pieces = pieces(&text);
        let plain: String = pieces.iter().filter(|it| !it.is_sign).map(|it| it.text.as_str()).collect();
        let hides = plain.contains(['\u{200b}', '\u{202e}', '\u{fe0f}']);
        prop_assert!(!hides);
        let letters = |text: &str| text.chars().filter(|it| it.is_alphabetic()).collect::<String>();
        prop_assert_eq!(letters(&plain), letters(&text));
        prop_assert_eq!(plain.matches('\n').count(), text.matches('\n').count());
    }
}
