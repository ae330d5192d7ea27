//! What can be done with counts: read them.

use super::fill::{self, Near};
use super::{By, Latency, Span, Usage, Used, Wanted, store};
use crate::access::Action;
use crate::app::App;
use crate::caller::{Caller, Refused};
use crate::problem::Problem;
use bundle::record::Verdict;
use ids::ServerId;

pub async fn show(app: &App, caller: &Caller, by: By, span: Span) -> Result<Usage, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let wanted = Wanted::all(by, span);
    let items = match by {
        By::Verdict => store::over_time(&mut tx, &wanted).await?,
        By::Server => {
            let mut items = store::most(&mut tx, &wanted).await?;
            let mut took = store::each_took(&mut tx, span, &items).await?;
            for item in &mut items {
                item.latency_ms = item.server.and_then(|server| took.remove(&server));
            }
            items
        }
        By::Tool | By::Grant | By::Rule => store::most(&mut tx, &wanted).await?,
    };
    Ok(Usage {
        by,
        since: span.since,
        until: span.until,
        items,
    })
}

/// What a person sees first of an organisation: the last 24 hours, and lists of today and yesterday.
#[derive(Debug)]
pub struct Glance {
    pub hours: Vec<Used>,
    pub latency: Option<Latency>,
    pub refused_tools: Vec<Used>,
    pub busiest_grants: Vec<Used>,
    /// Limits that refused calls.
    pub limits: Vec<Used>,
    /// Limits whose budgets are nearly used up now.
    pub near: Vec<Near>,
}

impl Glance {
    pub fn of(&self, verdict: &str) -> u64 {
        self.hours.iter().map(|hour| hour.of(verdict)).sum()
    }

    pub fn calls(&self) -> u64 {
        self.hours.iter().map(|hour| hour.calls).sum()
    }
}

const REFUSED: &[Verdict] = &[Verdict::Deny, Verdict::Limit, Verdict::Hold];
const LIMITED: &[Verdict] = &[Verdict::Limit];
/// Rows of a list that is taken in at a glance.
const FEW: i64 = 8;

pub async fn glance(app: &App, caller: &Caller) -> Result<Glance, Problem> {
    let now = app.now().time();
    let hours = Span::of(By::Verdict, None, None, now)?;
    let days = Span::of(By::Grant, None, None, now)?;
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let few = |by, verdicts| Wanted {
        verdicts,
        most: FEW,
        ..Wanted::all(by, days)
    };
    Ok(Glance {
        hours: store::over_time(&mut tx, &Wanted::all(By::Verdict, hours)).await?,
        latency: store::took(&mut tx, hours, None).await?,
        refused_tools: store::most(&mut tx, &few(By::Tool, REFUSED)).await?,
        busiest_grants: store::most(&mut tx, &few(By::Grant, Verdict::ALL)).await?,
        limits: store::most(&mut tx, &few(By::Rule, LIMITED)).await?,
        near: fill::near(&mut tx, FEW, now).await?,
    })
}

/// The hours of one server, and how long its calls took in them.
pub async fn of_server(
    app: &App,
    caller: &Caller,
    server: ServerId,
    span: Span,
) -> Result<(Vec<Used>, Option<Latency>), Refused> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let wanted = Wanted {
        of: Some(server.uuid()),
        ..Wanted::all(By::Server, span)
    };
    let hours = store::over_time(&mut tx, &wanted).await?;
    Ok((hours, store::took(&mut tx, span, Some(server)).await?))
}
