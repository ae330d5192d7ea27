//! The few slices of ours in a client's bytes: an opened `requestState`, the server's own names of its tasks and
//! questions, a subscription without what the policy keeps out.

use super::{Letter, Presented, Request, Round};
use crate::refusal::Refusal;
use crate::upstream::mark::{Named, Place};
use bytes::Bytes;
use json::{Node, Span};
use mcp::named::{related, tasks_of_request};
use mcp::sealed::Approval;
use mcp::{Edit, Group, Rule, quote, splice_within};
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

/// The bytes that go upstream for the message at `part` of the body: as they came, where nothing of ours must stand in
/// them.
pub fn applied(body: &Bytes, part: Span, edits: Vec<Edit>) -> Result<Bytes, Refusal> {
    let own = part.start as usize..part.end as usize;
    if edits.is_empty() {
        // Alone in its body, a message goes on with the white space around it.
        let is_alone = body.trim_ascii().len() == own.len();
        return Ok(if is_alone {
            body.clone()
        } else {
            body.slice(own)
        });
    }
    let text = std::str::from_utf8(body).unwrap_or_default();
    splice_within(text, part, edits)
        .map(Bytes::from)
        .ok_or(Refusal::InvalidParams("the request cannot be sent on"))
}

/// The server's own state in place of the sealed one, and a subscription without what the policy keeps out. Of a round
/// that was the gateway's own the server is told nothing. Says how far the call has come with people's approval.
pub fn of_request(
    letter: &Letter<'_>,
    request: &mcp::Request<'_>,
    read: &mut Request,
) -> Result<Vec<Edit>, Refusal> {
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
        if let (Some(Approval::Asked(_)), Some(params)) = (opened.approval, request.params) {
            edits.extend(mcp::without_members(params, |key| {
                !matches!(key, "requestState" | "inputResponses")
            }));
        } else {
            edits.push(Edit {
                span: state.span,
                text: quote(&opened.upstream),
            });
        }
        read.round = opened.approval.map(|approval| Round {
            approval,
            state: seal::sha256(state.as_str().unwrap_or_default().as_bytes()),
        });
    }
    if read.rule == Rule::Listen {
        edits.extend(unwanted(letter, request));
    }
    Ok(edits)
}

/// The tasks of a request, by the names their server gave them.
#[derive(Debug, Default)]
pub struct Tasks {
    /// The one that the request is about.
    pub about: Option<String>,
    pub edits: Vec<Edit>,
}

/// A task is its grant's alone: one that was never named to this grant fails the request.
pub fn tasks(letter: &Letter<'_>, request: &mcp::Request<'_>) -> Result<Tasks, &'static str> {
    let mut tasks = Tasks::default();
    // The server may know another spelling of what is missing here.
    let is_about_one = request.method.starts_with("tasks/") && request.method != "tasks/list";
    if is_about_one && request.param("taskId").is_none() {
        return Err("`params.taskId` is missing: the task that this is about");
    }
    let Some(params) = request.params else {
        return Ok(tasks);
    };
    let named = tasks_of_request(request.method, params);
    let about = params.get("taskId").map(|task| task.span);
    for task in named {
        let (raw, edit) = own_task(letter, task).ok_or("this names no task of this grant's")?;
        if about == Some(edit.span) {
            tasks.about = Some(raw);
        }
        tasks.edits.push(edit);
    }
    Ok(tasks)
}

fn own_task(letter: &Letter<'_>, task: &Node<'_>) -> Option<(String, Edit)> {
    let bearer = letter.caller.bearer();
    let place = Place {
        bearer: &bearer,
        session: None,
    };
    let raw = letter
        .app
        .seals
        .unmark(Named::Task, place, task.as_str()?)?;
    let edit = Edit {
        span: task.span,
        text: quote(raw),
    };
    Some((raw.to_owned(), edit))
}

/// An answer bears the id that its server asked under. The task it belongs to may be the client's own, whose name is the
/// client's to make.
pub fn of_answer(
    letter: &Letter<'_>,
    answer: &mcp::Response<'_>,
    presented: Option<&Presented>,
) -> Option<Vec<Edit>> {
    let bearer = letter.caller.bearer();
    let place = Place {
        bearer: &bearer,
        session: presented.map(|presented| presented.session.upstream.as_str()),
    };
    let raw = letter
        .app
        .seals
        .unmark(Named::Question, place, answer.id_node.as_str()?)?;
    let asked = Edit {
        span: answer.id_node.span,
        text: raw.to_owned(),
    };
    let task = answer.result.and_then(related);
    let task = task.and_then(|task| own_task(letter, task));
    Some(
        task.map(|(_, edit)| edit)
            .into_iter()
            .chain([asked])
            .collect(),
    )
}

/// Likewise.
pub fn of_notification(letter: &Letter<'_>, notification: &mcp::Notification<'_>) -> Vec<Edit> {
    let task = notification.params.and_then(related);
    let task = task.and_then(|task| own_task(letter, task));
    task.map(|(_, edit)| edit).into_iter().collect()
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
