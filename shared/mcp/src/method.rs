//! The table of methods: what each one is to the gateway, per revision. What is not in it does not pass.

use crate::era::Era;
use crate::revision::Revision;

/// Groups that a policy's `methods` lets in or keeps out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Resources,
    Prompts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Judged by the policy.
    Call,
    /// Forwarded, and the tools in its answer judged one by one.
    ToolList,
    /// Forwarded for a live grant with a policy.
    Plain,
    /// Opens a stream of notifications; parts of it belong to a group.
    Listen,
    /// About a task, which must be one of this grant's own calls.
    Task,
    /// Answered with an empty list under this key: which tasks are this grant's, their names alone do not say.
    TaskList(&'static str),
    /// Forwarded where the policy has the group, else answered with an empty list under this key.
    GroupList(Group, &'static str),
    /// Forwarded where the policy has the group, else refused.
    GroupUse(Group),
}

/// What a client's request is; `None`: the revision has no such method, and it is not forwarded.
pub fn rule(method: &str, era: Era) -> Option<Rule> {
    use Group::{Prompts, Resources};
    let modern = era.is_modern();
    Some(match method {
        "tools/call" => Rule::Call,
        "tools/list" => Rule::ToolList,
        "subscriptions/listen" if modern => Rule::Listen,
        "server/discover" if modern => Rule::Plain,
        "initialize" | "ping" | "logging/setLevel" if !modern => Rule::Plain,
        "tasks/get" | "tasks/cancel" if since(era, Revision::V2025_11_25) => Rule::Task,
        "tasks/result" if era.revision() == Revision::V2025_11_25 => Rule::Task,
        "tasks/list" if era.revision() == Revision::V2025_11_25 => Rule::TaskList("tasks"),
        "tasks/update" if modern => Rule::Task,
        "resources/list" => Rule::GroupList(Resources, "resources"),
        "resources/templates/list" => Rule::GroupList(Resources, "resourceTemplates"),
        "resources/read" => Rule::GroupUse(Resources),
        "resources/subscribe" | "resources/unsubscribe" if !modern => Rule::GroupUse(Resources),
        "prompts/list" => Rule::GroupList(Prompts, "prompts"),
        "prompts/get" | "completion/complete" => Rule::GroupUse(Prompts),
        _ => return None,
    })
}

fn since(era: Era, revision: Revision) -> bool {
    era.revision() >= revision
}

/// Every request method of any revision: one of these without an id is a mistake, not a notification.
pub const REQUESTS: &[&str] = &[
    "tools/call",
    "tools/list",
    "server/discover",
    "subscriptions/listen",
    "initialize",
    "ping",
    "logging/setLevel",
    "tasks/get",
    "tasks/cancel",
    "tasks/result",
    "tasks/list",
    "tasks/update",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "prompts/list",
    "prompts/get",
    "completion/complete",
    "sampling/createMessage",
    "elicitation/create",
    "roots/list",
];

/// Notifications of a client that are forwarded; any other is answered with 202 and dropped.
pub fn notification_is_known(method: &str) -> bool {
    matches!(
        method,
        "notifications/initialized"
            | "notifications/cancelled"
            | "notifications/progress"
            | "notifications/roots/list_changed"
            | "notifications/tasks/status"
    )
}

/// Is this the name of a request? Sent without an id it is refused.
pub fn is_request(method: &str) -> bool {
    REQUESTS.contains(&method)
}

#[cfg(test)]
mod tests;
