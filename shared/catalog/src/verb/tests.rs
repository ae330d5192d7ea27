use super::{of_name, of_opening};
use crate::Category::{self, Destructive, Execute, Read, Write};
use crate::Lexicon;
use crate::word;

fn name(text: &str) -> Option<Category> {
    of_name(&word::of_name(text), Lexicon::shipped()).map(|head| head.category)
}

fn opening(text: &str) -> Option<Category> {
    let words: Vec<String> = word::of_list(text).collect();
    of_opening(&words, Lexicon::shipped()).map(|head| head.category)
}

#[test]
fn a_verb_counts_wherever_it_stands_in_a_name() {
    for text in [
        "delete_user",
        "user_delete",
        "acme_user_delete_v2",
        "AcmeDeleteUser",
    ] {
        assert_eq!(name(text), Some(Destructive), "{text}");
    }
}

#[test]
fn a_word_that_may_be_a_noun_does_not_outweigh_a_verb() {
    assert_eq!(name("get_run"), Some(Read));
    assert_eq!(name("list_pipeline_jobs"), Some(Read));
    assert_eq!(name("deploy_app_logs_get"), Some(Read));
    assert_eq!(name("pods_run"), Some(Execute));
    assert_eq!(name("drop_index"), Some(Destructive));
    assert_eq!(name("open_search_info"), Some(Write));
}

#[test]
fn of_joined_verbs_the_worst_counts() {
    assert_eq!(name("get_or_create_label"), Some(Write));
    assert_eq!(name("build_and_push"), Some(Execute));
    assert_eq!(
        opening("Create, update, and delete rules"),
        Some(Destructive)
    );
    assert_eq!(opening("Get/update the scale"), Some(Write));
}

#[test]
fn a_deletion_that_is_begun_is_one() {
    assert_eq!(name("start_delete_job"), Some(Destructive));
    assert_eq!(name("cancel_delete_job"), Some(Execute));
}

#[test]
fn a_sentence_acts_by_the_verb_it_opens_with() {
    assert_eq!(opening("Shows changes in the folder"), Some(Read));
    assert_eq!(
        opening("This tool will cancel a subscription"),
        Some(Execute)
    );
    assert_eq!(opening("Permanently deletes a message"), Some(Destructive));
    assert_eq!(opening("Something about nothing"), None);
}
