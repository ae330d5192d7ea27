//! A model of the control plane, as far as replicas see it: organisations and their versions, a publisher that is behind, a
//! feed that forgets, keys that are replaced; and of Redis, which is told what was taken back, and forgets.

use bundle::feed::{Change, Feed};
use bundle::revocation::{Revocation, Taken};
use bundle::{FORMAT, Grant, OrgBundle, Signed, Statement, TokenDigest};
use bytes::Bytes;
use ids::{GrantId, OrgId};
use rand::RngExt;
use rand::rngs::StdRng;
use seal::{SigningKey, VerifyingKey};
use std::collections::BTreeMap;
use std::sync::OnceLock;

pub const ORGS: usize = 3;
/// Of each organisation, there or not.
pub const GRANTS: usize = 3;
/// What is kept, so little that replicas fall behind.
const FEED_KEPT: usize = 6;
const BUNDLES_KEPT: u64 = 3;

/// One version of an organisation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Shape {
    grants: [bool; GRANTS],
    is_open: bool,
    is_gone: bool,
}

#[derive(Debug)]
pub struct Plane {
    /// Of each organisation its versions, from 1 on.
    versions: Vec<Vec<Shape>>,
    /// The newest version that is not published yet.
    is_dirty: [bool; ORGS],
    stored: BTreeMap<(usize, u64), (Signed, Bytes)>,
    feed: Vec<(u64, Change)>,
    seq: u64,
    key: usize,
    revocations: Vec<Revocation>,
    /// From here on Redis has not been told.
    untold: usize,
    redis_is_up: bool,
    /// What Redis knows, each with its place.
    news: Vec<(u64, Revocation)>,
    place: u64,
}

fn keys() -> &'static [(SigningKey, VerifyingKey); 2] {
    static KEYS: OnceLock<[(SigningKey, VerifyingKey); 2]> = OnceLock::new();
    KEYS.get_or_init(|| {
        [5, 6].map(|seed| {
            let key = crate::bundles::tests::signing_of(seed);
            let verifying = key.verifying().unwrap();
            (key, verifying)
        })
    })
}

pub fn org_id(org: usize) -> OrgId {
    OrgId::new(1, [number(org); 10])
}

pub fn grant_id(grant: usize) -> GrantId {
    GrantId::new(1, [number(grant); 10])
}

/// Of a grant's token; the first byte says in which part of the index it lies.
pub fn digest(org: usize, grant: usize) -> [u8; 32] {
    let mut digest = [number(grant); 32];
    digest[1] = number(org);
    digest
}

fn number(number: usize) -> u8 {
    u8::try_from(number + 1).unwrap()
}

impl Shape {
    /// Whoever signs with another key is another release, which says the same in other bytes.
    fn bundle(&self, org: usize, version: u64, key: usize) -> Bytes {
        let grants = (0..GRANTS).filter(|grant| self.grants[*grant]);
        let grants = grants.map(|grant| Grant {
            id: grant_id(grant),
            name: "agent".into(),
            labels: BTreeMap::default(),
            user: None,
            is_open: true,
            expires_at: None,
            tokens: vec![TokenDigest {
                digest: seal::to_hex(&digest(org, grant)),
                until: None,
            }],
            attachments: vec![],
        });
        let bundle = OrgBundle {
            org: bundle::Org {
                id: org_id(org),
                slug: format!("org-{org}").parse().unwrap(),
                is_open: self.is_open,
                max_stale_ms: None,
                dashboard: Some(format!("https://release-{key}.example")),
                capture: None,
            },
            version,
            servers: vec![],
            policies: vec![],
            grants: grants.collect(),
        };
        serde_json::to_vec(&bundle).unwrap().into()
    }
}

impl Plane {
    pub fn new() -> Self {
        let shape = Shape {
            grants: [true; GRANTS],
            is_open: true,
            is_gone: false,
        };
        Self {
            versions: vec![vec![shape]; ORGS],
            is_dirty: [true; ORGS],
            stored: BTreeMap::new(),
            feed: Vec::new(),
            seq: 0,
            key: 0,
            revocations: Vec::new(),
            untold: 0,
            redis_is_up: true,
            news: Vec::new(),
            place: 0,
        }
    }

    fn newest(&self, org: usize) -> (u64, &Shape) {
        let versions = &self.versions[org];
        (versions.len() as u64, versions.last().unwrap())
    }

    /// Somebody changes an organisation; what that takes back is to be told to Redis.
    pub fn change(&mut self, random: &mut StdRng) {
        let org = random.random_range(0..ORGS);
        let (version, before) = self.newest(org);
        if before.is_gone {
            return;
        }
        let (mut shape, version) = (before.clone(), version + 1);
        let grant = random.random_range(0..GRANTS);
        let taken = match random.random_range(0..20) {
            0..8 if shape.grants[grant] => {
                shape.grants[grant] = false;
                Some(Taken::Grant(grant_id(grant)))
            }
            0..8 => {
                shape.grants[grant] = true;
                None
            }
            8..14 => {
                shape.is_open = !shape.is_open;
                (!shape.is_open).then_some(Taken::Org)
            }
            14 => {
                shape.is_gone = true;
                Some(Taken::Org)
            }
            _ => None,
        };
        self.versions[org].push(shape);
        self.is_dirty[org] = true;
        self.revocations.extend(taken.map(|what| Revocation {
            org: org_id(org),
            what,
            version,
        }));
    }

