//! Bodies that are calls, nearly calls, and calls made to be read in two ways.

mod evil;
mod text;

use super::chance::Chance;
use text::{number, string};

/// A body as a client posts it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The header; empty for none.
    pub version: &'static str,
    pub body: Vec<u8>,
}

/// Where the state of an earlier round is to stand: the gate seals one.
pub const STATE: &str = r#""requestState":"@state@","#;

/// Tools that the gate knows.
pub const TOOLS: &[&str] = &[
    "echo",
    "drop",
    "caf\u{e9}",
    "cafe\u{301}",
    "a/b\\c",
    "say \"hi\"",
    "\u{1f6e0}\u{fe0f}",
    "tab\there",
    "__proto__",
    "\u{7f}\u{ffff}\u{2028}",
];

const VERSIONS: &[&str] = &["", "2025-03-26", "2025-06-18", "2025-11-25"];

/// The body of this number.
pub fn body(seed: u64, number: u64) -> Sent {
    let mut maker = Maker {
        chance: Chance::new(seed, number),
        evil: 0,
        depth: 0,
        is_modern: false,
    };
    // Half of them are honest, however odd: they must go on, and be read as they were judged.
    if maker.chance.percent(45) {
        maker.evil = 1 + maker.chance.below(6);
    }
    maker.is_modern = maker.chance.percent(30);
    let version = if maker.is_modern {
        "2026-07-28"
    } else {
        maker.chance.one(VERSIONS)
    };
    let mut text = maker.body(matches!(version, "" | "2025-03-26"));
    if maker.evil > 0 && maker.chance.percent(40) {
        evil::mutate(&mut maker.chance, &mut text);
    }
    Sent {
        version,
        body: text,
    }
}

struct Maker {
    chance: Chance,
    /// In so many of a hundred places something is wrong.
    evil: usize,
    depth: usize,
    is_modern: bool,
}

impl Maker {
    fn is_evil(&mut self) -> bool {
        self.evil > 0 && self.chance.percent(self.evil)
    }

    fn body(&mut self, takes_batches: bool) -> Vec<u8> {
        let mut out = Vec::new();
        self.space(&mut out);
        if takes_batches && self.chance.percent(10) || self.is_evil() {
            out.push(b'[');
            for at in 0..=self.chance.below(4) {
                if at > 0 {
                    out.push(b',');
                }
                self.space(&mut out);
                self.message(&mut out);
                self.space(&mut out);
            }
            out.push(b']');
        } else {
            self.message(&mut out);
        }
        self.space(&mut out);
        out
    }

    fn message(&mut self, out: &mut Vec<u8>) {
        let method = if self.chance.percent(80) {
            "tools/call"
        } else {
            self.chance.one(evil::METHODS)
        };
        let has_id = self.chance.percent(97);
        let mut members: Vec<(&str, Vec<u8>)> = vec![("jsonrpc", b"\"2.0\"".to_vec())];
        if has_id {
            members.push(("id", self.id()));
        }
        members.push(("method", self.string_of(method)));
        members.push(("params", self.params(method)));
        if self.chance.percent(15) {
            let value = self.value();
            members.push(("x-vendor", value));
        }
        self.object(members, evil::ENVELOPE, out);
    }

    fn id(&mut self) -> Vec<u8> {
        if self.chance.percent(60) {
            return self.chance.below(1_000).to_string().into_bytes();
        }
        if self.chance.percent(50) {
            return string(&mut self.chance, self.evil);
        }
        number(&mut self.chance, self.evil)
    }

