//! What judges now: one `Arc` per organisation, swapped whole. A call keeps the one it began with.

use super::taken_back::TakenBack;
use arc_swap::ArcSwap;
use bundle::revocation::{Revocation, Taken};
use bundle::{Capture, Opened, OrgBundle, Tool};
use ids::{OrgId, PolicyId, ServerId};
use policy::{ArgumentPath, CompiledSchema, Policy};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// One organisation at one version, with what a call looks up.
#[derive(Debug)]
pub struct Org {
    opened: Opened,
    grants: HashMap<[u8; 32], usize>,
    tools: HashMap<ServerId, HashMap<String, usize>>,
    schemas: HashMap<(ServerId, String), CompiledSchema>,
    /// What is left out of arguments that are kept; none where none are.
    capture: Option<Vec<ArgumentPath>>,
}

impl Org {
    /// Compiles what the bundle carries; a schema that does not compile is as none (calls that need it are refused).
    pub fn new(opened: Opened) -> Self {
        let (mut grants, mut tools, mut schemas) = (HashMap::new(), HashMap::new(), HashMap::new());
        for (index, grant) in opened.bundle.grants.iter().enumerate() {
            grants.extend(
                grant
                    .tokens
                    .iter()
                    .filter_map(|token| Some((digest(&token.digest)?, index))),
            );
        }
        for server in &opened.bundle.servers {
            let names = server
                .tools
                .iter()
                .flatten()
                .enumerate()
                .map(|(index, tool)| (tool.name.clone(), index));
            tools.insert(server.id, names.collect());
            for tool in server.tools.iter().flatten() {
                let schema = tool
                    .input_schema
                    .as_ref()
                    .and_then(|text| CompiledSchema::compile(text.get()).ok());
                schemas.extend(schema.map(|schema| ((server.id, tool.name.clone()), schema)));
            }
        }
        let capture = opened.bundle.org.capture.as_ref().and_then(left_out);
        Self {
            opened,
            grants,
            tools,
            schemas,
            capture,
        }
    }

    pub fn bundle(&self) -> &OrgBundle {
        &self.opened.bundle
    }

    pub fn version(&self) -> u64 {
        self.opened.bundle.version
    }

    pub fn sha256(&self) -> &str {
        &self.opened.signed.statement.sha256
    }

    /// Who signed it.
    pub fn key(&self) -> &str {
        &self.opened.signed.key
    }

    pub fn policy(&self, id: PolicyId, number: u32) -> Option<&Policy> {
        self.opened.policies.get(&(id, number)).map(AsRef::as_ref)
    }

    /// What is left out of the arguments of its calls, where they are kept.
    pub fn capture(&self) -> Option<&[ArgumentPath]> {
        self.capture.as_deref()
    }

    /// The recorded tool of this name.
    pub fn tool(&self, server: ServerId, name: &str) -> Option<&Tool> {
        let index = *self.tools.get(&server)?.get(name)?;
        let entry = self
            .bundle()
            .servers
            .iter()
            .find(|entry| entry.id == server)?;
        entry.tools.as_ref()?.get(index)
    }

    /// Its input schema, where the bundle carries one that compiles.
    pub fn schema(&self, server: ServerId, tool: &str) -> Option<&CompiledSchema> {
        // The key owns its name, so that looking up would allocate; schemas are few and only asked for by `arguments`.
        self.schemas.get(&(server, tool.to_owned()))
    }
}

/// None where one of them cannot be read: rather no arguments than too many.
fn left_out(capture: &Capture) -> Option<Vec<ArgumentPath>> {
    let paths = capture.redact.iter().map(|text| ArgumentPath::parse(text));
    match paths.collect() {
        Ok(paths) => Some(paths),
        Err(error) => {
            tracing::error!(%error, "what to leave out of arguments cannot be read, so none are kept");
            None
        }
    }
}

/// An organisation's place: it stays while versions come and go, so that an index of tokens points here once.
type Place = Arc<ArcSwap<Org>>;
type Tokens = ArcSwap<HashMap<[u8; 32], Place>>;