    /// One that is marked, at its newest version.
    pub fn publish(&mut self, random: &mut StdRng) {
        let dirty: Vec<usize> = (0..ORGS).filter(|org| self.is_dirty[*org]).collect();
        if !dirty.is_empty() {
            self.publish_one(dirty[random.random_range(0..dirty.len())]);
        }
    }

    fn publish_one(&mut self, org: usize) {
        self.is_dirty[org] = false;
        let (version, shape) = self.newest(org);
        let change = if shape.is_gone {
            self.stored.retain(|(stored, _), _| *stored != org);
            Change::OrgRemoved { org: org_id(org) }
        } else {
            let bytes = shape.bundle(org, version, self.key);
            let statement = Statement {
                org: org_id(org),
                version,
                sha256: seal::to_hex(&seal::sha256(&bytes)),
                format: FORMAT,
            };
            let (key, verifying) = &keys()[self.key];
            let signed = statement.sign(key, &verifying.id());
            self.stored.insert((org, version), (signed.clone(), bytes));
            self.stored
                .retain(|(stored, at), _| *stored != org || *at + BUNDLES_KEPT > version);
            Change::Bundle(signed)
        };
        self.seq += 1;
        self.feed.push((self.seq, change));
        let old = self.feed.len().saturating_sub(FEED_KEPT);
        self.feed.drain(..old);
    }

    /// The answer to a question of a replica.
    pub fn since(&self, cursor: Option<u64>) -> Feed {
        let oldest = self.feed.first().map(|(seq, _)| *seq);
        let is_followed = cursor.filter(|cursor| {
            *cursor == self.seq
                || (*cursor < self.seq && oldest.is_some_and(|oldest| *cursor + 1 >= oldest))
        });
        let changes = if let Some(cursor) = is_followed {
            let later = self.feed.iter().filter(|(seq, _)| *seq > cursor);
            later.map(|(_, change)| change.clone()).collect()
        } else {
            let mut newest = BTreeMap::new();
            for ((org, _), (signed, _)) in &self.stored {
                newest.insert(org, signed.clone());
            }
            newest.into_values().map(Change::Bundle).collect()
        };
        Feed {
            cursor: self.seq,
            is_reset: is_followed.is_none(),
            changes,
            held_ms: None,
        }
    }

    /// The bytes of this digest, while they are kept.
    pub fn bytes(&self, sha256: &str) -> Option<Bytes> {
        let mut stored = self.stored.values();
        let found = stored.find(|(signed, _)| signed.statement.sha256 == sha256);
        found.map(|(_, bytes)| bytes.clone())
    }

    pub fn tell(&mut self) {
        if let Some(one) = self.revocations.get(self.untold).copied()
            && self.redis_is_up
        {
            self.untold += 1;
            self.place += 1;
            self.news.push((self.place, one));
        }
    }

    pub fn redis_turns(&mut self) {
        self.redis_is_up = !self.redis_is_up;
    }

    /// It is told all of it again.
    pub fn redis_forgets(&mut self) {
        self.news.clear();
        self.untold = 0;
    }

    /// What Redis knows beyond this place; none while nobody answers.
    pub fn news(&self, place: u64) -> Option<(u64, Vec<Revocation>)> {
        let later = self.news.iter().filter(|(at, _)| *at > place);
        let news = later.map(|(_, one)| *one).collect();
        self.redis_is_up.then_some((self.place, news))
    }

    /// Another key signs, from now on and what there is.
    pub fn rotate_keys(&mut self) {
        self.key = 1 - self.key;
        let signed_before: Vec<usize> = self.stored.keys().map(|(org, _)| *org).collect();
        for org in signed_before {
            self.is_dirty[org] = true;
        }
    }

    pub fn key(&self) -> &'static VerifyingKey {
        &keys()[self.key].1
    }

    /// What a replica that starts now is told to trust: one key, or both.
    pub fn trusted(&self, both: bool) -> Vec<VerifyingKey> {
        let mut trusted = vec![keys()[self.key].1.clone()];
        if both {
            trusted.push(keys()[1 - self.key].1.clone());
        }
        trusted
    }

    /// Everything is published and told.
    pub fn settle(&mut self) {
        for org in 0..ORGS {
            if self.is_dirty[org] {
                self.publish_one(org);
            }
        }
        self.redis_is_up = true;
        while self.untold < self.revocations.len() {
            self.tell();
        }
    }

    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Whether the organisation has this grant at this version, and is open.
    pub fn has(&self, org: usize, version: u64, grant: usize) -> bool {
        let shape = &self.versions[org][usize::try_from(version).unwrap() - 1];
        shape.grants[grant] && shape.is_open && !shape.is_gone
    }

    /// What every replica holds in the end; none of who is gone.
    pub fn last(&self, org: usize) -> Option<(u64, String)> {
        let (version, shape) = self.newest(org);
        let bytes = shape.bundle(org, version, self.key);
        (!shape.is_gone).then(|| (version, seal::to_hex(&seal::sha256(&bytes))))
    }

    /// The digests of what may have been published at this version.
    pub fn sha256(&self, org: usize, version: u64) -> [String; 2] {
        let shape = &self.versions[org][usize::try_from(version).unwrap() - 1];
        [0, 1].map(|key| seal::to_hex(&seal::sha256(&shape.bundle(org, version, key))))
    }
}
