use super::place::Prefix;
use crate::scene::Work;
use crate::value::{View, same};

const LIMITS: json::Limits = json::Limits {
    bytes: 1 << 22,
    depth: 64,
    values: 1 << 20,
};

fn are_same(left: &str, right: &str) -> bool {
    let left = json::read(left.as_bytes(), &LIMITS).unwrap();
    let right = json::read(right.as_bytes(), &LIMITS).unwrap();
    same(
        View::from(&left.root),
        View::from(&right.root),
        &Work::new(),
    )
}

#[test]
fn large_objects_from_two_paths_compare_without_regard_to_order() {
    let members: Vec<String> = (0..500)
        .map(|number| format!("\"k{number}\":{number}"))
        .collect();
    let forth = format!("{{{}}}", members.join(","));
    let back = format!(
        "{{{}}}",
        members.iter().rev().cloned().collect::<Vec<_>>().join(",")
    );
    assert!(are_same(&forth, &back));
    assert!(!are_same(&forth, &back.replace(":499", ":498")));
    assert!(!are_same(&forth, &back.replace("k499", "k500")));
}

#[test]
fn a_prefix_is_resolved_when_it_is_read() {
    let prefix = Prefix::parse("/srv/./x/../data//").unwrap();
    assert!(prefix.covers("/srv/data/y"));
    assert!(!prefix.covers("/srv/x/data"));
    assert!(
        Prefix::parse("srv").is_err()
            && Prefix::parse("/a\\b").is_err()
            && Prefix::parse("").is_err()
    );
}
