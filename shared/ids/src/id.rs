//! Ids: a prefix that says what is named, then a `UUIDv7` (RFC 9562) as 32 hexadecimal digits: `pol_0198…`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected `{prefix}_` and 32 hexadecimal digits, got `{got}`")]
pub struct UnknownId {
    pub prefix: &'static str,
    pub got: String,
}

macro_rules! id {
    ($($name:ident $prefix:literal),* $(,)?) => {$(
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            pub const PREFIX: &'static str = $prefix;

            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            pub const fn uuid(self) -> Uuid {
                self.0
            }

            /// A new id: sorted by `unix_ms`, told apart by `random`.
            pub fn new(unix_ms: u64, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(unix_ms, &random).into_uuid())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = UnknownId;

            fn from_str(text: &str) -> Result<Self, UnknownId> {
                parse(text, $prefix).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    )*};
}

id! {
    OrgId "org",
    UserId "usr",
    SessionId "ses",
    MailId "mail",
    MemberId "mem",
    ServerId "srv",
    PolicyId "pol",
    GrantId "grt",
    KeyId "key",
    InvitationId "inv",
    ApprovalId "apr",
    CallId "call",
    EventId "evt",
    IdentityId "idn",
    ToolChangeId "chg",
    WebhookId "whk",
    DeliveryId "dlv",
    RouteId "rte",
}

impl CallId {
    /// When the call came in, in milliseconds since 1970: the day of its record follows from it.
    pub fn unix_ms(self) -> u64 {
        let (seconds, nanos) = self.0.get_timestamp().map_or((0, 0), |time| time.to_unix());
        seconds * 1000 + u64::from(nanos) / 1_000_000
    }
}

/// One spelling only: lower case, no hyphens, so that an id compares as text.
fn parse(text: &str, prefix: &'static str) -> Result<Uuid, UnknownId> {
    let unknown = || UnknownId {
        prefix,
        got: text.chars().take(64).collect(),
    };
    let digits = text
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .filter(|digits| digits.len() == 32 && !digits.contains(|c: char| c.is_ascii_uppercase()))
        .ok_or_else(unknown)?;
    Uuid::try_parse(digits).map_err(|_| unknown())
}

#[cfg(test)]
mod tests;
