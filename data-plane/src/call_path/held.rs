//! A call that a rule holds: asked about, waited for where the rule says so, and judged again when an approval was spent
//! on it. Nobody is approved here: the control plane says whether people did.

mod follow;
mod place;
mod question;

pub use follow::held;
pub use place::{HeldCalls, take_back_elsewhere};

use super::{go_on, intent};
use crate::bundles::LinkError;
use crate::call::Letter;
use crate::caller::Caller;
use crate::front::Body;
use crate::gate::{self, Admitted, Held, Judgement};
use crate::gateway::Gateway;
use crate::lists::Tool;
use crate::refusal::Refusal;
use crate::seats::Seat;
use bundle::approval::{Answer, Ask, Wait, Waited};
use bundle::record::{Intent, Verdict};
use follow::Progress;
use http::Response;
use ids::{ApprovalId, CallId};
use mcp::answer::Opening;
use mcp::sealed::{Approval, State};
use place::Place;
use std::time::Duration;
use tokio::time::Instant;

/// A policy that is published while the call asks makes it ask anew, so often at most.
const MOST_TIMES: usize = 4;
/// Between two words of progress.
const PACE: Duration = Duration::from_secs(5);
/// Between two tries, where the control plane does not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// What has become of a held call.
enum Next {
    /// An approval was spent on it, and the policy lets it pass.
    Go(Box<Admitted>, Box<Intent>),
    Waits(Box<Waiting>),
    No(Refusal),
}

/// A held call whose request is open.
struct Waiting {
    held: Held,
    approval: ApprovalId,
    opening: Opening,
    /// The call of which it is not known whether it was made under an approval of this.
    lost: Option<CallId>,
}

async fn pass_on(
    letter: Letter<'_>,
    admitted: Admitted,
    intent: Intent,
    seat: Seat,
) -> Result<Response<Body>, Refusal> {
    let caller = admitted.permit.call().caller.clone();
    let letter = Letter {
        caller: &caller,
        ..letter
    };
    go_on(letter, admitted, intent, seat).await
}

/// Asks the control plane, and, where an approval was spent, the newest policy.
async fn ask(letter: Letter<'_>, request: &mcp::Request<'_>, mut held: Held) -> Next {
    let app = letter.app;
    for _ in 0..MOST_TIMES {
        let asked_under = under(app, &held.call.caller, &held);
        let Some(question) = question::of(app, &held, request) else {
            let more = "It cannot be told exactly what would be approved.";
            return Next::No(no(letter, &held, more, None).await);
        };
        let approval = match heard(app, &question).await {
            Ok(Answer::Spent { approval }) => approval,
            Ok(Answer::Waiting {
                approval,
                url,
                lost,
                ..
            }) => {
                return Next::Waits(Box::new(Waiting {
                    held,
                    approval,
                    opening: Opening {
                        id: approval.to_string(),
                        url,
                    },
                    lost,
                }));
            }
            Ok(Answer::Refused { approval, note }) => {
                let opening = Opening {
                    id: approval.to_string(),
                    url: String::new(),
                };
                return Next::No(no(letter, &held, &refused(&note), Some(&opening)).await);
            }
            Ok(Answer::Full { most }) => {
                let more = format!(
                    "No approval was asked for: {most} requests of this grant are waiting already. Try again when some are decided."
                );
                return Next::No(no(letter, &held, &more, None).await);
            }
            Err(error) => {
                tracing::warn!(%error, "an approval cannot be asked for");
                let more = "Approvals cannot be asked for just now. Try again later.";
                return Next::No(no(letter, &held, more, None).await);
            }
        };
        // A deny wins, a limit counts, and what was published meanwhile judges.
        let caller = match held.call.caller.renewed(app) {
            Ok(caller) => caller,
            Err(refusal) => {
                // Spent all the same: the approval names a call that says it was held.
                let intent = on_hold(app, &held, Some(approval));
                intent::refused(app, letter.arrived, intent).await;
                return Next::No(refusal);
            }
        };
        held.call.at_ms = app.now_ms();
        let is_same = under(app, &caller, &held) == asked_under;
        held.call.caller = caller.clone();
        held.call.approval = is_same.then_some(approval);
        let mut intent = intent::of(app, &held.call);
        intent.approval = Some(approval);
        let name = held.call.as_request().and_then(|it| it.tool.clone());
        let tool = name
            .as_deref()
            .map(|name| Tool::of(&caller, &app.seen, name));
        match gate::judge(held.call, request.param("arguments"), tool.as_ref()) {
            Judgement::Admitted(admitted) => {
                return Next::Go(admitted, Box::new(intent));
            }
            Judgement::Refused(refused) => {
                intent.verdict = refused.verdict;
                intent.rule = Some(refused.rule.as_str().into());
                intent.shadow = refused.shadows.into_iter().collect();
                intent::refused(app, letter.arrived, intent).await;
                return Next::No(refused.refusal);
            }
            // Another policy, or another tool under the name, asks for an approval of its own.
            Judgement::Held(again) => held = *again,
            Judgement::Empty(_) => return Next::No(Refusal::UnknownMethod),
        }
    }
    let more = "The policy changes too fast to be asked. Try again.";
    Next::No(no(letter, &held, more, None).await)
}

/// What is lost on the way is asked once more: the same call is answered the same.
async fn heard(app: &Gateway, question: &Ask) -> Result<Answer, LinkError> {
    match app.control_plane.ask(question).await {
        Err(LinkError::Unreachable(error)) => {
            tracing::warn!(%error, "what was asked about an approval may be lost, and is asked again");
            tokio::time::sleep(PAUSE).await;
            app.control_plane.ask(question).await
        }
        answer => answer,
    }
}

