//! One history: a few limits, some dozens of steps, the commands that make them, and what the model says to each.

use super::model::Model;
use crate::budget::charge::{Ask, Key, Revoked};
use crate::budget::function::{self, Form, Verb};
use crate::budget::held;
use crate::budget::key;
use crate::budget::lease::LEASE_MS;
use crate::budget::memory::Given;
use crate::budget::reply::{self, Answer, Reply};
use crate::budget::ring::{GREATEST, Geometry};
use crate::budget::shared::question;
use crate::budget::subject::{self, Whose};
use crate::budget::{Charge, Count, OnOutage};
use bundle::revocation;
use ids::{CallId, GrantId, OrgId, PolicyId, ServerId};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use redis::{Cmd, Value};
use std::collections::BTreeMap;
use uuid::Uuid;

const BEGIN: u64 = 1_700_000_000_000;
/// The version of the bundle that calls are judged by.
const HELD: u64 = 7;
const MONTH: u64 = 31 * 86_400_000;

/// What the model says to a command.
#[derive(Debug)]
pub enum Expected {
    Reply { reply: Reply, shadow: usize },
    Refunded(i64),
    Number(i64),
    Numbers(Vec<u64>),
}

pub struct Story {
    seed: u64,
    pub commands: Vec<Cmd>,
    /// Which commands are questions, and their answers.
    pub asked: Vec<(usize, Expected)>,
    pub kept: Vec<(String, BTreeMap<String, String>)>,
    pub steps_back: u64,
}

impl Story {
    pub fn tell(seed: u64) -> Self {
        let mut teller = Teller::new(seed);
        for _ in 0..teller.random.random_range(4..28) {
            teller.step();
        }
        let kept = teller.model.hashes().collect();
        Self {
            kept,
            ..teller.story
        }
    }

    pub fn assert_heard(&self, (answers, kept): (Vec<Value>, Vec<BTreeMap<String, String>>)) {
        let seed = self.seed;
        for (at, expected) in &self.asked {
            let answer = answers[*at].clone();
            let said = || format!("seed {seed}, command {at}: {answer:?}");
            match expected {
                Expected::Reply { reply, shadow } => {
                    let heard = reply::read(answer.clone(), reply.sums.len(), *shadow);
                    assert_eq!(heard.as_ref(), Some(reply), "{}", said());
                }
                Expected::Refunded(number) | Expected::Number(number) => {
                    assert_eq!(answer, Value::Int(*number), "{}", said());
                }
                Expected::Numbers(sums) => {
                    let heard: Vec<u64> = redis::from_redis_value(answer.clone()).unwrap();
                    assert_eq!(&heard, sums, "{}", said());
                }
            }
        }
        for ((key, expected), found) in self.kept.iter().zip(kept) {
            assert_eq!(&found, expected, "seed {seed}, {key} in the end");
        }
    }
}

/// One limit of a history.
#[derive(Debug, Clone, Copy)]
struct Limit {
    name: usize,
    window: u64,
    max: u64,
    places: Option<u32>,
}

struct Teller {
    random: StdRng,
    story: Story,
    model: Model,
    org: OrgId,
    grant: GrantId,
    server: ServerId,
    policy: PolicyId,
    limits: Vec<Limit>,
    /// Calls that passed, with what they charged.
    passed: Vec<(CallId, Vec<Given>)>,
    calls: Vec<CallId>,
}

impl Teller {
    fn new(seed: u64) -> Self {
        let mut random = StdRng::seed_from_u64(seed);
        let mut fresh = || Uuid::from_u128(random.random());
        let (org, grant) = (OrgId::from_uuid(fresh()), GrantId::from_uuid(fresh()));
        let (server, policy) = (ServerId::from_uuid(fresh()), PolicyId::from_uuid(fresh()));
        let limits = (0..random.random_range(1..=4))
            .map(|name| Limit::of(name, &mut random))
            .collect();
        let now = BEGIN + random.random_range(0..MONTH);
        Self {
            random,
            story: Story {
                seed,
                commands: Vec::new(),
                asked: Vec::new(),
                kept: Vec::new(),
                steps_back: 0,
            },
            model: Model::new(now),
            org,
            grant,
            server,
            policy,
            limits,
            passed: Vec::new(),
            calls: Vec::new(),
        }
    }

