//! Which verb a name or a sentence acts by.

use crate::Category;
use crate::lexicon::{Lexicon, List, Verb};
use crate::word;

/// A verb found, and how sure it is that it is the one that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub word: String,
    pub category: Category,
    pub is_sure: bool,
    /// Of its words.
    pub at: usize,
}

impl Head {
    fn new((at, word, verb): &(usize, String, Verb)) -> Self {
        Self {
            word: word.clone(),
            category: verb.category,
            is_sure: verb.is_sure,
            at: *at,
        }
    }
}

type Found = (usize, String, Verb);

/// The verb of a name. A verb may stand anywhere: `delete_user`, `user_delete`, `acme_user_delete_v2`.
pub(crate) fn of_name(words: &[String], lexicon: &Lexicon) -> Option<Head> {
    let found: Vec<Found> = words
        .iter()
        .enumerate()
        .filter(|(at, word)| {
            let before = at.checked_sub(1).and_then(|before| words.get(before));
            before.is_none_or(|before| !lexicon.has(List::NoVerb, &format!("{before}+{word}")))
        })
        .filter_map(|(at, word)| Some((at, word.clone(), lexicon.verb(word)?)))
        .collect();
    let last = words.len().saturating_sub(1);
    let sure = found.iter().find(|(_, _, verb)| verb.is_sure);
    let chosen = match (found.first(), sure) {
        // `run_query`, `drop_index`: what comes first counts too, but where the name ends in reading: `deploy_logs_get`.
        (Some(first), Some(sure)) if first.0 == 0 && !first.2.is_sure => {
            let reads_in_the_end = sure.0 == last
                && sure.2.category == Category::Read
                && first.2.category != Category::Destructive;
            if reads_in_the_end {
                sure
            } else {
                worse(first, sure)
            }
        }
        (_, Some(sure)) => sure,
        (Some(first), None) if first.0 == 0 => first,
        // Without a sure one and not at the beginning, a verb stands at the end: `pods_run`.
        (Some(_), None) => found.last()?,
        (None, _) => return None,
    };
    // `create_or_delete`, `build_and_push`: all of what is joined.
    let joined = found
        .iter()
        .filter(|(at, ..)| *at > chosen.0)
        .take_while(|(at, ..)| {
            words
                .get(chosen.0 + 1..*at)
                .unwrap_or_default()
                .iter()
                .any(|word| word == "and" || word == "or")
        })
        .fold(chosen, worse);
    // What was begun may be a deletion: `start_delete_job`.
    let begun = found
        .iter()
        .filter(|(at, _, verb)| {
            *at > chosen.0 && verb.is_sure && verb.category >= Category::Destructive
        })
        .fold(joined, |worst, each| match chosen.2.category {
            Category::Write | Category::Execute if chosen.1 != "cancel" => worse(worst, each),
            _ => worst,
        });
    Some(Head::new(begun))
}

fn worse<'a>(one: &'a Found, other: &'a Found) -> &'a Found {
    if other.2.category > one.2.category {
        other
    } else {
        one
    }
}

/// The verb that a sentence opens with, or the worst of several that it opens with: `Create, update or delete a rule`.
pub(crate) fn of_opening(words: &[String], lexicon: &Lexicon) -> Option<Head> {
    let found: Vec<Found> = words
        .iter()
        .enumerate()
        .filter_map(|(at, each)| {
            let (word, verb) = verb_of(each, lexicon)?;
            Some((at, word, verb))
        })
        .collect();
    let begins = found
        .iter()
        .find(|(at, _, verb)| *at == 0 || verb.is_sure)
        .or_else(|| found.iter().find(|(at, ..)| *at <= 4))?;
    let mut worst = begins;
    let mut end = begins.0;
    for each in found.iter().filter(|(at, ..)| *at > begins.0) {
        let between = words.get(end + 1..each.0).unwrap_or_default();
        let joins = between
            .iter()
            .all(|word| matches!(word.as_str(), "and" | "or" | "then" | "immediately" | ","));
        if !joins || between.is_empty() {
            break;
        }
        end = each.0;
        worst = worse(worst, each);
    }
    Some(Head {
        is_sure: worst.2.is_sure || begins.2.is_sure,
        at: begins.0,
        ..Head::new(worst)
    })
}

/// A verb in the form of a base or of `-s`, as descriptions open.
fn verb_of(word: &str, lexicon: &Lexicon) -> Option<(String, Verb)> {
    word::roots(word)
        .filter(|_| word != "," && !word.ends_with("ing"))
        .find_map(|root| lexicon.verb(&root).map(|verb| (root, verb)))
}

/// The worst verb among words in any form: what a tool that manages may do.
pub(crate) fn worst_of<'a>(
    words: impl Iterator<Item = &'a String>,
    lexicon: &Lexicon,
) -> Option<Head> {
    words
        .filter_map(|word| {
            word::roots(word).find_map(|root| lexicon.verb(&root).map(|verb| (0, root, verb)))
        })
        .filter(|(_, _, verb)| verb.is_sure)
        .max_by_key(|(_, _, verb)| verb.category)
        .map(|found| Head::new(&found))
}

/// The worst of the operations that a parameter lets one choose.
pub(crate) fn of_choices<'a>(
    choices: impl Iterator<Item = &'a String>,
    lexicon: &Lexicon,
) -> Option<Head> {
    choices
        .filter_map(|choice| {
            let words = word::of_name(choice);
            of_name(&words, lexicon).filter(|head| {
                let stands_as_verb = head.at <= 1 || head.at + 1 == words.len();
                words.len() == 1 || head.is_sure && stands_as_verb
            })
        })
        .max_by_key(|head| head.category)
}

#[cfg(test)]
mod tests;
