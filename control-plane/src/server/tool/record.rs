//! Brings the recorded tools to what a server lists now, and tells what became of them.

use super::change::{self, Kind, Made};
use super::class::{self, Class};
use super::listed;
use super::store::stored_category;
use crate::db::{DbError, OrgTx};
use crate::policy::aside;
use crate::server::discover::{Found, Listing};
use crate::server::drift::{self, Change};
use ids::ServerId;
use policy::Category;
use std::collections::{BTreeMap, BTreeSet};

/// What became of the recorded tools.
#[derive(Debug, Default)]
pub struct Difference {
    pub added: Vec<String>,
    pub removed: Vec<String>,
    pub changed: Vec<String>,
    /// The definition is the same, and the category another.
    pub reclassified: Vec<String>,
}

impl Difference {
    pub fn is_empty(&self) -> bool {
        self.added.is_empty()
            && self.removed.is_empty()
            && self.changed.is_empty()
            && self.reclassified.is_empty()
    }
}

struct Known {
    digest: Vec<u8>,
    reviewed_digest: Option<Vec<u8>>,
    category: Option<String>,
    standing: Option<String>,
}

/// The definitions of a tool before this reading.
struct Text {
    definition: String,
    accepted: Option<String>,
}

/// What is to be written of one tool beside its definition.
struct Line {
    category: Option<Category>,
    note: Option<String>,
    standing: Category,
    accepted: Option<String>,
    /// Since it was accepted.
    drift: Vec<Change>,
}

/// Those of a first reading count as reviewed; of a later one what is new or changed awaits its review. What a person said
/// of a tool comes back with the tool. `classes` are of the listing's tools, in their order.
pub async fn record(
    tx: &mut OrgTx,
    server: ServerId,
    listing: &Listing,
    classes: &[Class],
    is_first: bool,
) -> Result<Difference, DbError> {
    let known = known(tx, server).await?;
    let mut difference = difference(&known, &listing.tools);
    let moved: Vec<String> = [&difference.changed, &difference.removed]
        .into_iter()
        .flatten()
        .cloned()
        .collect();
    let texts = texts(tx, server, &moved).await?;
    let words = words(tx, server, &listing.tools).await?;
    let listed = listed::ask(tx.sql(), classes).await?;
    let told = Told {
        known,
        texts,
        words,
        is_first,
    };
    let tools: Vec<Judged> = listing
        .tools
        .iter()
        .zip(classes)
        .zip(&listed)
        .map(|((tool, class), listed)| (tool.clone(), *listed, class.category))
        .collect();
    let (told, lines, history) = aside(move || told.lines(&tools)).await;
    let lines = lines?;
    for ((tool, line), _) in listing.tools.iter().zip(&lines).zip(classes) {
        let before = told.known.get(&tool.name);
        let is_same = before.is_some_and(|known| known.digest == tool.digest);
        if is_same
            && before.is_some_and(|known| known.standing.as_deref() != Some(line.standing.word()))
        {
            difference.reclassified.push(tool.name.clone());
        }
    }
    delete(tx, server, &difference.removed).await?;
    upsert(tx, server, listing, (classes, &listed), &lines, is_first).await?;
    if !is_first {
        let gone = difference.removed.iter().map(|name| Made {
            tool: name.clone(),
            kind: Kind::Removed,
            changes: Vec::new(),
        });
        change::insert(tx, server, history.into_iter().chain(gone).collect()).await?;
    }
    Ok(difference)
}

/// A tool, with the catalogue's word on it and the classifier's.
type Judged = (Found, Option<Category>, Category);

struct Told {
    known: BTreeMap<String, Known>,
    texts: BTreeMap<String, Text>,
    words: BTreeMap<String, (Option<String>, Option<String>)>,
    is_first: bool,
}

impl Told {
    /// A line for each tool, and what is new about it.
    fn lines(self, tools: &[Judged]) -> (Self, Result<Vec<Line>, DbError>, Vec<Made>) {
        let mut history = Vec::new();
        let lines = tools
            .iter()
            .map(|tool| self.line(tool, &mut history))
            .collect();
        (self, lines, history)
    }

