//! What the record of a call says before it is judged, and the record of one that was refused.

use crate::call::Call;
use crate::gateway::Gateway;
use crate::record::Level;
use bundle::record::{self, Ending, Intent, Verdict};
use std::time::Instant;

/// The intent of an allowed call, to be corrected where it is not.
pub fn of(app: &Gateway, call: &Call) -> Intent {
    let caller = &call.caller;
    let request = call.as_request();
    Intent {
        id: call.id,
        at: call.at_ms,
        org: caller.org.bundle().org.id,
        replica: app.replica.as_str().into(),
        grant: caller.grant().id,
        server: caller.server().id,
        method: request.map_or("", |request| request.method.as_str()).into(),
        tool: request
            .and_then(|request| request.tool.as_deref())
            .map(Into::into),
        verdict: Verdict::Allow,
        rule: None,
        policy: caller.policy().map(|attached| record::PolicyVersion {
            id: attached.id,
            version: attached.number,
        }),
        bundle_version: caller.org.version(),
        limiter: record::Limiter::None,
        charges: record::Charges::default(),
        argument_keys: request
            .map(|request| request.argument_keys.iter().map(String::as_str).collect())
            .unwrap_or_default(),
        shadow: record::Shadows::default(),
        approval: call.approval,
        client: call.client.name.as_deref().map(|name| record::Client {
            name: name.into(),
            version: call.client.version.as_deref().unwrap_or("").into(),
        }),
        protocol: Some(call.era.revision().as_str().into()),
        added_us: 0,
    }
}

/// The intent of a call that is about to be made, with what it has cost so far.
pub fn stamped(app: &Gateway, arrived: Instant, mut intent: Intent) -> Intent {
    judged(app, &intent);
    intent.added_us = u64::try_from(arrived.elapsed().as_micros()).unwrap_or(u64::MAX);
    intent
}

/// Tells the span and the metrics.
pub fn judged(app: &Gateway, intent: &Intent) {
    tracing::Span::current().record("portcullis.verdict", intent.verdict.as_str());
    app.meter
        .judged(intent.verdict.as_str(), intent.limiter.as_str());
}

/// A refusal stands whether or not it can be written down: nothing went upstream.
pub async fn refused(app: &Gateway, arrived: Instant, intent: Intent) {
    let intent = stamped(app, arrived, intent);
    if let Err(closed) = app.recorder.refused(intent).await {
        tracing::warn!(%closed, "a refused call is not on record");
    }
}

/// A call that was taken back before anything went upstream.
pub async fn cancelled(app: &Gateway, arrived: Instant, intent: Intent) {
    let intent = stamped(app, arrived, intent);
    match app.recorder.intent(intent, Level::Process).await {
        Ok(written) => written.ended(Ending::Cancelled),
        Err(closed) => tracing::warn!(%closed, "a call that was taken back is not on record"),
    }
}
