//! Where somebody wanted to go who had to sign in, or to prove who they are, first. Not here: who comes to a form, and from where.

use ids::Slug;
use serde::{Deserialize, Deserializer, Serialize};

/// No URL of a page is longer.
const LONGEST: usize = 2000;

/// A page of this site, or none: what a browser could take for another site is none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Next(String);

impl Next {
    pub fn of(text: &str) -> Self {
        let is_path = text.starts_with('/') && !text.starts_with("//") && !text.contains('\\');
        let is_plain = text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic());
        Self(if is_path && is_plain && text != "/" {
            text.to_owned()
        } else {
            String::new()
        })
    }

    /// The page, or the start page.
    pub fn page(&self) -> &str {
        self.named().unwrap_or("/")
    }

    /// As the field of a form carries it on.
    pub fn field(&self) -> &str {
        &self.0
    }

    pub fn named(&self) -> Option<&str> {
        (!self.0.is_empty()).then_some(self.0.as_str())
    }

    /// The page, unless it is an organisation's, in which a new account has no seat.
    pub fn outside_of_organisations(&self) -> Option<&str> {
        let page = self.named()?;
        let first = page.split(['/', '?', '#']).nth(1).unwrap_or_default();
        Slug::for_org(first).is_err().then_some(page)
    }

    /// The URL of a form that carries it on.
    pub fn on(&self, form: &str) -> String {
        let Some(page) = self.named() else {
            return form.to_owned();
        };
        let joint = if form.contains('?') { '&' } else { '?' };
        let page: String = url::form_urlencoded::byte_serialize(page.as_bytes()).collect();
        format!("{form}{joint}next={page}")
    }
}

impl<'de> Deserialize<'de> for Next {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(|text| Self::of(&text))
    }
}

#[cfg(test)]
mod tests;
