//! Reads a file of chains line by line, and says of each record what is wrong with it. Holds some hundred bytes of each.
//!
//! A record whose neighbour before it is gone cannot be proven, and is named too: no is said in doubt.

use super::report::{Fault, Report};
use super::{Chain, Checkpoint, Export, Hash, Head, Line, Link, Signed, hash_of, next, start};
use ids::{CallId, OrgId};
use seal::VerifyingKey;
use std::collections::BTreeMap;

/// Hashes that the record before may have; more than one where it was itself tampered with.
const MOST_BEFORE: usize = 4;

#[derive(Debug)]
struct Entry {
    seq: i64,
    id: CallId,
    record: &'static str,
    digest: Hash,
    /// None where what stands there is no hash.
    hash: Option<Hash>,
}

#[derive(Debug)]
pub struct Verifier {
    keys: Vec<VerifyingKey>,
    /// Checkpoints that were kept elsewhere: the file must have them.
    kept: Vec<Signed>,
    export: Option<Export>,
    checkpoints: Vec<(u64, Signed)>,
    chains: BTreeMap<Chain, Vec<Entry>>,
    unchained: Vec<(CallId, &'static str, String)>,
    later: u64,
    faults: Vec<Fault>,
}

impl Verifier {
    /// `keys` may have signed checkpoints; `kept` were copied from the database earlier.
    pub fn new(keys: Vec<VerifyingKey>, kept: Vec<Signed>) -> Self {
        Self {
            keys,
            kept,
            export: None,
            checkpoints: Vec::new(),
            chains: BTreeMap::new(),
            unchained: Vec::new(),
            later: 0,
            faults: Vec::new(),
        }
    }

    /// The `number`th line of the file.
    pub fn line(&mut self, number: u64, text: &str) {
        match serde_json::from_str(text) {
            Ok(Line::Export(export)) if self.export.is_none() => self.export = Some(export),
            Ok(Line::Export(_)) => self.say(format!("line {number} begins a second file")),
            Ok(Line::Checkpoint(signed)) => self.checkpoints.push((number, signed)),
            Ok(Line::Call(stored)) => {
                let digest = stored.record.digest();
                let (id, at) = (stored.record.id, stored.record.at);
                self.record(id, &at, "call", digest, stored.chain, stored.is_later);
            }
            Ok(Line::Outcome(stored)) => {
                let digest = stored.record.digest();
                let (id, at) = (stored.record.id, stored.record.at);
                self.record(id, &at, "outcome", digest, stored.chain, stored.is_later);
            }
            Err(error) => self.say(format!("line {number} cannot be read: {error}")),
        }
    }

    fn record(
        &mut self,
        id: CallId,
        at: &str,
        record: &'static str,
        digest: Hash,
        link: Option<Link>,
        is_later: bool,
    ) {
        if is_later {
            self.later += 1;
            return;
        }
        let Some(link) = link else {
            self.unchained.push((id, record, at.to_owned()));
            return;
        };
        let day = at.get(..10).unwrap_or(at).to_owned();
        let chain = Chain {
            day,
            writer: link.writer,
        };
        self.chains.entry(chain).or_default().push(Entry {
            seq: link.seq,
            id,
            record,
            digest,
            hash: hash_of(&link.hash),
        });
    }

