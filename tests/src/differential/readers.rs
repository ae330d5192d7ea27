//! The other readers: Python and Node as processes that are given bytes and say what they read, `serde_json` in this one.

use super::Said;
use super::plain::{self, Numbers, Plain};
use super::reading::Forwarded;
use anyhow::Context;
use bytes::Bytes;
use serde_json::Value;
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

pub struct Reader {
    pub name: &'static str,
    numbers: Numbers,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    child: Child,
}

impl Drop for Reader {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Reader {
    /// Python's `json` and Node's `JSON.parse`.
    pub fn both() -> anyhow::Result<[Self; 2]> {
        let installed = std::env::var_os("PORTCULLIS_TEST_REAL").map(PathBuf::from);
        let python = installed
            .map(|folder| folder.join("venv/bin/python"))
            .filter(|python| python.exists())
            .unwrap_or_else(|| "python3".into());
        Ok([
            Self::start("Python", &python, "reader.py", Numbers::ExactWhole)?,
            Self::start("Node", Path::new("node"), "reader.mjs", Numbers::Doubles)?,
        ])
    }

    fn start(
        name: &'static str,
        program: &Path,
        script: &str,
        numbers: Numbers,
    ) -> anyhow::Result<Self> {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("real");
        let mut child = Command::new(program)
            .arg(scripts.join(script))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        Ok(Self {
            name,
            numbers,
            stdin: child.stdin.take().context("no standard input")?,
            stdout: BufReader::new(child.stdout.take().context("no standard output")?),
            child,
        })
    }

    /// What it makes of each of these: lengths (32 bits, little end first) and bytes, there and back.
    pub fn read(&mut self, all: &[Bytes]) -> anyhow::Result<Vec<String>> {
        let Self { stdin, stdout, .. } = self;
        std::thread::scope(|scope| {
            let told = scope.spawn(move || {
                let mut stdin = BufWriter::new(stdin);
                for body in all {
                    stdin.write_all(&u32::try_from(body.len())?.to_le_bytes())?;
                    stdin.write_all(body)?;
                }
                stdin.flush()?;
                anyhow::Ok(())
            });
            let mut answers = Vec::with_capacity(all.len());
            for _ in all {
                let mut length = [0; 4];
                stdout.read_exact(&mut length)?;
                let mut text = vec![0; usize::try_from(u32::from_le_bytes(length))?];
                stdout.read_exact(&mut text)?;
                answers.push(String::from_utf8(text)?);
            }
            told.join().expect("the writing thread panicked")?;
            Ok(answers)
        })
    }

    /// Whether that is what was judged.
    pub fn agrees(&self, said: &str, one: &Forwarded) -> Said {
        let is_beyond = |text: &str| match self.numbers {
            Numbers::ExactWhole => plain::is_too_long(text),
            // To ECMAScript such a number is infinite, which is an answer.
            Numbers::Doubles => false,
        };
        if said.starts_with('!') && one.whole.any_number(&is_beyond) {
            return Said::Beyond;
        }
        let expected = expected(one, self.numbers);
        if expected == said {
            return Said::Same;
        }
        Said::Other {
            said: said.to_owned(),
            expected,
        }
    }
}

/// Method, tool, arguments and then the whole message, as the scripts spell them.
fn expected(one: &Forwarded, numbers: Numbers) -> String {
    let mut out = String::from("[");
    let or_null = |value: Option<Plain>| value.unwrap_or(Plain::Null);
    // Of other methods the readers look at the same places, where nothing was judged.
    let at = |key: &str| match &one.whole {
        Plain::Object(_) => one
            .whole
            .clone()
            .get_mut("params")
            .and_then(|params| params.get_mut(key).cloned()),
        _ => None,
    };
    let name = one.name.clone().map(Plain::Text).or_else(|| at("name"));
    let arguments = one
        .arguments
        .clone()
        .filter(|_| one.is_call)
        .or_else(|| at("arguments"));
    for value in [
        Plain::Text(one.method.clone()),
        or_null(name),
        or_null(arguments),
    ] {
        value.spell(numbers, &mut out);
        out.push(',');
    }
    one.whole.spell(numbers, &mut out);
    out.push(']');
    out
}

/// The same of `serde_json`, whose doubles may be off by their last bit.
pub fn serde_agrees(bytes: &[u8], one: &Forwarded) -> Said {
    let value: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(_) if one.whole.any_number(&plain::is_beyond_doubles) => return Said::Beyond,
        Err(error) => {
            return Said::Other {
                said: error.to_string(),
                expected: expected(one, Numbers::ExactWhole),
            };
        }
    };
    let params = &value["params"];
    let call_is_same = one
        .name
        .as_ref()
        .is_none_or(|name| params["name"] == **name)
        && one
            .arguments
            .as_ref()
            .is_none_or(|arguments| is_same(&params["arguments"], arguments));
    if value["method"] == *one.method && call_is_same && is_same(&value, &one.whole) {
        return Said::Same;
    }
    Said::Other {
        said: value.to_string(),
        expected: expected(one, Numbers::ExactWhole),
    }
}

fn is_same(value: &Value, plain: &Plain) -> bool {
    match (value, plain) {
        (Value::Null, Plain::Null) => true,
        (Value::Bool(value), Plain::Bool(plain)) => value == plain,
        (Value::String(value), Plain::Text(plain)) => value == plain,
        (Value::Number(value), Plain::Number(text)) => is_same_number(value, text),
        (Value::Array(values), Plain::List(items)) => {
            values.len() == items.len()
                && values
                    .iter()
                    .zip(items)
                    .all(|(value, item)| is_same(value, item))
        }
        (Value::Object(values), Plain::Object(members)) => {
            values.len() == members.len()
                && members
                    .iter()
                    .all(|(key, plain)| values.get(key).is_some_and(|value| is_same(value, plain)))
        }
        _ => false,
    }
}

fn is_same_number(value: &serde_json::Number, text: &str) -> bool {
    if plain::is_whole(text) {
        if let Ok(whole) = text.parse::<u64>() {
            return value.as_u64() == Some(whole);
        }
        if let (Ok(whole), true) = (text.parse::<i64>(), text != "-0") {
            return value.as_i64() == Some(whole);
        }
    }
    let (read, right) = (
        value.as_f64().unwrap_or(f64::NAN) + 0.0,
        plain::double(text),
    );
    read.to_bits().abs_diff(right.to_bits()) <= 1
}
