//! The table of targets.

mod address;
mod bundle;
mod contract;
mod document;
mod edit;
mod event;
mod frames;
mod front;
mod genuine;
mod json;
mod judgement;
mod line;
mod list;
mod message;
mod mirror;
mod number;
mod place;
mod recovery;
mod reply;
mod seal;
mod snapshot;
mod token;

#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    /// Panics where something does not hold.
    pub run: fn(&[u8]),
    /// Slower ones are tried less often by the short run.
    cost: usize,
}

impl Target {
    /// How many tries of `most` this one is worth in the short run.
    pub fn few(&self, most: usize) -> usize {
        most / self.cost
    }
}

const fn quick(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run, cost: 1 }
}

const fn slow(name: &'static str, run: fn(&[u8])) -> Target {
    Target {
        name,
        run,
        cost: 10,
    }
}

pub const TARGETS: &[Target] = &[
    quick("json", json::run),
    quick("number", number::run),
    quick("message", message::run),
    quick("event", event::run),
    quick("mirror", mirror::run),
    quick("address", address::run),
    quick("place", place::run),
    quick("document", document::run),
    quick("judgement", judgement::run),
    slow("bundle", bundle::run),
    slow("snapshot", snapshot::run),
    quick("frames", frames::run),
    quick("line", line::run),
    slow("recovery", recovery::run),
    quick("token", token::run),
    quick("seal", seal::run),
    quick("contract", contract::run),
    quick("reply", reply::run),
    quick("list", list::run),
    quick("edit", edit::run),
    quick("front", front::run),
];

pub fn target(name: &str) -> Option<Target> {
    TARGETS.iter().copied().find(|target| target.name == name)
}
