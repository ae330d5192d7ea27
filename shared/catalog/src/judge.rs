//! Weighs what the words of a definition say. Total: every definition gets an answer, and doubt makes it worse, not better.

mod act;
mod money;
mod run;

use crate::classification::{Classification, Evidence, Field};
use crate::definition::{Definition, Trust};
use crate::lexicon::{Lexicon, List};
use crate::verb::{self, Head};
use crate::{Category, signal, word};
use act::Acts;

pub(crate) fn judge(definition: &Definition, trust: Trust, lexicon: &Lexicon) -> Classification {
    let name = acting_part(&definition.name, lexicon);
    let acts = Acts::of(&name, &definition.text.opening, lexicon);
    let mut case = Case {
        definition,
        lexicon,
        name,
        acts,
        category: Category::Unknown,
        confidence: 0,
        evidence: Vec::new(),
    };
    case.verbs();
    case.management();
    case.removal();
    case.creation();
    case.operations();
    case.text_that_is_run();
    case.requests();
    case.starts();
    case.files();
    case.money();
    case.loss();
    case.hints(trust);
    let signals = signal::of(definition, case.category, lexicon);
    Classification {
        category: case.category,
        severity: case.category.severity(),
        confidence: case.confidence,
        evidence: case.evidence,
        signals,
    }
}

/// The words of the name's last part that acts: `delete users` of `Acme.search--deleteUsers`.
fn acting_part(name: &str, lexicon: &Lexicon) -> Vec<String> {
    word::parts(name)
        .rev()
        .find(|words| verb::of_name(words, lexicon).is_some())
        .unwrap_or_else(|| word::of_name(name))
}

struct Case<'a> {
    definition: &'a Definition,
    lexicon: &'a Lexicon,
    name: Vec<String>,
    acts: Acts,
    category: Category,
    confidence: u8,
    evidence: Vec<Evidence>,
}

