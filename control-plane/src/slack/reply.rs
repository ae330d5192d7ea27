//! What is said to a click, sent where Slack wants it: to Slack alone, besides the request, and a few times at most.

use crate::app::App;
use bytes::Bytes;
use egress::{Allowed, Egress};
use serde_json::Value;
use std::net::IpAddr;
use std::time::Duration;
use tokio::sync::Semaphore;
use url::{Host, Url};

const HOST: &str = "hooks.slack.com";
/// Between one attempt and the next.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];
/// Under way at once; whoever clicks beyond that sees how it stands on the page.
static ROOM: Semaphore = Semaphore::const_new(32);

/// Sends it by and by. What was decided is decided, whether it is heard there or not.
pub fn send(app: &App, to: String, said: &Value) {
    if !is_slacks(&to, app.webhooks().egress()) {
        tracing::warn!("a click asked to be answered somewhere else than at Slack");
        return;
    }
    let Ok(room) = ROOM.try_acquire() else {
        tracing::warn!("too many clicks are being answered; one is not");
        return;
    };
    let (app, body) = (app.clone(), Bytes::from(said.to_string()));
    tokio::spawn(async move {
        let _room = room;
        let mut pauses = PAUSES.into_iter();
        loop {
            let cause = match app.webhooks().post(&to, &[], body.clone()).await {
                Ok(answered) => match answered.fault() {
                    None => return,
                    Some(fault) => fault,
                },
                Err(cause) => cause,
            };
            let Some(pause) = pauses.next() else {
                tracing::warn!(cause, "a click was not answered");
                return;
            };
            tokio::time::sleep(pause).await;
        }
    });
}

/// An address of the operator's exceptions may stand for Slack: the network there is theirs.
fn is_slacks(to: &str, egress: &Egress) -> bool {
    let Ok(url) = Url::parse(to) else {
        return false;
    };
    let excepted = |address: IpAddr| egress.judge(address) == Ok(Allowed::Exception);
    let has_no_user = url.username().is_empty() && url.password().is_none();
    has_no_user
        && match url.host() {
            Some(Host::Domain(name)) => {
                name == HOST && url.scheme() == "https" && url.port().is_none()
            }
            Some(Host::Ipv4(address)) => excepted(address.into()),
            Some(Host::Ipv6(address)) => excepted(address.into()),
            None => false,
        }
}

#[cfg(test)]
mod tests;
