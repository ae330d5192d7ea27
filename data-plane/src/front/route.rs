//! The two shapes of path that lead to servers. PURE. A name of any length is one: that nobody bears it is told to those
//! with a good token alone.

/// Whom a path asks for: names as the client wrote them, which may be those of nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub org: String,
    /// `None`: all servers of the grant as one (`/{org}/mcp`).
    pub server: Option<String>,
}

impl Route {
    pub fn of(path: &str) -> Option<Self> {
        let mut parts = path.strip_prefix('/')?.split('/');
        let named = |part: &str| (!part.is_empty()).then(|| part.to_owned());
        let route = match (parts.next()?, parts.next()?, parts.next()) {
            (org, "mcp", None) => Self {
                org: named(org)?,
                server: None,
            },
            (org, server, Some("mcp")) => Self {
                org: named(org)?,
                server: Some(named(server)?),
            },
            _ => return None,
        };
        parts.next().is_none().then_some(route)
    }
}
