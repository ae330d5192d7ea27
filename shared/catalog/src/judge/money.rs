//! When an act moves money or commits to paying.

use super::Case;
use crate::Category;
use crate::classification::Field;
use crate::lexicon::List;

impl Case<'_> {
    pub(super) fn money(&mut self) {
        let takes = self
            .acts
            .name
            .as_ref()
            .is_some_and(|head| self.lexicon.has(List::Takes, &head.word));
        let acts = match self.category {
            Category::Write | Category::Execute => true,
            // `capture_payment`, where `capture` alone would only look.
            Category::Read => takes && self.lexicon.find(List::Money, &self.name).is_some(),
            _ => false,
        };
        let is_about_prices = self.lexicon.find(List::NoMoney, &self.name).is_some();
        if !acts || is_about_prices {
            return;
        }
        if let Some((field, word, confidence)) = self.moves() {
            self.raise(field, &word, Category::Financial, confidence);
        }
    }

    /// What shows it, the surest first.
    fn moves(&self) -> Option<(Field, String, u8)> {
        let named = |list: List| self.lexicon.find(list, &self.name);
        let by = |list: List| self.acts_by(list);
        let name = |word: String, confidence| Some((Field::Name, word, confidence));
        if let Some(word) = named(List::Money) {
            return name(word, 85);
        }
        let context = self.context();
        if let (Some(word), Some(_)) = (named(List::Billing), &context) {
            return name(word, 75);
        }
        if let (true, Some(word)) = (by(List::Commits), self.payroll()) {
            return Some((Field::Description, word, 70));
        }
        if let (true, Some(word)) = (by(List::Transfers), named(List::Asset)) {
            return name(word, 75);
        }
        if let (true, Some(word)) = (by(List::Trades), named(List::Trade)) {
            return name(word, 75);
        }
        if let (true, Some(word)) = (by(List::Books), context) {
            return Some((Field::Description, word, 65));
        }
        let last = self.name.last().map(String::as_str);
        let on_last = (last == Some("transaction") && by(List::Signs))
            || (last == Some("subscription") && by(List::Renews));
        if let (true, Some(word)) = (on_last, last) {
            return name(word.to_owned(), 65);
        }
        self.sum()
            .map(|parameter| (Field::Parameter, parameter, 65))
    }

    /// A word that shows that the definition speaks of money.
    fn context(&self) -> Option<String> {
        let said = self.definition.text.words.iter().chain(&self.name);
        let asked = self.definition.parameters.iter();
        said.cloned()
            .chain(asked.flat_map(crate::Parameter::words))
            .find(|word| self.lexicon.has(List::MoneyContext, word))
            .or_else(|| self.sum())
    }

    fn payroll(&self) -> Option<String> {
        let words = self.definition.text.words.iter().chain(&self.name);
        words
            .filter(|word| self.lexicon.has(List::Payroll, word))
            .min()
            .cloned()
    }

    /// A parameter for an amount, where another names its currency.
    fn sum(&self) -> Option<String> {
        let of = |list: List| {
            self.definition.parameters.iter().find(|parameter| {
                !parameter.is_nested() && self.lexicon.find(list, &parameter.words()).is_some()
            })
        };
        of(List::Currency)?;
        of(List::Amount).map(|parameter| parameter.name.clone())
    }
}
