//! What replicas ask: open a request, or spend the approval that is there. A call spends an approval once, however often
//! and from wherever it asks.

use super::store::{self, Asker, Opened};
use super::{MOST_WAITING, State, expire, open, routing};
use crate::app::App;
use crate::caller::Actor;
use crate::db::{DbError, Reason, SystemTx};
use crate::event::Event;
use crate::now::Now;
use bundle::approval::{Answer, Ask, TakeBack, TakenBack, Wait, Waited};
use ids::{ApprovalId, Slug};
use std::time::Duration;
use time::OffsetDateTime;
use tokio::time::Instant;

/// A question without news waits no longer than this.
const PATIENCE: Duration = Duration::from_secs(25);
/// A call that waits is known by its name for at least so long, and is named anew in time.
const NAMED: Duration = Duration::from_mins(1);
/// Another process may have decided, and says nothing here.
const LOOK: Duration = Duration::from_secs(1);
/// The longest a rule may let a request wait; more is a mistake.
const LONGEST_TIMEOUT_S: u64 = 365 * 24 * 3600;
const MOST_APPROVERS: u32 = 100;
/// For so long whoever comes again is told of a call whose end is not known.
const LOST: Duration = Duration::from_hours(24);

#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("expected what a replica asks, and this is not")]
    Invalid(&'static str),
    #[error("there is no such grant, or it is not to be used")]
    NoSuchGrant,
    #[error("the call has spent an approval of something else")]
    OtherCall,
    #[error(transparent)]
    Db(#[from] DbError),
}

pub async fn ask(app: &App, replica: &str, ask: &Ask) -> Result<Answer, AskError> {
    let digest = ask
        .digest(&[])
        .map_err(|_| AskError::Invalid("/arguments"))?;
    let definition = seal::from_hex(&ask.definition).filter(|it| it.len() == 32);
    let definition = definition.ok_or(AskError::Invalid("/definition"))?;
    if !(1..=MOST_APPROVERS).contains(&ask.approvers) {
        return Err(AskError::Invalid("/approvers"));
    }
    if !(1..=LONGEST_TIMEOUT_S).contains(&ask.timeout_s) {
        return Err(AskError::Invalid("/timeout_s"));
    }
    let asked = Asked {
        ask,
        digest,
        definition,
        replica,
    };
    match asked.once(app).await {
        // The same call asked at the same time somewhere else, and was first.
        Err(AskError::Db(error)) if error.constraint() == Some("approval_spends_pkey") => {
            asked.once(app).await
        }
        answer => answer,
    }
}

struct Asked<'a> {
    ask: &'a Ask,
    digest: [u8; 32],
    definition: Vec<u8>,
    replica: &'a str,
}

impl Asked<'_> {
    async fn once(&self, app: &App) -> Result<Answer, AskError> {
        let (ask, now) = (self.ask, app.now());
        let mut tx = app.db().system(Reason::Approve).await?;
        if let Some(spent) = self.has_spent(&mut tx).await? {
            return Ok(spent);
        }
        if let Some(round) = &ask.round {
            let state = seal::from_hex(&round.state).filter(|it| it.len() == 32);
            let state = state.ok_or(AskError::Invalid("/round/state"))?;
            if store::go_on(
                &mut tx,
                ask,
                round.approval,
                &state,
                self.replica,
                now.time(),
            )
            .await?
            {
                tx.commit().await?;
                return Ok(Answer::Spent {
                    approval: round.approval,
                });
            }
        }
        if let Some(spent) = self.spend(&mut tx, &now).await? {
            tx.commit().await?;
            return Ok(spent);
        }
        // One after the other from here on, for each grant.
        let asker = store::asker(&mut tx, ask, now.time()).await?;
        let asker = asker.ok_or(AskError::NoSuchGrant)?;
        if let Some(spent) = self.has_spent(&mut tx).await? {
            return Ok(spent);
        }
        if let Some(spent) = self.spend(&mut tx, &now).await? {
            tx.commit().await?;
            return Ok(spent);
        }
        let answer = self.wait_in_line(app, &mut tx, &asker, &now).await?;
        tx.commit().await?;
        Ok(answer)
    }

    /// What this very call has spent before.
    async fn has_spent(&self, tx: &mut SystemTx) -> Result<Option<Answer>, AskError> {
        match store::spent_by(tx, self.ask).await? {
            Some(spent) if !spent.is_of_this => Err(AskError::OtherCall),
            spent => Ok(spent.map(|spent| Answer::Spent {
                approval: spent.approval,
            })),
        }
    }

    /// Spends an approval of exactly this, if there is one.
    async fn spend(&self, tx: &mut SystemTx, now: &Now) -> Result<Option<Answer>, AskError> {
        let ask = self.ask;
        for answer in store::answers(tx, ask, &self.definition, now.time()).await? {
            if ask.digest(&answer.vary).ok() != Some(answer.digest) {
                continue;
            }
            let spent = store::spend(tx, ask, answer.approval, self.replica, now.time()).await?;
            let Some((used, of)) = spent else {
                continue;
            };
            let event = Event::ApprovalSpent {
                approval: answer.approval,
                tool: ask.tool.clone(),
                call: ask.call,
                used,
                uses: of,
            };
            tx.say(ask.org, &self.actor(&answer.grant_name), now, &event)
                .await?;
            return Ok(Some(Answer::Spent {
                approval: answer.approval,
            }));
        }
        Ok(None)
    }

    async fn wait_in_line(
        &self,
        app: &App,
        tx: &mut SystemTx,
        asker: &Asker,
        now: &Now,
    ) -> Result<Answer, AskError> {
        let ask = self.ask;
        let url = |id| url(app, &asker.org, id);
        let lost = store::lost(tx, ask, &self.digest, now.time() - LOST).await?;
        for same in store::same(tx, ask, &self.digest).await? {
            let is_over = same.ends_at <= now.time();
            match same.state {
                State::Waiting if is_over => {
                    store::end(tx, ask.org, same.id).await?;
                    let (approval, tool) = (same.id, ask.tool.clone());
                    let event = Event::ApprovalExpired { approval, tool };
                    tx.say(ask.org, &expire::clock(), now, &event).await?;
                }
                State::Waiting => {
                    store::asked_again(tx, ask.org, same.id).await?;
                    return Ok(Answer::Waiting {
                        approval: same.id,
                        url: url(same.id),
                        expires_at: unix_ms(same.ends_at),
                        lost,
                    });
                }
                // For a while no is no: whoever asks at once again is not heard by other people.
                State::Refused if !is_over => {
                    return Ok(Answer::Refused {
                        approval: same.id,
                        note: same.note,
                    });
                }
                _ => {}
            }
        }
        if store::waiting(tx, ask, now.time()).await? >= i64::from(MOST_WAITING) {
            return Ok(Answer::Full { most: MOST_WAITING });
        }
        let id = now.id(ApprovalId::new);
        let ends_at = now.time() + Duration::from_secs(ask.timeout_s);
        let opened = Opened {
            id,
            digest: self.digest,
            definition: &self.definition,
            arguments: open::seal(app, ask.org, id, &ask.arguments)?,
            asked_at: now.time(),
            ends_at,
            replica: self.replica,
        };
        store::insert(tx, ask, asker, &opened).await?;
        let routing = routing::store::read(tx.sql(), ask.org).await?;
        if let Some(route) = routing.of(ask) {
            routing::store::send(tx, (ask.org, id), route, now.time()).await?;
        }
        let event = Event::ApprovalAsked {
            approval: id,
            tool: ask.tool.clone(),
            server: ask.server,
            rule: ask.rule.clone(),
            call: ask.call,
        };
        tx.say(ask.org, &self.actor(&asker.grant_name), now, &event)
            .await?;
        Ok(Answer::Waiting {
            approval: id,
            url: url(id),
            expires_at: unix_ms(ends_at),
            lost,
        })
    }

    fn actor(&self, grant_name: &str) -> Actor {
        Actor {
            id: self.ask.grant.to_string(),
            name: grant_name.to_owned(),
        }
    }
}