    fn line(
        &self,
        (tool, listed, read): &Judged,
        history: &mut Vec<Made>,
    ) -> Result<Line, DbError> {
        let (said, note) = match self.known.get(&tool.name) {
            // The tool is there, and with it what was said of it.
            Some(known) => (known.category.as_deref(), None),
            None => match self.words.get(&tool.name) {
                Some((said, note)) => (said.as_deref(), note.clone()),
                None => (None, None),
            },
        };
        let category = stored_category(said)?;
        let (accepted, drift) = self.drift(tool, history);
        Ok(Line {
            category,
            note,
            standing: class::decide(category, *listed, Some(*read)).0,
            accepted,
            drift,
        })
    }

    /// What was accepted, where that is not what is there now, and what changed since.
    fn drift(&self, tool: &Found, history: &mut Vec<Made>) -> (Option<String>, Vec<Change>) {
        let Some(known) = self.known.get(&tool.name) else {
            if self.is_first {
                return (None, Vec::new());
            }
            let new = drift::changes(None, &tool.definition);
            history.push(Made {
                tool: tool.name.clone(),
                kind: Kind::Added,
                changes: Vec::new(),
            });
            return (None, new);
        };
        let Some(text) = self.texts.get(&tool.name) else {
            // The definition stands as it stood, and the row with it.
            return (None, Vec::new());
        };
        history.push(Made {
            tool: tool.name.clone(),
            kind: Kind::Changed,
            changes: drift::changes(Some(&text.definition), &tool.definition),
        });
        let Some(reviewed) = &known.reviewed_digest else {
            return (None, drift::changes(None, &tool.definition));
        };
        if *reviewed == tool.digest {
            return (None, Vec::new());
        }
        let accepted = if *reviewed == known.digest {
            Some(&text.definition)
        } else {
            text.accepted.as_ref()
        };
        let drift = accepted.map_or_else(drift::without_accepted, |accepted| {
            drift::changes(Some(accepted), &tool.definition)
        });
        (accepted.cloned(), drift)
    }
}

fn difference(known: &BTreeMap<String, Known>, tools: &[Found]) -> Difference {
    let listed: BTreeSet<&str> = tools.iter().map(|tool| tool.name.as_str()).collect();
    let mut difference = Difference {
        removed: known
            .keys()
            .filter(|name| !listed.contains(name.as_str()))
            .cloned()
            .collect(),
        ..Difference::default()
    };
    for tool in tools {
        match known.get(&tool.name) {
            None => difference.added.push(tool.name.clone()),
            Some(known) if known.digest != tool.digest => {
                difference.changed.push(tool.name.clone());
            }
            Some(_) => {}
        }
    }
    difference
}

async fn known(tx: &mut OrgTx, server: ServerId) -> Result<BTreeMap<String, Known>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query!(
        "select name, digest, reviewed_digest, category, standing_category
        from tools where org_id = $1 and server_id = $2 for update",
        org,
        server.uuid()
    )
    .fetch_all(tx.sql())
    .await?;
    let known = rows.into_iter().map(|row| {
        let known = Known {
            digest: row.digest,
            reviewed_digest: row.reviewed_digest,
            category: row.category,
            standing: row.standing_category,
        };
        (row.name, known)
    });
    Ok(known.collect())
}

async fn texts(
    tx: &mut OrgTx,
    server: ServerId,
    names: &[String],
) -> Result<BTreeMap<String, Text>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query!(
        "select name, definition, accepted from tools where org_id = $1 and server_id = $2 and name = any($3)",
        org,
        server.uuid(),
        names,
    )
    .fetch_all(tx.sql())
    .await?;
    let texts = rows.into_iter().map(|row| {
        let text = Text {
            definition: row.definition,
            accepted: row.accepted,
        };
        (row.name, text)
    });
    Ok(texts.collect())
}

