//! The buttons that lead to other providers, and what is said to whom one of them sent back in vain.

use super::act::OidcError;
use crate::app::App;
use crate::problem::{Kind, Problem};

#[derive(Debug)]
pub struct Button {
    pub name: String,
    pub title: String,
}

pub fn buttons(app: &App) -> Vec<Button> {
    let all = app.providers().all().iter();
    all.map(|provider| Button {
        name: provider.name.clone(),
        title: provider.title.clone(),
    })
    .collect()
}

/// The word in the URL by which the form to sign in says why; none for what has no form to come back to.
pub fn word(error: &OidcError) -> Option<&'static str> {
    Some(match error {
        OidcError::Lost => "lost",
        OidcError::Denied(_) => "denied",
        OidcError::Untrusted(_) => "untrusted",
        OidcError::Unverified => "unverified",
        OidcError::Unconfirmed => "unconfirmed",
        OidcError::NoSuchProvider | OidcError::TooMany(_) | OidcError::Db(_) => return None,
    })
}

/// Our words alone are ever shown.
pub fn refused(word: &str) -> Option<Problem> {
    Some(match word {
        "lost" => OidcError::Lost.into(),
        "denied" => Problem::new(Kind::Unauthorized, "the provider says no"),
        "untrusted" => Problem::new(
            Kind::Unavailable,
            "the provider did not answer as it should; the log has the cause",
        ),
        "unverified" => OidcError::Unverified.into(),
        "unconfirmed" => OidcError::Unconfirmed.into(),
        "unproven" => Problem::new(
            Kind::Forbidden,
            "the provider did not ask who you are, or does not say when it did: this session proves nothing yet. \
            Try again; where that leads back here, have a link to set a password sent to you",
        ),
        _ => return None,
    })
}
