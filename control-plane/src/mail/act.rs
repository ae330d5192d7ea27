//! What can be done with mails: read those that a local instance keeps.

use super::{Kept, Way, outbox, store};
use crate::app::App;
use crate::db::{DbError, Reason};

/// The mails that are shown instead of sent, newest first. None: this instance shows none.
pub async fn kept(app: &App) -> Result<Option<Vec<Kept>>, DbError> {
    if !matches!(app.mail(), Way::Kept) {
        return Ok(None);
    }
    let mut tx = app.db().system(Reason::Mail).await?;
    let rows = store::kept(&mut tx).await?;
    let opened = rows.into_iter().filter_map(|row| {
        Some(Kept {
            id: row.id,
            to: row.to,
            text: outbox::open(app, row.id, &row.sealed)?,
            at: row.at,
        })
    });
    Ok(Some(opened.collect()))
}
