//! Token → caller: whose grant it is, and which server it reaches. A pure look at what is held in memory.
//!
//! Without a good token every path answers the same; with one, what the grant does not cover and what does not exist
//! answer the same.

use crate::bundles::{Holder, Org};
use crate::front::Route;
use crate::gateway::Gateway;
use crate::refusal::Refusal;
use bundle::revocation::Taken;
use bundle::{Grant, Server};
use http::header::{AUTHORIZATION, HeaderMap};
use ids::token::{Token, TokenKind};
use ids::{GrantId, OrgId, PolicyId, ServerId};
use mcp::sealed::Bearer;
use policy::Policy;
use std::fmt::Write;
use std::sync::Arc;

/// A live grant at a server it covers, as one version of the organisation's bundle says.
#[derive(Debug, Clone)]
pub struct Caller {
    pub org: Arc<Org>,
    grant: usize,
    server: usize,
    policy: Option<(PolicyId, u32)>,
    /// Of the token, to ask again whether it is still good.
    digest: [u8; 32],
    metadata: String,
}

/// The token of a request, if it has exactly one and it looks like one of ours.
fn token(headers: &HeaderMap) -> Result<Option<Token>, ()> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(value), rest) = (all.next(), all.next()) else {
        return Ok(None);
    };
    let text = value.to_str().ok().filter(|_| rest.is_none()).ok_or(())?;
    let (scheme, token) = text.split_once(' ').ok_or(())?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(());
    }
    let token = Token::parse(token.trim()).map_err(|_| ())?;
    if token.kind() != TokenKind::Grant {
        return Err(());
    }
    Ok(Some(token))
}

pub fn recognise(
    app: &Gateway,
    headers: &HeaderMap,
    route: &Route,
    path: &str,
) -> Result<Caller, Refusal> {
    let metadata = metadata(app.entrance.public_url(), path);
    let digest = match token(headers) {
        Ok(Some(token)) => app.pepper.digest(token.expose()),
        Ok(None) => return Err(Refusal::NoToken { metadata }),
        Err(()) => return Err(Refusal::BadToken { metadata }),
    };
    let Some((org, grant)) = live(&app.holder, &digest, app.now_ms()) else {
        return Err(Refusal::BadToken { metadata });
    };
    let bundle = org.bundle();
    let named = |text: &str, slug: &str, id: String| text == slug || text == id;
    if !named(
        &route.org,
        bundle.org.slug.as_str(),
        bundle.org.id.to_string(),
    ) {
        return Err(Refusal::NotFound);
    }
    let wanted = route.server.as_deref().ok_or(Refusal::NotFound)?;
    let server = bundle
        .servers
        .iter()
        .position(|server| named(wanted, server.slug.as_str(), server.id.to_string()))
        .ok_or(Refusal::NotFound)?;
    Caller::at(&app.holder, (org, grant, server), digest, metadata)
}

/// The grant that this token opens now.
fn live(holder: &Holder, digest: &[u8; 32], now_ms: u64) -> Option<(Arc<Org>, usize)> {
    let (org, index) = holder.grant(digest)?;
    let grant = &org.bundle().grants[index];
    let hex = seal::to_hex(digest);
    let is_current = grant
        .tokens
        .iter()
        .any(|token| token.digest == hex && token.until.is_none_or(|until| until > now_ms));
    let is_live = is_current
        && grant.expires_at.is_none_or(|end| end > now_ms)
        && !holder.is_taken(&org, Taken::Grant(grant.id));
    is_live.then_some((org, index))
}

/// Whether this grant still opens this server, by some token or other.
pub fn may_enter(
    holder: &Holder,
    (org, server): (OrgId, ServerId),
    grant: GrantId,
    now_ms: u64,
) -> bool {
    let is_on = |until: Option<u64>| until.is_none_or(|until| until > now_ms);
    holder.org(org).is_some_and(|org| {
        let bundle = org.bundle();
        let mut servers = bundle.servers.iter();
        let mut grants = bundle.grants.iter();
        let kinds = [Taken::Org, Taken::Server(server), Taken::Grant(grant)];
        bundle.org.is_open
            && !kinds.into_iter().any(|what| holder.is_taken(&org, what))
            && servers.any(|entry| entry.id == server && entry.is_open)
            && grants.any(|entry| {
                let mut covered = entry.attachments.iter();
                entry.id == grant
                    && entry.is_open
                    && is_on(entry.expires_at)
                    && entry.tokens.iter().any(|token| is_on(token.until))
                    && covered.any(|attachment| attachment.server == server)
            })
    })
}

