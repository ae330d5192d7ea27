//! Brings servers into the catalogue, as the owner of the database: in one transaction, so that a file is there whole or not at
//! all. Brought in twice, it is there once.

use super::sought::{of_category, of_ecosystem};
use ::catalog::{Category, ServerEntry, ToolEntry, about, shipped};
use serde_json::Value;
use sqlx::{Connection, PgConnection};
use std::collections::{BTreeSet, HashMap, HashSet};
use time::OffsetDateTime;

/// So many servers go to the database together.
const AT_ONCE: usize = 200;
/// Any number, for whoever imports at the same time.
const LOCK: i64 = 5_821_110_774;
/// Words of a server that are kept: a text index has a bound of its own.
const MOST_WORDS: usize = 4_000;

#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("database: {0}")]
    Sql(#[from] sqlx::Error),
    #[error("a server cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("the server `{0}` has no name or no ecosystem")]
    Nameless(String),
    #[error("the shipped catalogue: {0}")]
    Shipped(#[from] shipped::Fault),
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    pub servers: usize,
    /// Of those, how many were not known.
    pub new_servers: usize,
    /// Entries of the change history that were made.
    pub changes: usize,
}

/// Brings in what comes with the program, where it is not the one that was brought in last.
pub async fn ship(sql: &mut PgConnection, at: OffsetDateTime) -> Result<Report, ImportError> {
    let digest = seal::sha256(shipped::FILE.as_bytes()).to_vec();
    let before = sqlx::query_scalar!("select shipped from catalog_state")
        .fetch_optional(&mut *sql)
        .await?;
    if before.flatten().as_ref() == Some(&digest) {
        return Ok(Report::default());
    }
    bring(sql, shipped::read(shipped::FILE)?, at, Some(digest)).await
}

pub async fn import(
    sql: &mut PgConnection,
    servers: impl IntoIterator<Item = ServerEntry>,
    at: OffsetDateTime,
) -> Result<Report, ImportError> {
    bring(sql, servers, at, None).await
}

async fn bring(
    sql: &mut PgConnection,
    servers: impl IntoIterator<Item = ServerEntry>,
    at: OffsetDateTime,
    digest: Option<Vec<u8>>,
) -> Result<Report, ImportError> {
    let mut tx = sql.begin().await?;
    sqlx::query!("select pg_advisory_xact_lock($1)", LOCK)
        .execute(&mut *tx)
        .await?;
    let mut report = Report::default();
    let mut batch: Vec<ServerEntry> = Vec::new();
    let mut in_batch = HashSet::new();
    for server in servers {
        if server.package.is_empty() || server.ecosystem.is_empty() {
            return Err(ImportError::Nameless(server.package));
        }
        // A server that a file names twice: the later line is the newer.
        let is_twice = !in_batch.insert(server.slug());
        if is_twice || batch.len() >= AT_ONCE {
            let full = std::mem::take(&mut batch);
            in_batch = HashSet::from([server.slug()]);
            write(&mut tx, full, at, &mut report).await?;
        }
        batch.push(server);
    }
    write(&mut tx, batch, at, &mut report).await?;
    sqlx::query!(
        "insert into catalog_state (servers, tools, shipped, at)
        select (select count(*) from catalog_servers), (select count(*) from catalog_tools), $1, $2
        on conflict (is_only) do update
        set servers = excluded.servers, tools = excluded.tools, at = excluded.at,
            shipped = coalesce(excluded.shipped, catalog_state.shipped)",
        digest,
        at,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(report)
}

async fn write(
    sql: &mut PgConnection,
    servers: Vec<ServerEntry>,
    at: OffsetDateTime,
    report: &mut Report,
) -> Result<(), ImportError> {
    if servers.is_empty() {
        return Ok(());
    }
    let slugs: Vec<String> = servers.iter().map(ServerEntry::slug).collect();
    let known: HashSet<String> = sqlx::query_scalar!(
        "select slug from catalog_servers where slug = any($1)",
        &slugs
    )
    .fetch_all(&mut *sql)
    .await?
    .into_iter()
    .collect();
    let mut kept: HashMap<String, HashMap<String, Marks>> = HashMap::new();
    for row in sqlx::query!(
        "select server, name, category, wording, schema, annotations
        from catalog_tools where server = any($1)",
        &slugs
    )
    .fetch_all(&mut *sql)
    .await?
    {
        let marks = Marks {
            category: row.category,
            wording: row.wording,
            schema: row.schema,
            annotations: row.annotations,
        };
        kept.entry(row.server).or_default().insert(row.name, marks);
    }
    let mut rows = Rows::default();
    for (server, slug) in servers.iter().zip(&slugs) {
        let before = kept.remove(slug).unwrap_or_default();
        report.servers += 1;
        report.new_servers += usize::from(!known.contains(slug));
        rows.server(server, slug, &before, known.contains(slug))?;
    }
    report.changes += rows.changes.len();
    rows.write(sql, at).await
}

/// What is compared between two imports of a tool.
struct Marks {
    category: String,
    wording: String,
    schema: String,
    annotations: Value,
}

#[derive(Default)]
struct Rows<'s> {
    servers: Vec<ServerLine<'s>>,
    tools: Vec<ToolLine<'s>>,
    /// Server, tool, change and version.
    changes: Vec<(&'s str, Option<String>, &'static str, &'s str)>,
    removed: Vec<(&'s str, String)>,
    words: BTreeSet<String>,
}

struct ServerLine<'s> {
    slug: &'s str,
    entry: &'s ServerEntry,
    counts: String,
    names: String,
    words: String,
}

struct ToolLine<'s> {
    server: &'s str,
    position: i32,
    tool: &'s ToolEntry,
    annotations: Value,
    words: String,
}

impl<'s> Rows<'s> {
    fn server(
        &mut self,
        entry: &'s ServerEntry,
        slug: &'s str,
        before: &HashMap<String, Marks>,
        is_known: bool,
    ) -> Result<(), ImportError> {
        let mut names: BTreeSet<String> = [&entry.package, &entry.name, &entry.ecosystem]
            .into_iter()
            .flat_map(|text| about::words(text))
            .collect();
        self.words.extend(names.iter().cloned());
        let own: Vec<String> = names.iter().cloned().collect();
        names.insert(of_ecosystem(&entry.ecosystem));
        let mut words = names.clone();
        let mut counts = [0_i32; Category::ALL.len()];
        if !is_known {
            self.changes.push((slug, None, "server", &entry.version));
        }
        let mut seen = HashSet::new();
        for tool in entry.tools.iter().flatten() {
            if !seen.insert(tool.name.as_str()) {
                continue;
            }
            let at = Category::ALL.iter().position(|one| *one == tool.category);
            if let Some(count) = at.and_then(|at| counts.get_mut(at)) {
                *count += 1;
            }
            let line = ToolLine::of(slug, seen.len(), tool, &own, &entry.ecosystem)?;
            names.insert(of_category(tool.category));
            words.insert(of_category(tool.category));
            if words.len() < MOST_WORDS {
                words.extend(about::words(&tool.name));
            }
            self.words.extend(about::words(&tool.name));
            if is_known {
                let change = before
                    .get(&tool.name)
                    .map_or(Some("added"), |marks| marks.change(tool, &line.annotations));
                let change =
                    change.map(|word| (slug, Some(tool.name.clone()), word, &*entry.version));
                self.changes.extend(change);
            }
            self.tools.push(line);
        }
        if entry.tools.is_some() {
            for name in before.keys().filter(|name| !seen.contains(name.as_str())) {
                self.changes
                    .push((slug, Some(name.clone()), "removed", &entry.version));
                self.removed.push((slug, name.clone()));
            }
        }
        self.servers.push(ServerLine {
            slug,
            entry,
            counts: counts.map(|count| count.to_string()).join(","),
            names: spaced(&names),
            words: spaced(&words),
        });
        Ok(())
    }

    async fn write(self, sql: &mut PgConnection, at: OffsetDateTime) -> Result<(), ImportError> {
        let servers = |of: fn(&ServerLine<'_>) -> String| -> Vec<String> {
            self.servers.iter().map(of).collect()
        };
        let tokens: Vec<i64> = self
            .servers
            .iter()
            .map(|line| i64::try_from(line.entry.tokens).unwrap_or(i64::MAX))
            .collect();
        let tells: Vec<bool> = self
            .servers
            .iter()
            .map(|line| line.entry.tools.is_some())
            .collect();
        sqlx::query!(
            "insert into catalog_servers (slug, ecosystem, package, version, name, transport, grade, tokens, tool_count,
                counts, names, words, first_seen_at, last_seen_at)
            select slug, ecosystem, package, version, name, transport, grade, tokens,
                (select coalesce(sum(n), 0) from unnest(string_to_array(counts, ',')::integer[]) n),
                string_to_array(counts, ',')::integer[],
                array_to_tsvector(string_to_array(names, ' ')), array_to_tsvector(string_to_array(words, ' ')), $12, $12
            from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[],
                $9::text[], $10::text[], $11::text[])
                as new (slug, ecosystem, package, version, name, transport, grade, tokens, counts, names, words)
            on conflict (slug) do update set
                version = excluded.version, transport = excluded.transport, last_seen_at = excluded.last_seen_at,
                name = case when excluded.name = '' then catalog_servers.name else excluded.name end",
            &servers(|line| line.slug.to_owned()),
            &servers(|line| line.entry.ecosystem.clone()),
            &servers(|line| line.entry.package.clone()),
            &servers(|line| line.entry.version.clone()),
            &servers(|line| line.entry.name.clone()),
            &servers(|line| line.entry.transport.clone()),
            &servers(|line| line.entry.grade().letter().to_owned()),
            &tokens,
            &servers(|line| line.counts.clone()),
            &servers(|line| line.names.clone()),
            &servers(|line| line.words.clone()),
            at,
        )
        .execute(&mut *sql)
        .await?;
        // What is known of a server's tools stays where a file tells of the server alone.
        sqlx::query!(
            "update catalog_servers set grade = new.grade, tokens = new.tokens,
                counts = string_to_array(new.counts, ',')::integer[],
                tool_count = (select coalesce(sum(n), 0) from unnest(string_to_array(new.counts, ',')::integer[]) n),
                names = array_to_tsvector(string_to_array(new.names, ' ')),
                words = array_to_tsvector(string_to_array(new.words, ' '))
            from unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::boolean[])
                as new (slug, grade, tokens, counts, names, words, tells)
            where catalog_servers.slug = new.slug and new.tells",
            &servers(|line| line.slug.to_owned()),
            &servers(|line| line.entry.grade().letter().to_owned()),
            &tokens,
            &servers(|line| line.counts.clone()),
            &servers(|line| line.names.clone()),
            &servers(|line| line.words.clone()),
            &tells,
        )
        .execute(&mut *sql)
        .await?;
        self.tools(sql).await?;
        self.rest(sql, at).await
    }

    async fn tools(&self, sql: &mut PgConnection) -> Result<(), ImportError> {
        let lines = |of: fn(&ToolLine<'_>) -> String| -> Vec<String> {
            self.tools.iter().map(of).collect()
        };
        let values = |of: fn(&ToolLine<'_>) -> Result<Value, serde_json::Error>| {
            self.tools.iter().map(of).collect::<Result<Vec<_>, _>>()
        };
        let positions: Vec<i32> = self.tools.iter().map(|line| line.position).collect();
        let confidences: Vec<i16> = self
            .tools
            .iter()
            .map(|line| i16::from(line.tool.confidence))
            .collect();
        sqlx::query!(
            "insert into catalog_tools (server, name, position, category, confidence, evidence, signals, parameters,
                annotations, wording, schema, words)
            select server, name, position, category, confidence, evidence, string_to_array(signals, ' '), parameters,
                annotations, wording, schema, array_to_tsvector(string_to_array(words, ' '))
            from unnest($1::text[], $2::text[], $3::integer[], $4::text[], $5::smallint[], $6::jsonb[], $7::text[],
                $8::jsonb[], $9::jsonb[], $10::text[], $11::text[], $12::text[])
                as new (server, name, position, category, confidence, evidence, signals, parameters, annotations,
                    wording, schema, words)
            on conflict (server, name) do update set
                position = excluded.position, category = excluded.category, confidence = excluded.confidence,
                evidence = excluded.evidence, signals = excluded.signals, parameters = excluded.parameters,
                annotations = excluded.annotations, wording = excluded.wording, schema = excluded.schema,
                words = excluded.words",
            &lines(|line| line.server.to_owned()),
            &lines(|line| line.tool.name.clone()),
            &positions,
            &lines(|line| line.tool.category.name().to_owned()),
            &confidences,
            &values(|line| serde_json::to_value(&line.tool.evidence))?,
            &lines(|line| {
                let signals: Vec<&str> = line.tool.signals.iter().map(|one| one.name()).collect();
                signals.join(" ")
            }),
            &values(|line| serde_json::to_value(&line.tool.parameters))?,
            &values(|line| Ok(line.annotations.clone()))?,
            &lines(|line| line.tool.wording.clone()),
            &lines(|line| line.tool.schema.clone()),
            &lines(|line| line.words.clone()),
        )
        .execute(&mut *sql)
        .await?;
        Ok(())
    }

    async fn rest(self, sql: &mut PgConnection, at: OffsetDateTime) -> Result<(), ImportError> {
        let (servers, names): (Vec<String>, Vec<String>) = self
            .removed
            .into_iter()
            .map(|(server, name)| (server.to_owned(), name))
            .unzip();
        sqlx::query!(
            "delete from catalog_tools using unnest($1::text[], $2::text[]) as old (server, name)
            where catalog_tools.server = old.server and catalog_tools.name = old.name",
            &servers,
            &names,
        )
        .execute(&mut *sql)
        .await?;
        let changed: Vec<String> = self.changes.iter().map(|one| one.0.to_owned()).collect();
        // Where the server itself came, an empty name stands for none.
        let tools: Vec<String> = self
            .changes
            .iter()
            .map(|one| one.1.clone().unwrap_or_default())
            .collect();
        let what: Vec<String> = self.changes.iter().map(|one| one.2.to_owned()).collect();
        let versions: Vec<String> = self.changes.iter().map(|one| one.3.to_owned()).collect();
        sqlx::query!(
            "insert into catalog_changes (server, tool, change, version, at)
            select server, nullif(tool, ''), change, version, $5
            from unnest($1::text[], $2::text[], $3::text[], $4::text[]) as new (server, tool, change, version)",
            &changed,
            &tools,
            &what,
            &versions,
            at,
        )
        .execute(&mut *sql)
        .await?;
        let words: Vec<String> = self.words.into_iter().collect();
        sqlx::query!(
            "insert into catalog_words (word) select unnest($1::text[]) on conflict do nothing",
            &words,
        )
        .execute(&mut *sql)
        .await?;
        Ok(())
    }
}

