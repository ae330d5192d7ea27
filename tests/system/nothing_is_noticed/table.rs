//! Who meets whom, what must be seen of it, and what a server does not offer even directly.

use testbed::Kind;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    Everything,
    Fastmcp,
    Rmcp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// 2025-11-25, the newest that begins with `initialize`.
    Legacy,
    /// 2026-07-28.
    Modern,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// `initialize`, or `server/discover`: the server's own name, the newest revision of the era.
    Connect,
    List,
    Call,
    Progress,
    Elicitation,
    Sampling,
    Resources,
    Subscription,
    Prompts,
    Cancellation,
    /// One of two replicas is killed in the middle of a call.
    Replica,
    /// What was subscribed to is still told of. (Python's client gives up listening when that stream broke twice.)
    NewsAfterwards,
    /// The one comes back, and the other is killed.
    OtherReplica,
    /// The only one left is killed and started again.
    Restart,
    /// Everything that the client has open breaks, and nothing else.
    Broken,
}

impl Peer {
    pub const ALL: [Self; 3] = [Self::Everything, Self::Fastmcp, Self::Rmcp];

    pub const fn slug(self) -> &'static str {
        match self {
            Self::Everything => "everything",
            Self::Fastmcp => "fastmcp",
            Self::Rmcp => "rmcp",
        }
    }

    /// The name that the server gives itself.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Everything => "mcp-servers/everything",
            Self::Fastmcp => "fastmcp-peer",
            Self::Rmcp => "rmcp-peer",
        }
    }

    /// server-everything is built on the v1 line of its SDK.
    const fn speaks(self, era: Era) -> bool {
        matches!(
            (self, era),
            (_, Era::Legacy) | (Self::Fastmcp | Self::Rmcp, Era::Modern)
        )
    }
}

impl Era {
    const ALL: [Self; 2] = [Self::Legacy, Self::Modern];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "2026-07-28",
        }
    }

    pub const fn revision(self) -> &'static str {
        match self {
            Self::Legacy => "2025-11-25",
            Self::Modern => "2026-07-28",
        }
    }
}

impl Feature {
    pub const ALL: [Self; 15] = [
        Self::Connect,
        Self::List,
        Self::Call,
        Self::Progress,
        Self::Elicitation,
        Self::Sampling,
        Self::Resources,
        Self::Subscription,
        Self::Prompts,
        Self::Cancellation,
        Self::Replica,
        Self::NewsAfterwards,
        Self::OtherReplica,
        Self::Restart,
        Self::Broken,
    ];

    /// Something is broken off, in the middle of a call.
    pub const fn breaks(self) -> bool {
        matches!(
            self,
            Self::Replica | Self::OtherReplica | Self::Restart | Self::Broken
        )
    }
}

/// Every pair in every era that both speak.
pub fn rows() -> Vec<(Kind, Peer, Era)> {
    let mut rows = Vec::new();
    for era in Era::ALL {
        for peer in Peer::ALL {
            for client in Kind::ALL {
                let client_speaks = era == Era::Legacy || !client.is_legacy_only();
                if peer.speaks(era) && client_speaks {
                    rows.push((client, peer, era));
                }
            }
        }
    }
    rows
}

/// Why there is nothing to see of this feature with this server, by whatever way its client comes.
pub fn lacks(peer: Peer, feature: Feature) -> Option<&'static str> {
    let lacks = peer == Peer::Everything && feature == Feature::NewsAfterwards;
    lacks.then_some(
        "server-everything tells nothing new to a stream that was resumed: it files it under the last event's id",
    )
}
