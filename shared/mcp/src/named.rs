//! Where a message names something by an id of its server's making: a task, a question that is taken back.
//!
//! Here: the places. Not here: what stands there instead on the other side of the gateway (the data plane), nor the ids of
//! a client's making (requests, progress tokens, subscriptions), which nobody changes.

use json::Node;

const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";

/// The tasks that an answer of the server's names: the one it made, the one it tells of, the one it belongs to.
pub fn tasks_of_result<'d>(result: &'d Node<'d>) -> Vec<&'d Node<'d>> {
    let made = result.get("task").and_then(described);
    [made, described(result), related(result)]
        .into_iter()
        .flatten()
        .collect()
}

/// The tasks that a notification or question of the server's names.
pub fn tasks_of_message<'d>(method: &str, message: &'d Node<'d>) -> Vec<&'d Node<'d>> {
    let Some(params) = message.get("params") else {
        return Vec::new();
    };
    let told = params
        .get("taskId")
        .filter(|_| method.starts_with("notifications/tasks"));
    [told, related(params)].into_iter().flatten().collect()
}

/// The tasks that a client's request names: its own, as far as it is about one, and those it wants to hear of.
pub fn tasks_of_request<'d>(method: &str, params: &'d Node<'d>) -> Vec<&'d Node<'d>> {
    let about = params
        .get("taskId")
        .filter(|_| method.starts_with("tasks/"));
    let heard = params
        .get("notifications")
        .filter(|_| method == "subscriptions/listen");
    let heard = heard
        .into_iter()
        .flat_map(|wanted| by_any_case(wanted, "taskIds"));
    // What is no list names one, and no good one.
    let heard = heard.flat_map(|ids| match ids.as_array() {
        Some(ids) => ids.iter().collect(),
        None => vec![ids],
    });
    let task = params.get("_meta").and_then(|meta| meta.get(RELATED_TASK));
    let related = task
        .into_iter()
        .flat_map(|task| by_any_case(task, "taskId"));
    about.into_iter().chain(related).chain(heard).collect()
}

/// The server may not be as strict with keys as we are.
fn by_any_case<'d>(object: &'d Node<'d>, key: &str) -> impl Iterator<Item = &'d Node<'d>> {
    let members = object.as_object().unwrap_or_default().iter();
    members
        .filter(move |member| crate::known::folds_to(&member.key, key))
        .map(|member| &member.node)
}

/// The task that this belongs to: `object` holds the `_meta`.
pub fn related<'d>(object: &'d Node<'d>) -> Option<&'d Node<'d>> {
    object.get("_meta")?.get(RELATED_TASK)?.get("taskId")
}

/// The question that its server takes back.
pub fn taken_back<'d>(method: &str, message: &'d Node<'d>) -> Option<&'d Node<'d>> {
    (method == "notifications/cancelled")
        .then(|| message.get("params")?.get("requestId"))
        .flatten()
}

/// A task is told from anything else that has a `taskId` by its status.
fn described<'d>(task: &'d Node<'d>) -> Option<&'d Node<'d>> {
    task.get("status")?.as_str()?;
    task.get("taskId")
}

#[cfg(test)]
mod tests;
