//! Every file of the corpus, and some thousand small changes to it, hold for their target: the short run, without the
//! engine.

use fuzz::{Mutations, TARGETS, folder, seeds, target};
use std::collections::BTreeSet;

/// Of each target; the same ones in every run.
const MUTATIONS: usize = 5_000;

fn hold(name: &str) {
    let target = target(name).expect("a target");
    let seeds = seeds(name);
    for (file, data) in &seeds {
        println!("corpus/{name}/{file}");
        (target.run)(data);
    }
    for data in Mutations::of(&seeds).take(target.few(MUTATIONS)) {
        let result = std::panic::catch_unwind(|| (target.run)(&data));
        assert!(
            result.is_ok(),
            "`{name}` does not hold for {:?}",
            data.escape_ascii().to_string()
        );
    }
}

macro_rules! hold {
    ($($name:ident)*) => {
        mod what_holds_of_every_seed_holds_of_its_changes {
            $(#[test] fn $name() { super::hold(stringify!($name)); })*
        }
        const TESTED: &[&str] = &[$(stringify!($name)),*];
    };
}

hold! {
    json number message event mirror address place document judgement bundle snapshot frames recovery token seal
    contract reply list edit front line
}

#[test]
fn every_target_is_tested_and_has_a_corpus() {
    let named: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(named, TESTED.iter().copied().collect());
    let above = folder("");
    let folders: BTreeSet<String> = std::fs::read_dir(above)
        .expect("the corpus")
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    assert_eq!(
        folders,
        named.iter().map(|name| (*name).to_owned()).collect()
    );
    for name in named {
        assert!(!seeds(name).is_empty(), "`{name}` has no seeds");
    }
}

#[test]
fn changes_are_the_same_in_every_run_and_differ_from_each_other() {
    let seeds = seeds("json");
    let some = || Mutations::of(&seeds).take(100).collect::<Vec<_>>();
    assert_eq!(some(), some());
    assert!(some().into_iter().collect::<BTreeSet<_>>().len() > 50);
}
