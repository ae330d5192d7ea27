//! When the effect of a call depends on its arguments: code, free queries, requests, what is started or ended.

use super::Case;
use crate::Category;
use crate::classification::Field;
use crate::lexicon::List;
use crate::parameter::Parameter;

impl Case<'_> {
    /// A parameter whose whole name is in the list and that takes text.
    fn text_parameter(&self, list: List) -> Option<&Parameter> {
        self.definition.parameters.iter().find(|parameter| {
            parameter.is_text()
                && !parameter.is_nested()
                && self.lexicon.has_whole(list, &parameter.words())
        })
    }

    fn has_parameter(&self, names: &[&str]) -> bool {
        self.definition
            .parameters
            .iter()
            .any(|parameter| names.contains(&parameter.words().join(" ").as_str()))
    }

    /// Whoever may pass code or SQL decides what happens, unless the definition says that it can only read.
    pub(super) fn text_that_is_run(&mut self) {
        let acts = &self.acts;
        let knows_what = acts.is_surely(Category::Read) || acts.is_surely(Category::Write);
        if let Some(code) = self.text_parameter(List::Code)
            && (!knows_what || self.acts.asks)
        {
            let name = code.name.clone();
            self.raise(Field::Parameter, &name, Category::Execute, 80);
        }
        let text = &self.definition.text;
        let query = self.text_parameter(List::Query);
        let is_sql = ["sql", "cypher", "ddl", "dml"].iter().any(|word| {
            text.has(word)
                || self.name.iter().any(|each| each == word)
                || query.is_some_and(|query| query.words().iter().any(|each| each == word))
        });
        let names_reading = self
            .name
            .iter()
            .any(|word| self.lexicon.has(List::Reading, word));
        let is_limited =
            text.limits_to_reading() || text.has("select") && !text.has("default") || names_reading;
        let queries =
            self.acts.asks || self.acts.any(|word| word == "query") || self.acts.name.is_none();
        let name = query.map_or("sql", |query| &query.name).to_owned();
        let takes_query = query.is_some();
        if queries && is_sql && !is_limited && !self.acts.reads_for_sure() {
            self.raise(Field::Parameter, &name, Category::Execute, 75);
        } else if takes_query && self.category == Category::Unknown {
            self.raise(Field::Parameter, &name, Category::Read, 45);
        }
        // `Select and run one of these operations (read-only)`, where the name says nothing.
        if self.category == Category::Execute
            && self.acts.name.is_none()
            && self.definition.text.limits_to_reading()
        {
            self.says(Field::Description, "read-only", Category::Read);
            self.settle(Category::Read, 55);
        }
        let writes = self
            .acts
            .name
            .as_ref()
            .is_some_and(|head| head.word == "write");
        if let Some(language) = self.ends_in(List::Query)
            && writes
        {
            self.raise(Field::Name, &language, Category::Execute, 75);
        }
    }

    /// A request with any method to any address.
    pub(super) fn requests(&mut self) {
        let is_any = self.has_parameter(&["method", "http method"])
            && self.has_parameter(&["path", "url", "endpoint", "uri", "api path"]);
        if is_any && !self.acts.is_surely(Category::Write) {
            self.raise(Field::Parameter, "method", Category::Execute, 80);
        }
    }

    /// What is started, opened or pressed, and what ends.
    pub(super) fn starts(&mut self) {
        let opens = self.acts.any(|word| word == "open");
        if let Some(word) = self.ends_in(List::Opened)
            && self.category == Category::Write
            && opens
        {
            self.raise(Field::Name, &word, Category::Execute, 65);
        }
        let lexicon = self.lexicon;
        let element = self
            .definition
            .parameters
            .iter()
            .find(|parameter| lexicon.has_whole(List::Element, &parameter.words()));
        if let Some(element) = element
            && self.category == Category::Write
            && self.acts_by(List::Picks)
        {
            self.raise(Field::Parameter, &element.name, Category::Execute, 60);
        }
        let by_name = |word: &str| {
            self.acts
                .name
                .as_ref()
                .is_some_and(|head| head.word == word)
        };
        let switches = by_name("start") || by_name("stop");
        let terminates = by_name("terminate");
        if self.category != Category::Execute {
            return;
        }
        if let Some(word) = self.ends_in(List::Capture)
            && switches
        {
            self.says(Field::Name, &word, Category::Write);
            self.settle(Category::Write, 65);
        } else if let Some(word) = self.lexicon.find(List::Machine, &self.name)
            && terminates
        {
            self.raise(Field::Name, &word, Category::Destructive, 70);
        }
    }
}