/// Tokens are spread over this many maps, so that one organisation's change copies few of the others' entries.
const SHARDS: usize = 256;

#[derive(Debug)]
pub struct Holder {
    places: ArcSwap<HashMap<OrgId, Place>>,
    tokens: Box<[Tokens]>,
    taken_back: ArcSwap<TakenBack>,
    /// Whose newest bundle was refused.
    refused: Mutex<HashSet<OrgId>>,
    /// Unix milliseconds of the last answer of the feed, which confirms everything that is held.
    confirmed_ms: AtomicU64,
    changing: Mutex<()>,
    changed: Notify,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    #[error("version {offered} is not newer than {held}, which is held")]
    NotNewer { held: u64, offered: u64 },
}

impl Default for Holder {
    fn default() -> Self {
        Self {
            places: ArcSwap::default(),
            tokens: (0..SHARDS).map(|_| Tokens::default()).collect(),
            taken_back: ArcSwap::default(),
            refused: Mutex::default(),
            confirmed_ms: AtomicU64::new(0),
            changing: Mutex::default(),
            changed: Notify::new(),
        }
    }
}

impl Holder {
    /// The organisation and the index of its grant that this digest opens.
    pub fn grant(&self, digest: &[u8; 32]) -> Option<(Arc<Org>, usize)> {
        let place = self.shard(digest).load().get(digest)?.clone();
        let org = place.load_full();
        // The token may have left the newest version a moment ago: what that version says, counts.
        let index = *org.grants.get(digest)?;
        Some((org, index))
    }

    pub fn org(&self, id: OrgId) -> Option<Arc<Org>> {
        Some(self.places.load().get(&id)?.load_full())
    }

    pub fn orgs(&self) -> Vec<OrgId> {
        self.places.load().keys().copied().collect()
    }

    /// Puts a newer version in force, from the next call on.
    pub fn put(&self, org: Org) -> Result<(), Rejected> {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let id = org.bundle().org.id;
        let org = Arc::new(org);
        let Some(place) = self.places.load().get(&id).cloned() else {
            let place = Arc::new(ArcSwap::new(org.clone()));
            self.places.rcu(|places| {
                let mut places = HashMap::clone(places);
                places.insert(id, place.clone());
                places
            });
            self.index(&place, org.grants.keys().copied(), std::iter::empty());
            self.settle(&org);
            return Ok(());
        };
        let held = place.load_full();
        // The old key will not be trusted for ever. What is not in the rows, such as the dashboard's address, may be another by then.
        let is_signed_anew = org.key() != held.key();
        if org.version() < held.version() || org.version() == held.version() && !is_signed_anew {
            return Err(Rejected::NotNewer {
                held: held.version(),
                offered: org.version(),
            });
        }
        place.store(org.clone());
        let (new, old): (HashSet<_>, HashSet<_>) =
            (org.grants.keys().collect(), held.grants.keys().collect());
        self.index(
            &place,
            new.difference(&old).map(|it| **it),
            old.difference(&new).map(|it| **it),
        );
        self.settle(&org);
        Ok(())
    }

    /// Puts many in force at once, as a start does: one by one, the map of all is copied for each. What is held stays.
    pub fn restore(&self, orgs: impl IntoIterator<Item = Org>) {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut places = HashMap::clone(&self.places.load());
        let mut added: Vec<Vec<([u8; 32], Place)>> = vec![Vec::new(); SHARDS];
        for org in orgs {
            let id = org.bundle().org.id;
            if places.contains_key(&id) {
                continue;
            }
            let org = Arc::new(org);
            let place = Arc::new(ArcSwap::new(org.clone()));
            for digest in org.grants.keys() {
                added[usize::from(digest[0])].push((*digest, place.clone()));
            }
            places.insert(id, place);
        }
        self.places.store(Arc::new(places));
        for (shard, added) in self.tokens.iter().zip(added) {
            let mut tokens = HashMap::clone(&shard.load());
            tokens.extend(added);
            shard.store(Arc::new(tokens));
        }
        self.changed.notify_one();
    }

