//! Grants: an agent's credential, and which servers it reaches under which policy.

pub mod act;
pub mod api;
mod attach;
mod check;
pub mod page;
mod snippet;
pub mod store;

use crate::http::etag::HasEtag;
use crate::http::read::time_or_null;
use ids::token::Token;
use ids::{GrantId, PolicyId, ServerId, Slug};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, SchemaType, Type};
use uuid::Uuid;

/// How many that are not revoked an organisation may have.
pub const MOST: i64 = 10_000;
/// The longest time that two tokens of one grant are good.
pub const LONGEST_OVERLAP: Duration = Duration::days(7);

pub type Labels = BTreeMap<String, String>;

#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Grant {
    #[schema(value_type = String)]
    pub id: GrantId,
    pub name: String,
    pub labels: Labels,
    /// The e-mail address of the person behind it.
    pub user: Option<String>,
    pub servers: Vec<Attachment>,
    /// Null: never.
    #[serde(with = "time::serde::rfc3339::option")]
    pub expires_at: Option<OffsetDateTime>,
    pub state: State,
    /// False while its kill switch is thrown.
    pub is_open: bool,
    #[serde(with = "time::serde::rfc3339::option")]
    pub last_used_at: Option<OffsetDateTime>,
    /// How the token begins.
    pub token_hint: String,
    pub etag: Uuid,
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
}

impl HasEtag for Grant {
    fn etag(&self) -> Uuid {
        self.etag
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Active,
    Revoked,
    Expired,
}

impl State {
    pub fn of(
        revoked_at: Option<OffsetDateTime>,
        expires_at: Option<OffsetDateTime>,
        now: OffsetDateTime,
    ) -> Self {
        if revoked_at.is_some() {
            Self::Revoked
        } else if expires_at.is_some_and(|end| end <= now) {
            Self::Expired
        } else {
            Self::Active
        }
    }
}

/// A server that the grant reaches. Without a policy everything there is denied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Attachment {
    #[schema(value_type = String)]
    pub server: Slug,
    #[schema(value_type = String)]
    pub server_id: ServerId,
    #[schema(value_type = Option<String>)]
    pub policy: Option<Slug>,
    #[schema(value_type = Option<String>)]
    pub policy_id: Option<PolicyId>,
    /// `"latest"` or a number; null without a policy.
    pub version: Option<Pin>,
}

/// Which version of a policy counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pin {
    /// Always the newest.
    Latest,
    At(u32),
}

#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    pub name: String,
    /// At most 50.
    pub servers: Vec<Wanted>,
    /// At most 20, each of at most 100 characters; keys of letters, digits, `_` and `-`.
    #[serde(default)]
    pub labels: Labels,
    /// A member's id, or an e-mail address.
    #[serde(default)]
    pub user: Option<String>,
    #[serde(default, deserialize_with = "crate::http::read::time_or_null")]
    pub expires_at: Option<OffsetDateTime>,
}

/// An attachment as it is asked for.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Slug or id.
    pub server: String,
    /// Slug or id.
    #[serde(default)]
    pub policy: Option<String>,
    /// `"latest"`, which is meant where it is left out, or the number of a version.
    #[serde(default)]
    pub version: Option<Pin>,
}

/// What is absent stays.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantChange {
    pub name: Option<String>,
    pub labels: Option<Labels>,
    #[serde(default, deserialize_with = "crate::http::read::nullable")]
    #[schema(value_type = Option<String>)]
    pub user: Option<Option<String>>,
    /// The whole list, in place of the one before.
    pub servers: Option<Vec<Wanted>>,
    #[serde(default, deserialize_with = "changed_time")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Option<OffsetDateTime>>,
}

impl GrantChange {
    /// Whether it says nothing but which servers are reached, and how.
    pub fn only_attaches(&self) -> bool {
        let Self {
            name,
            labels,
            user,
            servers: _,
            expires_at,
        } = self;
        name.is_none() && labels.is_none() && user.is_none() && expires_at.is_none()
    }
}

#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// For how long the old token stays good: a whole number and `s`, `m`, `h` or `d`, at most `7d`. Left out: not at all.
    #[serde(default)]
    pub overlap: Option<String>,
}

/// A server that a grant may be minted for.
#[derive(Debug)]
pub struct Choice {
    pub slug: String,
    pub name: String,
    pub is_chosen: bool,
}

/// A grant, this once with its token.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Minted {
    #[serde(flatten)]
    pub grant: Grant,
    #[schema(value_type = String)]
    #[serde(serialize_with = "in_full")]
    pub token: Token,
}

impl HasEtag for Minted {
    fn etag(&self) -> Uuid {
        self.grant.etag
    }
}

fn in_full<S: Serializer>(token: &Token, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(token.expose())
}

#[expect(
    clippy::option_option,
    reason = "absent, null and a time are three things here"
)]
fn changed_time<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<OffsetDateTime>>, D::Error> {
    time_or_null(from).map(Some)
}

impl Serialize for Pin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Latest => serializer.serialize_str("latest"),
            Self::At(number) => serializer.serialize_u32(*number),
        }
    }
}

impl<'de> Deserialize<'de> for Pin {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(PinVisitor)
    }
}

struct PinVisitor;

impl Visitor<'_> for PinVisitor {
    type Value = Pin;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`\"latest\"` or the number of a version")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Pin, E> {
        if text == "latest" {
            Ok(Pin::Latest)
        } else {
            Err(E::invalid_value(de::Unexpected::Str(text), &self))
        }
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Pin, E> {
        let number = u32::try_from(number)
            .ok()
            .filter(|it| *it > 0 && i32::try_from(*it).is_ok());
        number.map(Pin::At).ok_or_else(|| {
            E::custom(format_args!(
                "expected {}",
                "`\"latest\"` or the number of a version"
            ))
        })
    }
}

impl utoipa::PartialSchema for Pin {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let latest = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .enum_values(Some(["latest"]));
        let number = ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::Integer))
            .minimum(Some(1));
        OneOfBuilder::new().item(latest).item(number).into()
    }
}

impl ToSchema for Pin {}

/// The seconds of `90s`, `30m`, `24h` or `7d`; none for what is no such time, and for more than [`LONGEST_OVERLAP`].
pub fn overlap(text: &str) -> Option<Duration> {
    let units = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let (digits, seconds) = units
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, *seconds)))?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let overlap = Duration::seconds(digits.parse::<i64>().ok()?.checked_mul(seconds)?);
    (overlap <= LONGEST_OVERLAP).then_some(overlap)
}

#[cfg(test)]
mod tests;