/// What people said of tools of these names.
async fn words(
    tx: &mut OrgTx,
    server: ServerId,
    tools: &[Found],
) -> Result<BTreeMap<String, (Option<String>, Option<String>)>, DbError> {
    let org = tx.org().uuid();
    let names: Vec<String> = tools.iter().map(|tool| tool.name.clone()).collect();
    let rows = sqlx::query!(
        "select name, category, note from tool_words where org_id = $1 and server_id = $2 and name = any($3)",
        org,
        server.uuid(),
        &names,
    )
    .fetch_all(tx.sql())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.name, (row.category, row.note)))
        .collect())
}

async fn delete(tx: &mut OrgTx, server: ServerId, names: &[String]) -> Result<(), DbError> {
    let org = tx.org().uuid();
    sqlx::query!(
        "delete from tools where org_id = $1 and server_id = $2 and name = any($3)",
        org,
        server.uuid(),
        names,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

async fn upsert(
    tx: &mut OrgTx,
    server: ServerId,
    listing: &Listing,
    (classes, listed): (&[Class], &[Option<Category>]),
    lines: &[Line],
    is_first: bool,
) -> Result<(), DbError> {
    let (org, now) = (tx.org().uuid(), tx.now().time());
    let tools = &listing.tools;
    let positions: Vec<i32> = (0..).take(tools.len()).collect();
    let of = |text: fn(&Found) -> String| tools.iter().map(text).collect::<Vec<String>>();
    let line = |text: fn(&Line) -> Option<String>| lines.iter().map(text).collect::<Vec<_>>();
    let read = class::columns(classes);
    let digests: Vec<Vec<u8>> = tools.iter().map(|tool| tool.digest.to_vec()).collect();
    sqlx::query!(
        "insert into tools (org_id, server_id, name, position, definition, digest, reviewed_digest, category,
            category_note, accepted, drift, standing_category, read_category, confidence, evidence, signals,
            listed_category, edition, first_seen_at)
        select $1, $2, listed.name, listed.position, listed.definition, listed.digest,
            case when $7 then listed.digest end, listed.category, listed.note, listed.accepted, listed.drift,
            listed.standing, listed.read, listed.sure, listed.evidence, listed.signals, listed.published,
            $17, $8
        from unnest($3::text[], $4::integer[], $5::text[], $6::bytea[], $9::text[], $10::text[], $11::text[], $12::text[],
            $13::text[], $14::text[], $15::smallint[], $16::text[], $18::text[], $19::text[])
            as listed (name, position, definition, digest, category, note, accepted, drift, standing, read, sure, evidence,
                signals, published)
        on conflict (server_id, name) do update set position = excluded.position, digest = excluded.digest,
            definition = case when tools.digest = excluded.digest then tools.definition else excluded.definition end,
            accepted = case when tools.digest = excluded.digest then tools.accepted else excluded.accepted end,
            drift = case when tools.digest = excluded.digest then tools.drift else excluded.drift end,
            standing_category = excluded.standing_category, read_category = excluded.read_category,
            confidence = excluded.confidence, evidence = excluded.evidence, signals = excluded.signals,
            listed_category = excluded.listed_category, edition = excluded.edition",
        org,
        server.uuid(),
        &of(|tool| tool.name.clone()),
        &positions,
        &of(|tool| tool.definition.clone()),
        &digests,
        is_first,
        now,
        &line(|line| line.category.map(|category| category.word().to_owned())) as &[Option<String>],
        &line(|line| line.note.clone()) as &[Option<String>],
        &line(|line| line.accepted.clone()) as &[Option<String>],
        &line(|line| serde_json::to_string(&line.drift).ok()) as &[Option<String>],
        &line(|line| Some(line.standing.word().to_owned())) as &[Option<String>],
        &read.categories,
        &read.sure,
        &read.evidence,
        catalog::edition(),
        &read.signals,
        &class::words(listed) as &[Option<String>],
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}
