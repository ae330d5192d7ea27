//! Keeps the arguments of a call where its organisation wants that: what is to be left out is left out, known secrets are covered,
//! and the rest is sealed before it goes anywhere. No call waits for it, and none is refused for it.

use crate::call::Call;
use crate::gateway::Gateway;
use crate::relay;
use bundle::record::Arguments;
use json::{Node, canonical};
use mcp::Rule;

/// What stands where something was left out.
const LEFT_OUT: &str = "[left out]";

/// Of a call that is recorded, before it is judged: those that are refused are kept, too.
pub fn of(app: &Gateway, call: &Call, arguments: Option<&Node<'_>>) {
    let (Some(left_out), Some(arguments)) = (call.caller.org.capture(), arguments) else {
        return;
    };
    let is_call = call
        .as_request()
        .is_some_and(|request| request.rule == Rule::Call);
    if !is_call {
        return;
    }
    let mut kept = arguments.clone();
    for path in left_out {
        path.replace(&mut kept, LEFT_OUT);
    }
    let org = call.caller.org.bundle().org.id;
    // Where it cannot be known what the secrets are, none can be covered.
    let Ok(upstream) = app.upstreams.reach(org, call.caller.server()) else {
        return;
    };
    let text = canonical(&kept);
    let text = relay::covered(&text, &upstream.secrets).unwrap_or(text);
    if let Some(sealed) = Arguments::seal(&text, org, call.id, &app.at_rest, app.nonce()) {
        app.recorder.keep(sealed);
    } else {
        tracing::error!("the arguments of a call cannot be sealed, and are not kept");
    }
}
