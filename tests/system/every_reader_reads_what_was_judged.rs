//! Whatever the gateway sends on says to `serde_json`, Python and Node what it was judged as. A short form of
//! `cargo run --bin differential SEED COUNT`, over bodies that are the same each time and over others.

use system_tests::differential::run;

const BODIES: u64 = 10_000;

fn compare(seed: u64) {
    let report = run(seed, 0, BODIES).unwrap();
    println!("{report}");
    assert_eq!(report.differences, 0, "{report}");
    // Were nothing let through, nothing would be compared.
    assert!(report.forwarded * 5 >= report.generated, "{report}");
    assert!(report.calls * 2 >= report.forwarded, "{report}");
    assert!(report.spliced > 0 && report.refused.len() >= 4, "{report}");
}

#[test]
fn of_bodies_that_are_always_the_same() {
    compare(1);
}

#[test]
fn of_bodies_that_nobody_has_seen() {
    compare(rand::random());
}
