//! Calls as files: JSON lines, or CSV that a spreadsheet opens without running any of it.

use super::{Call, CallFilter, act};
use crate::app::App;
use crate::caller::{Caller, Refused};
use crate::problem::{Kind, Problem};
use crate::shares::{Share, Shares};
use axum::body::{Body, Bytes};
use futures_util::stream::{self, Stream};
use ids::CallId;
use std::fmt::Write;

/// Files being written at once: each holds a database connection now and then.
pub(super) static FILES: Shares = Shares::new("files of calls", 8, 2);
/// Calls read at a time.
const STRETCH: i64 = 1_000;

const COLUMNS: &str = "id,at,grant,server,method,tool,verdict,rule,policy,version,limiter,argument_keys,\
    upstream_status,latency_ms,added_ms,outcome,approval\r\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Jsonl,
    Csv,
}

impl Format {
    pub fn read(given: Option<&str>) -> Result<Self, Problem> {
        match given {
            None | Some("jsonl") => Ok(Self::Jsonl),
            Some("csv") => Ok(Self::Csv),
            Some(_) => Err(Problem::new(
                Kind::BadRequest,
                "`format` is jsonl, csv, chain or checkpoints",
            )),
        }
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Self::Jsonl => "application/jsonl",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    pub fn content_disposition(self) -> &'static str {
        match self {
            Self::Jsonl => "attachment; filename=\"calls.jsonl\"",
            Self::Csv => "attachment; filename=\"calls.csv\"",
        }
    }

    fn head(self) -> &'static str {
        match self {
            Self::Jsonl => "",
            Self::Csv => COLUMNS,
        }
    }

    fn write(self, call: &Call, out: &mut String) {
        match self {
            Self::Jsonl => {
                // A call has no part that JSON lacks.
                out.push_str(&serde_json::to_string(call).unwrap_or_default());
                out.push('\n');
            }
            Self::Csv => csv(call, out),
        }
    }
}

/// The file, a stretch at a time. The first stretch is read before this answers, so that a refusal is a problem and not
/// a broken file; a failure later breaks the connection off, so that half a file is never taken for a whole one.
pub async fn file(
    app: App,
    caller: Caller,
    filter: CallFilter,
    format: Format,
) -> Result<Body, Problem> {
    let share = FILES.take(caller.org())?;
    let first = act::export(&app, &caller, &filter, None, STRETCH).await?;
    let writing = Writing {
        app,
        caller,
        filter,
        format,
        share,
        next: Some(first),
    };
    Ok(Body::from_stream(writing.stream()))
}

struct Writing {
    app: App,
    caller: Caller,
    filter: CallFilter,
    format: Format,
    /// Given back when the file is written, or nobody reads it any more.
    #[expect(dead_code, reason = "held, not read")]
    share: Share,
    /// Read and not yet written; none when all is.
    next: Option<Vec<Call>>,
}

impl Writing {
    fn stream(self) -> impl Stream<Item = Result<Bytes, Refused>> {
        let head = self.format.head();
        stream::try_unfold((self, head), |(mut writing, head)| async move {
            let Some(calls) = writing.next.take() else {
                return Ok(None);
            };
            let mut text = head.to_owned();
            for call in &calls {
                writing.format.write(call, &mut text);
            }
            if let Some(last) = last_of_full(&calls) {
                let Writing {
                    app,
                    caller,
                    filter,
                    ..
                } = &writing;
                writing.next = Some(act::export(app, caller, filter, Some(last), STRETCH).await?);
            }
            Ok(Some((Bytes::from(text), (writing, ""))))
        })
    }
}

/// Where the next stretch begins, where this one was full.
fn last_of_full(calls: &[Call]) -> Option<CallId> {
    let is_full = i64::try_from(calls.len()).is_ok_and(|count| count >= STRETCH);
    calls.last().filter(|_| is_full).map(|call| call.id)
}

fn csv(call: &Call, out: &mut String) {
    let at = call
        .at
        .format(&time::format_description::well_known::Rfc3339)
        .unwrap_or_default();
    let text = |value: Option<&dyn ToString>| value.map(ToString::to_string).unwrap_or_default();
    let cells = [
        call.id.to_string(),
        at,
        call.grant.to_string(),
        call.server.to_string(),
        call.method.clone(),
        call.tool.clone().unwrap_or_default(),
        call.verdict.to_string(),
        call.rule.clone().unwrap_or_default(),
        text(call.policy.as_ref().map(|id| id as _)),
        text(call.version.as_ref().map(|version| version as _)),
        call.limiter.to_string(),
        call.argument_keys.join(" "),
        text(call.upstream_status.as_ref().map(|status| status as _)),
        text(call.latency_ms.as_ref().map(|time| time as _)),
        call.added_ms.to_string(),
        text(call.outcome.as_ref().map(|outcome| outcome as _)),
        text(call.approval.as_ref().map(|approval| approval as _)),
    ];
    for (place, value) in cells.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        cell(value, out);
    }
    out.push_str("\r\n");
}

/// One cell (RFC 4180). What a spreadsheet would run as a formula gets an apostrophe in front: an agent chooses the
/// names of tools and arguments, and an auditor opens the file.
pub(crate) fn cell(value: &str, out: &mut String) {
    // White space before the sign does not stop every spreadsheet.
    let first = value.trim_start_matches([' ', '\u{a0}']).chars().next();
    let is_formula = first.is_some_and(|c| {
        matches!(
            c,
            '=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '|' | '%' | '＝' | '＋' | '－' | '＠'
        )
    });
    let inert = if is_formula { "'" } else { "" };
    let needs_quotes = is_formula || value.contains([',', '"', '\r', '\n', ';', '\t', ' ']);
    let written = if needs_quotes {
        write!(out, "\"{inert}{}\"", value.replace('"', "\"\""))
    } else {
        out.write_str(value)
    };
    debug_assert!(written.is_ok(), "writing to a string does not fail");
}

#[cfg(test)]
mod tests;