impl Case<'_> {
    fn says(&mut self, field: Field, word: &str, category: Category) {
        let evidence = Evidence {
            field,
            word: word.to_owned(),
            category,
        };
        if !self.evidence.contains(&evidence) {
            self.evidence.push(evidence);
        }
    }

    fn settle(&mut self, category: Category, confidence: u8) {
        self.category = category;
        self.confidence = confidence;
    }

    fn raise(&mut self, field: Field, word: &str, category: Category, confidence: u8) {
        self.says(field, word, category);
        if category > self.category {
            self.settle(category, confidence);
        }
    }

    /// Whether a verb of the name or the opening is in the list.
    fn acts_by(&self, list: List) -> bool {
        self.acts.any(|word| self.lexicon.has(list, word))
    }

    fn ends_in(&self, list: List) -> Option<String> {
        let word = self.name.last()?;
        self.lexicon.find(list, std::slice::from_ref(word))
    }

    fn verbs(&mut self) {
        if let Some(head) = self.acts.name.clone() {
            self.says(Field::Name, &head.word, head.category);
        }
        if let Some(head) = self.acts.opening.clone() {
            self.says(Field::Description, &head.word, head.category);
        }
        if let Some((category, confidence)) = self.acts.together(self.lexicon) {
            return self.settle(category, confidence);
        }
        let lexicon = self.lexicon;
        let fact = self.name.iter().find(|word| lexicon.has(List::Facts, word));
        if let Some(word) = fact.cloned() {
            self.raise(Field::Name, &word, Category::Read, 40);
        }
    }

    /// A tool that manages may do the worst that it says it may.
    fn management(&mut self) {
        let text = &self.definition.text;
        let manages = |word: &String| self.lexicon.has(List::Manage, word);
        let opens = text.opening.first().is_some_and(|word| {
            word::roots(word).any(|root| self.lexicon.has(List::Manage, &root))
        });
        let is_limited = text.limits_to_reading() && !text.has("write");
        if !(opens || self.name.iter().any(manages)) || self.acts.reads_for_sure() || is_limited {
            return;
        }
        let choices = self
            .definition
            .parameters
            .iter()
            .flat_map(|parameter| parameter.choices.iter())
            .chain(&text.operations);
        match verb::of_choices(choices, self.lexicon) {
            Some(worst) if worst.category == Category::Read => {
                self.raise(Field::Parameter, &worst.word, Category::Read, 70);
            }
            _ if self.category < Category::Write => {
                self.raise(Field::Name, "manage", Category::Write, 55);
            }
            _ => {}
        }
        if let Some(worst) = verb::worst_of(text.words.iter(), self.lexicon) {
            self.raise(Field::Description, &worst.word, worst.category, 70);
        }
    }

    /// Taking a label off an issue destroys neither.
    fn removal(&mut self) {
        let removes = self.acts.any(|word| word == "remove");
        let destroys_otherwise = self
            .acts
            .heads()
            .any(|head| head.category == Category::Destructive && head.word != "remove");
        if self.category != Category::Destructive || !removes || destroys_otherwise {
            return;
        }
        let object = self
            .name
            .iter()
            .skip_while(|word| *word != "remove")
            .nth(1)
            .cloned()
            .into_iter()
            .collect::<Vec<_>>();
        let found = self
            .lexicon
            .find(List::Association, &object)
            .or_else(|| self.ends_in(List::Association));
        if let Some(word) = found {
            self.says(Field::Name, &word, Category::Write);
            self.settle(Category::Write, 65);
        }
    }

    /// Some things act by being made: a message is sent, a job runs, people are told.
    fn creation(&mut self) {
        if self.category != Category::Write {
            return;
        }
        let head = self.acts.name.as_ref().or(self.acts.opening.as_ref());
        let makes = head.is_some_and(|head| self.lexicon.has(List::Makes, &head.word));
        let made = self
            .ends_in(List::Message)
            .or_else(|| self.ends_in(List::Job));
        if let (true, Some(word)) = (makes, made) {
            self.raise(Field::Name, &word, Category::Execute, 70);
        }
        let words = &self.definition.text.words;
        let notifies = |list: List| words.iter().any(|word| self.lexicon.has(list, word));
        if notifies(List::Notifies) || self.definition.text.has("notify") && notifies(List::People)
        {
            self.raise(Field::Description, "notify", Category::Execute, 65);
        }
    }

    /// A parameter that chooses an operation lets one choose the worst.
    fn operations(&mut self) {
        let definition = self.definition;
        // Where the name says that it reads, the choice is what to look for.
        if self.acts.reads_for_sure() {
            return;
        }
        let writes = self.acts.is_surely(Category::Write);
        for parameter in &definition.parameters {
            let is_data = writes && parameter.name == "method";
            if is_data {
                continue;
            }
            let listed: &[String] = if parameter.is_operation() {
                &definition.text.operations
            } else {
                &[]
            };
            let choices = parameter.choices.iter().chain(listed);
            if let Some(worst) = verb::of_choices(choices, self.lexicon) {
                self.raise(Field::Parameter, &parameter.name, worst.category, 80);
            }
        }
    }

    /// What must be told where to save writes there.
    fn files(&mut self) {
        let lexicon = self.lexicon;
        let output = self.definition.parameters.iter().find(|parameter| {
            parameter.required && lexicon.find(List::Output, &parameter.words()).is_some()
        });
        if let Some(output) = output
            && self.category <= Category::Read
        {
            self.raise(Field::Parameter, &output.name, Category::Write, 70);
        }
    }

    fn loss(&mut self) {
        let lexicon = self.lexicon;
        let words = &self.definition.text.words;
        let lost = words.iter().find(|word| lexicon.has(List::Loss, word));
        if let Some(word) = lost
            && matches!(self.category, Category::Write | Category::Execute)
        {
            self.raise(Field::Description, word, Category::Destructive, 65);
        }
    }

    /// What the server claims raises where the words leave a doubt, and lowers only for who is trusted.
    fn hints(&mut self, trust: Trust) {
        let hints = self.definition.annotations;
        let destroys = hints.destructive_hint == Some(true) && hints.read_only_hint != Some(true);
        let is_doubtful = self.confidence < 60;
        if destroys && is_doubtful && self.category != Category::Read {
            let to = Category::Destructive;
            self.raise(Field::Annotation, "destructiveHint", to, 50);
        }
        if hints.read_only_hint == Some(false) && is_doubtful && self.category == Category::Read {
            self.raise(Field::Annotation, "readOnlyHint", Category::Write, 50);
        }
        if trust == Trust::Untrusted {
            return;
        }
        if hints.read_only_hint == Some(true) {
            self.says(Field::Annotation, "readOnlyHint", Category::Read);
            self.settle(Category::Read, 90);
        } else if hints.destructive_hint == Some(false) && self.category == Category::Destructive {
            self.says(Field::Annotation, "destructiveHint", Category::Write);
            self.settle(Category::Write, 80);
        }
    }
}

#[cfg(test)]
mod tests;
