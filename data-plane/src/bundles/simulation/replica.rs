//! A replica: the product's own decisions over a line that loses and damages, and a disk that stops and rots.

use super::Met;
use super::files::Memory;
use super::plane::{self, ORGS, Plane};
use crate::bundles::apply::Applier;
use crate::bundles::{Disk, Holder, LinkError};
use bundle::Signed;
use bundle::feed::{Ack, Feed};
use bundle::revocation::Taken;
use bytes::Bytes;
use host::clock::Random;
use ids::OrgId;
use rand::RngExt;
use rand::rngs::StdRng;
use seal::{KeyRing, VerifyingKey};
use std::collections::BTreeMap;
use std::sync::Arc;

#[derive(Debug)]
pub struct Replica {
    applier: Applier,
    files: Arc<Memory>,
    cursor: Option<u64>,
    /// An answer of the feed that somebody kept.
    kept_answer: Option<Feed>,
    /// What it was told by Redis since it began, with the version of each.
    told: BTreeMap<(OrgId, Taken), u64>,
    place: u64,
    /// Of each organisation the version below which it may not go.
    floor: [u64; ORGS],
    /// What a start from the disk may not go below; nothing where its files have rotted.
    kept: [u64; ORGS],
    pub met: Met,
}

fn applier(files: &Arc<Memory>, keys: Vec<VerifyingKey>) -> Applier {
    let ring = KeyRing::parse(&format!("1 {}", "ab".repeat(32))).unwrap();
    Applier {
        holder: Arc::new(Holder::default()),
        disk: Disk::on(files.clone(), ring),
        keys,
        random: Random::seeded(1),
    }
}

impl Replica {
    pub fn new(plane: &Plane) -> Self {
        let files = Arc::<Memory>::default();
        Self {
            applier: applier(&files, plane.trusted(false)),
            files,
            cursor: None,
            kept_answer: None,
            told: BTreeMap::new(),
            place: 0,
            floor: [0; ORGS],
            kept: [0; ORGS],
            met: Met::default(),
        }
    }

    fn held(&self, org: usize) -> Option<u64> {
        let held = self.applier.holder.org(plane::org_id(org))?;
        Some(held.version())
    }

    /// The version by which it would let this grant go on.
    pub fn honours(&self, org: usize, grant: usize) -> Option<u64> {
        let holder = &self.applier.holder;
        let (held, index) = holder.grant(&plane::digest(org, grant))?;
        let id = held.bundle().grants[index].id;
        assert_eq!(id, plane::grant_id(grant), "a token is its own grant's");
        let taken = [Taken::Org, Taken::Grant(id)];
        let is_taken = taken.into_iter().any(|what| holder.is_taken(&held, what));
        (held.bundle().org.is_open && !is_taken).then(|| held.version())
    }

    pub fn told(&self, org: usize, what: Taken) -> Option<u64> {
        self.told.get(&(plane::org_id(org), what)).copied()
    }

    /// Never to an older version, unless an organisation is gone.
    pub fn check_versions(&mut self, plane: &Plane) {
        for org in 0..ORGS {
            match self.held(org) {
                Some(held) if held == self.floor[org] => {}
                Some(held) => {
                    let org_held = self.applier.holder.org(plane::org_id(org)).unwrap();
                    let published = plane.sha256(org, held);
                    assert!(
                        published.iter().any(|sha256| sha256 == org_held.sha256()),
                        "what is held was published"
                    );
                    assert!(held >= self.floor[org], "{org} went back to {held}");
                    self.floor[org] = held;
                }
                None => {
                    let was = self.floor[org];
                    assert!(was == 0 || plane.last(org).is_none(), "{org} is gone");
                    self.floor[org] = 0;
                }
            }
        }
    }

    /// Hears from Redis all that it has not heard.
    pub fn listen(&mut self, plane: &Plane) {
        if let Some((place, news)) = plane.news(self.place) {
            self.place = place;
            self.applier.holder.take_back(&news);
            for one in news {
                let told = self.told.entry((one.org, one.what)).or_default();
                *told = one.version.max(*told);
            }
        }
    }

    /// One round of the feed, as `fetch` makes it, over a line that chance breaks; the machine may stop in the middle.
    pub fn round(&mut self, plane: &Plane, random: &mut StdRng) {
        let feed = plane.since(self.cursor);
        if random.random_bool(0.1) {
            // Lost on its way.
            self.kept_answer = Some(feed);
            return;
        }
        if random.random_bool(0.15) {
            self.files.stop_after(random.random_range(0..8));
        }
        self.answered(&feed, |signed| {
            let bytes = plane.bytes(&signed.statement.sha256);
            match (random.random_range(0..20), bytes) {
                (0, _) => Err(LinkError::Unreachable("lost".into())),
                (1, _) => Err(LinkError::Status(500)),
                (2, Some(bytes)) => {
                    let mut bytes = bytes.to_vec();
                    let at = random.random_range(0..bytes.len());
                    bytes[at] ^= 1;
                    Ok(bytes.into())
                }
                (_, Some(bytes)) => Ok(bytes),
                (_, None) => Err(LinkError::Status(404)),
            }
        });
        if self.files.has_stopped() {
            self.restart(plane, random);
        } else {
            self.files.come_back(true, random);
            self.keep();
        }
    }