    /// A newer bundle cannot be put in force: what is held stays.
    pub fn refuse(&self, org: OrgId) {
        self.refusals().insert(org);
    }

    /// What is held is what there is to be held.
    pub fn accept(&self, org: OrgId) {
        self.refusals().remove(&org);
    }

    /// The same of all that are not among these: there is nothing of them.
    pub fn accept_others(&self, named: &HashSet<OrgId>) {
        self.refusals().retain(|org| named.contains(org));
    }

    pub fn refused(&self) -> usize {
        self.refusals().len()
    }

    fn refusals(&self) -> MutexGuard<'_, HashSet<OrgId>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the bundle knows need not be told besides.
    fn settle(&self, org: &Org) {
        let id = org.bundle().org.id;
        self.accept(id);
        let known = self.taken_back.load();
        if known.concerns(id) {
            let mut taken = TakenBack::clone(&known);
            if taken.settle(id, org.version()) {
                self.taken_back.store(Arc::new(taken));
            }
        }
        self.changed.notify_one();
    }

    /// Does without it from the next call on, until a bundle comes that knows better.
    pub fn take_back(&self, news: &[Revocation]) {
        if news.is_empty() {
            return;
        }
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = TakenBack::clone(&self.taken_back.load());
        taken.add(news, |org| self.org(org).map(|org| org.version()));
        self.taken_back.store(Arc::new(taken));
        self.changed.notify_one();
    }

    /// Whether this was taken back since the version that is looked at.
    pub fn is_taken(&self, org: &Org, what: Taken) -> bool {
        let taken = self.taken_back.load();
        taken.has(org.bundle().org.id, what, org.version())
    }

    /// How much is done without by word of Redis alone.
    pub fn taken_back(&self) -> usize {
        let places = self.places.load();
        let taken = self.taken_back.load();
        taken.count(|org| places.contains_key(&org))
    }

    /// Forgets an organisation that is gone: its tokens are nobody's from the next call on.
    pub fn remove(&self, id: OrgId) {
        let _one_at_a_time = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        self.accept(id);
        let Some(place) = self.places.load().get(&id).cloned() else {
            return;
        };
        let org = place.load_full();
        self.index(&place, std::iter::empty(), org.grants.keys().copied());
        self.places.rcu(|places| {
            let mut places = HashMap::clone(places);
            places.remove(&id);
            places
        });
        self.changed.notify_one();
    }

    /// Waits until something has been put or removed since the last time; for one who waits, and no more.
    pub async fn changed(&self) {
        self.changed.notified().await;
    }

    /// The feed answered: what is held is what there is.
    pub fn confirm(&self, now_ms: u64) {
        self.confirmed_ms.fetch_max(now_ms, Ordering::Relaxed);
    }

    pub fn confirmed_ms(&self) -> u64 {
        self.confirmed_ms.load(Ordering::Relaxed)
    }

    /// Whether the organisation asked not to be judged by a bundle that nobody confirmed for so long.
    pub fn is_too_old(&self, org: &Org, now_ms: u64) -> bool {
        let age = now_ms.saturating_sub(self.confirmed_ms());
        org.bundle().org.max_stale_ms.is_some_and(|most| age > most)
    }

    fn shard(&self, digest: &[u8; 32]) -> &Tokens {
        let [first, ..] = digest;
        &self.tokens[usize::from(*first)]
    }

    fn index(
        &self,
        place: &Place,
        added: impl Iterator<Item = [u8; 32]>,
        removed: impl Iterator<Item = [u8; 32]>,
    ) {
        for digest in added {
            self.shard(&digest).rcu(|tokens| {
                let mut tokens = HashMap::clone(tokens);
                tokens.insert(digest, place.clone());
                tokens
            });
        }
        for digest in removed {
            self.shard(&digest).rcu(|tokens| {
                let mut tokens = HashMap::clone(tokens);
                tokens.remove(&digest);
                tokens
            });
        }
    }
}

fn digest(hex: &str) -> Option<[u8; 32]> {
    seal::from_hex(hex)?.try_into().ok()
}
