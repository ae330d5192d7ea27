//! What makes a body read in two ways, or not at all.

use super::super::chance::Chance;
use super::text::spelled;

pub const ENVELOPE: &[&str] = &["jsonrpc", "id", "method", "params", "result", "error"];
pub const PARAMS: &[&str] = &["name", "arguments", "_meta", "uri", "requestState", "task"];
pub const ARGUMENTS: &[&str] = &[
    "amount",
    "path",
    "to",
    "__proto__",
    "constructor",
    "name",
    "arguments",
    "method",
    "",
    "0",
    "10",
    "9",
    "-1",
    "toString",
    "caf\u{e9}",
    "cafe\u{301}",
    "\u{1f600}",
    "\u{ffff}",
    "Amount",
    "a.b",
];
pub const SUBSCRIPTIONS: &[&str] = &[
    "toolsListChanged",
    "promptsListChanged",
    "resourcesListChanged",
    "resourceSubscriptions",
    "vendorChanged",
];
pub const METHODS: &[&str] = &[
    "tools/list",
    "ping",
    "initialize",
    "logging/setLevel",
    "resources/read",
    "resources/list",
    "resources/subscribe",
    "prompts/get",
    "prompts/list",
    "completion/complete",
    "server/discover",
    "subscriptions/listen",
    "subscriptions/listen",
    "notifications/initialized",
    "notifications/cancelled",
    "tools/Call",
    "tasks/get",
    "x/y",
];
pub const VALUES: &[&str] = &[
    "NaN",
    "Infinity",
    "undefined",
    "True",
    "'x'",
    "{a:1}",
    "[1,]",
    "[,1]",
    "{\"a\":1,}",
    "/**/1",
    "1//x\n",
    "{\"a\":1,\"a\":2}",
    "{\"a\":1,\"\\u0061\":2}",
    "{\"\\u0000\":1}",
    "{\"a\" \"b\"}",
    "[1 2]",
    "nul",
    "",
    "{\"__proto__\":1,\"__proto__\":2}",
];
pub const SPACES: &[&[u8]] = &[
    b"\x0c",
    b"\x0b",
    b"\xC2\xA0",
    b"\xE2\x80\xA8",
    b"\xEF\xBB\xBF",
    b"\0",
    b"/**/",
    b"//\n",
    b"#\n",
];

/// The key again, or one that some readers take for it.
pub fn look_alike(chance: &mut Chance, key: &str) -> Vec<u8> {
    let other = match chance.below(6) {
        0 => key.to_uppercase(),
        1 => key.replace('s', "\u{17f}"),
        2 => key.replace('i', "\u{131}"),
        3 => format!("{key}\u{200b}"),
        4 => {
            let mut letters = key.chars();
            let first = letters.next().map(|first| first.to_uppercase().to_string());
            first.unwrap_or_default() + letters.as_str()
        }
        _ => key.to_owned(),
    };
    spelled(chance, &other)
}

/// Bytes cut, doubled, exchanged, put in.
pub fn mutate(chance: &mut Chance, body: &mut Vec<u8>) {
    for _ in 0..=chance.below(3) {
        if body.is_empty() {
            return;
        }
        let at = chance.below(body.len());
        let end = (at + chance.below(12)).min(body.len());
        match chance.below(9) {
            0 => body.truncate(at),
            1 => drop(body.drain(at..end)),
            2 => {
                let part = body[at..end].to_vec();
                let to = chance.below(body.len());
                body.splice(to..to, part);
            }
            3 => {
                let mark = b"\"\\{},:[ ";
                body[at] = mark[chance.below(mark.len())];
            }
            4 => body[at] ^= 1 << chance.below(8),
            5 => {
                let space = chance.one(SPACES);
                body.splice(at..at, space.iter().copied());
            }
            6 => {
                let other = body.clone();
                body.extend(other);
            }
            7 => {
                let mark: &[u8] =
                    chance.one(&[&b"\xEF\xBB\xBF"[..], b"\xFF\xFE", b"\xFE\xFF", b"\0"]);
                body.splice(0..0, mark.iter().copied());
            }
            _ => {
                let wide = String::from_utf8_lossy(body).into_owned();
                let little = chance.percent(50);
                let bytes = |unit: u16| {
                    if little {
                        unit.to_le_bytes()
                    } else {
                        unit.to_be_bytes()
                    }
                };
                *body = wide.encode_utf16().flat_map(bytes).collect();
            }
        }
    }
}