    /// An answer that was lost comes after all, or one comes twice.
    pub fn old_answer(&mut self, plane: &Plane, random: &mut StdRng) {
        let again = random.random_bool(0.5);
        let answer = if again {
            self.kept_answer.clone()
        } else {
            self.kept_answer.take()
        };
        if let Some(feed) = answer.filter(|feed| !feed.is_reset) {
            self.answered(&feed, |signed| {
                let bytes = plane.bytes(&signed.statement.sha256);
                bytes.ok_or(LinkError::Status(404))
            });
            self.keep();
        }
    }

    pub fn quiet_round(&mut self, plane: &Plane) {
        let feed = plane.since(self.cursor);
        self.answered(&feed, |signed| {
            let bytes = plane.bytes(&signed.statement.sha256);
            bytes.ok_or(LinkError::Status(404))
        });
        self.keep();
    }

    fn answered(
        &mut self,
        feed: &Feed,
        mut fetch: impl FnMut(&Signed) -> Result<Bytes, LinkError>,
    ) {
        self.met.resets += usize::from(feed.is_reset && self.cursor.is_some());
        let before = self.applier.holder.orgs().len();
        let mut wanted = self.applier.wanted(feed);
        let after = self.applier.holder.orgs().len();
        self.met.forgotten += before - after;
        // A map's order is nobody's; a seed's is.
        wanted
            .bundles
            .sort_by_key(|signed| signed.statement.org.uuid());
        let mut is_whole = true;
        for signed in &wanted.bundles {
            let before = self.applier.holder.org(signed.statement.org);
            match self.applier.took(signed, fetch(signed)) {
                Ok(Some(Ack { error: Some(_), .. })) => {
                    self.met.refused += 1;
                    let after = self.applier.holder.org(signed.statement.org);
                    let same = match (&before, &after) {
                        (Some(before), Some(after)) => Arc::ptr_eq(before, after),
                        (before, after) => before.is_none() && after.is_none(),
                    };
                    assert!(same, "what is refused leaves the last good one");
                    assert!(self.applier.holder.refused() > 0, "and is counted");
                }
                Ok(_) => {}
                Err(_) => is_whole = false,
            }
        }
        self.met.retried += usize::from(!is_whole);
        if is_whole {
            self.cursor = Some(feed.cursor);
        }
    }

    /// What was put in force is on the disk by now.
    fn keep(&mut self) {
        for org in 0..ORGS {
            self.kept[org] = self.held(org).unwrap_or(0);
        }
    }

    /// The process or the machine ends, and begins anew on its disk, by the keys that it is given then.
    pub fn restart(&mut self, plane: &Plane, random: &mut StdRng) {
        let power = random.random_bool(0.5);
        self.files.come_back(power, random);
        self.met.restarts += 1;
        // With the key of today alone, what another signed is not taken from the disk.
        let both = random.random_bool(0.8);
        self.begin_with(plane, plane.trusted(both));
        for org in 0..ORGS {
            if let Some(held) = self.held(org) {
                assert!(
                    held >= self.kept[org],
                    "{org} began with {held}, and {} was kept",
                    self.kept[org]
                );
            }
            if both && self.kept[org] > 0 {
                let begun = self.held(org);
                assert!(
                    begun.is_some() || plane.last(org).is_none(),
                    "{org} is gone"
                );
            }
        }
    }

    /// By the keys of today.
    pub fn begin(&mut self, plane: &Plane) {
        self.begin_with(plane, plane.trusted(true));
    }

    fn begin_with(&mut self, plane: &Plane, keys: Vec<VerifyingKey>) {
        self.applier = applier(&self.files, keys);
        self.applier.start_from_disk().unwrap();
        (self.cursor, self.place) = (None, 0);
        self.told.clear();
        self.kept_answer = None;
        self.floor = [0; ORGS];
        self.listen(plane);
    }

    /// A file rots, and the replica begins anew on what is left.
    pub fn damage(&mut self, plane: &Plane, random: &mut StdRng) {
        if self.files.rot(random) {
            self.met.damaged_disks += 1;
            self.kept = [0; ORGS];
            self.restart(plane, random);
            self.keep();
        }
    }

    pub fn trusts(&self, key: &VerifyingKey) -> bool {
        self.applier
            .keys
            .iter()
            .any(|trusted| trusted.id() == key.id())
    }

    pub fn follows(&self, plane: &Plane) -> bool {
        self.cursor == Some(plane.seq())
    }

    /// It holds what there is, in the newest version and by the newest signature, and knows that.
    pub fn agrees(&self, plane: &Plane) {
        for org in 0..ORGS {
            let held = self.applier.holder.org(plane::org_id(org));
            let held = held.map(|held| {
                (
                    held.version(),
                    held.sha256().to_owned(),
                    held.key().to_owned(),
                )
            });
            let last = plane.last(org);
            let last = last.map(|(version, sha256)| (version, sha256, plane.key().id()));
            assert_eq!(held, last, "of {org}");
        }
        assert_eq!(self.applier.holder.refused(), 0, "nothing is refused");
        assert_eq!(self.applier.holder.taken_back(), 0, "bundles know it all");
    }
}
