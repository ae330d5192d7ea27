//! The lexicon: which words say what. It is data, in `lexicon.txt` beside this file, read and checked once.
//!
//! A line is `list: word word …`; a list may go on in later lines; `#` begins a comment. `a+b` is two words in a row. A verb
//! stands in one list only, and a word nobody asks for is a flaw.

use crate::Category;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

const SHIPPED: &str = include_str!("lexicon/lexicon.txt");
/// Raised with every change of how the words are weighed. Changes of the words are seen without it.
const WEIGHING: i64 = 1;

/// A number that another lexicon, other patterns or another weighing does not have.
pub(crate) fn edition() -> i64 {
    static EDITION: LazyLock<i64> = LazyLock::new(|| {
        let words = SHIPPED
            .bytes()
            .chain(crate::signal::address::PATTERNS.bytes());
        words.fold(WEIGHING, |hash, byte| {
            (hash ^ i64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    });
    *EDITION
}

#[derive(Debug, Default)]
pub struct Lexicon {
    verbs: HashMap<String, Verb>,
    lists: HashMap<List, HashSet<String>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verb {
    pub category: Category,
    /// A verb wherever it stands. What is not sure is as often a noun: `run`, `report`, `set`.
    pub is_sure: bool,
}

/// Lists beside those of the verbs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum List {
    /// Say that a tool manages: what it does is in its description or its operations.
    Manage,
    /// Two words of which the second is no verb: names of products.
    NoVerb,
    /// What a name without a verb asks for.
    Facts,
    /// In a description: what is done cannot be taken back.
    Loss,
    /// In a name: nothing is changed.
    Reading,
    /// Run to read: a query, a report.
    Asked,
    /// What may be taken off something while both remain.
    Association,
    /// What is sent by being made.
    Message,
    /// What begins to run by being made.
    Job,
    /// What does something when it is opened.
    Opened,
    /// Whose start and stop only record.
    Capture,
    /// What is gone when it is terminated.
    Machine,
    /// Whoever makes one of these moves money.
    Money,
    /// The same, where the definition speaks of money at all.
    Billing,
    /// Speak of money.
    MoneyContext,
    /// Names with these are about prices, not about paying.
    NoMoney,
    Payroll,
    Asset,
    Trade,
    Runs,
    Begins,
    Makes,
    Commits,
    Transfers,
    Trades,
    Renews,
    Books,
    Signs,
    Takes,
    Picks,
    Notifies,
    People,
    /// Parameters: text that is run.
    Code,
    /// Parameters: text in a query language.
    Query,
    /// Parameters: something on a page.
    Element,
    Address,
    Path,
    /// Parameters: a file that is made.
    Output,
    Credential,
    /// Names with these count, or turn pages.
    NoCredential,
    Recipient,
    Amount,
    Currency,
}

const LISTS: [(&str, List); 43] = [
    ("manage", List::Manage),
    ("no-verb", List::NoVerb),
    ("facts", List::Facts),
    ("loss", List::Loss),
    ("reading", List::Reading),
    ("asked", List::Asked),
    ("association", List::Association),
    ("message", List::Message),
    ("job", List::Job),
    ("opened", List::Opened),
    ("capture", List::Capture),
    ("machine", List::Machine),
    ("money", List::Money),
    ("billing", List::Billing),
    ("money-context", List::MoneyContext),
    ("no-money", List::NoMoney),
    ("payroll", List::Payroll),
    ("asset", List::Asset),
    ("trade", List::Trade),
    ("runs", List::Runs),
    ("begins", List::Begins),
    ("makes", List::Makes),
    ("commits", List::Commits),
    ("transfers", List::Transfers),
    ("trades", List::Trades),
    ("renews", List::Renews),
    ("books", List::Books),
    ("signs", List::Signs),
    ("takes", List::Takes),
    ("picks", List::Picks),
    ("notifies", List::Notifies),
    ("people", List::People),
    ("code", List::Code),
    ("query", List::Query),
    ("element", List::Element),
    ("address", List::Address),
    ("path", List::Path),
    ("output", List::Output),
    ("credential", List::Credential),
    ("no-credential", List::NoCredential),
    ("recipient", List::Recipient),
    ("amount", List::Amount),
    ("currency", List::Currency),
];

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    #[error("line {0}: `{1}` is no line of a lexicon; expected `list: word word`")]
    NoLine(usize, String),
    #[error("line {0}: the list `{1}` is not known")]
    UnknownList(usize, String),
    #[error("line {0}: `{1}` is no word in lower case")]
    NoWord(usize, String),
    #[error("line {0}: the verb `{1}` stands in the lexicon already")]
    Twice(usize, String),
}

enum Heading {
    Verbs(Verb),
    List(List),
}

impl Lexicon {
    /// The one that is built in. Were it flawed, which a test excludes, every tool would be unknown, and nothing allowed.
    pub fn shipped() -> &'static Self {
        static LEXICON: LazyLock<Lexicon> =
            LazyLock::new(|| Lexicon::parse(SHIPPED).unwrap_or_default());
        &LEXICON
    }

    pub fn parse(text: &str) -> Result<Self, Flaw> {
        let mut lexicon = Self::default();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if line.is_empty() {
                continue;
            }
            let (name, words) = line
                .split_once(':')
                .ok_or_else(|| Flaw::NoLine(number, line.to_owned()))?;
            let heading =
                heading(name).ok_or_else(|| Flaw::UnknownList(number, name.to_owned()))?;
            for word in words.split_whitespace() {
                let is_word = word.chars().all(|letter| {
                    letter.is_lowercase() || letter.is_ascii_digit() || "+-'".contains(letter)
                });
                if !is_word {
                    return Err(Flaw::NoWord(number, word.to_owned()));
                }
                let is_new = match &heading {
                    Heading::Verbs(verb) => lexicon.verbs.insert(word.to_owned(), *verb).is_none(),
                    Heading::List(list) => lexicon
                        .lists
                        .entry(*list)
                        .or_default()
                        .insert(word.to_owned()),
                };
                if !is_new {
                    return Err(Flaw::Twice(number, word.to_owned()));
                }
            }
        }
        Ok(lexicon)
    }

    pub(crate) fn verb(&self, word: &str) -> Option<Verb> {
        self.verbs.get(word).copied()
    }

    pub(crate) fn has(&self, list: List, word: &str) -> bool {
        self.lists
            .get(&list)
            .is_some_and(|words| words.contains(word))
    }

    /// The whole name, of one word or two, where it is in the list.
    pub(crate) fn has_whole(&self, list: List, words: &[String]) -> bool {
        self.has(list, &words.join("+"))
    }

    /// The first word or two words in a row, in singular or plural, that are in the list.
    pub(crate) fn find(&self, list: List, words: &[String]) -> Option<String> {
        let words_of = self.lists.get(&list)?;
        let held = |word: &str| -> Option<String> {
            let singular = word.strip_suffix('s').unwrap_or(word);
            [word, singular]
                .into_iter()
                .find(|each| words_of.contains(*each))
                .map(str::to_owned)
        };
        words.iter().enumerate().find_map(|(at, word)| {
            let pair = words
                .get(at + 1)
                .and_then(|next| held(&format!("{word}+{next}")));
            pair.or_else(|| held(word))
        })
    }
}

fn heading(name: &str) -> Option<Heading> {
    if let Some((category, how)) = name.split_once('.') {
        return Some(Heading::Verbs(Verb {
            category: Category::parse(category)?,
            is_sure: match how {
                "verb" => true,
                "maybe" => false,
                _ => return None,
            },
        }));
    }
    LISTS
        .into_iter()
        .find_map(|(each, list)| (each == name).then_some(Heading::List(list)))
}

#[cfg(test)]
mod tests;