    fn step(&mut self) {
        self.let_time_go();
        match self.random.random_range(0..100) {
            0..70 => self.charge(),
            70..80 => self.refund(),
            80..86 => self.post(),
            86..90 => self.tell_of_seats(Verb::Renew),
            90..94 => self.tell_of_seats(Verb::Release),
            94..97 => self.revoke(),
            _ => self.change(),
        }
    }

    fn let_time_go(&mut self) {
        let windows = self.limits.iter().map(|limit| limit.window);
        let span = windows.min().unwrap_or(1_000);
        let now = self.model.now;
        self.model.now = match self.random.random_range(0..20) {
            0..5 => now,
            5..14 => now + self.random.random_range(0..=span / 20),
            14..18 => now + self.random.random_range(0..=span),
            18 => now + self.random.random_range(0..=span * 3),
            _ => {
                self.story.steps_back += 1;
                now - self.random.random_range(0..=span.min(300_000))
            }
        };
        let mut set = redis::cmd("HSET");
        let now = self.model.now;
        let us = now % 1_000 * 1_000 + self.random.random_range(0..1_000);
        set.arg("clock").arg("s").arg(now / 1_000).arg("us").arg(us);
        self.story.commands.push(set);
    }

    fn ask(&mut self, verb: Verb, keys: &[String], args: &[String], expected: Expected) {
        let command = function::command(Form::Functions, verb, keys, args);
        self.story.asked.push((self.story.commands.len(), expected));
        self.story.commands.push(command);
    }

    fn fresh_call(&mut self) -> CallId {
        CallId::from_uuid(Uuid::from_u128(self.random.random()))
    }

    fn charge(&mut self) {
        let shown = self.random.random_range(0..=self.limits.len());
        let limits = self.limits.clone();
        let mut windows = BTreeMap::new();
        let all: Vec<Charge> = limits.iter().map(|limit| self.charge_of(limit)).collect();
        // A limit in shadow has a budget of its own or, now and then, looks at one that is charged.
        let (charges, mut shadow) = (&all[..shown], all[shown..].to_vec());
        if shown > 0 && self.random.random_bool(0.1) {
            let max = self.random.random_range(0..20);
            shadow.push(Charge {
                max,
                ..all[0].clone()
            });
        }
        let call = match self.calls.last() {
            // The same call again, as a client does whose answer was lost.
            Some(&call) if self.random.random_bool(0.05) => call,
            _ => self.fresh_call(),
        };
        let ask = Ask {
            org: self.org,
            version: HELD,
            call,
            grant: self.grant,
            server: self.server,
            charges,
            shadow: &shadow,
        };
        let (parts, shadow_parts) = (ask.parts(), ask.shadow_parts());
        for part in &parts {
            windows.insert(part.key, charges[part.index].window_ms);
        }
        let (keys, mut args) = question(&ask, &parts, &shadow_parts);
        // Told already: what is told is another story.
        args[0] = format!("{:032x}+", self.random.random::<u128>());
        let reply = self.model.charge(&ask, &parts, &windows, &args[0]);
        self.calls.push(call);
        if let Answer::Passed { slots } = &reply.answer {
            let given = held::charged(&parts, slots).map(|(_, given)| given);
            self.passed.push((call, given.collect()));
        }
        let shadow = shadow.len();
        self.ask(
            Verb::Charge,
            &keys,
            &args,
            Expected::Reply { reply, shadow },
        );
    }

    fn charge_of(&mut self, limit: &Limit) -> Charge {
        let cost = match self.random.random_range(0..20) {
            0..2 => 0,
            2..14 => self.random.random_range(1..=limit.max.div_ceil(4).max(1)),
            14..19 => self.random.random_range(0..=limit.max),
            _ => limit.max.saturating_add(1).min(GREATEST),
        };
        let (window_ms, max, concurrency) = (limit.window, limit.max, limit.places);
        Charge {
            limit: subject::limit(self.policy, &format!("limit {}", limit.name)),
            subject: subject::subject(Whose::Grant(self.grant), &[] as &[&str]),
            window_ms,
            max,
            cost,
            is_spend: false,
            count: Count::Forwarded,
            on_outage: OnOutage::Closed,
            concurrency,
        }
    }

