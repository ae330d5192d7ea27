use super::*;
use seal::{SigningKey, VerifyingKey};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A small generator of numbers that are the same for the same seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % below as u64).unwrap()
    }
}

fn key() -> SigningKey {
    // PKCS#8 of a seed that is no secret: 32 times 7.
    SigningKey::from_pem(
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH\n-----END PRIVATE KEY-----\n",
    )
    .unwrap()
}

fn public() -> VerifyingKey {
    key().verifying().unwrap()
}

fn org() -> OrgId {
    OrgId::new(1, [1; 10])
}

fn at(day: u8, second: usize) -> String {
    format!("2026-11-{day}T12:00:{second:02}.000000Z")
}

fn call(day: u8, number: u8) -> Call {
    Call {
        id: CallId::new(u64::from(day), [number; 10]),
        at: at(day, number.into()),
        judged_at: Some(at(day, number.into())),
        replica: "one".into(),
        grant: GrantId::new(1, [2; 10]),
        server: ServerId::new(1, [3; 10]),
        method: "tools/call".into(),
        tool: Some("pay".into()),
        verdict: "allow".into(),
        rule: None,
        policy: None,
        policy_version: None,
        bundle_version: 3,
        limiter: "shared".into(),
        argument_keys: json!(["amount"]),
        shadow: json!([{ "would": "would_deny", "rule": "/a" }]),
        client_name: None,
        client_version: None,
        protocol: None,
        added_us: i64::from(number),
        approval: None,
        charges: None,
    }
}

fn outcome(call: &Call) -> Outcome {
    Outcome {
        id: call.id,
        at: call.at.clone(),
        ended_at: Some(call.at.clone()),
        upstream_status: Some(200),
        latency_us: 12_000 + call.added_us,
        added_us: call.added_us,
        bytes: 40,
        outcome: "ok".into(),
        refunded: None,
    }
}

/// The file of an organisation with two replicas on two days, a checkpoint after each third of its records, and records
/// after the last.
struct World {
    ends: BTreeMap<Chain, (i64, Hash)>,
    signed: BTreeMap<Chain, i64>,
    checkpoints: Vec<Signed>,
    records: Vec<Line>,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            ends: BTreeMap::default(),
            signed: BTreeMap::default(),
            checkpoints: Vec::new(),
            records: Vec::new(),
        };
        for number in 0..16 {
            let (day, writer) = (22 + number / 8, ["one", "two"][usize::from(number % 2)]);
            let call = call(day, number);
            let end = outcome(&call);
            let stored = world.stored(writer, call.clone(), &call.at, call.digest());
            world.records.push(Line::Call(stored));
            let stored = world.stored(writer, end.clone(), &end.at, end.digest());
            world.records.push(Line::Outcome(stored));
            if number % 5 == 4 {
                world.checkpoint(None);
            }
        }
        world
    }

    fn stored<T>(&mut self, writer: &str, record: T, at: &str, digest: Hash) -> Stored<T> {
        let chain = Chain {
            day: at[..10].to_owned(),
            writer: writer.to_owned(),
        };
        let first = (0, start(org(), &chain));
        let (last, hash) = self.ends.entry(chain).or_insert(first);
        *last += 1;
        *hash = next(hash, &digest);
        let link = Link {
            writer: writer.to_owned(),
            seq: *last,
            hash: seal::to_hex(hash.as_slice()),
        };
        Stored {
            record,
            chain: Some(link),
            is_later: false,
        }
    }

    fn heads(&self) -> Vec<Head> {
        let ends = self.ends.iter();
        ends.map(|(chain, (last, hash))| Head {
            chain: chain.clone(),
            last: *last,
            hash: seal::to_hex(hash),
        })
        .collect()
    }

    fn checkpoint(&mut self, keeps_from: Option<&str>) {
        let mut heads = self.heads();
        heads.retain(|head| self.signed.get(&head.chain) != Some(&head.last));
        self.signed
            .extend(heads.iter().map(|head| (head.chain.clone(), head.last)));
        let previous = self.checkpoints.last();
        let checkpoint = Checkpoint {
            org: org(),
            number: self.checkpoints.len() as u64 + 1,
            at: at(24, self.checkpoints.len()),
            previous: previous.map(|previous| seal::to_hex(&previous.hash())),
            began: at(21, 0),
            keeps_from: keeps_from.map(str::to_owned),
            heads,
        };
        self.checkpoints
            .push(checkpoint.sign(&key(), &public().id()));
    }

    fn export(&self) -> Line {
        Line::Export(Export {
            org: org(),
            checkpoints: self.checkpoints.len() as u64,
            heads: self.heads(),
        })
    }

    fn report(&self) -> Report {
        self.report_of(self.export(), Vec::new())
    }

    fn report_of(&self, export: Line, kept: Vec<Signed>) -> Report {
        let checkpoints = self.checkpoints.iter().cloned().map(Line::Checkpoint);
        let lines = [export]
            .into_iter()
            .chain(checkpoints)
            .chain(self.records.clone());
        let mut verifier = Verifier::new(vec![public()], kept);
        for (number, line) in (1..).zip(lines) {
            verifier.line(number, &serde_json::to_string(&line).unwrap());
        }
        verifier.finish()
    }
}

