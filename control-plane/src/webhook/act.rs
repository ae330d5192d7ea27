//! What can be done with webhooks: make one, look, change it, have its secret rotated, try it, read its log, have something
//! sent again.

use super::secret::{self, Part};
use super::store::{self, Sealed};
use super::{
    Delivery, EVENTS, Format, MOST, MadeWebhook, NewWebhook, OVERLAP, TEST, Webhook, WebhookChange,
    host, told,
};
use crate::access::Action;
use crate::app::App;
use crate::approval;
use crate::caller::{Caller, Forbidden, Refused};
use crate::db::{DbError, OrgTx};
use crate::event::{Event, difference};
use crate::http::list::{Listed, Page};
use crate::http::read::Faults;
use crate::problem::Fault;
use crate::server::url;
use ids::{DeliveryId, WebhookId};
use serde_json::{Map, Value, json};

#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error("the request has faults")]
    Invalid(Vec<Fault>),
    #[error("an organisation has at most {MOST} webhooks; delete one that is not used")]
    TooMany,
    #[error("there is no such webhook")]
    NoSuchWebhook,
    #[error("the webhook is switched off; switch it on first")]
    Off,
    #[error("a route says that this webhook is told when calls wait; change the routes first")]
    Named,
    #[error("what is told to Slack is not signed; there is no secret to rotate")]
    Unsigned,
    #[error("too many deliveries wait for this receiver; wait until some are through")]
    FullUp,
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error(transparent)]
    Db(#[from] DbError),
}

pub async fn list(
    app: &App,
    caller: &Caller,
    page: Page<WebhookId>,
) -> Result<Listed<Webhook>, Refused> {
    let mut tx = app.db().read(caller.allow(Action::Administer)?).await?;
    let webhooks = store::list(app, &mut tx, &page).await?;
    Ok(page.listed(webhooks, |webhook| webhook.id.to_string()))
}

pub async fn show(app: &App, caller: &Caller, id: WebhookId) -> Result<Webhook, WebhookError> {
    let mut tx = app.db().read(caller.allow(Action::Administer)?).await?;
    let org = tx.org();
    let webhook = store::by_id(app, tx.sql(), org, id).await?;
    webhook.ok_or(WebhookError::NoSuchWebhook)
}

pub async fn make(
    app: &App,
    caller: &Caller,
    new: NewWebhook,
) -> Result<MadeWebhook, WebhookError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::Administer, now.time())?;
    let mut faults = Faults::default();
    faults.name("/name", &new.name);
    let url = address(app, &mut faults, &new.url);
    let events = new.events.unwrap_or_else(all);
    let events = chosen(&mut faults, &events);
    faults.into_result().map_err(WebhookError::Invalid)?;
    let (id, secret) = (now.id(WebhookId::new), secret::fresh(app));
    let webhook = Webhook {
        id,
        name: new.name,
        format: new.format,
        url,
        events,
        is_on: true,
        off_because: None,
        failing_since: None,
        waiting: 0,
        created_at: now.time(),
    };
    let mut tx = app.db().write(allowed, now).await?;
    if store::count(&mut tx).await? >= MOST {
        return Err(WebhookError::TooMany);
    }
    let of = (tx.org(), id);
    let sealed = Sealed {
        url: secret::seal(app, of, Part::Url, &webhook.url)?,
        secret: secret::seal(app, of, Part::Secret, secret.expose())?,
    };
    store::insert(&mut tx, &webhook, &sealed).await?;
    let webhook = kept(app, &mut tx, id).await?;
    tx.commit(Event::WebhookMade {
        webhook: id,
        name: webhook.name.clone(),
        host: host(&webhook.url),
    })
    .await?;
    let is_signed = webhook.format == Format::Standard;
    Ok(MadeWebhook {
        webhook,
        secret: is_signed.then(|| secret.expose().to_owned()),
    })
}

