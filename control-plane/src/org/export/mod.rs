//! An organisation as one JSON document, without its secrets: what its people take along before they delete it.
//!
//! Written as it is read, a page at a time, so that it may be longer than memory. What changes meanwhile may be in it as it
//! was or as it is.

pub mod api;
mod write;

use crate::access::Action;
use crate::app::App;
use crate::caller::{Caller, Refused};
use crate::problem::Problem;
use crate::shares::Shares;
use axum::body::{Body, Bytes};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use write::Writer;

/// Documents being written at once.
static DOCUMENTS: Shares = Shares::new("documents", 4, 2);
/// Pieces that are written and not yet sent.
const AHEAD: usize = 4;
/// A reader who needs longer has gone.
const WHOLE: Duration = Duration::from_hours(1);

pub type Piece = Result<Bytes, Refused>;

/// The document. The organisation itself is read before this answers, so that a refusal is a problem and not a broken
/// document; a failure later breaks the connection off, so that half of one is never taken for the whole.
pub async fn document(app: App, caller: Caller) -> Result<Body, Problem> {
    caller.allow(Action::Export)?;
    let share = DOCUMENTS.take(caller.org())?;
    let org = super::act::show(&app, &caller).await?;
    let (pieces, read) = mpsc::channel(AHEAD);
    tokio::spawn(async move {
        let _share = share;
        let mut writer = Writer::new(app, caller, pieces.clone());
        let whole = tokio::time::timeout(WHOLE, writer.write(&org)).await;
        if let Ok(Err(Some(refused))) = whole {
            tracing::error!(cause = %refused, "an export broke off");
            let _ = pieces.send(Err(refused)).await;
        }
    });
    Ok(Body::from_stream(ReceiverStream::new(read)))
}
