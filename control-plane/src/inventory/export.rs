//! The inventory as a file: JSON lines, or CSV that a spreadsheet opens without running any of it.

use super::{Entry, Filter, Place, act};
use crate::app::App;
use crate::call::export::{Format, cell};
use crate::caller::{Caller, Refused};
use crate::problem::Problem;
use crate::shares::{Share, Shares};
use axum::body::{Body, Bytes};
use futures_util::stream::{self, Stream};

/// Files being written at once: each holds a database connection now and then.
static FILES: Shares = Shares::new("files of the inventory", 4, 2);
const COLUMNS: &str = "server,tool,category,severity,signals,changed,covered,grants,ways\r\n";

/// The file, a stretch at a time. The first is read before this answers, so that a refusal is a problem and no broken file.
pub async fn file(
    app: App,
    caller: Caller,
    filter: Filter,
    format: Format,
) -> Result<Body, Problem> {
    let share = FILES.take(caller.org())?;
    let first = act::export(&app, &caller, &filter, None).await?;
    let writing = Writing {
        app,
        caller,
        filter,
        format,
        share,
        items: first.items,
        next: place(first.next_cursor)?,
        is_done: false,
    };
    Ok(Body::from_stream(writing.stream()))
}

struct Writing {
    app: App,
    caller: Caller,
    filter: Filter,
    format: Format,
    /// Given back when the file is written, or nobody reads it any more.
    #[expect(dead_code, reason = "held, not read")]
    share: Share,
    /// Read and not yet written.
    items: Vec<Entry>,
    next: Option<Place>,
    is_done: bool,
}

impl Writing {
    fn stream(self) -> impl Stream<Item = Result<Bytes, Refused>> {
        let head = match self.format {
            Format::Jsonl => "",
            Format::Csv => COLUMNS,
        };
        stream::try_unfold((self, head), |(mut writing, head)| async move {
            if writing.is_done {
                return Ok(None);
            }
            let mut text = head.to_owned();
            for entry in std::mem::take(&mut writing.items) {
                write(writing.format, &entry, &mut text);
            }
            match writing.next.take() {
                None => writing.is_done = true,
                after => {
                    let more =
                        act::export(&writing.app, &writing.caller, &writing.filter, after).await?;
                    writing.items = more.items;
                    // A place that was just written is one that can be read.
                    writing.next = more.next_cursor.and_then(|cursor| cursor.parse().ok());
                }
            }
            Ok(Some((Bytes::from(text), (writing, ""))))
        })
    }
}

fn place(cursor: Option<String>) -> Result<Option<Place>, Problem> {
    cursor.map(|cursor| cursor.parse()).transpose()
}

fn write(format: Format, entry: &Entry, out: &mut String) {
    if format == Format::Jsonl {
        // An entry has no part that JSON lacks.
        out.push_str(&serde_json::to_string(entry).unwrap_or_default());
        out.push('\n');
        return;
    }
    let ways: Vec<String> = entry
        .ways
        .iter()
        .map(|way| {
            let policy = way.policy_slug.as_deref().unwrap_or("no policy");
            let version = way.version.map_or_else(String::new, |n| format!(" {n}"));
            let (rule, action, grants) = (&way.rule, &way.action, way.grants);
            format!("{policy}{version}: {action} by {rule} for {grants}")
        })
        .collect();
    let word = |is: bool| if is { "yes" } else { "no" };
    let cells = [
        entry.server_slug.as_str(),
        &entry.tool,
        entry.category.word(),
        entry.severity.word(),
        &entry.signals.join(" "),
        word(entry.is_changed),
        word(entry.covered),
        &entry.grants.to_string(),
        &ways.join("; "),
    ];
    for (at, value) in cells.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        cell(value, out);
    }
    out.push_str("\r\n");
}