fn link_of(line: &mut Line) -> &mut Option<Link> {
    match line {
        Line::Call(stored) => &mut stored.chain,
        Line::Outcome(stored) => &mut stored.chain,
        _ => unreachable!("records alone"),
    }
}

fn id_of(line: &Line) -> (CallId, &'static str) {
    match line {
        Line::Call(stored) => (stored.record.id, "call"),
        Line::Outcome(stored) => (stored.record.id, "outcome"),
        _ => unreachable!("records alone"),
    }
}

fn place_of(line: &Line) -> (Chain, i64) {
    let mut copy = line.clone();
    let at = match line {
        Line::Call(stored) => stored.record.at.clone(),
        Line::Outcome(stored) => stored.record.at.clone(),
        _ => unreachable!("records alone"),
    };
    let linked = link_of(&mut copy).clone().unwrap();
    let chain = Chain {
        day: at[..10].to_owned(),
        writer: linked.writer,
    };
    (chain, linked.seq)
}

fn names(report: &Report, line: &Line) -> bool {
    let (id, record) = id_of(line);
    report
        .faults
        .iter()
        .any(|fault| fault.call == Some(id) && fault.record == Some(record))
}

fn misses(report: &Report, (chain, seq): &(Chain, i64)) -> bool {
    report.faults.iter().any(|fault| {
        fault.call.is_none()
            && fault.chain.as_ref() == Some(chain)
            && fault
                .seqs
                .is_some_and(|(first, last)| (first..=last).contains(seq))
    })
}

/// Changes one field of a record, of its place too.
fn edit(line: &mut Line, dice: &mut Dice) {
    let other = |text: &mut String| text.push('x');
    if dice.roll(4) == 0
        && let Some(link) = link_of(line)
    {
        match dice.roll(3) {
            0 => other(&mut link.writer),
            1 => link.seq += 1 + i64::try_from(dice.roll(50)).unwrap(),
            _ => link.hash = "00".repeat(32),
        }
        return;
    }
    match line {
        Line::Call(Stored { record, .. }) => match dice.roll(9) {
            0 => record.verdict = "deny".into(),
            1 => other(&mut record.method),
            2 => record.tool = None,
            3 => record.rule = Some("/rule".into()),
            4 => record.added_us += 1,
            5 => record.argument_keys = json!([]),
            6 => record.shadow = json!([]),
            7 => record.judged_at = None,
            _ => other(&mut record.replica),
        },
        Line::Outcome(Stored { record, .. }) => match dice.roll(5) {
            0 => record.outcome = "tool_error".into(),
            1 => record.latency_us += 1,
            2 => record.bytes = 0,
            3 => record.upstream_status = None,
            _ => record.ended_at = Some(at(25, 1)),
        },
        _ => unreachable!("records alone"),
    }
}

