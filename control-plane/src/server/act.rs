//! What can be done with servers: add, look, change, remove. The reading of their tools is in `discover/act.rs`.

use super::discover::{Busy, Failure};
use super::{
    Auth, MOST, NewAuth, NewServer, Server, ServerChange, Status, pinning_word, store, tool, url,
};
use crate::access::Action;
use crate::app::App;
use crate::caller::{Caller, Forbidden};
use crate::db::{DbError, OrgTx};
use crate::event::Event;
use crate::http::list::{Listed, Page};
use crate::http::read::Faults;
use crate::problem::Fault;
use bundle::credential::{Headers, Sealed};
use bundle::{Pinning, Timeouts, Transport};
use ids::{OrgId, ServerId};
use serde_json::{Map, Value, json};
use uuid::Uuid;

#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error("the request has faults")]
    Invalid(Vec<Fault>),
    #[error("the slug `{0}` is taken")]
    SlugTaken(String),
    #[error("an organisation has at most {MOST} servers; remove one that is not used")]
    TooMany,
    #[error("there is no such server")]
    NoSuchServer,
    #[error("there is no such tool")]
    NoSuchTool,
    #[error("it has changed since you read it")]
    Stale,
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error("the server was changed while its tools were read; discover it again")]
    ChangedMeanwhile,
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The keys of this instance do not open it; whoever gives it anew can go on.
    #[error("the stored credential cannot be opened; set `auth` anew")]
    Credential,
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

pub async fn add(app: &App, caller: &Caller, new: NewServer) -> Result<Server, ServerError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::WriteServers, now.time())?;
    let (url, headers) = place(app, &new)?;
    let server = Server {
        id: now.id(ServerId::new),
        proxy_url: app.proxy_url(caller.org_slug(), &new.slug),
        slug: new.slug,
        name: new.name,
        url,
        auth: names(&headers),
        transport: Transport::default(),
        timeouts: new.timeouts.of(Timeouts::default()),
        pinning: new.pinning.unwrap_or(Pinning::Off),
        trusted: new.trusted.unwrap_or(false),
        sampling: new.sampling.unwrap_or(true),
        elicitation: new.elicitation.unwrap_or(true),
        is_open: true,
        status: Status::Unknown,
        status_detail: None,
        tool_count: 0,
        changed_count: 0,
        waiting: Some(tool::find::digest(&[])),
        tools: Some(Vec::new()),
        last_discovered_at: None,
        etag: now.etag(),
        created_at: now.time(),
    };
    let credential = seal(app, caller.org(), server.id, &headers)?;
    let mut tx = app.db().write(allowed, now).await?;
    if store::count(&mut tx).await? >= MOST {
        return Err(ServerError::TooMany);
    }
    store::insert(&mut tx, &server, credential.as_ref())
        .await
        .map_err(|error| taken(error, &server))?;
    tx.commit(Event::ServerAdded {
        server: server.id,
        slug: server.slug.to_string(),
        url: server.url.clone(),
    })
    .await?;
    Ok(server)
}

/// Where a new server is and what it is shown, when nothing is wrong with what is said of it.
pub(super) fn place(app: &App, new: &NewServer) -> Result<(String, Headers), ServerError> {
    let mut faults = Faults::default();
    faults.name("/name", &new.name);
    let url = read_url(app, &new.url, &mut faults);
    let headers = new.auth.read(&mut faults);
    new.timeouts.check(&mut faults);
    faults.into_result().map_err(ServerError::Invalid)?;
    Ok((url, headers))
}

pub async fn list(
    app: &App,
    caller: &Caller,
    page: Page<ServerId>,
) -> Result<Listed<Server>, ServerError> {
    find(app, caller, page, None).await
}

/// Those with this in their name or slug, in any case.
pub async fn find(
    app: &App,
    caller: &Caller,
    page: Page<ServerId>,
    named: Option<&str>,
) -> Result<Listed<Server>, ServerError> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let servers = store::list(&mut tx, app, caller.org_slug(), &page, named).await?;
    Ok(page.listed(servers, |server| server.id.to_string()))
}