pub async fn change(
    app: &App,
    caller: &Caller,
    id: WebhookId,
    change: WebhookChange,
) -> Result<Webhook, WebhookError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::Administer, now.time())?;
    let mut tx = app.db().write(allowed, now).await?;
    if !store::lock(&mut tx, id).await? {
        return Err(WebhookError::NoSuchWebhook);
    }
    let before = kept(app, &mut tx, id).await?;
    let mut after = before.clone();
    let mut faults = Faults::default();
    if let Some(name) = change.name {
        faults.name("/name", &name);
        after.name = name;
    }
    if let Some(text) = change.url {
        after.url = address(app, &mut faults, &text);
    }
    if let Some(events) = change.events {
        after.events = chosen(&mut faults, &events);
    }
    faults.into_result().map_err(WebhookError::Invalid)?;
    if let Some(is_on) = change.is_on {
        after.is_on = is_on;
        if is_on {
            (after.off_because, after.failing_since) = (None, None);
        }
    }
    let url = secret::seal(app, (tx.org(), id), Part::Url, &after.url)?;
    store::update(&mut tx, &after, &url).await?;
    let after = kept(app, &mut tx, id).await?;
    let (before, after_said) = difference(said(&before), said(&after));
    tx.commit(Event::WebhookChanged {
        webhook: id,
        before,
        after: after_said,
    })
    .await?;
    Ok(after)
}

/// A fresh secret. For a day what is sent carries the signature of the one before as well.
pub async fn rotate(
    app: &App,
    caller: &Caller,
    id: WebhookId,
) -> Result<MadeWebhook, WebhookError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::Administer, now.time())?;
    let until = now.time() + OVERLAP;
    let mut tx = app.db().write(allowed, now).await?;
    if !store::lock(&mut tx, id).await? {
        return Err(WebhookError::NoSuchWebhook);
    }
    if kept(app, &mut tx, id).await?.format == Format::Slack {
        return Err(WebhookError::Unsigned);
    }
    let secret = secret::fresh(app);
    let sealed = secret::seal(app, (tx.org(), id), Part::Secret, secret.expose())?;
    store::rotate(&mut tx, id, &sealed, until).await?;
    let webhook = kept(app, &mut tx, id).await?;
    let name = webhook.name.clone();
    tx.commit(Event::WebhookRotated { webhook: id, name })
        .await?;
    Ok(MadeWebhook {
        webhook,
        secret: Some(secret.expose().to_owned()),
    })
}

/// With its log, and whatever waits.
pub async fn delete(app: &App, caller: &Caller, id: WebhookId) -> Result<(), WebhookError> {
    let now = app.now();
    let allowed = caller.allow_proven(Action::Administer, now.time())?;
    let mut tx = app.db().write(allowed, now).await?;
    // Nobody names it while it goes.
    tx.alone().await?;
    let org = tx.org();
    let routing = approval::routing::store::read(tx.sql(), org).await?;
    if routing.names(id) {
        return Err(WebhookError::Named);
    }
    let name = store::delete(&mut tx, id).await?;
    let name = name.ok_or(WebhookError::NoSuchWebhook)?;
    tx.commit(Event::WebhookRemoved { webhook: id, name })
        .await?;
    Ok(())
}

/// What was told to it, or is to be.
pub async fn log(
    app: &App,
    caller: &Caller,
    id: WebhookId,
    page: Page<DeliveryId>,
) -> Result<Listed<Delivery>, WebhookError> {
    let mut tx = app.db().read(caller.allow(Action::Administer)?).await?;
    let org = tx.org();
    if store::by_id(app, tx.sql(), org, id).await?.is_none() {
        return Err(WebhookError::NoSuchWebhook);
    }
    let deliveries = store::log(app, &mut tx, id, &page).await?;
    Ok(page.listed(deliveries, |delivery| delivery.id.to_string()))
}