    fn refund(&mut self) {
        if self.passed.is_empty() {
            return;
        }
        let which = self.random.random_range(0..self.passed.len());
        let (call, mut given) = self.passed[which].clone();
        if given.is_empty() {
            return;
        }
        if self.random.random_bool(0.1) {
            // More than it ever cost: the slot gives what it has.
            given[0].cost = given[0].cost.saturating_mul(3).min(GREATEST);
        }
        let mut keys = vec![key::refunded(self.org, call)];
        let mut args = vec!["60000".to_owned()];
        for one in &given {
            keys.push(one.key.ring());
            let geometry = one.geometry;
            args.extend(
                [geometry.slot_ms(), geometry.slots(), one.slot, one.cost].map(|it| it.to_string()),
            );
        }
        let expected = Expected::Refunded(self.model.refund(call, &given));
        self.ask(Verb::Refund, &keys, &args, expected);
    }

    fn post(&mut self) {
        let rates: Vec<Limit> = self
            .limits
            .iter()
            .filter(|limit| limit.places.is_none())
            .copied()
            .collect();
        if rates.is_empty() {
            return;
        }
        let limit = rates[self.random.random_range(0..rates.len())];
        let key = self.key_of(&limit);
        let geometry = Geometry::of(limit.window);
        let cost = self
            .random
            .random_range(0..=limit.max.saturating_mul(2).min(GREATEST));
        let args = [geometry.slot_ms(), geometry.slots(), cost].map(|it| it.to_string());
        let expected = Expected::Numbers(vec![self.model.post(key, geometry, cost)]);
        self.ask(Verb::Post, &[key.ring()], &args, expected);
    }

    fn tell_of_seats(&mut self, verb: Verb) {
        let Some(limit) = self
            .limits
            .iter()
            .find(|limit| limit.places.is_some())
            .copied()
        else {
            return;
        };
        let Some(&call) = self.calls.last() else {
            return;
        };
        let key = self.key_of(&limit);
        let mut args = vec![call.uuid().to_string()];
        if verb == Verb::Renew {
            args.insert(0, LEASE_MS.to_string());
            self.model.renew(key, call);
        } else {
            self.model.release(key, call);
        }
        self.ask(verb, &[key.lease()], &args, Expected::Number(1));
    }

    /// Takes back what the next call needs, or gives it again.
    fn revoke(&mut self) {
        let key = revocation::key(self.org);
        let command = if self.model.revoked.take().is_some() {
            let mut give = redis::cmd("DEL");
            give.arg(&key);
            give
        } else {
            let (field, what) = match self.random.random_range(0..3) {
                0 => ("kill".to_owned(), Revoked::Org),
                1 => (format!("g:{}", self.grant.uuid()), Revoked::Grant),
                _ => (format!("srv:{}", self.server.uuid()), Revoked::Server),
            };
            // What the bundle knows already takes nothing more.
            let is_news = self.random.random_bool(0.8);
            self.model.revoked = is_news.then_some(what);
            let mut take = redis::cmd("HSET");
            take.arg(&key).arg(field).arg(HELD + u64::from(is_news));
            take
        };
        self.story.commands.push(command);
    }

    /// Another version of the policy: another window, another max.
    fn change(&mut self) {
        let which = self.random.random_range(0..self.limits.len());
        let next = Limit::of(self.limits[which].name, &mut self.random);
        let limit = &mut self.limits[which];
        limit.max = next.max;
        if self.random.random_bool(0.5) {
            limit.window = next.window;
        }
    }

    fn key_of(&mut self, limit: &Limit) -> Key {
        let charge = self.charge_of(limit);
        Key {
            org: self.org,
            limit: charge.limit,
            subject: charge.subject,
        }
    }
}

impl Limit {
    fn of(name: usize, random: &mut StdRng) -> Self {
        let windows = [1_000, 1_500, 10_000, 60_000, 3_600_000, 86_400_000, MONTH];
        let window = match random.random_range(0..10) {
            0..8 => windows[random.random_range(0..windows.len())],
            _ => random.random_range(1..=MONTH / 1_000) * 1_000,
        };
        let max = match random.random_range(0..20) {
            0 => 0,
            1..15 => random.random_range(1..40),
            15..19 => random.random_range(1..1_000_000),
            _ => GREATEST - random.random_range(0..3),
        };
        Self {
            name,
            window,
            max,
            places: (random.random_range(0..5) == 0).then(|| random.random_range(0..4)),
        }
    }
}
