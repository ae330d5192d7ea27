use super::*;
use proptest::prelude::*;

fn moment(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::UNIX_EPOCH + Duration::seconds(seconds)
}

fn person(number: u8) -> UserId {
    UserId::new(1, [number; 10])
}

fn terms(uses: u32, lasts: i64, vary: &[&str]) -> Terms {
    Terms {
        uses,
        lasts: Duration::seconds(lasts),
        vary: vary.iter().map(|it| Pointer::parse(it).unwrap()).collect(),
    }
}

fn waiting() -> Standing {
    Standing::Waiting {
        agreed: Vec::new(),
        until: moment(60),
    }
}

#[derive(Debug, Clone)]
enum Step {
    Agree(u8, u32),
    Refuse,
    Withdraw,
    Spend,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0_u8..4, 1_u32..4).prop_map(|(who, uses)| Step::Agree(who, uses)),
        Just(Step::Refuse),
        Just(Step::Withdraw),
        Just(Step::Spend),
    ]
}

proptest! {
    #[test]
    fn what_is_over_stays_over_and_nothing_is_spent_that_enough_people_did_not_agree_to(
        steps in prop::collection::vec((step(), 0_i64..20), 0..40), enough in 1_u32..4,
    ) {
        let (mut standing, mut now, mut spent) = (waiting(), 0, 0_u32);
        let mut agreed = std::collections::BTreeMap::new();
        for (step, later) in steps {
            now += later;
            let before = standing.clone().at(moment(now));
            let taken = match step {
                Step::Agree(who, uses) => {
                    let taken = standing.clone().agree(person(who), terms(uses, 60, &[]), enough, moment(now));
                    if taken.is_ok() {
                        prop_assert!(agreed.insert(who, uses).is_none(), "each person once");
                    }
                    taken
                }
                Step::Refuse => standing.clone().refuse(moment(now)),
                Step::Withdraw => standing.clone().withdraw(moment(now)),
                Step::Spend => {
                    let taken = standing.clone().spend(moment(now));
                    spent += u32::from(taken.is_ok());
                    taken
                }
            };
            let is_over = matches!(before.state(), State::Refused | State::Expired | State::Withdrawn | State::Spent);
            prop_assert!(!is_over || taken == Err(CannotDecide::Over(before.state())));
            if let Ok(next) = taken {
                standing = next;
            }
        }
        if spent > 0 {
            prop_assert!(agreed.len() >= enough as usize);
            prop_assert!(spent <= *agreed.values().min().unwrap());
        }
    }
}

#[test]
fn of_what_several_agree_to_the_narrowest_counts() {
    let one = waiting().agree(person(1), terms(5, 600, &["/a", "/b"]), 2, moment(1));
    let one = one.unwrap();
    assert_eq!(one.state(), State::Waiting);
    let both = one.agree(person(2), terms(3, 900, &["/b", "/c"]), 2, moment(2));
    let expected = Standing::Approved {
        terms: terms(3, 600, &["/b"]),
        used: 0,
        until: moment(602),
    };
    assert_eq!(both, Ok(expected));
}

#[test]
fn the_clock_ends_waiting_and_answers_at_their_very_moment() {
    assert_eq!(waiting().at(moment(59)), waiting());
    assert_eq!(waiting().at(moment(60)), Standing::Expired);
    let approved = waiting().agree(person(1), terms(1, 10, &[]), 1, moment(59));
    let approved = approved.unwrap();
    assert_eq!(approved.clone().spend(moment(68)), Ok(Standing::Spent));
    let late = approved.spend(moment(69));
    assert_eq!(late, Err(CannotDecide::Over(State::Expired)));
}

#[test]
fn every_word_is_its_states() {
    for state in State::ALL {
        assert_eq!(State::of(state.word()), Some(state));
    }
    assert_eq!(State::of("granted"), None);
}
