//! What each role may do: one table, pure. Who holds a role is [`crate::caller`]'s business.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Owner,
    Admin,
    PolicyManager,
    Approver,
    Auditor,
    Viewer,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Servers, tools, policies, names of grants, calls, gateways.
    Read,
    /// Approvals with their arguments.
    ReadApprovals,
    /// Never those of one's own grants.
    DecideApprovals,
    /// Draft, check, publish, roll back; attach to existing grants.
    WritePolicies,
    WriteGrants,
    WriteServers,
    /// The switch that stops calls at once, and lets them go on.
    Kill,
    ReadEvents,
    /// Calls, and everything else of the organisation, as files.
    Export,
    /// API keys and settings; members and invitations.
    Administer,
    DeleteOrg,
}

impl Role {
    pub const ALL: [Self; 6] = [
        Self::Owner,
        Self::Admin,
        Self::PolicyManager,
        Self::Approver,
        Self::Auditor,
        Self::Viewer,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::PolicyManager => "policy_manager",
            Self::Approver => "approver",
            Self::Auditor => "auditor",
            Self::Viewer => "viewer",
        }
    }

    /// The role of a stored word; the table's own check admits no other.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether this role may hand out `other`: nobody makes what is above them.
    pub fn covers(self, other: Self) -> bool {
        Action::ALL
            .into_iter()
            .all(|action| self.may(action) || !other.may(action))
    }

    pub const fn may(self, action: Action) -> bool {
        use Role::{Admin, Approver, Auditor, Owner, PolicyManager, Viewer};
        match action {
            Action::Read => matches!(
                self,
                Owner | Admin | PolicyManager | Approver | Auditor | Viewer
            ),
            Action::ReadApprovals => matches!(self, Owner | Admin | Approver | Auditor),
            Action::DecideApprovals => matches!(self, Owner | Admin | Approver),
            Action::WritePolicies => matches!(self, Owner | Admin | PolicyManager),
            Action::WriteGrants | Action::WriteServers | Action::Kill | Action::Administer => {
                matches!(self, Owner | Admin)
            }
            Action::ReadEvents | Action::Export => matches!(self, Owner | Admin | Auditor),
            Action::DeleteOrg => matches!(self, Owner),
        }
    }
}

impl Action {
    pub const ALL: [Self; 11] = [
        Self::Read,
        Self::ReadApprovals,
        Self::DecideApprovals,
        Self::WritePolicies,
        Self::WriteGrants,
        Self::WriteServers,
        Self::Kill,
        Self::ReadEvents,
        Self::Export,
        Self::Administer,
        Self::DeleteOrg,
    ];
}

#[cfg(test)]
mod tests;