    pub fn finish(mut self) -> Report {
        let Some(export) = self.export.take() else {
            self.say("the file has no line that says what it is: `{\"line\":\"export\",…}`".into());
            return self.report(None, 0);
        };
        let signed = self.signed(&export);
        let newest = signed.last().cloned();
        let keeps_from = newest.as_ref().and_then(|it| it.keeps_from.clone());
        let is_given_up =
            |chain: &Chain| keeps_from.as_ref().is_some_and(|first| chain.day < *first);
        let mut heads: BTreeMap<Chain, Vec<(String, Head)>> = BTreeMap::new();
        for checkpoint in &signed {
            for head in &checkpoint.heads {
                let by = format!("checkpoint {}", checkpoint.number);
                heads
                    .entry(head.chain.clone())
                    .or_default()
                    .push((by, head.clone()));
            }
        }
        for head in &export.heads {
            let by = "the database itself".to_owned();
            heads
                .entry(head.chain.clone())
                .or_default()
                .push((by, head.clone()));
        }
        heads.retain(|chain, _| !is_given_up(chain));
        let (mut records, mut chains) = (0, 0);
        let mut found = std::mem::take(&mut self.chains);
        for chain in heads.keys() {
            found.entry(chain.clone()).or_default();
        }
        let mut given_up = 0;
        for (chain, mut entries) in found {
            if is_given_up(&chain) {
                given_up += entries.len() as u64;
                continue;
            }
            records += entries.len() as u64;
            chains += 1;
            let proven = self.follow(export.org, &chain, &mut entries);
            let ends = heads.remove(&chain).unwrap_or_default();
            self.compare(&chain, &entries, &proven, ends);
        }
        let mut before_chains = 0;
        for (id, record, at) in std::mem::take(&mut self.unchained) {
            if newest.as_ref().is_none_or(|newest| at < newest.began) {
                before_chains += 1;
                continue;
            }
            let what = "inserted: it is in no chain, and calls of its time are".to_owned();
            self.fault(Some((id, record)), None, None, what);
        }
        let mut report = self.report(newest, before_chains);
        report.records = records;
        report.chains = chains;
        report.checkpoints = signed.len() as u64;
        report.given_up = given_up;
        report
    }

    /// The checkpoints that can be believed, in their order. Says what is wrong with the others.
    fn signed(&mut self, export: &Export) -> Vec<Checkpoint> {
        let mut good: Vec<(Checkpoint, Hash)> = Vec::new();
        for (line, signed) in std::mem::take(&mut self.checkpoints) {
            match signed.open(&self.keys) {
                Ok(it) if it.org == export.org => good.push((it, signed.hash())),
                Ok(it) => self.say(format!(
                    "checkpoint {} (line {line}) is of another organisation, `{}`",
                    it.number, it.org
                )),
                Err(why) => {
                    let number = signed.read().map_or(0, |it| it.number);
                    self.say(format!("checkpoint {number} (line {line}): {why}"));
                }
            }
        }
        good.sort_by_key(|(it, _)| it.number);
        let (mut number, mut before) = (0, None);
        for (it, hash) in &good {
            if it.number > number + 1 {
                self.say(gone(number + 1, it.number - 1));
            } else if it.number <= number {
                self.say(format!("checkpoint {} is there twice", it.number));
            } else if it.previous != before {
                let said = "does not follow from the one before it";
                self.say(format!("checkpoint {} {said}", it.number));
            }
            number = it.number;
            before = Some(seal::to_hex(hash));
        }
        if export.checkpoints > number {
            self.say(gone(number + 1, export.checkpoints));
        }
        for kept in std::mem::take(&mut self.kept) {
            match kept.open(&self.keys) {
                Err(why) => self.say(format!("a checkpoint that was kept: {why}")),
                Ok(it) if good.iter().any(|(_, hash)| *hash == kept.hash()) => drop(it),
                Ok(it) => self.say(format!(
                    "checkpoint {} was kept elsewhere, and is not in this file: what it signed was cut off or made anew",
                    it.number
                )),
            }
        }
        good.into_iter().map(|(it, _)| it).collect()
    }

