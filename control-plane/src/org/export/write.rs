//! Writes the document, section by section.

use super::Piece;
use crate::access::Action;
use crate::app::App;
use crate::call::{self, CallFilter};
use crate::caller::{Caller, Refused};
use crate::db::{DbError, OrgRead, Reason};
use crate::event::{self, EventFilter, Told};
use crate::grant::act::Sought;
use crate::grant::{self, Grant};
use crate::http::list::Page;
use crate::key::{self, Key};
use crate::org::Org;
use crate::org::invitation::{self, Invitation};
use crate::org::member::{self, Member};
use crate::webhook::{self, Webhook};
use crate::{approval, policy, server, slack};
use axum::body::Bytes;
use ids::{EventId, GrantId, InvitationId, KeyId, MemberId, PolicyId, WebhookId};
use serde::Serialize;
use serde_json::json;
use time::format_description::well_known::Rfc3339;
use tokio::sync::mpsc::Sender;

/// A piece is sent when it is about so long.
const PIECE: usize = 64 * 1024;
const CALLS: i64 = 1_000;

pub struct Writer {
    app: App,
    caller: Caller,
    pieces: Sender<Piece>,
    /// Written and not yet sent.
    text: String,
    has_section: bool,
    /// Whether the next item is the first of its section.
    is_first: bool,
}

/// None: nobody reads any more.
type Broken = Option<Refused>;

impl Writer {
    pub fn new(app: App, caller: Caller, pieces: Sender<Piece>) -> Self {
        Self {
            app,
            caller,
            pieces,
            text: String::new(),
            has_section: false,
            is_first: true,
        }
    }

    pub async fn write(&mut self, org: &Org) -> Result<(), Broken> {
        let at = self.app.now().time().format(&Rfc3339).unwrap_or_default();
        self.text.push_str("{\"exported_at\":");
        self.text.push_str(&json!(at).to_string());
        self.text.push_str(",\"organisation\":");
        self.text.push_str(&text(org)?);
        self.all("members", |it: &Member| it.id, Self::members)
            .await?;
        self.all("invitations", |it: &Invitation| it.id, Self::invitations)
            .await?;
        self.all("api_keys", |it: &Key| it.id, Self::keys).await?;
        self.servers().await?;
        self.policies().await?;
        self.all("grants", |it: &Grant| it.id, Self::grants).await?;
        self.all("webhooks", |it: &Webhook| it.id, Self::webhooks)
            .await?;
        self.routing().await?;
        self.slack().await?;
        self.all("events", |it: &Told| it.id, Self::events).await?;
        self.calls().await?;
        self.text.push_str("]}\n");
        self.send().await
    }

    /// A section of what is listed by pages.
    async fn all<T, Id, F>(&mut self, name: &str, id: fn(&T) -> Id, read: F) -> Result<(), Broken>
    where
        T: Serialize,
        Id: Copy + ToString,
        F: AsyncFn(&Self, Page<Id>) -> Result<Vec<T>, Broken>,
    {
        self.section(name);
        let mut page = Page::first();
        loop {
            let listed = page.listed(read(self, page).await?, |item| id(item).to_string());
            for item in &listed.items {
                self.item(item).await?;
            }
            match listed.items.last().filter(|_| listed.next_cursor.is_some()) {
                Some(last) => page = Page::before(id(last)),
                None => return Ok(()),
            }
        }
    }

    async fn members(&self, page: Page<MemberId>) -> Result<Vec<Member>, Broken> {
        let allowed = self.caller.allow(Action::Export).map_err(Refused::from)?;
        let mut tx = self.app.db().system(Reason::NameMember).await.map_err(db)?;
        let members = member::store::list(&mut tx, allowed.org(), &page).await;
        members.map_err(db)
    }

    async fn invitations(&self, page: Page<InvitationId>) -> Result<Vec<Invitation>, Broken> {
        let (mut tx, now) = (self.read().await?, self.app.now().time());
        invitation::store::list(&mut tx, &page, now)
            .await
            .map_err(db)
    }

    async fn keys(&self, page: Page<KeyId>) -> Result<Vec<Key>, Broken> {
        let mut tx = self.read().await?;
        key::store::list(&mut tx, &page).await.map_err(db)
    }

    async fn grants(&self, page: Page<GrantId>) -> Result<Vec<Grant>, Broken> {
        let (mut tx, now) = (self.read().await?, self.app.now().time());
        grant::store::list(&mut tx, &page, Sought::default(), now)
            .await
            .map_err(db)
    }

    /// Without what only who administers them may know.
    async fn webhooks(&self, page: Page<WebhookId>) -> Result<Vec<Webhook>, Broken> {
        let mut tx = self.read().await?;
        let webhooks = webhook::store::list(&self.app, &mut tx, &page).await;
        let each = webhooks.map_err(db)?.into_iter();
        let each = each.map(|it| Webhook {
            url: webhook::host(&it.url),
            ..it
        });
        Ok(each.collect())
    }

    /// Who is told that calls wait.
    async fn routing(&mut self) -> Result<(), Broken> {
        let mut tx = self.read().await?;
        let org = tx.org();
        let routing = approval::routing::store::read(tx.sql(), org).await;
        drop(tx);
        self.section("approval_routing");
        self.item(&routing.map_err(db)?).await
    }