    fn params(&mut self, method: &str) -> Vec<u8> {
        let mut members: Vec<(&str, Vec<u8>)> = Vec::new();
        let name = self.chance.one(TOOLS);
        if method == "subscriptions/listen" {
            let wanted = evil::SUBSCRIPTIONS
                .iter()
                .filter(|_| self.chance.percent(60));
            let wanted: Vec<&str> = wanted.copied().collect();
            let wanted = wanted.into_iter().map(|key| (key, self.value())).collect();
            let mut notifications = Vec::new();
            self.object(wanted, &[], &mut notifications);
            members.push(("notifications", notifications));
        } else {
            members.push(("name", self.string_of(name)));
        }
        if self.chance.percent(85) {
            let mut arguments = Vec::new();
            let count = self.chance.below(6);
            let keys = (0..count).map(|_| self.chance.one(evil::ARGUMENTS));
            let mut keys: Vec<&str> = keys.collect();
            keys.sort_unstable();
            keys.dedup();
            let keys = keys.into_iter().map(|key| (key, self.value())).collect();
            self.object(keys, evil::ARGUMENTS, &mut arguments);
            members.push(("arguments", arguments));
        }
        if matches!(method, "resources/read" | "resources/subscribe") {
            members.push(("uri", self.string_of("x:y")));
        }
        if self.is_modern {
            let meta = br#"{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
            members.push(("_meta", meta.to_vec()));
        } else if self.chance.percent(20) {
            members.push(("_meta", br#"{"progressToken":7}"#.to_vec()));
        }
        if self.chance.percent(10) {
            let value = self.value();
            members.push(("vendorField", value));
        }
        let mut out = Vec::new();
        self.object(members, evil::PARAMS, &mut out);
        if self.is_modern && method == "tools/call" && self.chance.percent(40) {
            out.splice(1..1, STATE.bytes());
        }
        out
    }

    /// The members in any order, perhaps with one more that is like one of `known`.
    fn object(&mut self, mut members: Vec<(&str, Vec<u8>)>, known: &[&str], out: &mut Vec<u8>) {
        for at in (1..members.len()).rev() {
            members.swap(at, self.chance.below(at + 1));
        }
        let mut spelled: Vec<(Vec<u8>, Vec<u8>)> = members
            .into_iter()
            .map(|(key, value)| (self.string_of(key), value))
            .collect();
        if !known.is_empty() && self.is_evil() {
            let key = self.chance.one(known);
            let key = evil::look_alike(&mut self.chance, key);
            let value = self.value();
            let at = self.chance.below(spelled.len() + 1);
            spelled.insert(at, (key, value));
        }
        out.push(b'{');
        for (at, (key, value)) in spelled.into_iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            self.space(out);
            out.extend(key);
            self.space(out);
            out.push(b':');
            self.space(out);
            out.extend(value);
            self.space(out);
        }
        if self.is_evil() {
            out.push(b',');
        }
        out.push(b'}');
    }

    fn value(&mut self) -> Vec<u8> {
        if self.is_evil() {
            return self.chance.one(evil::VALUES).as_bytes().to_vec();
        }
        let mut out = Vec::new();
        match self.chance.below(if self.depth < 5 { 9 } else { 7 }) {
            0..=2 => out = string(&mut self.chance, self.evil),
            3..=5 => out = number(&mut self.chance, self.evil),
            6 => out.extend(
                self.chance
                    .one(&["true", "false", "null", "\"\"", "{}", "[]", "[ ]"])
                    .bytes(),
            ),
            7 => {
                self.depth += 1;
                let count = self.chance.below(4);
                let values: Vec<Vec<u8>> = (0..count).map(|_| self.value()).collect();
                out.push(b'[');
                out.extend(values.join(&b',').iter());
                out.push(b']');
                self.depth -= 1;
            }
            _ => {
                self.depth += 1;
                let keys: Vec<Vec<u8>> = (0..self.chance.below(4))
                    .map(|at| {
                        let mut key = string(&mut self.chance, self.evil);
                        // Mostly no two are the same.
                        if !self.is_evil() {
                            key.splice(1..1, at.to_string().bytes());
                        }
                        key
                    })
                    .collect();
                let members: Vec<Vec<u8>> = keys
                    .into_iter()
                    .map(|key| [key, self.value()].join(&b':'))
                    .collect();
                out.push(b'{');
                out.extend(members.join(&b',').iter());
                out.push(b'}');
                self.depth -= 1;
            }
        }
        if self.chance.below(400) == 0 {
            let deep = 40 + self.chance.below(30);
            let open = vec![b'['; deep];
            return [open.as_slice(), &out, &vec![b']'; deep]].concat();
        }
        out
    }

    /// This very text, in any spelling.
    fn string_of(&mut self, text: &str) -> Vec<u8> {
        text::spelled(&mut self.chance, text)
    }

    fn space(&mut self, out: &mut Vec<u8>) {
        if self.chance.percent(85) {
            return;
        }
        if self.is_evil() {
            out.extend(self.chance.one(evil::SPACES).iter());
            return;
        }
        out.extend(
            self.chance
                .one(&[" ", "\n", "\t", "\r\n", "  \n\t "])
                .bytes(),
        );
    }
}
