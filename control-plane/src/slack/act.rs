//! What can be done about Slack here: set the app up, look, take it away; become somebody there, and be it no longer.

use super::{CODE_LASTS, Link, NewSlack, Slack, request_url, seal, store};
use crate::access::Action;
use crate::app::App;
use crate::caller::{Caller, Forbidden, Refused};
use crate::db::{DbError, Reason};
use crate::event::Event;
use crate::http::read::Faults;
use crate::problem::Fault;
use ::seal::to_hex;

#[derive(Debug, thiserror::Error)]
pub enum SlackError {
    #[error("the request has faults")]
    Invalid(Vec<Fault>),
    #[error("an API key is nobody in Slack; sign in")]
    NotAPerson,
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

pub async fn show(app: &App, caller: &Caller) -> Result<Slack, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let set_up_at = store::set_up_at(&mut tx).await?;
    drop(tx);
    Ok(Slack {
        set_up_at,
        request_url: request_url(app, caller.org()),
        links: links(app, caller).await?,
    })
}

async fn links(app: &App, caller: &Caller) -> Result<Vec<Link>, DbError> {
    let of = (!caller.role().may(Action::Administer)).then(|| caller.member());
    let mut tx = app.db().system(Reason::NameMember).await?;
    store::links(&mut tx, caller.org(), of).await
}

/// From now on requests with signatures of this secret are the app's, and messages have buttons.
pub async fn set_up(app: &App, caller: &Caller, new: &NewSlack) -> Result<Slack, SlackError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::Administer, now.time())?;
    let secret = new.signing_secret.expose();
    let is_one =
        (16..=200).contains(&secret.len()) && secret.bytes().all(|it| it.is_ascii_graphic());
    if !is_one {
        let mut faults = Faults::default();
        let expected = "expected the signing secret of the app: 16 to 200 letters and digits, as Slack shows it";
        faults.add("/signing_secret", expected);
        faults.into_result().map_err(SlackError::Invalid)?;
    }
    let sealed = seal(app, caller.org(), &new.signing_secret)?;
    let mut tx = app.db().write(allowed, now).await?;
    store::set_up(&mut tx, &sealed).await?;
    let org = tx.org();
    tx.commit(Event::SlackSetUp { org }).await?;
    Ok(show(app, caller).await?)
}

/// Nothing that comes is the app's any more. Who is whom stays, for another app.
pub async fn remove(app: &App, caller: &Caller) -> Result<(), SlackError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::Administer, now.time())?;
    let mut tx = app.db().write(allowed, now).await?;
    if store::remove(&mut tx).await? {
        let org = tx.org();
        tx.commit(Event::SlackRemoved { org }).await?;
    }
    Ok(())
}

/// What a member brings to Slack, to be somebody there: once, within ten minutes.
pub async fn make_code(app: &App, caller: &Caller) -> Result<String, SlackError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::Read, now.time())?;
    if !caller.is_person() {
        return Err(SlackError::NotAPerson);
    }
    let code = to_hex(&app.random().bytes::<10>());
    let (digest, until) = (digest(app, &code), now.time() + CODE_LASTS);
    let mut tx = app.db().write(allowed, now).await?;
    store::put_code(&mut tx, caller.member(), &digest, until).await?;
    let member = caller.member();
    tx.commit(Event::SlackCodeMade { member }).await?;
    Ok(code)
}

/// A code is kept as this.
pub fn digest(app: &App, code: &str) -> [u8; 32] {
    app.keys().pepper.digest(&format!("slack code {code}"))
}

/// One's own, or, for those who administer, anybody's.
pub async fn unlink(
    app: &App,
    caller: &Caller,
    (team, user): (&str, &str),
) -> Result<(), SlackError> {
    let allowed = caller.allow(Action::Read)?;
    let of = (!caller.role().may(Action::Administer)).then(|| caller.member());
    let mut tx = app.db().write(allowed, app.now()).await?;
    if let Some(member) = store::unlink(&mut tx, (team, user), of).await? {
        let (team, user) = (team.to_owned(), user.to_owned());
        tx.commit(Event::SlackUnlinked { member, team, user })
            .await?;
    }
    Ok(())
}

impl From<Refused> for SlackError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Forbidden(forbidden) => forbidden.into(),
            Refused::Db(error) => error.into(),
        }
    }
}