    /// Who in Slack is whom.
    async fn slack(&mut self) -> Result<(), Broken> {
        let allowed = self.caller.allow(Action::Export).map_err(Refused::from)?;
        let mut tx = self.app.db().system(Reason::NameMember).await.map_err(db)?;
        let links = slack::store::links(&mut tx, allowed.org(), None).await;
        drop(tx);
        self.section("slack_links");
        for link in &links.map_err(db)? {
            self.item(link).await?;
        }
        Ok(())
    }

    async fn events(&self, page: Page<EventId>) -> Result<Vec<Told>, Broken> {
        let mut tx = self.read().await?;
        event::store::list(&mut tx, &EventFilter::default(), &page)
            .await
            .map_err(db)
    }

    /// Each with its tools.
    async fn servers(&mut self) -> Result<(), Broken> {
        self.section("servers");
        let mut page = Page::first();
        loop {
            let (mut tx, slug) = (self.read().await?, self.caller.org_slug().clone());
            let found = server::store::list(&mut tx, &self.app, &slug, &page, None).await;
            let listed = page.listed(found.map_err(db)?, |it| it.id.to_string());
            drop(tx);
            let last = listed.items.last().map(|last| last.id);
            for mut item in listed.items {
                let mut tx = self.read().await?;
                let org = tx.org();
                let tools = server::tool::store::list(tx.sql(), org, item.id).await;
                drop(tx);
                item.tools = Some(tools.map_err(db)?);
                self.item(&item).await?;
            }
            match last.filter(|_| listed.next_cursor.is_some()) {
                Some(last) => page = Page::before(last),
                None => return Ok(()),
            }
        }
    }

    /// Each with its draft and all its versions.
    async fn policies(&mut self) -> Result<(), Broken> {
        self.section("policies");
        let mut page = Page::first();
        loop {
            let mut tx = self.read().await?;
            let found = policy::store::list(&mut tx, &page).await;
            let listed = page.listed(found.map_err(db)?, |it| it.id.to_string());
            drop(tx);
            for item in &listed.items {
                self.policy(item.id).await?;
            }
            match listed.items.last().filter(|_| listed.next_cursor.is_some()) {
                Some(last) => page = Page::before(last.id),
                None => return Ok(()),
            }
        }
    }

    async fn policy(&mut self, id: PolicyId) -> Result<(), Broken> {
        let mut tx = self.read().await?;
        let org = tx.org();
        let found = policy::store::by_name(tx.sql(), org, &id.to_string()).await;
        drop(tx);
        // Deleted since the list was read.
        let Some(found) = found.map_err(db)? else {
            return Ok(());
        };
        self.next();
        self.text.push_str("{\"policy\":");
        self.text.push_str(&text(&found)?);
        self.text.push_str(",\"versions\":[");
        for number in 1..=found.published.unwrap_or(0) {
            let mut tx = self.read().await?;
            let version = policy::version::store::one(tx.sql(), org, id, number).await;
            drop(tx);
            if let Some(version) = version.map_err(db)? {
                if number > 1 {
                    self.text.push(',');
                }
                self.text.push_str(&text(&version)?);
            }
            self.send_long().await?;
        }
        self.text.push_str("]}");
        Ok(())
    }

    async fn calls(&mut self) -> Result<(), Broken> {
        self.section("calls");
        let (filter, mut before) = (CallFilter::default(), None);
        loop {
            let calls = call::act::export(&self.app, &self.caller, &filter, before, CALLS).await?;
            for item in &calls {
                self.item(item).await?;
            }
            let is_full = i64::try_from(calls.len()).is_ok_and(|count| count >= CALLS);
            before = calls.last().filter(|_| is_full).map(|call| call.id);
            if before.is_none() {
                return Ok(());
            }
        }
    }

    /// Asked for with the right anew each time.
    async fn read(&self) -> Result<OrgRead, Broken> {
        let allowed = self.caller.allow(Action::Export).map_err(Refused::from)?;
        self.app.db().read(allowed).await.map_err(db)
    }

    fn section(&mut self, name: &str) {
        if std::mem::replace(&mut self.has_section, true) {
            self.text.push(']');
        }
        self.text.push_str(",\"");
        self.text.push_str(name);
        self.text.push_str("\":[");
        self.is_first = true;
    }

    async fn item(&mut self, item: &impl Serialize) -> Result<(), Broken> {
        self.next();
        self.text.push_str(&text(item)?);
        self.send_long().await
    }

    fn next(&mut self) {
        if !std::mem::take(&mut self.is_first) {
            self.text.push(',');
        }
    }

    async fn send_long(&mut self) -> Result<(), Broken> {
        if self.text.len() >= PIECE {
            self.send().await
        } else {
            Ok(())
        }
    }

    async fn send(&mut self) -> Result<(), Broken> {
        let piece = Bytes::from(std::mem::take(&mut self.text));
        self.pieces.send(Ok(piece)).await.map_err(|_| None)
    }
}

fn text(item: &impl Serialize) -> Result<String, Broken> {
    serde_json::to_string(item).map_err(|error| db(DbError::Stored(error.to_string())))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "one of the two ways in which writing breaks off"
)]
fn db(error: DbError) -> Broken {
    Some(Refused::Db(error))
}
