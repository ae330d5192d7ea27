//! Members, by page: the list with the open invitations, and one member with what can be done about them.

use super::Member;
use super::act::{self, MemberError};
use crate::access::Role;
use crate::app::App;
use crate::http::read::{Path, Query};
use crate::org::invitation::{self, Invitation};
use crate::page::{Form, Frame, Trouble, Turn, Visit, answer, choice, ok, show, then};
use crate::problem::Problem;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ids::MemberId;
use serde::Deserialize;

#[derive(Debug, Template)]
#[template(path = "member/list.html")]
struct List {
    frame: Frame,
    trouble: Trouble,
    members: Vec<Member>,
    next: Option<String>,
    invitations: Vec<Invitation>,
    own: MemberId,
    email: String,
    roles: Vec<Role>,
}

#[derive(Debug, Template)]
#[template(path = "member/show.html")]
struct Show {
    frame: Frame,
    trouble: Trouble,
    member: Member,
    is_own: bool,
    /// Nobody changes who may do more than they.
    may_change: bool,
    roles: Vec<Role>,
}

#[derive(Debug, Deserialize)]
pub struct RoleForm {
    role: Role,
}

#[derive(Debug, Deserialize)]
pub struct Sure {
    #[serde(default)]
    sure: String,
}

pub async fn list(
    State(app): State<App>,
    visit: Visit,
    Query(turn): Query<Turn>,
) -> Result<Response, Problem> {
    let page = listed(&app, &visit, turn, Trouble::default(), String::new()).await?;
    Ok(ok(&page))
}

/// The list, with what was wrong with an invitation.
pub async fn again(
    app: &App,
    visit: &Visit,
    status: StatusCode,
    trouble: Trouble,
    email: String,
) -> Result<Response, Problem> {
    let page = listed(app, visit, Turn::default(), trouble, email).await?;
    Ok(answer(status, &page))
}

async fn listed(
    app: &App,
    visit: &Visit,
    turn: Turn,
    trouble: Trouble,
    email: String,
) -> Result<List, Problem> {
    let members = act::list(app, &visit.caller, turn.page()?).await?;
    let invitations = invitation::act::list(app, &visit.caller, choice()?).await?;
    Ok(List {
        frame: visit.frame(app, "members", "Members"),
        trouble,
        members: members.items,
        next: members.next_cursor,
        invitations: invitations.items,
        own: visit.caller.member(),
        email,
        roles: covered(visit),
    })
}

pub async fn one(
    State(app): State<App>,
    visit: Visit,
    Path((_, member)): Path<(String, MemberId)>,
) -> Result<Response, Problem> {
    let member = act::show(&app, &visit.caller, member).await?;
    Ok(ok(&page(&app, &visit, member, Trouble::default())))
}

pub async fn change(
    State(app): State<App>,
    visit: Visit,
    Path((_, member)): Path<(String, MemberId)>,
    Form(form): Form<RoleForm>,
) -> Result<Response, Problem> {
    match act::change(&app, &visit.caller, member, form.role).await {
        // Whoever gave up a role may not see the list any more.
        Ok(_) if member == visit.caller.member() => Ok(then(&visit.path("?done=saved"))),
        Ok(_) => Ok(then(&visit.path("/members?done=saved"))),
        Err(error) => refused(&app, &visit, member, error).await,
    }
}

pub async fn remove(
    State(app): State<App>,
    visit: Visit,
    Path((_, id)): Path<(String, MemberId)>,
    Form(form): Form<Sure>,
) -> Result<Response, Problem> {
    let member = act::show(&app, &visit.caller, id).await?;
    if form.sure.trim() != member.email {
        let said = format!("type `{}` to remove them; nobody was removed", member.email);
        let (status, trouble) = Trouble::of(Problem::invalid("/sure", said))?;
        return Ok(answer(status, &page(&app, &visit, member, trouble)));
    }
    match act::remove(&app, &visit.caller, id).await {
        Ok(()) if id == visit.caller.member() => Ok(then("/?done=left")),
        Ok(()) => Ok(then(&visit.path("/members?done=deleted"))),
        Err(error) => refused(&app, &visit, id, error).await,
    }
}

async fn refused(
    app: &App,
    visit: &Visit,
    member: MemberId,
    error: MemberError,
) -> Result<Response, Problem> {
    let (status, trouble) = Trouble::of(error.into())?;
    let member = act::show(app, &visit.caller, member).await?;
    Ok(answer(status, &page(app, visit, member, trouble)))
}

fn page(app: &App, visit: &Visit, member: Member, trouble: Trouble) -> Show {
    Show {
        frame: visit.frame(app, "members", member.name.clone()),
        trouble,
        is_own: member.id == visit.caller.member(),
        may_change: visit.caller.role().covers(member.role),
        member,
        roles: covered(visit),
    }
}

/// The roles that one may give.
fn covered(visit: &Visit) -> Vec<Role> {
    let own = visit.caller.role();
    let all = Role::ALL.into_iter();
    all.filter(|role| own.covers(*role)).collect()
}