    /// Walks along a chain, and says where it breaks. Answers for each sequence the hashes that it may have.
    fn follow(
        &mut self,
        org: OrgId,
        chain: &Chain,
        entries: &mut [Entry],
    ) -> BTreeMap<i64, Vec<Hash>> {
        entries.sort_by_key(|entry| entry.seq);
        let mut proven: BTreeMap<i64, Vec<Hash>> = BTreeMap::new();
        let (mut before, mut expected) = (vec![start(org, chain)], 1);
        for group in entries.chunk_by(|left, right| left.seq == right.seq) {
            let Some(seq) = group.first().map(|entry| entry.seq) else {
                continue;
            };
            if seq < 1 {
                for entry in group {
                    let what = format!("inserted: no record has the sequence {seq}");
                    self.entry(chain, entry, what);
                }
                continue;
            }
            let is_cut = seq > expected;
            if is_cut {
                let what = "missing".to_owned();
                self.fault(None, Some(chain), Some((expected, seq - 1)), what);
                before.clear();
            }
            let fits = |entry: &&Entry| {
                let follows = |before: &Hash| Some(next(before, &entry.digest)) == entry.hash;
                before.iter().any(follows)
            };
            let true_one = group.iter().find(fits);
            let mut after: Vec<Hash> = Vec::new();
            for entry in group {
                match true_one {
                    Some(it) if std::ptr::eq(it, entry) => after.extend(entry.hash),
                    Some(_) => {
                        let what = "inserted: another record has its sequence".to_owned();
                        self.entry(chain, entry, what);
                    }
                    None => {
                        let what = if is_cut {
                            "cannot be proven: the record before it is missing"
                        } else if group.len() > 1 {
                            "inserted or changed: several records have its sequence, and none its hash"
                        } else {
                            "changed: it is not what was stored here"
                        };
                        self.entry(chain, entry, what.to_owned());
                        after.extend(entry.hash);
                        after.extend(before.iter().map(|before| next(before, &entry.digest)));
                    }
                }
            }
            after.truncate(MOST_BEFORE);
            proven.insert(seq, after.clone());
            before = after;
            expected = seq + 1;
        }
        proven
    }

    /// Holds a chain against what was said of its end, oldest word first.
    fn compare(
        &mut self,
        chain: &Chain,
        entries: &[Entry],
        proven: &BTreeMap<i64, Vec<Hash>>,
        ends: Vec<(String, Head)>,
    ) {
        let last = entries.last().map_or(0, |entry| entry.seq.max(0));
        let (mut held, mut cut) = (0, None);
        for (by, head) in ends {
            if head.last > last {
                cut = Some((by, head.last));
                continue;
            }
            let is_held = proven
                .get(&head.last)
                .is_some_and(|hashes| head.bytes().is_some_and(|hash| hashes.contains(&hash)));
            if !is_held && head.last > held && proven.contains_key(&head.last) {
                for entry in entries {
                    if (held + 1..=head.last).contains(&entry.seq) {
                        let what = format!("made anew: {by} has another end of the chain here");
                        self.entry(chain, entry, what);
                    }
                }
            }
            held = held.max(head.last);
        }
        if let Some((by, end)) = cut {
            let what = format!("missing: {by} says that they were there");
            self.fault(None, Some(chain), Some((last + 1, end)), what);
        }
    }

    fn entry(&mut self, chain: &Chain, entry: &Entry, what: String) {
        let named = Some((entry.id, entry.record));
        self.fault(named, Some(chain), Some((entry.seq, entry.seq)), what);
    }

    fn say(&mut self, what: String) {
        self.fault(None, None, None, what);
    }

    fn fault(
        &mut self,
        named: Option<(CallId, &'static str)>,
        chain: Option<&Chain>,
        seqs: Option<(i64, i64)>,
        what: String,
    ) {
        self.faults.push(Fault {
            call: named.map(|(call, _)| call),
            record: named.map(|(_, record)| record),
            chain: chain.cloned(),
            seqs,
            what,
        });
    }

    fn report(self, newest: Option<Checkpoint>, before_chains: u64) -> Report {
        let (signed_until, keeps_from) =
            newest.map(|newest| (newest.at, newest.keeps_from)).unzip();
        Report {
            signed_until,
            keeps_from: keeps_from.flatten(),
            before_chains,
            later: self.later,
            faults: self.faults,
            ..Report::default()
        }
    }
}

fn gone(first: u64, last: u64) -> String {
    if first == last {
        format!("checkpoint {first} is missing")
    } else {
        format!("checkpoints {first} to {last} are missing")
    }
}