pub async fn show(app: &App, caller: &Caller, named: &str) -> Result<Server, ServerError> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let org = tx.org();
    let server = store::one(tx.sql(), app, (org, caller.org_slug()), named)
        .await?
        .ok_or(ServerError::NoSuchServer)?;
    let tools = tool::store::list(tx.sql(), org, server.id).await?;
    let waiting = tool::store::waiting(tx.sql(), org, server.id).await?;
    Ok(Server {
        tools: Some(tools),
        waiting: Some(tool::find::digest(&waiting)),
        ..server
    })
}

/// The server without its tools, of which there may be thousands.
pub async fn glance(app: &App, caller: &Caller, named: &str) -> Result<Server, ServerError> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let org = tx.org();
    store::one(tx.sql(), app, (org, caller.org_slug()), named)
        .await?
        .ok_or(ServerError::NoSuchServer)
}

pub async fn change(
    app: &App,
    caller: &Caller,
    named: &str,
    change: ServerChange,
    if_match: Option<Uuid>,
) -> Result<Server, ServerError> {
    let now = app.now();
    // Where the credential goes matters as much as what it is.
    let is_sensitive = change.auth.is_some() || change.url.is_some();
    let allowed = if is_sensitive {
        caller.allow_proven(Action::WriteServers, now.time())?
    } else {
        caller.allow(Action::WriteServers)?
    };
    let mut tx = app.db().write(allowed, now.clone()).await?;
    let before = locked(&mut tx, app, caller, named, if_match).await?;
    let mut after = before.clone();
    let headers = apply(app, &mut after, &change)?;
    let (was, is) = difference(&before, &after, headers.is_some());
    if was != is || headers.is_some() {
        after.etag = now.etag();
        let credential = match &headers {
            Some(headers) => Some(seal(app, caller.org(), after.id, headers)?),
            None => None,
        };
        let credential = credential.as_ref().map(Option::as_ref);
        store::update(&mut tx, &after, credential)
            .await
            .map_err(|error| taken(error, &after))?;
        if before.trusted != after.trusted {
            tool::reclassify::server(tx.sql(), caller.org(), after.id, after.trusted).await?;
        }
        tx.commit(Event::ServerChanged {
            server: after.id,
            before: was,
            after: is,
        })
        .await?;
    } else {
        drop(tx);
    }
    show(app, caller, &after.id.to_string()).await
}

pub async fn remove(
    app: &App,
    caller: &Caller,
    named: &str,
    if_match: Option<Uuid>,
) -> Result<(), ServerError> {
    let mut tx = app
        .db()
        .write(caller.allow(Action::WriteServers)?, app.now())
        .await?;
    let server = locked(&mut tx, app, caller, named, if_match).await?;
    store::delete(&mut tx, server.id).await?;
    tx.commit(Event::ServerRemoved {
        server: server.id,
        slug: server.slug.to_string(),
    })
    .await?;
    Ok(())
}

async fn locked(
    tx: &mut OrgTx,
    app: &App,
    caller: &Caller,
    named: &str,
    if_match: Option<Uuid>,
) -> Result<Server, ServerError> {
    let id = store::lock(tx, named)
        .await?
        .ok_or(ServerError::NoSuchServer)?;
    let org = tx.org();
    let server = store::one(tx.sql(), app, (org, caller.org_slug()), &id.to_string()).await?;
    let server = server.ok_or(ServerError::NoSuchServer)?;
    if if_match.is_some_and(|etag| etag != server.etag) {
        return Err(ServerError::Stale);
    }
    Ok(server)
}

