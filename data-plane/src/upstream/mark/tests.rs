use super::*;
use seal::KeyRing;

const BEARER: Bearer = Bearer {
    org: [1; 16],
    server: [2; 16],
    grant: [3; 16],
};

fn seals(versions: &[u8]) -> Seals {
    let lines: Vec<String> = versions
        .iter()
        .map(|version| format!("{version} {}", format!("{version:02x}").repeat(32)))
        .collect();
    Seals::new(KeyRing::parse(&lines.join("\n")).unwrap())
}

fn at<'a>(bearer: &'a Bearer, session: Option<&'static str>) -> Place<'a> {
    Place { bearer, session }
}

#[test]
fn a_marked_id_comes_back_as_it_was_at_its_own_place_alone() {
    let seals = seals(&[1]);
    let home = at(&BEARER, Some("s"));
    let marked = seals.mark(Named::Question, home, "\"a.b\"").unwrap();
    assert!(marked.starts_with("q_") && marked.ends_with(".\"a.b\""));
    assert_eq!(
        seals.mark(Named::Question, home, "\"a.b\""),
        Some(marked.clone())
    );
    assert_eq!(
        seals.unmark(Named::Question, home, &marked),
        Some("\"a.b\"")
    );
    let others = [
        Bearer {
            org: [9; 16],
            ..BEARER
        },
        Bearer {
            server: [9; 16],
            ..BEARER
        },
        Bearer {
            grant: [9; 16],
            ..BEARER
        },
    ];
    let elsewhere = others.iter().map(|other| at(other, Some("s")));
    for place in elsewhere.chain([
        at(&BEARER, Some("t")),
        at(&BEARER, Some("")),
        at(&BEARER, None),
    ]) {
        assert_eq!(seals.unmark(Named::Question, place, &marked), None);
    }
    assert_eq!(
        seals.unmark(Named::Task, home, &marked.replace("q_", "t_")),
        None
    );
}

#[test]
fn no_changed_or_made_up_id_is_taken() {
    let seals = seals(&[1]);
    let home = at(&BEARER, None);
    let marked = seals.mark(Named::Question, home, "7").unwrap();
    for index in 0..marked.len() {
        let mut changed = marked.clone().into_bytes();
        changed[index] = if changed[index] == b'B' { b'C' } else { b'B' };
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(
            seals.unmark(Named::Question, home, &changed),
            None,
            "byte {index}"
        );
        assert_eq!(seals.unmark(Named::Question, home, &marked[..index]), None);
    }
    let longer = format!("{marked}0");
    for made_up in ["", "7", "q_", "q_.7", "q_é", longer.as_str()] {
        assert_eq!(seals.unmark(Named::Question, home, made_up), None);
    }
}

#[test]
fn a_task_outlives_its_session_and_a_question_does_not() {
    let seals = seals(&[1]);
    let task = seals
        .mark(Named::Task, at(&BEARER, Some("s")), "a")
        .unwrap();
    assert_eq!(
        seals.unmark(Named::Task, at(&BEARER, None), &task),
        Some("a")
    );
}

#[test]
fn a_key_that_was_replaced_still_knows_its_marks() {
    let marked = seals(&[1])
        .mark(Named::Event, at(&BEARER, None), "e7")
        .unwrap();
    assert_eq!(
        seals(&[1, 2]).unmark(Named::Event, at(&BEARER, None), &marked),
        Some("e7")
    );
    assert_eq!(
        seals(&[2]).unmark(Named::Event, at(&BEARER, None), &marked),
        None
    );
}

#[test]
fn an_id_of_any_length_is_not_carried() {
    let seals = seals(&[1]);
    let longest = "x".repeat(LONGEST);
    assert!(
        seals
            .mark(Named::Event, at(&BEARER, None), &longest)
            .is_some()
    );
    assert!(
        seals
            .mark(Named::Event, at(&BEARER, None), &format!("{longest}x"))
            .is_none()
    );
}
