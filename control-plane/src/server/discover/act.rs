//! What can be done about a server's tools as a whole: read them, and record what was read.

use super::{Bounds, Failure, Listing};
use crate::access::Action;
use crate::app::App;
use crate::caller::{Allowed, Caller};
use crate::db::OrgTx;
use crate::event::Event;
use crate::policy::aside;
use crate::server::act::{self, ServerError, show};
use crate::server::store::Target;
use crate::server::tool::class::Class;
use crate::server::{NewServer, Server, Status, store, tool, url};
use bundle::credential::Headers;
use ids::{OrgId, ServerId};

/// Reads the tools that the server lists now and records them. No transaction is open while the server is asked.
pub async fn discover(app: &App, caller: &Caller, named: &str) -> Result<Server, ServerError> {
    let mut tx = app.db().read(caller.allow(Action::WriteServers)?).await?;
    let org = tx.org();
    let server = store::id(tx.sql(), org, named)
        .await?
        .ok_or(ServerError::NoSuchServer)?;
    let target = store::target(tx.sql(), org, server)
        .await?
        .ok_or(ServerError::NoSuchServer)?;
    drop(tx);
    let _seat = app.reach().seat(org, server)?;
    let read = asked(app, org, &target).await?;
    record(app, caller, &target, read).await
}

/// What the server lists now, or why it could not be read.
pub(super) async fn asked(
    app: &App,
    org: OrgId,
    target: &Target,
) -> Result<Result<Listing, Failure>, ServerError> {
    let headers = match &target.credential {
        Some(sealed) => sealed
            .open(org, target.id, &app.keys().credentials)
            .map_err(|_| ServerError::Credential)?,
        None => Headers::new(),
    };
    Ok(ask(app, &target.url, &headers).await)
}

/// Reads the tools of a server that is not added yet. Nothing of it is kept.
pub async fn look(app: &App, caller: &Caller, new: &NewServer) -> Result<Listing, ServerError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::WriteServers, now.time())?;
    let (url, headers) = act::place(app, new)?;
    let _seat = app.reach().seat(allowed.org(), now.id(ServerId::new))?;
    Ok(ask(app, &url, &headers).await?)
}

/// Adds a server with the tools that were read of it just now.
pub async fn add(
    app: &App,
    caller: &Caller,
    new: NewServer,
    listing: Listing,
) -> Result<Server, ServerError> {
    let server = act::add(app, caller, new).await?;
    let mut tx = app.db().read(caller.allow(Action::WriteServers)?).await?;
    let org = tx.org();
    let target = store::target(tx.sql(), org, server.id)
        .await?
        .ok_or(ServerError::NoSuchServer)?;
    drop(tx);
    record(app, caller, &target, Ok(listing)).await
}

async fn ask(app: &App, url: &str, headers: &Headers) -> Result<Listing, Failure> {
    // The operator's exceptions may have been narrowed since the server was added.
    match url::read(url, app.reach().egress()) {
        Ok(url) => super::read(app.reach(), &url, headers, Bounds::default()).await,
        Err(told) => Err(Failure {
            status: Status::Unreachable,
            told,
        }),
    }
}

/// Writes down what was read of `target`, or why it could not be.
async fn record(
    app: &App,
    caller: &Caller,
    target: &Target,
    read: Result<Listing, Failure>,
) -> Result<Server, ServerError> {
    let allowed = caller.allow(Action::WriteServers)?;
    let written = write(app, allowed, target, &read).await?;
    let (tx, event) = written;
    tx.commit(event).await?;
    read?;
    show(app, caller, &target.id.to_string()).await
}

/// The transaction in which it is written, and what it is to be called.
pub(super) async fn write(
    app: &App,
    allowed: Allowed,
    target: &Target,
    read: &Result<Listing, Failure>,
) -> Result<(OrgTx, Event), ServerError> {
    let server = target.id;
    let classes = match read {
        Ok(listing) => classes(listing, target.is_trusted).await,
        Err(_) => Vec::new(),
    };
    let mut tx = app.db().write(allowed, app.now()).await?;
    store::lock(&mut tx, &server.to_string())
        .await?
        .ok_or(ServerError::NoSuchServer)?;
    let org = tx.org();
    if store::target(tx.sql(), org, server).await?.as_ref() != Some(target) {
        return Err(ServerError::ChangedMeanwhile);
    }
    let event = match read {
        Ok(listing) => {
            let found =
                tool::record::record(&mut tx, server, listing, &classes, target.is_first).await?;
            store::mark(
                &mut tx,
                server,
                Status::Ready,
                listing.odd.as_deref(),
                Some(listing.transport),
            )
            .await?;
            Event::ServerDiscovered {
                server,
                status: Status::Ready.word().to_owned(),
                is_first: target.is_first,
                added: found.added,
                removed: found.removed,
                changed: found.changed,
                reclassified: found.reclassified,
            }
        }
        Err(failure) => {
            store::mark(&mut tx, server, failure.status, Some(&failure.told), None).await?;
            Event::ServerDiscovered {
                server,
                status: failure.status.word().to_owned(),
                is_first: false,
                added: Vec::new(),
                removed: Vec::new(),
                changed: Vec::new(),
                reclassified: Vec::new(),
            }
        }
    };
    Ok((tx, event))
}

async fn classes(listing: &Listing, is_trusted: bool) -> Vec<Class> {
    let tools = listing.tools.clone();
    aside(move || tool::class::read(&tools, is_trusted)).await
}
