//! What comes from Slack, done: a click is the word of the member who has proved to be that user, and of nobody else; a
//! command with a code is the proof.

use super::signed::{self, Sent, Someone};
use super::{act as own, message, open, reply, store};
use crate::app::App;
use crate::approval::act::{self, ApprovalError};
use crate::approval::{Approval, Approve, CannotDecide, Said, State};
use crate::caller::Caller;
use crate::db::{DbError, Reason};
use crate::event::Event;
use crate::problem::{Kind, Problem};
use crate::webhook::{self, told};
use axum::http::HeaderMap;
use ids::{ApprovalId, OrgId};
use serde_json::{Value, json};

/// What the history says of a decision that was made there.
const NOTE: &str = "decided in Slack";

/// Takes a request that says it is Slack's; answers what is to be said at once, if anything. What is not signed by the
/// organisation's app is turned away, as is all where there is none; what was taken before does nothing.
pub async fn take(
    app: &App,
    org: OrgId,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Option<Value>, Problem> {
    let now = app.now().time();
    let mut tx = app.db().system(Reason::WhoCalls).await?;
    let sealed = store::signing_secret(&mut tx, org).await?;
    let secret = open(app, org, &sealed.ok_or_else(Problem::unauthorized)?)?;
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let proof = header("x-slack-request-timestamp").zip(header("x-slack-signature"));
    let tag = proof.and_then(|proof| signed::tag(&secret, proof, body, now.unix_timestamp()));
    let tag = tag.ok_or_else(Problem::unauthorized)?;
    if !store::take(&mut tx, org, &tag, now).await? {
        return Ok(None);
    }
    tx.commit().await?;
    let sent = signed::read(body);
    let sent = sent.ok_or_else(|| {
        let expected = "expected `payload` of a click, or `command`, as Slack sends them";
        Problem::new(Kind::BadRequest, expected)
    })?;
    match sent {
        Sent::Other => Ok(None),
        Sent::Command { who, text } => Ok(Some(aside(&introduce(app, org, who, &text).await?))),
        Sent::Click {
            who,
            action,
            value,
            answer_to,
        } => {
            let said = decide(app, org, who, (&action, &value)).await?;
            if let Some(to) = answer_to {
                reply::send(app, to, &said);
            }
            Ok(None)
        }
    }
}

/// Said to whoever clicked, and to nobody else.
fn aside(text: &str) -> Value {
    json!({ "response_type": "ephemeral", "replace_original": false, "text": text })
}

/// Instead of the message that was clicked on, for everybody there.
fn instead(mut message: Value) -> Value {
    message["replace_original"] = json!(true);
    message
}

async fn decide(
    app: &App,
    org: OrgId,
    who: Option<Someone>,
    (action, value): (&str, &str),
) -> Result<Value, Problem> {
    let Some(who) = who else {
        let said =
            "Nothing was decided: Slack does not say plainly who you are. Decide on the page.";
        return Ok(aside(said));
    };
    let mut tx = app.db().system(Reason::WhoCalls).await?;
    let known = store::who(&mut tx, org, &who).await?;
    drop(tx);
    let Some((seat, actor)) = known else {
        return Ok(aside(&format!(
            "Nothing was decided: nobody here is known to be you. If you are a member, {}",
            invitation(app)
        )));
    };
    let Ok(approval) = value.parse::<ApprovalId>() else {
        return Ok(aside("Nothing was decided: there is no such request."));
    };
    let name = message::escaped(&actor.name);
    let caller = Caller::in_chat(seat, actor);
    let note = NOTE.to_owned();
    let done = if action == "approve" {
        let said = Approve {
            note,
            ..Approve::default()
        };
        act::approve(app, &caller, approval, said).await
    } else {
        act::refuse(app, &caller, approval, Said { note }).await
    };
    match done {
        Ok(approval) => {
            let body = body(app, org, approval.id).await?;
            Ok(instead(decided(&body, &approval, &name)))
        }
        Err(ApprovalError::CannotDecide(CannotDecide::Over(state))) => {
            let became = format!("It is `{}`: nothing was left to decide.", state.word());
            let body = body(app, org, approval).await?;
            Ok(instead(message::settled(&body, &became)))
        }
        Err(ApprovalError::Db(error)) => Err(error.into()),
        Err(error) => Ok(aside(&format!("Nothing was decided: {error}."))),
    }
}

fn decided(body: &Value, approval: &Approval, name: &str) -> Value {
    match approval.state {
        State::Waiting => {
            let decisions = approval.decisions.iter();
            let agreed = decisions.filter(|it| it.decision == "approve").count();
            let now = format!("{name} agreed: {agreed} of {} people.", approval.approvers);
            message::request(body, Some(&now), true)
        }
        State::Refused => message::settled(body, &format!("{name} refused it.")),
        _ => message::settled(body, &format!("{name} approved it.")),
    }
}

/// What a webhook would be told of the request as it stands.
async fn body(app: &App, org: OrgId, approval: ApprovalId) -> Result<Value, DbError> {
    let mut tx = app.db().system(Reason::WhoCalls).await?;
    let facts = webhook::store::facts(tx.sql(), org, approval).await?;
    let facts = facts.ok_or(DbError::Gone)?;
    let data = told::request(approval).data(&facts);
    let site = &app.site().public_url;
    Ok(told::body(
        "approval.requested",
        facts.asked_at,
        &data,
        site,
    ))
}

/// By which one says who one is.
fn invitation(app: &App) -> String {
    let base = app.site().public_url.as_str().trim_end_matches('/');
    format!(
        "sign in at {base}, make a code under Settings, Slack, and send it here after the app's command: \
        `/portcullis CODE`."
    )
}

/// Whose code it is, is this user from now on.
async fn introduce(
    app: &App,
    org: OrgId,
    who: Option<Someone>,
    text: &str,
) -> Result<String, Problem> {
    let code = text.split_whitespace().last().unwrap_or_default();
    if code.is_empty() {
        return Ok(format!("To decide here, {}", invitation(app)));
    }
    let Some(who) = who else {
        return Ok("Slack does not say plainly who you are.".to_owned());
    };
    let now = app.now();
    let digest = own::digest(app, &code.to_ascii_lowercase());
    let mut tx = app.db().system(Reason::WhoCalls).await?;
    let Some(member) = store::redeem(&mut tx, org, &digest, now.time()).await? else {
        return Ok(format!(
            "That is no code, or was one: each is good once, for ten minutes. To decide here, {}",
            invitation(app)
        ));
    };
    store::link(&mut tx, org, &who, member, now.time()).await?;
    let known = store::who(&mut tx, org, &who).await?;
    let (_, actor) = known.ok_or(DbError::Gone)?;
    let event = Event::SlackLinked {
        member,
        team: who.team,
        user: who.user,
        name: who.name,
    };
    tx.say(org, &actor, &now, &event).await?;
    tx.commit().await?;
    Ok(format!(
        "You are {} here from now on: what you click is their decision.",
        message::escaped(&actor.name)
    ))
}
