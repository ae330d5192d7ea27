//! A held call as the question that it is asked about with.

use crate::gate::Held;
use crate::gateway::Gateway;
use crate::lists::Tool;
use bundle::approval::{Ask, Round};
use bundle::record::{Client, PolicyVersion};
use mcp::sealed::Approval;
use serde_json::value::RawValue;

/// Nothing where it cannot be said what would be approved: a tool without a definition, a call without a policy.
pub fn of(app: &Gateway, held: &Held, request: &mcp::Request<'_>) -> Option<Ask> {
    let call = &held.call;
    let asked = call.as_request()?;
    let name = asked.tool.as_deref()?;
    let tool = Tool::of(&call.caller, &app.seen, name);
    let attached = call.caller.policy()?;
    let arguments = request
        .param("arguments")
        .map_or_else(|| "{}".to_owned(), json::canonical);
    let round = asked.round.and_then(|round| match round.approval {
        Approval::Spent(approval) => Some(Round {
            approval: ids::ApprovalId::from_uuid(uuid::Uuid::from_bytes(approval)),
            state: seal::to_hex(&round.state),
        }),
        Approval::Asked(_) => None,
    });
    Some(Ask {
        org: call.caller.org.bundle().org.id,
        grant: call.caller.grant().id,
        server: call.caller.server().id,
        tool: name.to_owned(),
        definition: tool.definition()?.to_owned(),
        category: tool.category(),
        arguments: RawValue::from_string(arguments).ok()?,
        policy: PolicyVersion {
            id: attached.id,
            version: attached.number,
        },
        rule: held.rule.clone(),
        message: held.message.clone(),
        approvers: held.approvers,
        timeout_s: held.timeout.as_secs().max(1),
        call: call.id,
        client: call.client.name.as_deref().map(|name| Client {
            name: name.into(),
            version: call.client.version.as_deref().unwrap_or("").into(),
        }),
        round,
    })
}
