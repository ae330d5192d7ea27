//! What an admitted call owes: the policy's charges, as the budgets count them. PURE.

use super::decision;
use crate::budget::{self, subject};
use crate::call::Call;
use crate::caller::Attached;
use crate::refusal::{Judged, Refusal};
use mcp::Rule;
use policy::{Count, Outage, Scope};

/// One charge, with the words for when it is refused.
#[derive(Debug)]
pub struct Due {
    pub charge: budget::Charge,
    pub rule: String,
    pub message: Option<String>,
    counter: String,
}

pub fn of(call: &Call, attached: &Attached<'_>, charges: Vec<policy::Charge<'_>>) -> Vec<Due> {
    let due = charges.into_iter().map(|charge| Due {
        rule: charge.rule.to_owned(),
        message: charge.message.map(str::to_owned),
        counter: charge.counter.to_owned(),
        charge: counted(call, attached, &charge),
    });
    due.collect()
}

fn counted(call: &Call, attached: &Attached<'_>, charge: &policy::Charge<'_>) -> budget::Charge {
    let caller = &call.caller;
    let (grant, server) = (caller.grant(), caller.server());
    let session;
    let whose = match charge.scope {
        Scope::Org => subject::Whose::Org(caller.org.bundle().org.id),
        Scope::Grant => subject::Whose::Grant(grant.id),
        Scope::User => grant
            .user
            .as_deref()
            .map_or(subject::Whose::Grant(grant.id), subject::Whose::User),
        Scope::Server => subject::Whose::Server(server.id),
        // A call without a session counts for its grant.
        Scope::Session => match &call.presented {
            Some(_) => {
                session = seal::to_hex(&call.session_key());
                subject::Whose::Session(&session)
            }
            None => subject::Whose::Grant(grant.id),
        },
        Scope::Tool => {
            let tool = call
                .as_request()
                .and_then(|request| request.tool.as_deref());
            subject::Whose::Tool(server.id, tool.unwrap_or(""))
        }
    };
    budget::Charge {
        limit: subject::limit(attached.id, charge.counter),
        subject: subject::subject(whose, &charge.by),
        window_ms: charge.window_ms,
        max: charge.max,
        cost: charge.cost,
        is_spend: charge.is_spend,
        count: match charge.count {
            Count::Attempts => budget::Count::Attempts,
            Count::Forwarded => budget::Count::Forwarded,
        },
        on_outage: match charge.on_outage {
            Outage::Closed => budget::OnOutage::Closed,
            Outage::Share => budget::OnOutage::Share,
            Outage::Open => budget::OnOutage::Open,
        },
        concurrency: charge.concurrency,
    }
}

/// The refusal of a call whose budget is used up.
pub fn limited(call: &Call, due: &Due, retry_after_ms: Option<u64>) -> Refusal {
    let charge = &due.charge;
    let said = due
        .message
        .clone()
        .unwrap_or_else(|| match charge.concurrency {
            Some(most) => format!(
                "No more than {most} calls at once count towards `{}`.",
                due.counter
            ),
            None => format!(
                "The limit `{}` of {} in {} seconds is used up.",
                due.counter,
                charge.max,
                charge.window_ms / 1000
            ),
        });
    let wait = retry_after_ms.map(|ms| ms.div_ceil(1000).max(1));
    let message = match wait {
        Some(seconds) => format!("[RATE LIMITED] {said} Try again in {seconds} s."),
        None => format!("[RATE LIMITED] {said}"),
    };
    let mut decision = decision(call, "limit", &due.rule);
    decision.retry_after_ms = retry_after_ms;
    let judged = Judged { decision, message };
    match call.as_request().map(|request| request.rule) {
        Some(Rule::Call) => Refusal::Call(Box::new(judged)),
        _ => Refusal::MethodLimit(Box::new(judged)),
    }
}
