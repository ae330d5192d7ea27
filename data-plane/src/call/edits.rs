//! The few slices of ours in a request's bytes: an opened `requestState`, a subscription without what the policy keeps
//! out.

use super::{Letter, Request};
use crate::refusal::Refusal;
use bytes::Bytes;
use json::Node;
use mcp::{Edit, Group, Rule, quote, splice};
use policy::MethodGroup;

/// Methods whose answer may ask for another round.
pub fn has_rounds(method: &str) -> bool {
    matches!(method, "tools/call" | "prompts/get" | "resources/read")
}

/// What a request asks, whatever round it is: method and parameters, without what changes from round to round.
pub fn digest(request: &mcp::Request<'_>) -> [u8; 32] {
    let mut parts: Vec<String> = request
        .params
        .and_then(Node::as_object)
        .unwrap_or_default()
        .iter()
        .filter(|member| {
            !matches!(
                member.key.as_ref(),
                "_meta" | "inputResponses" | "requestState"
            )
        })
        .map(|member| format!("{}:{}", quote(&member.key), json::canonical(&member.node)))
        .collect();
    parts.sort_unstable();
    seal::sha256(format!("{}\n{}", request.method, parts.join(",")).as_bytes())
}

/// The bytes that go upstream for this request: as they came, where nothing of ours must stand in them.
pub fn request(
    letter: &Letter<'_>,
    request: &mcp::Request<'_>,
    read: &Request,
    body: &Bytes,
) -> Result<Bytes, Refusal> {
    let mut edits = Vec::new();
    if let (Some(digest), Some(state)) = (read.digest, request.param("requestState")) {
        let now = letter.app.now_ms();
        let opened = state
            .as_str()
            .and_then(|text| {
                letter
                    .app
                    .seals
                    .open_state(text, &letter.caller.bearer(), &digest, now)
            })
            .ok_or(Refusal::ForeignState)?;
        edits.push(Edit {
            span: state.span,
            text: quote(&opened.upstream),
        });
    }
    if read.rule == Rule::Listen {
        edits.extend(unwanted(letter, request));
    }
    let own = request.span.start as usize..request.span.end as usize;
    if edits.is_empty() {
        // Alone in its body, a message goes on with the white space around it.
        let is_alone = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        return Ok(if is_alone {
            body.clone()
        } else {
            body.slice(own)
        });
    }
    let text = std::str::from_utf8(body).unwrap_or_default();
    splice(text, edits)
        .map(Bytes::from)
        .ok_or(Refusal::InvalidParams("the request cannot be sent on"))
}

/// The parts of a subscription that belong to a group the policy keeps out.
fn unwanted(letter: &Letter<'_>, request: &mcp::Request<'_>) -> Vec<Edit> {
    let Some(wanted) = request.param("notifications") else {
        return Vec::new();
    };
    let allows = |group: Group| {
        let group = match group {
            Group::Resources => MethodGroup::Resources,
            Group::Prompts => MethodGroup::Prompts,
        };
        letter
            .caller
            .policy()
            .is_some_and(|attached| attached.policy.allows_methods(group))
    };
    let (resources, prompts) = (allows(Group::Resources), allows(Group::Prompts));
    // By any case: the server may not be as strict with keys as we are.
    let is = |key: &str, words: &[&str]| words.iter().any(|word| mcp::folds_to(key, word));
    mcp::without_members(wanted, |key| {
        (resources || !is(key, &["resourcesListChanged", "resourceSubscriptions"]))
            && (prompts || !is(key, &["promptsListChanged"]))
    })
}