/// How it stands; waits a while where it waits.
pub async fn wait(app: &App, wait: &Wait) -> Result<Waited, AskError> {
    let patience = PATIENCE.min(Duration::from_millis(wait.patience_ms));
    let until = Instant::now() + patience;
    if let Some(waiter) = &wait.by {
        let name = name(&waiter.name).ok_or(AskError::Invalid("/by/name"))?;
        let now = app.now().time();
        let mut tx = app.db().system(Reason::Approve).await?;
        let times = (now + patience + PATIENCE, now + 2 * NAMED);
        store::waits::name(&mut tx, wait.org, (waiter, &name), times).await?;
        tx.commit().await?;
    }
    let changed = app.db().changed();
    loop {
        // Registered before the look, so that a change during it is not missed.
        let next = changed.notified();
        let (state, ends_at, note) = {
            let mut tx = app.db().system(Reason::Approve).await?;
            if let Some(waiter) = &wait.by
                && store::waits::is_taken_back(&mut tx, wait.org, waiter).await?
            {
                return Ok(Waited::TakenBack);
            }
            let found = store::standing(&mut tx, wait.org, wait.approval).await?;
            found.ok_or(AskError::NoSuchGrant)?
        };
        let is_over = ends_at <= app.now().time();
        match state {
            State::Waiting | State::Approved if is_over => return Ok(Waited::Expired),
            State::Approved => return Ok(Waited::Approved),
            State::Spent => return Ok(Waited::Spent),
            State::Refused => return Ok(Waited::Refused { note }),
            State::Expired => return Ok(Waited::Expired),
            State::Withdrawn => return Ok(Waited::Withdrawn),
            State::Waiting => {}
        }
        let rest = until.saturating_duration_since(Instant::now());
        if rest.is_zero() {
            return Ok(Waited::Waiting);
        }
        tokio::select! {
            () = next => {}
            () = tokio::time::sleep(rest.min(LOOK)) => {}
        }
    }
}

/// Ends the wait of every call that waits under the name; answers how many those are.
pub async fn take_back(app: &App, back: &TakeBack) -> Result<TakenBack, AskError> {
    let name = name(&back.name).ok_or(AskError::Invalid("/name"))?;
    let mut tx = app.db().system(Reason::Approve).await?;
    let ended = store::waits::take_back(&mut tx, back, &name, app.now().time()).await?;
    tx.commit().await?;
    if ended > 0 {
        app.db().changed().notify_waiters();
    }
    Ok(TakenBack { ended })
}

fn name(digits: &str) -> Option<Vec<u8>> {
    seal::from_hex(digits).filter(|it| it.len() == 32)
}

/// The page where people decide.
pub fn url(app: &App, org: &Slug, approval: ApprovalId) -> String {
    let base = app.site().public_url.as_str().trim_end_matches('/');
    format!("{base}/{org}/approvals/{approval}")
}

fn unix_ms(time: OffsetDateTime) -> u64 {
    u64::try_from(time.unix_timestamp_nanos() / 1_000_000).unwrap_or(0)
}
