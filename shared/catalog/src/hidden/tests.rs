use super::{Piece, has_hidden, neutralise, pieces};

#[test]
fn what_people_write_is_left_alone() {
    for text in [
        "Gets a user.\n\tThen more.\r\n",
        "Größe, naïve, 日本語, العربية, हिन्दी",
        "👩‍💻 runs ⚠️ and 🏳️‍🌈",
        "क्‍ष and می‌خواهم",
        "“quoted” — dashes … and €",
    ] {
        assert!(!has_hidden(text), "{text}");
        assert_eq!(neutralise(text), text);
    }
}

#[test]
fn what_nobody_sees_is_found_and_taken_out() {
    for hidden in [
        "\u{200b}",
        "\u{202e}",
        "\u{2066}",
        "\u{feff}",
        "\u{e0041}",
        "\u{ad}",
        "\u{3164}",
        "\u{fe01}",
        "\u{7}",
        "\u{200d}",
    ] {
        let text = format!("Gets{hidden} a user");
        assert!(has_hidden(&text), "{hidden:?}");
        assert_eq!(neutralise(&text), "Gets a user", "{hidden:?}");
    }
}

proptest::proptest! {
    #[test]
    fn nothing_hidden_is_left(text in "[a-zم🏳\u{200c}\u{200d}\u{200b}\u{fe0f}\u{202e}]{0,40}") {
        let seen = neutralise(&text);
        proptest::prop_assert!(!has_hidden(&seen));
        proptest::prop_assert_eq!(neutralise(&seen), seen.clone());
    }
}

#[test]
fn a_hidden_character_can_be_shown_by_its_name() {
    let seen = |text: &str| Piece::Seen(text.to_owned());
    let hidden = |name: &str| Piece::Hidden(name.to_owned());
    assert_eq!(
        pieces("Adds\u{200b}\u{e0041} two."),
        [
            seen("Adds"),
            hidden("U+200B"),
            hidden("U+E0041"),
            seen(" two.")
        ]
    );
    assert_eq!(pieces(""), []);
}
