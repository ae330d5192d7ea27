use super::Text;

fn opening(description: &str) -> String {
    Text::read(description).opening.join(" ")
}

#[test]
fn the_opening_is_the_first_sentence_that_says_something() {
    assert_eq!(opening("Delete a call. More here."), "delete a call");
    assert_eq!(
        opening("Acme - Calls: This is the public Acme API. Delete a call record"),
        "delete a call record"
    );
    assert_eq!(opening("Acme | List all users"), "list all users");
    assert_eq!(opening(""), "");
}

#[test]
fn what_a_description_denies_is_not_among_its_words() {
    let text = Text::read("Removes the link only. This does not delete the workspace itself.");
    assert!(text.has("removes") && !text.has("delete"));
}

#[test]
fn the_words_stand_once_and_in_order() {
    let text = Text::read("b a b. A c\nd");
    assert_eq!(text.words, ["a", "b", "c", "d"]);
}

#[test]
fn operations_are_found_however_a_list_marks_them() {
    let text = Text::read(
        "Manages tables.\n- **delete-table**: gone\n* `get`: read\n1. 'list': all\n- no name here\n- (x): y",
    );
    assert_eq!(text.operations, ["delete-table", "get", "list"]);
}

#[test]
fn no_more_than_the_first_sentences_is_read() {
    let text = Text::read("One here. Two here. Three here. Four here. Five here. Delete here.");
    assert!(text.has("three") && !text.has("delete"));
}

proptest::proptest! {
    #[test]
    fn any_text_can_be_read(description in "\\PC*") {
        let text = Text::read(&description);
        proptest::prop_assert!(text.opening.iter().filter(|word| *word != ",").count() <= super::OPENING);
        proptest::prop_assert!(text.words.is_sorted());
    }
}