impl Caller {
    fn at(
        holder: &Holder,
        (org, grant, server): (Arc<Org>, usize, usize),
        digest: [u8; 32],
        metadata: String,
    ) -> Result<Self, Refusal> {
        let bundle = org.bundle();
        let id = bundle.servers[server].id;
        let mut attachments = bundle.grants[grant].attachments.iter();
        let policy = attachments
            .find(|attachment| attachment.server == id)
            .ok_or(Refusal::NotFound)?
            .policy;
        let caller = Self {
            org,
            grant,
            server,
            policy,
            digest,
            metadata,
        };
        if caller.is_switched_off(holder) {
            return Err(Refusal::SwitchedOff);
        }
        Ok(caller)
    }

    /// The same caller as the newest bundle knows it. Whoever has waited for a client or a server asks again: what was
    /// published meanwhile must judge what comes next.
    pub fn renewed(&self, app: &Gateway) -> Result<Self, Refusal> {
        let (org, grant) =
            live(&app.holder, &self.digest, app.now_ms()).ok_or_else(|| self.revoked())?;
        let id = self.server().id;
        let server = org
            .bundle()
            .servers
            .iter()
            .position(|server| server.id == id)
            .ok_or(Refusal::NotFound)?;
        let found = (org, grant, server);
        Self::at(&app.holder, found, self.digest, self.metadata.clone())
    }

    pub fn grant(&self) -> &Grant {
        &self.org.bundle().grants[self.grant]
    }

    pub fn server(&self) -> &Server {
        &self.org.bundle().servers[self.server]
    }

    /// The policy that judges here, with its name and version.
    pub fn policy(&self) -> Option<Attached<'_>> {
        let (id, number) = self.policy?;
        let version = self
            .org
            .bundle()
            .policies
            .iter()
            .find(|version| version.id == id && version.number == number)?;
        Some(Attached {
            id,
            number,
            slug: version.slug.as_str(),
            policy: self.org.policy(id, number)?,
        })
    }

    pub fn bearer(&self) -> Bearer {
        Bearer {
            org: *self.org.bundle().org.id.uuid().as_bytes(),
            server: *self.server().id.uuid().as_bytes(),
            grant: *self.grant().id.uuid().as_bytes(),
        }
    }

    /// The refusal for a token that has become worthless since it was recognised.
    pub fn revoked(&self) -> Refusal {
        Refusal::BadToken {
            metadata: self.metadata.clone(),
        }
    }

    /// Whether the newest bundle would still let this caller in: open streams ask again and again.
    pub fn is_still_good(&self, app: &Gateway) -> bool {
        self.renewed(app).is_ok()
    }

    fn is_switched_off(&self, holder: &Holder) -> bool {
        let is_open =
            self.org.bundle().org.is_open && self.grant().is_open && self.server().is_open;
        let server = Taken::Server(self.server().id);
        !is_open || holder.is_taken(&self.org, Taken::Org) || holder.is_taken(&self.org, server)
    }
}

#[derive(Debug, Clone, Copy)]
pub struct Attached<'a> {
    pub id: PolicyId,
    pub number: u32,
    pub slug: &'a str,
    pub policy: &'a Policy,
}

/// RFC 9728: the resource's own path behind the well-known prefix. Written so that it fits between quotes, in a header.
fn metadata(public_url: &str, path: &str) -> String {
    let mut text = format!("{public_url}/.well-known/oauth-protected-resource");
    for byte in path.bytes() {
        if byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\') {
            text.push(char::from(byte));
        } else {
            // Writing to a `String` cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
