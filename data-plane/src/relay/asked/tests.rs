use super::*;

#[test]
fn a_question_is_answered_once_and_on_its_own_session() {
    let asked = Asked::default();
    assert!(asked.note([1; 32], "7"));
    assert!(!asked.take(&[2; 32], "7"));
    assert!(!asked.take(&[1; 32], "\"7\""));
    assert!(asked.take(&[1; 32], "7.0"));
    assert!(!asked.take(&[1; 32], "7"));
}

#[test]
fn the_oldest_questions_give_way() {
    let asked = Asked::default();
    for id in 0..=MOST_QUESTIONS {
        assert!(asked.note([1; 32], &id.to_string()));
    }
    assert!(!asked.take(&[1; 32], "0"));
    assert!(asked.take(&[1; 32], "1"));
    assert!(!asked.note([1; 32], &"9".repeat(LONGEST_ID + 1)));
}
