//! Mail to people: plain text, nothing in it that tells us whether it was read.
//!
//! Here: what mails say, the outbox they wait in, the way to the mail server. Not here: who is told what and when.

pub mod act;
pub mod letter;
pub mod outbox;
pub mod page;
pub mod smtp;
mod store;

pub use letter::Letter;

use crate::config::Site;
use ids::{InvitationId, MailId, UserId};
use serde::{Deserialize, Serialize};
use smtp::Smtp;
use time::OffsetDateTime;

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub subject: String,
    pub body: String,
}

/// A mail to be sent.
#[derive(Debug)]
pub struct Mail {
    pub to: String,
    pub text: Text,
    pub hold: Option<Hold>,
}

/// Nothing goes to others in the name of someone whose own address nobody has confirmed.
#[derive(Debug, Clone, Copy)]
pub struct Hold {
    /// Whose confirmation it waits for, where it is not there yet.
    pub waits_for: Option<UserId>,
    /// What it is about: withdrawn, the mail goes with it.
    pub invitation: InvitationId,
    pub until: OffsetDateTime,
}

/// A mail that is shown on a local instance, for want of a mail server.
#[derive(Debug, Clone)]
pub struct Kept {
    pub id: MailId,
    pub to: String,
    pub text: Text,
    pub at: OffsetDateTime,
}

/// Where mails of this instance go.
#[derive(Debug, Clone)]
pub enum Way {
    Out(Box<Smtp>),
    /// To be read on screen.
    Kept,
    /// Nowhere: they wait, and are given up.
    Nowhere,
}

impl Way {
    pub fn new(smtp: Option<Smtp>, site: &Site) -> Self {
        match smtp {
            Some(smtp) => Self::Out(Box::new(smtp)),
            None if site.is_local => Self::Kept,
            None => Self::Nowhere,
        }
    }
}
