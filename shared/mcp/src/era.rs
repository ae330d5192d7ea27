//! Which era a request belongs to: decided per request, from its header and its `_meta` together.

use crate::message::Request;
use crate::mirror::{Copies, HEADER_MISMATCH};
use crate::params::INVALID_PARAMS;
use crate::revision::Revision;
use json::Node;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// Sessions, streams, requests from the server; the revision is what the request speaks.
    Legacy(Revision),
    /// Stateless.
    Modern(Revision),
}

impl Era {
    pub fn is_modern(self) -> bool {
        matches!(self, Self::Modern(_))
    }

    pub fn revision(self) -> Revision {
        match self {
            Self::Legacy(revision) | Self::Modern(revision) => revision,
        }
    }
}

/// The request frames itself in a way that no era allows; answered with 400.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Framing {
    pub code: i32,
    pub message: String,
    /// `data` of the error, as JSON.
    pub data: Option<String>,
}

const UNSUPPORTED_VERSION: i32 = -32022;
const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES_KEY: &str = "io.modelcontextprotocol/clientCapabilities";

impl Framing {
    fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    /// Names what is spoken here, so that a client can choose again.
    fn unsupported(requested: &str, spoken: impl Fn(Revision) -> bool) -> Self {
        let supported: Vec<String> = Revision::ALL
            .into_iter()
            .rev()
            .filter(|revision| spoken(*revision))
            .map(|revision| format!("\"{}\"", revision.as_str()))
            .collect();
        Self {
            code: UNSUPPORTED_VERSION,
            message: format!("unsupported protocol version `{requested}`"),
            data: Some(format!(
                "{{\"supported\":[{}],\"requested\":{}}}",
                supported.join(","),
                crate::quote(requested)
            )),
        }
    }
}

/// The era of a request without a body (GET, DELETE), or of a message that carries no `_meta` version: the header's,
/// else `unsaid`.
pub fn era_of_header(version: Copies<'_>, unsaid: Revision) -> Result<Era, Framing> {
    match header_text(version)? {
        None => Ok(Era::Legacy(unsaid)),
        Some(text) => match Revision::parse(text) {
            Some(revision) if revision.is_modern() => Ok(Era::Modern(revision)),
            Some(revision) => Ok(Era::Legacy(revision)),
            None => Err(Framing::unsupported(text, |known| {
                known != Revision::V2024_11_05
            })),
        },
    }
}

/// The era of a request. `session` is the revision its session was begun with, which weighs more than a legacy header.
pub fn era(
    request: &Request<'_>,
    version: Copies<'_>,
    session: Option<Revision>,
) -> Result<Era, Framing> {
    let said = request.meta(VERSION_KEY);
    let header = header_text(version)?;
    let Some(said) = said else {
        let era = era_of_header(version, session.unwrap_or(Revision::UNSAID))?;
        return match (era, session) {
            (Era::Modern(_), _) => Err(Framing::new(
                INVALID_PARAMS,
                format!("`params._meta` lacks `{VERSION_KEY}`"),
            )),
            (Era::Legacy(_), Some(revision)) => Ok(Era::Legacy(revision)),
            (legacy @ Era::Legacy(_), None) => Ok(legacy),
        };
    };
    let Some(said) = said.as_str() else {
        return Err(Framing::new(
            INVALID_PARAMS,
            format!("`{VERSION_KEY}` is not a string"),
        ));
    };
    match header {
        None => {
            return Err(Framing::new(
                HEADER_MISMATCH,
                "the MCP-Protocol-Version header is missing",
            ));
        }
        Some(header) if header != said => {
            return Err(Framing::new(
                HEADER_MISMATCH,
                format!("the MCP-Protocol-Version header `{header}` is not the body's `{said}`"),
            ));
        }
        Some(_) => {}
    }
    let Some(revision) = Revision::parse(said).filter(|revision| revision.is_modern()) else {
        // Of the legacy revisions no request can name one in its body: they are agreed on by `initialize`.
        return Err(Framing::unsupported(said, Revision::is_modern));
    };
    if request
        .meta(CAPABILITIES_KEY)
        .and_then(Node::as_object)
        .is_none()
    {
        return Err(Framing::new(
            INVALID_PARAMS,
            format!("`params._meta` lacks the object `{CAPABILITIES_KEY}`"),
        ));
    }
    Ok(Era::Modern(revision))
}

fn header_text(version: Copies<'_>) -> Result<Option<&str>, Framing> {
    match version {
        Copies::None => Ok(None),
        Copies::One(value) => std::str::from_utf8(value).map(Some).map_err(|_| {
            Framing::new(
                HEADER_MISMATCH,
                "the MCP-Protocol-Version header is no text",
            )
        }),
        Copies::Many => Err(Framing::new(
            HEADER_MISMATCH,
            "the MCP-Protocol-Version header stands twice",
        )),
    }
}

#[cfg(test)]
mod tests;