impl<'s> ToolLine<'s> {
    fn of(
        server: &'s str,
        number: usize,
        tool: &'s ToolEntry,
        names: &[String],
        ecosystem: &str,
    ) -> Result<Self, ImportError> {
        let mut words: BTreeSet<String> = about::words(&tool.name).into_iter().collect();
        words.extend(names.iter().cloned());
        words.extend(
            tool.evidence
                .iter()
                .flat_map(|evidence| about::words(&evidence.word)),
        );
        words.insert(of_category(tool.category));
        words.insert(of_ecosystem(ecosystem));
        Ok(Self {
            server,
            position: i32::try_from(number).unwrap_or(i32::MAX),
            tool,
            annotations: serde_json::to_value(tool.annotations)?,
            words: spaced(&words),
        })
    }
}

impl Marks {
    /// What is different now, the weightiest of it.
    fn change(&self, tool: &ToolEntry, annotations: &Value) -> Option<&'static str> {
        let is = [
            (self.schema != tool.schema, "schema"),
            (self.annotations != *annotations, "claims"),
            (self.wording != tool.wording, "wording"),
            (self.category != tool.category.name(), "category"),
        ];
        is.into_iter().find(|(is, _)| *is).map(|(_, word)| word)
    }
}

/// No word has a space.
fn spaced(words: &BTreeSet<String>) -> String {
    let words: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| !word.contains(' ') && word.len() < 500)
        .collect();
    words.join(" ")
}
