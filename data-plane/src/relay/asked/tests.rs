use super::*;

fn org(last: u8) -> OrgId {
    OrgId::new(1, [last; 10])
}

#[test]
fn a_question_is_answered_once_and_on_its_own_session() {
    let asked = Asked::default();
    assert!(asked.note(org(1), [1; 32], "7"));
    assert!(!asked.take(org(1), &[2; 32], "7"));
    assert!(!asked.take(org(1), &[1; 32], "\"7\""));
    assert!(asked.take(org(1), &[1; 32], "7.0"));
    assert!(!asked.take(org(1), &[1; 32], "7"));
}

#[test]
fn the_oldest_questions_give_way() {
    let asked = Asked::default();
    for id in 0..=MOST_QUESTIONS {
        assert!(asked.note(org(1), [1; 32], &id.to_string()));
    }
    assert!(!asked.take(org(1), &[1; 32], "0"));
    assert!(asked.take(org(1), &[1; 32], "1"));
    assert!(!asked.note(org(1), [1; 32], &"9".repeat(LONGEST_ID + 1)));
}

#[test]
fn one_organisations_questions_do_not_push_out_anothers() {
    let asked = Asked::default();
    assert!(asked.note(org(1), [9; 32], "1"));
    for session in 0..=MOST_SESSIONS {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&session.to_be_bytes());
        assert!(asked.note(org(2), key, "1"));
    }
    assert!(!asked.take(org(2), &[0; 32], "1"), "its own oldest is gone");
    assert!(asked.take(org(1), &[9; 32], "1"));
}
