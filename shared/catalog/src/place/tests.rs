use super::slug;
use proptest::prelude::*;
use std::collections::HashMap;

#[test]
fn names_of_packages_stay_readable() {
    assert_eq!(slug("npm", "@acme/files-mcp"), "npm-acme--files-mcp");
    assert_eq!(
        slug("pypi", "awslabs.healthimaging-mcp-server"),
        "pypi-awslabs.healthimaging-mcp-server"
    );
    assert_eq!(slug("pypi", "Under_Score"), "pypi-~55nder_~53core");
    assert_eq!(slug("npm", "notes.md"), "npm-notes~2emd");
}

#[test]
fn packages_that_look_alike_keep_apart() {
    let alike = [
        ("npm", "@a/b-c"),
        ("npm", "@a-b/c"),
        ("npm", "a--b-c"),
        ("npm", "a-b-c"),
        ("npm", "a/b-c"),
        ("npm", "a-/b"),
        ("npm", "a/-b"),
        ("npm", "a---b"),
        ("npm", "-"),
        ("npm", "--"),
        ("pypi", "a-b-c"),
        ("npm", "a~2db"),
        ("npm", "a-"),
        ("npm", "a--"),
        ("npm", "@a/b/c"),
        ("npm", "@a/b--c"),
    ];
    let mut seen = HashMap::new();
    for one in alike {
        // npm knows no namespace without the sign.
        if one == ("npm", "a/b-c") {
            continue;
        }
        if let Some(other) = seen.insert(slug(one.0, one.1), one) {
            panic!("{one:?} and {other:?} share a slug");
        }
    }
}

proptest! {
    #[test]
    fn two_packages_never_share_a_slug(one in "[a-cA/@.~2d-]{1,7}", other in "[a-cA/@.~2d-]{1,7}") {
        prop_assume!(one != other);
        prop_assert_ne!(slug("pypi", &one), slug("pypi", &other));
    }

    #[test]
    fn a_slug_holds_only_what_a_path_holds_and_never_ends_as_a_twin_does(package in "\\PC{0,12}(\\.md)?") {
        let slug = slug("npm", &package);
        prop_assert!(slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._~".contains(&byte)));
        prop_assert!(slug.strip_suffix(".md").is_none());
    }
}