/// What an approval stands or falls with besides the call: the policy's version, and what the tool is.
fn under(
    app: &Gateway,
    caller: &Caller,
    held: &Held,
) -> (Option<(ids::PolicyId, u32)>, Option<String>) {
    let name = held.call.as_request().and_then(|it| it.tool.as_deref());
    let tool = name.map(|name| Tool::of(caller, &app.seen, name));
    (
        caller
            .policy()
            .map(|attached| (attached.id, attached.number)),
        tool.and_then(|tool| tool.definition().map(str::to_owned)),
    )
}

async fn wait(
    app: &Gateway,
    waiting: &Waiting,
    until: Instant,
    (place, progress): (Option<&Place>, Option<&Progress>),
) -> Waited {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Waited::Waiting;
        }
        if let Some(progress) = progress {
            progress.say(left, &waiting.opening.url);
        }
        let patience = left.min(PACE);
        let wait = Wait {
            org: waiting.held.call.caller.org.bundle().org.id,
            approval: waiting.approval,
            patience_ms: u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
            by: place.map(Place::waiter),
        };
        match app.control_plane.wait(&wait).await {
            Ok(Waited::Waiting) => {}
            Ok(decided) => return decided,
            Err(error) => {
                tracing::warn!(%error, "whether it is decided cannot be asked");
                tokio::time::sleep(PAUSE.min(left)).await;
            }
        }
    }
}

impl Waiting {
    /// Not where the rule says nothing of it; and the modern era asks its person first, and waits in the next round.
    fn waits(&self) -> bool {
        let elicits_first = self.held.call.era.is_modern() && self.may_elicit();
        !(elicits_first || self.held.wait.is_zero())
    }

    /// Once, and only where the client said that it opens addresses.
    fn may_elicit(&self) -> bool {
        let call = &self.held.call;
        let was_asked = call
            .as_request()
            .and_then(|request| request.round)
            .is_some_and(|round| matches!(round.approval, Approval::Asked(_)));
        let can = call.era.is_modern() || call.era.revision() == mcp::Revision::V2025_11_25;
        call.client.opens_urls && can && !was_asked
    }
}

/// The answer to a call that nobody has decided yet, put on record.
async fn pending(letter: Letter<'_>, waiting: Waiting) -> Refusal {
    let app = letter.app;
    let Waiting {
        held,
        opening,
        approval,
        lost,
    } = &waiting;
    let more = format!(
        "{}A person must approve this call: {} (open for {} at most). When it is approved, make the same call again.",
        lost.map_or_else(String::new, used),
        opening.url,
        in_words(held.timeout)
    );
    let plain = no(letter, held, &more, Some(opening)).await;
    let Refusal::Call(judged) = plain else {
        return plain;
    };
    if !waiting.may_elicit() {
        return Refusal::Call(judged);
    }
    let digest = held.call.as_request().and_then(|request| request.digest);
    let state = match digest.filter(|_| held.call.era.is_modern()) {
        None => None,
        Some(digest) => {
            let state = State {
                bearer: held.call.caller.bearer(),
                expires_ms: 0,
                digest,
                approval: Some(Approval::Asked(*approval.uuid().as_bytes())),
                upstream: String::new(),
            };
            let Some(sealed) = app.seals.state(state, app.now_ms(), app.nonce()) else {
                return Refusal::Call(judged);
            };
            Some(sealed)
        }
    };
    Refusal::Elicit {
        judged,
        opening: opening.clone(),
        state,
    }
}

/// Puts a held call on record that does not go on, and says why.
async fn no(letter: Letter<'_>, held: &Held, more: &str, asked: Option<&Opening>) -> Refusal {
    let approval = asked.and_then(|asked| asked.id.parse().ok());
    let intent = on_hold(letter.app, held, approval);
    intent::refused(letter.app, letter.arrived, intent).await;
    Refusal::Call(Box::new(held.refusal(more, asked)))
}

/// Puts on record that nobody waits for a held call any more. Its request stays open: the same call may come again, or
/// wait elsewhere.
async fn taken_back(letter: Letter<'_>, waiting: &Waiting) -> Refusal {
    let intent = on_hold(letter.app, &waiting.held, Some(waiting.approval));
    intent::cancelled(letter.app, letter.arrived, intent).await;
    let more = "The client took this call back while it waited. Nothing was done.";
    let judged = waiting.held.refusal(more, Some(&waiting.opening));
    Refusal::Call(Box::new(judged))
}

/// The record of a call that goes no further.
fn on_hold(app: &Gateway, held: &Held, approval: Option<ApprovalId>) -> Intent {
    let mut intent = intent::of(app, &held.call);
    intent.verdict = Verdict::Hold;
    intent.rule = Some(held.rule.as_str().into());
    intent.shadow = held.shadows.iter().cloned().collect();
    intent.approval = approval;
    intent
}

/// Of an approval that is used, by a call whose end nobody knows.
fn used(by: CallId) -> String {
    format!(
        "An approval of this very call was used already, by the call {by}, of which no outcome is on record: it may be under way, \
        made, or lost before it was made. Look before you repeat it; a new request was opened. "
    )
}

fn refused(note: &str) -> String {
    if note.is_empty() {
        return "A person refused this call.".to_owned();
    }
    format!("A person refused this call: {note}")
}

fn in_words(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 60, seconds % 60) {
        (0, seconds) => format!("{seconds} s"),
        (minutes, 0) if minutes % 60 == 0 => format!("{} h", minutes / 60),
        (minutes, 0) => format!("{minutes} min"),
        (minutes, seconds) => format!("{minutes} min {seconds} s"),
    }
}