#[test]
fn what_nobody_touched_is_clean() {
    let report = World::new().report();
    assert_eq!(report.faults, []);
    assert_eq!(
        (report.records, report.chains, report.checkpoints),
        (32, 4, 3)
    );
}

#[test]
fn each_of_ten_thousand_random_edits_is_named() {
    let world = World::new();
    for seed in 0..10_000 {
        let mut dice = Dice(seed);
        let mut edited = World {
            ends: world.ends.clone(),
            signed: world.signed.clone(),
            checkpoints: world.checkpoints.clone(),
            records: world.records.clone(),
        };
        let target = dice.roll(edited.records.len());
        let was = edited.records[target].clone();
        let kind = dice.roll(5);
        match kind {
            0 => edit(&mut edited.records[target], &mut dice),
            1 => drop(edited.records.remove(target)),
            2 => {
                // A made-up record: in the place of another, at the end of a chain, or in none.
                let mut inserted = was.clone();
                if let Line::Call(Stored { record, .. }) = &mut inserted {
                    record.id = CallId::new(9, [99; 10]);
                } else if let Line::Outcome(Stored { record, .. }) = &mut inserted {
                    record.id = CallId::new(9, [99; 10]);
                }
                let link = link_of(&mut inserted);
                match dice.roll(3) {
                    0 => {}
                    1 => link.as_mut().unwrap().seq = 1_000,
                    _ => *link = None,
                }
                edited.records.push(inserted);
            }
            3 => {
                // Two records change places.
                let other = dice.roll(edited.records.len());
                if place_of(&edited.records[other]) == place_of(&was) {
                    continue;
                }
                let theirs = link_of(&mut edited.records[other]).clone();
                let ours = std::mem::replace(link_of(&mut edited.records[target]), theirs);
                *link_of(&mut edited.records[other]) = ours;
            }
            _ => {
                // Everything of a chain from here on is cut off, and its end in the database is set back.
                let (chain, seq) = place_of(&was);
                edited.records.retain(|line| {
                    let at = place_of(line);
                    at.0 != chain || at.1 < seq
                });
                let last = edited
                    .records
                    .iter()
                    .rfind(|line| place_of(line).0 == chain)
                    .cloned();
                let hash = match last {
                    Some(mut line) => hash_of(&link_of(&mut line).clone().unwrap().hash).unwrap(),
                    None => start(org(), &chain),
                };
                edited.ends.insert(chain, (seq - 1, hash));
            }
        }
        let report = edited.report();
        let named = match kind {
            0 => names(&report, &edited.records[target]) || misses(&report, &place_of(&was)),
            1 => misses(&report, &place_of(&was)),
            2 => names(&report, edited.records.last().unwrap()),
            3 => names(&report, &edited.records[target]),
            _ => {
                let (chain, seq) = place_of(&was);
                let signed = world.signed.get(&chain).copied().unwrap_or(0);
                seq > signed || misses(&report, &(chain, seq))
            }
        };
        assert!(named, "seed {seed}, kind {kind}: {:#?}", report.faults);
        // Beside what was touched only what can no longer be proven is named.
        let touched: BTreeSet<_> = [&was, &edited.records[target.min(edited.records.len() - 1)]]
            .into_iter()
            .map(id_of)
            .collect();
        if matches!(kind, 0 | 1 | 4) {
            for fault in &report.faults {
                let is_ours = fault.call.is_none_or(|call| {
                    touched.contains(&(call, fault.record.unwrap()))
                        || fault.what.starts_with("cannot be proven")
                        || fault.what.starts_with("inserted")
                });
                assert!(is_ours, "seed {seed}, kind {kind}: {fault}");
            }
        }
    }
}

