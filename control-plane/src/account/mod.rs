//! What a person does about their own account: confirm the address, get back in, choose another name or password, delete it.
//! Signing in and out is `session`'s business, codes are `totp`'s, other providers' sign-ins `oidc`'s.

pub mod act;
pub mod api;
pub mod delete;
pub mod page;
pub mod store;
pub mod wishes;

use time::Duration;

/// What a link in a mail to the account's own address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Confirm,
    Reset,
}

impl Purpose {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirm => "confirm",
            Self::Reset => "reset",
        }
    }

    pub const fn good_for(self) -> Duration {
        match self {
            Self::Confirm => Duration::hours(24),
            Self::Reset => Duration::hours(1),
        }
    }
}