/// Has something sent that tells of nothing.
pub async fn test(app: &App, caller: &Caller, id: WebhookId) -> Result<Delivery, WebhookError> {
    let now = app.now();
    let allowed = caller.allow(Action::Administer)?;
    let delivery = now.id(DeliveryId::new);
    let mut tx = app.db().write(allowed, now).await?;
    must_be_on(app, &mut tx, id).await?;
    let (org, at) = (tx.org(), tx.now().time());
    let data = told::test(org, caller.org_slug().as_str(), tx.actor());
    if !store::put(tx.sql(), (org, id, delivery), (TEST, None), &data, at).await? {
        return Err(WebhookError::FullUp);
    }
    let made = store::delivery(app, &mut tx, id, delivery).await?;
    let made = made.ok_or(WebhookError::NoSuchWebhook)?;
    let event = Event::WebhookTested {
        webhook: id,
        delivery,
    };
    tx.commit(event).await?;
    Ok(made)
}

/// Has one of the log sent again, under the id that it had.
pub async fn replay(
    app: &App,
    caller: &Caller,
    (id, delivery): (WebhookId, DeliveryId),
) -> Result<Delivery, WebhookError> {
    let now = app.now();
    let allowed = caller.allow(Action::Administer)?;
    let mut tx = app.db().write(allowed, now).await?;
    must_be_on(app, &mut tx, id).await?;
    if !store::replay(&mut tx, id, delivery).await? {
        return Err(WebhookError::NoSuchWebhook);
    }
    let again = store::delivery(app, &mut tx, id, delivery).await?;
    let again = again.ok_or(WebhookError::NoSuchWebhook)?;
    let event = Event::WebhookReplayed {
        webhook: id,
        delivery,
    };
    tx.commit(event).await?;
    Ok(again)
}

async fn must_be_on(app: &App, tx: &mut OrgTx, id: WebhookId) -> Result<(), WebhookError> {
    if !store::lock(tx, id).await? {
        return Err(WebhookError::NoSuchWebhook);
    }
    let webhook = kept(app, tx, id).await?;
    if webhook.is_on {
        Ok(())
    } else {
        Err(WebhookError::Off)
    }
}

async fn kept(app: &App, tx: &mut OrgTx, id: WebhookId) -> Result<Webhook, WebhookError> {
    let org = tx.org();
    let webhook = store::by_id(app, tx.sql(), org, id).await?;
    webhook.ok_or(WebhookError::NoSuchWebhook)
}

/// The URL in its one spelling.
fn address(app: &App, faults: &mut Faults, text: &str) -> String {
    match url::read(text.trim(), app.webhooks().egress()) {
        Ok(url) => url.into(),
        Err(fault) => {
            faults.add("/url", fault);
            String::new()
        }
    }
}

fn all() -> Vec<String> {
    EVENTS.map(str::to_owned).to_vec()
}

/// Each once, in the order of [`EVENTS`].
fn chosen(faults: &mut Faults, events: &[String]) -> Vec<String> {
    let unknown = events.iter().position(|it| !EVENTS.contains(&it.as_str()));
    if let Some(at) = unknown {
        let words = EVENTS.join("`, `");
        faults.add(
            format!("/events/{at}"),
            format!("expected one of `{words}`"),
        );
    }
    if events.is_empty() {
        faults.add(
            "/events",
            "expected at least one; a webhook that is told of nothing can be switched off",
        );
    }
    all()
        .into_iter()
        .filter(|event| events.contains(event))
        .collect()
}

/// What of it may stand among the events: who knows a chat's address may write there, so of the URL its host alone.
fn said(webhook: &Webhook) -> Map<String, Value> {
    let digest = seal::to_hex(&seal::sha256(webhook.url.as_bytes())[..4]);
    let said = json!({
        "name": webhook.name,
        "url": format!("{} ({digest})", host(&webhook.url)),
        "events": webhook.events,
        "is_on": webhook.is_on,
    });
    said.as_object().cloned().unwrap_or_default()
}
