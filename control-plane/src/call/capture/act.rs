//! Whether arguments are kept: looking, and saying it anew; and reading what was kept of a call.

use super::{Capture, Captured, LONGEST_DAYS, LONGEST_PATH, MOST_PATHS, store};
use crate::access::Action;
use crate::app::App;
use crate::caller::{Caller, Forbidden, Refused};
use crate::db::DbError;
use crate::event::{Event, difference};
use crate::http::read::Faults;
use crate::problem::Fault;
use bundle::credential::Sealed;
use bundle::record::Arguments;
use ids::CallId;
use policy::ArgumentPath;
use serde_json::{Map, Value};

#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    #[error("the request has faults")]
    Invalid(Vec<Fault>),
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

pub async fn show(app: &App, caller: &Caller) -> Result<Capture, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Administer)?).await?;
    let org = tx.org();
    Ok(store::read(tx.sql(), org).await?)
}

/// All of it, instead of what there was. What is kept already stays as it was kept, for as long as this says.
pub async fn replace(app: &App, caller: &Caller, new: Capture) -> Result<Capture, CaptureError> {
    let allowed = caller.allow(Action::Administer)?;
    look(&new).into_result().map_err(CaptureError::Invalid)?;
    let mut tx = app.db().write(allowed, app.now()).await?;
    tx.alone().await?;
    let org = tx.org();
    let before = store::read(tx.sql(), org).await?;
    store::replace(&mut tx, &new).await?;
    let (before, after) = difference(said(&before), said(&new));
    tx.commit(Event::CaptureChanged { org, before, after })
        .await?;
    Ok(new)
}

fn look(new: &Capture) -> Faults {
    let mut faults = Faults::default();
    if !(1..=LONGEST_DAYS).contains(&new.keep_days) {
        faults.add("/keep_days", format!("expected 1 to {LONGEST_DAYS}"));
    }
    if new.redact.len() > MOST_PATHS {
        faults.add("/redact", format!("expected at most {MOST_PATHS}"));
    }
    for (at, path) in new.redact.iter().take(MOST_PATHS).enumerate() {
        let pointer = format!("/redact/{at}");
        if path.len() > LONGEST_PATH || path.contains('\0') {
            let expected = format!("expected at most {LONGEST_PATH} bytes, none of them NUL");
            faults.add(pointer, expected);
        } else if let Err(error) = ArgumentPath::parse(path) {
            faults.add(pointer, error.to_string());
        }
    }
    faults
}

fn said(capture: &Capture) -> Map<String, Value> {
    let value = serde_json::to_value(capture).ok();
    value
        .and_then(|value| value.as_object().cloned())
        .unwrap_or_default()
}

/// None where there is no such call, or nothing was kept of it.
pub async fn read(app: &App, caller: &Caller, call: CallId) -> Result<Option<Captured>, Refused> {
    let mut tx = app.db().read(caller.allow(Action::ReadEvents)?).await?;
    let org = tx.org();
    let Some((sealed, is_cut)) = store::find(&mut tx, call).await? else {
        return Ok(None);
    };
    let kept = Arguments {
        id: call,
        org,
        sealed: Sealed::from_bytes(sealed),
        is_cut,
    };
    let text = kept
        .open(&app.keys().credentials)
        .map_err(|error| DbError::Stored(format!("arguments of `{call}`: {error}")))?;
    Ok(Some(Captured { text, is_cut }))
}

impl From<Refused> for CaptureError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Forbidden(forbidden) => Self::Forbidden(forbidden),
            Refused::Db(error) => Self::Db(error),
        }
    }
}
