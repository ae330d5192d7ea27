//! The spelling of a path: a root, then `.key`, `["any key"]`, `[0]`, `[*]`.

use super::{LEAVES, Root, Step};

pub(super) fn parse(text: &str) -> Result<(Root, Vec<Step>), String> {
    if let Some((_, root)) = LEAVES.iter().find(|(leaf, _)| *leaf == text) {
        return Ok((root.clone(), Vec::new()));
    }
    if let Some(rest) = text.strip_prefix("grant.labels") {
        return match steps(rest)?.as_mut_slice() {
            [Step::Key(label)] => Ok((Root::GrantLabel(std::mem::take(label)), Vec::new())),
            _ => Err("`grant.labels` takes one label, as in `grant.labels.env`".to_owned()),
        };
    }
    if let Some(rest) = text.strip_prefix("args")
        && (rest.is_empty() || rest.starts_with(['.', '[']))
    {
        return Ok((Root::Args, steps(rest)?));
    }
    if let Some((leaf, _)) = LEAVES.iter().find(|(leaf, _)| {
        text.strip_prefix(leaf)
            .is_some_and(|rest| rest.starts_with(['.', '[']))
    }) {
        return Err(format!("there is nothing below `{leaf}`"));
    }
    Err("it must begin with `args`, `grant`, `server`, `tool`, `client` or `time` and a name that is there".to_owned())
}

fn steps(mut rest: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    while !rest.is_empty() {
        let (step, after) = step(rest)?;
        steps.push(step);
        rest = after;
    }
    Ok(steps)
}

fn step(rest: &str) -> Result<(Step, &str), String> {
    if let Some(key) = rest.strip_prefix('.') {
        let end = key.find(|char: char| !is_key(char)).unwrap_or(key.len());
        let (key, after) = key.split_at(end);
        return if key.is_empty() {
            Err("a `.` needs a key of letters, digits, `_` and `-`; write other keys as `[\"any key\"]`".to_owned())
        } else {
            Ok((Step::Key(key.into()), after))
        };
    }
    if let Some(after) = rest.strip_prefix("[*]") {
        return Ok((Step::Every, after));
    }
    if let Some(quoted) = rest.strip_prefix("[\"") {
        // The end of the string is the first quote that no backslash escapes.
        let mut escaped = false;
        let end = quoted
            .bytes()
            .position(|byte| match (escaped, byte) {
                (true, _) => {
                    escaped = false;
                    false
                }
                (false, b'\\') => {
                    escaped = true;
                    false
                }
                (false, byte) => byte == b'"',
            })
            .ok_or("the string in `[\"…\"]` has no end")?;
        let text = rest.get(1..end + 3).unwrap_or("");
        let after = quoted
            .get(end + 1..)
            .and_then(|after| after.strip_prefix(']'))
            .ok_or("a `]` is missing")?;
        return Ok((Step::Key(unquote(text)?.into()), after));
    }
    if let Some(index) = rest.strip_prefix('[') {
        let (digits, after) = index.split_once(']').ok_or("a `]` is missing")?;
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit())
            && (digits == "0" || !digits.starts_with('0'));
        return match digits.parse::<u32>() {
            Ok(index) if is_plain => Ok((Step::Index(index as usize), after)),
            _ => Err(format!(
                "`[{digits}]` is neither an index, `[*]` nor a quoted key"
            )),
        };
    }
    Err(format!("`{rest}` begins with neither `.` nor `[`"))
}

fn unquote(text: &str) -> Result<String, String> {
    let limits = json::Limits {
        bytes: text.len(),
        depth: 1,
        values: 1,
    };
    match json::read(text.as_bytes(), &limits) {
        Ok(document) if document.refusals.is_empty() => document
            .root
            .as_str()
            .map(str::to_owned)
            .ok_or_else(|| format!("`{text}` is not a JSON string")),
        _ => Err(format!("`{text}` is not a JSON string")),
    }
}

fn is_key(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '_' | '-')
}
