//! The verbs that a tool acts by, in its name and in how its description opens.

use super::{Head, verb};
use crate::Category;
use crate::lexicon::{Lexicon, List};

pub(super) struct Acts {
    pub name: Option<Head>,
    pub opening: Option<Head>,
    /// Runs a question, which is how one reads: `run_query`, `Executes an audit`.
    pub asks: bool,
    name_asks: bool,
}

impl Acts {
    pub(super) fn of(name: &[String], opening: &[String], lexicon: &Lexicon) -> Self {
        let (by_name, name_asks) = asked(verb::of_name(name, lexicon), name, lexicon);
        let (by_opening, text_asks) = asked(verb::of_opening(opening, lexicon), opening, lexicon);
        Self {
            name: by_name,
            opening: by_opening,
            asks: name_asks || text_asks,
            name_asks,
        }
    }

    pub(super) fn heads(&self) -> impl Iterator<Item = &Head> {
        self.name.iter().chain(&self.opening)
    }

    pub(super) fn any(&self, is: impl Fn(&str) -> bool) -> bool {
        self.heads().any(|head| is(&head.word))
    }

    /// Whether the name alone says so, and not by running a question.
    pub(super) fn reads_for_sure(&self) -> bool {
        self.is_surely(Category::Read) && !self.name_asks
    }

    pub(super) fn is_surely(&self, category: Category) -> bool {
        self.name
            .as_ref()
            .is_some_and(|head| head.is_sure && head.category == category)
    }

    /// What both say together, and how confidently.
    pub(super) fn together(&self, lexicon: &Lexicon) -> Option<(Category, u8)> {
        Some(match (&self.name, &self.opening) {
            (Some(name), Some(text)) => both(name, text, lexicon),
            (Some(name), None) => (name.category, if name.is_sure { 80 } else { 55 }),
            (None, Some(text)) => (text.category, if text.is_sure { 65 } else { 50 }),
            (None, None) => return None,
        })
    }
}

fn both(name: &Head, text: &Head, lexicon: &Lexicon) -> (Category, u8) {
    if name.category == text.category {
        return (name.category, 95);
    }
    let text_opens = text.is_sure && text.at <= 3;
    let takes_off = text.word == "remove" && name.category == Category::Write;
    // `Executes a read query`, `Execute the create_topic operation` tell how, not what.
    let only_how = match name.category {
        Category::Read => lexicon.has(List::Begins, &text.word),
        Category::Write => lexicon.has(List::Runs, &text.word),
        _ => false,
    } && text.category == Category::Execute;
    match (name.is_sure, text_opens) {
        (true, true) if text.category > name.category && !only_how && !takes_off => {
            (text.category, 70)
        }
        (true, _) => (name.category, 85),
        (false, true) if name.category == Category::Destructive => (name.category, 70),
        (false, true) => (text.category, 75),
        (false, false) => (name.category.max(text.category), 60),
    }
}

/// Turns running a question into reading, and says whether it did.
fn asked(head: Option<Head>, words: &[String], lexicon: &Lexicon) -> (Option<Head>, bool) {
    let Some(head) = head else {
        return (None, false);
    };
    let question = words
        .iter()
        .skip(head.at + 1)
        .find(|word| lexicon.has(List::Asked, word));
    match question {
        Some(question) if lexicon.has(List::Runs, &head.word) => {
            let reads = Head {
                word: question.clone(),
                category: Category::Read,
                ..head
            };
            (Some(reads), true)
        }
        _ => (Some(head), false),
    }
}
