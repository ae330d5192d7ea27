//! Feed, bundles and revocations under chance from a seed: no sockets, no threads that matter, no time. What decides is the
//! product's own ([`Applier`](super::apply::Applier), `Holder`, `Disk`); the control plane and Redis are models, and so is
//! the disk below `Disk`.

mod files;
mod plane;
mod replica;

use bundle::revocation::Taken;
use plane::{GRANTS, ORGS, Plane};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use replica::Replica;

const REPLICAS: usize = 3;
const STEPS: usize = 120;
/// Rounds that a replica needs at most, once nothing is wrong any more.
const ROUNDS: usize = 40;

struct World {
    random: StdRng,
    plane: Plane,
    replicas: Vec<Replica>,
}

/// What happened on the way, so that a run that met nothing is noticed.
#[derive(Debug, Default, Clone, Copy)]
struct Met {
    restarts: usize,
    refused: usize,
    retried: usize,
    resets: usize,
    forgotten: usize,
    damaged_disks: usize,
}

impl World {
    fn new(seed: u64) -> Self {
        let plane = Plane::new();
        let replicas = (0..REPLICAS).map(|_| Replica::new(&plane)).collect();
        Self {
            random: StdRng::seed_from_u64(seed),
            plane,
            replicas,
        }
    }

    fn step(&mut self) {
        let Self {
            random,
            plane,
            replicas,
        } = self;
        let at = random.random_range(0..REPLICAS);
        let replica = &mut replicas[at];
        match random.random_range(0..100) {
            0..24 => plane.change(random),
            24..40 => plane.publish(random),
            40..46 => plane.tell(),
            46..48 => plane.redis_turns(),
            48..50 => plane.redis_forgets(),
            50..52 => plane.rotate_keys(),
            52..60 => replica.listen(plane),
            60..88 => replica.round(plane, random),
            88..92 => replica.old_answer(plane, random),
            92..97 => replica.restart(plane, random),
            _ => replica.damage(plane, random),
        }
    }

    /// What must hold at every moment.
    fn check(&mut self) {
        for replica in &mut self.replicas {
            replica.check_versions(&self.plane);
            for org in 0..ORGS {
                for grant in 0..GRANTS {
                    check_grant(replica, &self.plane, org, grant);
                }
            }
        }
    }

    /// Nothing is wrong any more, and nothing changes.
    fn heal(&mut self) {
        self.plane.settle();
        for replica in &mut self.replicas {
            if !replica.trusts(self.plane.key()) {
                replica.begin(&self.plane);
            }
            let mut rounds = 0;
            while !replica.follows(&self.plane) {
                rounds += 1;
                assert!(rounds <= ROUNDS, "a replica does not come to the end");
                replica.quiet_round(&self.plane);
            }
            replica.listen(&self.plane);
            replica.agrees(&self.plane);
        }
        self.check();
    }
}

/// A grant is honoured only where the version that is held has it, and nothing newer has taken it back.
fn check_grant(replica: &Replica, plane: &Plane, org: usize, grant: usize) {
    let Some(held) = replica.honours(org, grant) else {
        return;
    };
    assert!(
        plane.has(org, held, grant),
        "version {held} does not have grant {grant} of {org}"
    );
    for what in [Taken::Org, Taken::Grant(plane::grant_id(grant))] {
        let told = replica.told(org, what);
        assert!(
            told.is_none_or(|version| version <= held),
            "{what:?} of {org} was taken back with {told:?}, and version {held} honours it"
        );
    }
}

fn run(seed: u64) -> Met {
    let mut world = World::new(seed);
    for _ in 0..STEPS {
        world.step();
        world.check();
    }
    world.heal();
    let mut met = Met::default();
    for replica in &world.replicas {
        met.restarts += replica.met.restarts;
        met.refused += replica.met.refused;
        met.retried += replica.met.retried;
        met.resets += replica.met.resets;
        met.forgotten += replica.met.forgotten;
        met.damaged_disks += replica.met.damaged_disks;
    }
    met
}

/// Seeds that broke a rule once.
const FOUND: [u64; 1] = [6934];

/// `PORTCULLIS_TEST_SEEDS` so many; from `PORTCULLIS_TEST_SEED` on, which names the one that failed.
#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a test's own environment says how long it runs"
)]
fn whatever_is_lost_late_twice_or_broken_nothing_goes_back_and_all_agree_in_the_end() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seeds = number("PORTCULLIS_TEST_SEEDS").unwrap_or(150);
    let first = number("PORTCULLIS_TEST_SEED").unwrap_or_else(|| rand::random::<u32>().into());
    let mut all = Met::default();
    for seed in FOUND.into_iter().chain(first..first + seeds) {
        let ran = std::panic::catch_unwind(|| run(seed));
        let met = ran.unwrap_or_else(|_| panic!("seed {seed}: PORTCULLIS_TEST_SEED={seed}"));
        all.restarts += met.restarts;
        all.refused += met.refused;
        all.retried += met.retried;
        all.resets += met.resets;
        all.forgotten += met.forgotten;
        all.damaged_disks += met.damaged_disks;
    }
    println!("{seeds} seeds from {first}: {all:?}");
    let Met {
        restarts,
        refused,
        retried,
        resets,
        forgotten,
        damaged_disks,
    } = all;
    for met in [restarts, refused, retried, resets, forgotten, damaged_disks] {
        assert!(seeds < 50 || met > 0, "nothing of one kind: {all:?}");
    }
}
