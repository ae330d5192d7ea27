use super::{ALL, Attack};
use crate::Category;
use std::collections::HashSet;

#[test]
fn there_are_twelve_each_with_everything_that_its_page_says() {
    assert_eq!(ALL.len(), 12);
    let slugs: HashSet<&str> = ALL.iter().map(|one| one.slug).collect();
    assert_eq!(slugs.len(), 12);
    for one in ALL {
        for text in [one.name, one.brief, one.how, one.shows, one.stop] {
            assert!(!text.is_empty(), "{}", one.slug);
        }
        assert!(
            !one.categories.is_empty() || !one.signals.is_empty(),
            "{}",
            one.slug
        );
    }
}

#[test]
fn every_category_invites_something() {
    for category in Category::ALL {
        assert!(!Attack::of(category, &[]).is_empty(), "{}", category.name());
    }
}
