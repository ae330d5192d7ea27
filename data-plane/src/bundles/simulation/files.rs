//! A disk in memory: it may stop taking anything in the middle, lose what was not synced when the power goes, and rot.

use crate::bundles::disk::Files;
use rand::RngExt;
use rand::rngs::StdRng;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard};

type Content = BTreeMap<String, Vec<u8>>;

#[derive(Debug, Clone)]
enum Change {
    Write(String, Vec<u8>),
    Rename(String, String),
    Remove(String),
}

#[derive(Debug, Default)]
struct State {
    now: Content,
    /// What was there at the last sync, and what was done since.
    safe: Content,
    since: Vec<Change>,
    /// How many changes more are taken before the machine stops.
    fuse: Option<usize>,
}

#[derive(Debug, Default)]
pub struct Memory(Mutex<State>);

fn apply(content: &mut Content, change: &Change) {
    match change {
        Change::Write(name, bytes) => drop(content.insert(name.clone(), bytes.clone())),
        Change::Rename(from, to) => {
            if let Some(bytes) = content.remove(from) {
                content.insert(to.clone(), bytes);
            }
        }
        Change::Remove(name) => drop(content.remove(name)),
    }
}

impl Memory {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The machine stops after so many changes more.
    pub fn stop_after(&self, changes: usize) {
        self.state().fuse = Some(changes);
    }

    /// Whether it has stopped.
    pub fn has_stopped(&self) -> bool {
        self.state().fuse == Some(0)
    }

    /// The machine comes back; without power it has lost some of what was not synced.
    pub fn come_back(&self, power: bool, random: &mut StdRng) {
        let mut state = self.state();
        state.fuse = None;
        if !power {
            let kept = random.random_range(0..=state.since.len());
            let State {
                now, safe, since, ..
            } = &mut *state;
            for change in &since[..kept] {
                apply(safe, change);
            }
            now.clone_from(safe);
            since.clear();
        }
    }

    /// One byte of one file is another; answers whether there is a file.
    pub fn rot(&self, random: &mut StdRng) -> bool {
        let mut state = self.state();
        let State { now, safe, .. } = &mut *state;
        if now.is_empty() {
            return false;
        }
        let at = random.random_range(0..now.len());
        let (name, bytes) = now.iter_mut().nth(at).expect("there is one");
        let byte = random.random_range(0..bytes.len());
        bytes[byte] ^= 1;
        if let Some(bytes) = safe.get_mut(name).and_then(|bytes| bytes.get_mut(byte)) {
            *bytes ^= 1;
        }
        true
    }

    fn change(&self, change: Change) -> io::Result<()> {
        let mut state = self.state();
        match &mut state.fuse {
            Some(0) => return Err(io::Error::other("the machine has stopped")),
            Some(left) => *left -= 1,
            None => {}
        }
        apply(&mut state.now, &change);
        state.since.push(change);
        Ok(())
    }
}

impl Files for Memory {
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        self.state().now.get(name).cloned()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        self.change(Change::Write(name.to_owned(), bytes.to_vec()))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.change(Change::Rename(from.to_owned(), to.to_owned()))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.change(Change::Remove(name.to_owned()))
    }

    fn has(&self, name: &str) -> bool {
        self.state().now.contains_key(name)
    }

    fn names(&self) -> io::Result<Vec<String>> {
        Ok(self.state().now.keys().cloned().collect())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.fuse == Some(0) {
            return Err(io::Error::other("the machine has stopped"));
        }
        state.safe = state.now.clone();
        state.since.clear();
        Ok(())
    }

    fn shown(&self, name: &str) -> String {
        name.to_owned()
    }
}
