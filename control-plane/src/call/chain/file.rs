//! The file that `portcullis verify` reads: what the database says of its chains, every checkpoint, every record. Written a
//! stretch at a time; what comes meanwhile is marked.

use super::checkpoint::head;
use crate::access::Action;
use crate::app::App;
use crate::call::export::FILES;
use crate::caller::{Caller, Refused};
use crate::db::{DbError, OrgRead};
use crate::problem::Problem;
use crate::shares::Share;
use axum::body::{Body, Bytes};
use bundle::chain::{Call, Export, Line, Link, Outcome, Signed, Stored};
use futures_util::stream::{self, Stream};
use ids::{ApprovalId, CallId, GrantId, PolicyId, ServerId};
use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

/// Lines read at a time.
const STRETCH: i64 = 2_000;

/// How much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Whole,
    /// The checkpoints alone, to be kept elsewhere.
    Checkpoints,
}

impl Part {
    pub fn read(format: Option<&str>) -> Option<Self> {
        match format? {
            "chain" => Some(Self::Whole),
            "checkpoints" => Some(Self::Checkpoints),
            _ => None,
        }
    }

    pub fn content_disposition(self) -> &'static str {
        match self {
            Self::Whole => "attachment; filename=\"chain.jsonl\"",
            Self::Checkpoints => "attachment; filename=\"checkpoints.jsonl\"",
        }
    }
}

/// Where the next stretch begins.
#[derive(Debug, Clone, Copy)]
enum Next {
    /// After the checkpoint of this number.
    Checkpoints(i64),
    Calls(Place),
    Outcomes(Place),
    End,
}

/// The record read last.
#[derive(Debug, Clone, Copy)]
struct Place {
    at: OffsetDateTime,
    id: Uuid,
}

impl Place {
    const START: Self = Self {
        at: OffsetDateTime::UNIX_EPOCH,
        id: Uuid::nil(),
    };
}

/// The first lines are read before this answers, so that a refusal is a problem and not a broken file.
pub async fn file(app: App, caller: Caller, part: Part) -> Result<Body, Problem> {
    let permit = FILES.take(caller.org())?;
    let mut tx = app.db().read(caller.allow(Action::Export)?).await?;
    let (export, snapshot) = begin(&mut tx).await?;
    drop(tx);
    let mut head = String::new();
    if part == Part::Whole {
        write(&Line::Export(export.clone()), &mut head)?;
    }
    let writing = Writing {
        app,
        caller,
        part,
        checkpoints: i64::try_from(export.checkpoints).unwrap_or(i64::MAX),
        snapshot,
        permit,
        next: Next::Checkpoints(0),
    };
    Ok(Body::from_stream(writing.stream(head)))
}

/// What the database says of itself, and what was visible right after: all that it speaks of, and perhaps more.
async fn begin(tx: &mut OrgRead) -> Result<(Export, String), DbError> {
    let org = tx.org();
    let rows = sqlx::query!(
        "select day, writer, last, hash from call_chains where org_id = $1 order by day, writer",
        org.uuid()
    )
    .fetch_all(tx.sql())
    .await?;
    let checkpoints = sqlx::query_scalar!(
        r#"select coalesce(max(number), 0) as "number!" from call_checkpoints where org_id = $1"#,
        org.uuid()
    )
    .fetch_one(tx.sql())
    .await?;
    let snapshot = snapshot(tx.sql()).await?;
    let heads = rows.iter();
    let export = Export {
        org,
        checkpoints: u64::try_from(checkpoints).unwrap_or(0),
        heads: heads
            .map(|row| head(row.day, &row.writer, row.last, &row.hash))
            .collect(),
    };
    Ok((export, snapshot))
}

