use super::Grade;
use crate::{Category, Signal};
use proptest::prelude::*;

fn grade(categories: &[Category]) -> Grade {
    Grade::of(categories.iter().map(|category| (*category, &[][..])))
}

#[test]
fn a_server_that_only_reads_has_the_best_grade_and_one_that_only_destroys_the_worst() {
    assert_eq!(grade(&[]), Grade::A);
    assert_eq!(grade(&[Category::Read; 9]), Grade::A);
    assert_eq!(grade(&[Category::Destructive; 3]), Grade::F);
    assert_eq!(grade(&[Category::Financial]), Grade::F);
}

#[test]
fn one_tool_that_destroys_is_not_lost_among_many_that_read() {
    let mut many = vec![Category::Read; 400];
    many.push(Category::Destructive);
    assert_eq!(grade(&many), Grade::B);
}

#[test]
fn a_description_that_addresses_the_model_is_not_lost_either() {
    let tools = [(Category::Read, &[Signal::AddressesModel][..])];
    assert_eq!(Grade::of(tools.into_iter()), Grade::D);
}

proptest! {
    #[test]
    fn a_tool_made_worse_never_makes_the_grade_better(
        tools in proptest::collection::vec(0_usize..6, 1..40),
        at in any::<proptest::sample::Index>(),
    ) {
        let known = [Category::Read, Category::Write, Category::Execute, Category::Unknown, Category::Financial, Category::Destructive];
        let before: Vec<Category> = tools.iter().map(|tool| known[*tool]).collect();
        let mut after = before.clone();
        after[at.index(tools.len())] = Category::Destructive;
        prop_assert!(grade(&after) >= grade(&before));
    }
}