#[test]
fn a_chain_made_anew_to_its_end_differs_from_what_was_signed() {
    let mut world = World::new();
    let chain = Chain {
        day: "2026-11-22".into(),
        writer: "one".into(),
    };
    let mut hash = start(org(), &chain);
    let mut first = true;
    for line in &mut world.records {
        if place_of(line).0 != chain {
            continue;
        }
        let digest = match line {
            Line::Call(Stored { record, .. }) => {
                if std::mem::take(&mut first) {
                    record.verdict = "deny".into();
                }
                record.digest()
            }
            Line::Outcome(Stored { record, .. }) => record.digest(),
            _ => unreachable!("records alone"),
        };
        hash = next(&hash, &digest);
        link_of(line).as_mut().unwrap().hash = seal::to_hex(&hash);
    }
    world.ends.get_mut(&chain).unwrap().1 = hash;
    let report = world.report();
    assert!(names(&report, &world.records[0]), "{:#?}", report.faults);
    assert!(
        report
            .faults
            .iter()
            .all(|fault| fault.what.contains("made anew: checkpoint ")
                && fault.chain.as_ref() == Some(&chain))
    );
}

#[test]
fn checkpoints_are_signed_follow_each_other_and_can_be_kept_elsewhere() {
    let whole = World::new();
    let said = |world: &World, kept: &[Signed]| {
        let report = world.report_of(world.export(), kept.to_vec());
        let faults = report.faults.iter();
        faults.map(|fault| fault.what.clone()).collect::<Vec<_>>()
    };
    assert_eq!(said(&whole, &whole.checkpoints), Vec::<String>::new());

    let mut world = World::new();
    world.checkpoints.remove(1);
    assert!(said(&world, &[]).contains(&"checkpoint 2 is missing".to_owned()));

    let mut world = World::new();
    let forged = world.checkpoints[0]
        .document
        .replace("\"last\":", "\"last\":1");
    world.checkpoints[0].document = forged;
    assert!(
        said(&world, &[])[0].ends_with("none of the given keys has made its signature"),
        "{:?}",
        said(&world, &[])
    );

    // The newest checkpoint is cut off with what it signed: only a copy can tell.
    let mut world = World::new();
    let newest = world.checkpoints.pop().unwrap();
    assert_eq!(said(&world, &[]), Vec::<String>::new());
    assert!(said(&world, &[newest])[0].starts_with("checkpoint 3 was kept elsewhere"));
}

#[test]
fn a_signature_of_a_bundle_is_none_of_a_checkpoint() {
    let world = World::new();
    let mut checkpoint = world.checkpoints[0].clone();
    let document = checkpoint.document.as_bytes();
    checkpoint.signature = {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.encode(key().sign(document))
    };
    assert_eq!(checkpoint.open(&[public()]), Err(Untrusted::Signature));
}

#[test]
fn records_from_before_chains_are_not_broken_and_later_ones_without_a_chain_are() {
    let mut world = World::new();
    let old = Call {
        at: at(20, 0),
        ..call(20, 40)
    };
    let new = call(24, 41);
    for record in [old, new.clone()] {
        world.records.push(Line::Call(Stored {
            record,
            chain: None,
            is_later: false,
        }));
    }
    let report = world.report();
    assert_eq!(report.before_chains, 1);
    assert_eq!(report.faults.len(), 1);
    assert_eq!(report.faults[0].call, Some(new.id));
}

#[test]
fn a_day_that_was_given_up_leaves_the_others_whole() {
    let mut world = World::new();
    world.checkpoint(Some("2026-11-23"));
    world
        .records
        .retain(|line| place_of(line).0.day != "2026-11-22");
    world.ends.retain(|chain, _| chain.day != "2026-11-22");
    let report = world.report();
    assert_eq!(report.faults, []);
    assert_eq!(report.keeps_from.as_deref(), Some("2026-11-23"));
    // Without the checkpoint that says so, they are missing.
    world.checkpoints.pop();
    assert!(!world.report().is_clean());
}

#[test]
fn a_file_that_says_nothing_of_itself_proves_nothing() {
    let mut verifier = Verifier::new(vec![public()], Vec::new());
    verifier.line(1, "{\"line\":\"call\"}");
    let report = verifier.finish();
    assert_eq!(report.faults.len(), 2, "{:#?}", report.faults);
}