async fn snapshot(sql: &mut PgConnection) -> Result<String, DbError> {
    let snapshot = sqlx::query_scalar!(r#"select pg_current_snapshot()::text as "snapshot!""#);
    Ok(snapshot.fetch_one(sql).await?)
}

struct Writing {
    app: App,
    caller: Caller,
    part: Part,
    /// The number of the last checkpoint to be written.
    checkpoints: i64,
    snapshot: String,
    /// Given back when the file is written, or nobody reads it any more.
    #[expect(dead_code, reason = "held, not read")]
    permit: Share,
    next: Next,
}

impl Writing {
    fn stream(self, head: String) -> impl Stream<Item = Result<Bytes, Refused>> {
        stream::try_unfold((self, Some(head)), |(mut writing, head)| async move {
            if let Some(head) = head {
                return Ok(Some((Bytes::from(head), (writing, None))));
            }
            if matches!(writing.next, Next::End) {
                return Ok(None);
            }
            let text = writing.stretch().await?;
            Ok(Some((Bytes::from(text), (writing, None))))
        })
    }

    /// Each stretch is asked for with the right anew.
    async fn stretch(&mut self) -> Result<String, Refused> {
        let mut tx = self
            .app
            .db()
            .read(self.caller.allow(Action::Export)?)
            .await?;
        let mut out = String::new();
        self.next = match self.next {
            Next::Checkpoints(after) => {
                match checkpoints(&mut tx, after, self.checkpoints, &mut out).await? {
                    Some(last) => Next::Checkpoints(last),
                    None if self.part == Part::Checkpoints => Next::End,
                    None => Next::Calls(Place::START),
                }
            }
            Next::Calls(after) => calls(&mut tx, after, &self.snapshot, &mut out)
                .await?
                .map_or(Next::Outcomes(Place::START), Next::Calls),
            Next::Outcomes(after) => outcomes(&mut tx, after, &self.snapshot, &mut out)
                .await?
                .map_or(Next::End, Next::Outcomes),
            Next::End => Next::End,
        };
        Ok(out)
    }
}

/// Writes a stretch of checkpoints; answers the last one's number where there may be more.
async fn checkpoints(
    tx: &mut OrgRead,
    after: i64,
    last: i64,
    out: &mut String,
) -> Result<Option<i64>, DbError> {
    let rows = sqlx::query!(
        "select number, document, key, signature from call_checkpoints
        where org_id = $1 and number > $2 and number <= $3 order by number limit $4",
        tx.org().uuid(),
        after,
        last,
        STRETCH,
    )
    .fetch_all(tx.sql())
    .await?;
    let last = rows.last().map(|row| row.number);
    for row in rows {
        let signed = Signed {
            document: row.document,
            key: row.key,
            signature: row.signature,
        };
        write(&Line::Checkpoint(signed), out)?;
    }
    Ok(last)
}

async fn calls(
    tx: &mut OrgRead,
    after: Place,
    snapshot: &str,
    out: &mut String,
) -> Result<Option<Place>, DbError> {
    let rows = sqlx::query!(
        r#"select at, id, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "at_text!",
            to_char(judged_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as judged_at, replica, grant_id,
            server_id, method, tool, verdict, rule, policy_id, policy_version, bundle_version, limiter,
            to_jsonb(argument_keys) as "argument_keys!", shadow, client_name, client_version, protocol, added_us,
            approval_id, charges, writer, seq, hash,
            -- A transaction that is yet to come wrote nothing: who says so is not believed.
            not pg_visible_in_snapshot(tx, $5::text::pg_snapshot) and tx < pg_snapshot_xmax(pg_current_snapshot())
            as "is_later!"
        from calls where org_id = $1 and (at, id) > ($2, $3) order by at, id limit $4"#,
        tx.org().uuid(),
        after.at,
        after.id,
        STRETCH,
        snapshot,
    )
    .fetch_all(tx.sql())
    .await?;
    let last = rows.last().map(|row| Place {
        at: row.at,
        id: row.id,
    });
    for row in rows {
        let record = Call {
            id: CallId::from_uuid(row.id),
            at: row.at_text,
            judged_at: row.judged_at,
            replica: row.replica,
            grant: GrantId::from_uuid(row.grant_id),
            server: ServerId::from_uuid(row.server_id),
            method: row.method,
            tool: row.tool,
            verdict: row.verdict,
            rule: row.rule,
            policy: row.policy_id.map(PolicyId::from_uuid),
            policy_version: row.policy_version,
            bundle_version: row.bundle_version,
            limiter: row.limiter,
            argument_keys: row.argument_keys,
            shadow: row.shadow,
            client_name: row.client_name,
            client_version: row.client_version,
            protocol: row.protocol,
            added_us: row.added_us,
            approval: row.approval_id.map(ApprovalId::from_uuid),
            charges: row.charges,
        };
        let chain = link(row.writer, row.seq, row.hash);
        let is_later = row.is_later;
        let stored = Stored {
            record,
            chain,
            is_later,
        };
        write(&Line::Call(stored), out)?;
    }
    Ok(last)
}

async fn outcomes(
    tx: &mut OrgRead,
    after: Place,
    snapshot: &str,
    out: &mut String,
) -> Result<Option<Place>, DbError> {
    let rows = sqlx::query!(
        r#"select at, id, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "at_text!",
            to_char(ended_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as ended_at, upstream_status,
            latency_us, added_us, bytes, outcome, refunded, writer, seq, hash,
            not pg_visible_in_snapshot(tx, $5::text::pg_snapshot) and tx < pg_snapshot_xmax(pg_current_snapshot())
            as "is_later!"
        from call_outcomes where org_id = $1 and (at, id) > ($2, $3) order by at, id limit $4"#,
        tx.org().uuid(),
        after.at,
        after.id,
        STRETCH,
        snapshot,
    )
    .fetch_all(tx.sql())
    .await?;
    let last = rows.last().map(|row| Place {
        at: row.at,
        id: row.id,
    });
    for row in rows {
        let record = Outcome {
            id: CallId::from_uuid(row.id),
            at: row.at_text,
            ended_at: row.ended_at,
            upstream_status: row.upstream_status,
            latency_us: row.latency_us,
            added_us: row.added_us,
            bytes: row.bytes,
            outcome: row.outcome,
            refunded: row.refunded,
        };
        let chain = link(row.writer, row.seq, row.hash);
        let is_later = row.is_later;
        let stored = Stored {
            record,
            chain,
            is_later,
        };
        write(&Line::Outcome(stored), out)?;
    }
    Ok(last)
}

/// None of a record from before there were chains. Half of a place is one that is wrong.
fn link(writer: Option<String>, seq: Option<i64>, hash: Option<Vec<u8>>) -> Option<Link> {
    if writer.is_none() && seq.is_none() && hash.is_none() {
        return None;
    }
    Some(Link {
        writer: writer.unwrap_or_default(),
        seq: seq.unwrap_or_default(),
        hash: seal::to_hex(&hash.unwrap_or_default()),
    })
}

fn write(line: &Line, out: &mut String) -> Result<(), DbError> {
    let text = serde_json::to_string(line);
    out.push_str(&text.map_err(|error| DbError::Stored(error.to_string()))?);
    out.push('\n');
    Ok(())
}