/// Makes the change on `server`; answers the headers to store where new ones were given.
fn apply(
    app: &App,
    server: &mut Server,
    change: &ServerChange,
) -> Result<Option<Headers>, ServerError> {
    let mut faults = Faults::default();
    if let Some(name) = &change.name {
        faults.name("/name", name);
        server.name.clone_from(name);
    }
    if let Some(slug) = &change.slug {
        server.slug = slug.clone();
        server.proxy_url.clear();
    }
    let headers = change
        .auth
        .as_ref()
        .map(|auth: &NewAuth| auth.read(&mut faults));
    if let Some(text) = &change.url {
        let url = read_url(app, text, &mut faults);
        move_to(server, url, headers.is_some(), &mut faults);
    }
    if let Some(headers) = &headers {
        server.auth = names(headers);
        (server.status, server.status_detail) = (Status::Unknown, None);
    }
    change.timeouts.check(&mut faults);
    server.timeouts = change.timeouts.of(server.timeouts);
    server.pinning = change.pinning.unwrap_or(server.pinning);
    server.trusted = change.trusted.unwrap_or(server.trusted);
    server.sampling = change.sampling.unwrap_or(server.sampling);
    server.elicitation = change.elicitation.unwrap_or(server.elicitation);
    faults.into_result().map_err(ServerError::Invalid)?;
    Ok(headers)
}

/// A credential was given for one host. Whoever may point the server elsewhere must not thereby read it.
fn move_to(server: &mut Server, url: String, has_new_auth: bool, faults: &mut Faults) {
    if url == server.url {
        return;
    }
    let is_same_origin =
        ::url::Url::parse(&url).is_ok_and(|after| url::is_same_origin(&server.url, &after));
    if !is_same_origin && server.auth != Auth::None && !has_new_auth {
        faults.add(
            "/auth",
            "expected with a URL of another host: the stored credential was given for the old one",
        );
    }
    server.url = url;
    server.transport = Transport::default();
    (server.status, server.status_detail) = (Status::Unknown, None);
}

fn read_url(app: &App, text: &str, faults: &mut Faults) -> String {
    match url::read(text, app.reach().egress()) {
        Ok(url) => url.into(),
        Err(told) => {
            faults.add("/url", told);
            String::new()
        }
    }
}

fn names(headers: &Headers) -> Auth {
    if headers.is_empty() {
        Auth::None
    } else {
        Auth::Headers {
            headers: headers.keys().cloned().collect(),
        }
    }
}

fn seal(
    app: &App,
    org: OrgId,
    server: ServerId,
    headers: &Headers,
) -> Result<Option<Sealed>, ServerError> {
    if headers.is_empty() {
        return Ok(None);
    }
    let sealed = Sealed::seal(
        headers,
        org,
        server,
        &app.keys().credentials,
        app.random().bytes(),
    );
    sealed.map(Some).ok_or(ServerError::Credential)
}

fn taken(error: DbError, server: &Server) -> ServerError {
    match error.constraint() {
        Some("servers_org_id_slug_key") => ServerError::SlugTaken(server.slug.to_string()),
        _ => error.into(),
    }
}

/// What of a server has changed, before and after; of a credential, the names.
fn difference(before: &Server, after: &Server, has_new_auth: bool) -> (Value, Value) {
    let parts = |server: &Server| {
        [
            ("slug", json!(server.slug)),
            ("name", json!(server.name)),
            ("url", json!(server.url)),
            ("auth", json!(server.auth)),
            ("timeouts", json!(server.timeouts)),
            ("pinning", json!(pinning_word(server.pinning))),
            ("trusted", json!(server.trusted)),
            ("sampling", json!(server.sampling)),
            ("elicitation", json!(server.elicitation)),
        ]
    };
    let (mut was, mut is) = (Map::new(), Map::new());
    for ((name, old), (_, new)) in parts(before).into_iter().zip(parts(after)) {
        // A new value under the old name is a change too, though one that cannot be shown.
        if old != new || (name == "auth" && has_new_auth) {
            was.insert(name.to_owned(), old);
            is.insert(name.to_owned(), new);
        }
    }
    (was.into(), is.into())
}
