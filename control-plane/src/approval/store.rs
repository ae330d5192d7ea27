//! The SQL of approvals.

mod asked;
pub mod waits;

pub use asked::{
    Answering, Asker, Opened, Same, Spent, answers, asked_again, asker, end, expire, go_on, insert,
    lost, same, spend, spent_by, standing, waiting,
};

use super::{Approval, Decision, Given, Person, Spend, Standing, State, Terms, Whose};
use crate::call::CallClient;
use crate::db::{DbError, OrgRead, OrgTx, SystemTx};
use crate::http::list::Page;
use bundle::approval::Pointer;
use ids::{ApprovalId, CallId, GrantId, MemberId, OrgId, PolicyId, ServerId, UserId};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Calls that are named of one approval.
const MOST_SPENDS: i64 = 100;

/// A request with what is not for everyone's eyes.
#[derive(Debug)]
pub struct Kept {
    pub approval: Approval,
    pub sealed: Vec<u8>,
    pub whose: Whose,
    pub timeout: Duration,
}

struct Row {
    id: Uuid,
    state: String,
    grant_id: Uuid,
    grant_name: String,
    grant_user: Option<String>,
    grant_made_by: String,
    grant_maker: Option<Uuid>,
    user_now: Option<String>,
    server_id: Uuid,
    tool: String,
    category: String,
    definition: Vec<u8>,
    arguments: Vec<u8>,
    policy_id: Uuid,
    policy_version: i32,
    rule: String,
    message: Option<String>,
    approvers: i32,
    timeout_s: i64,
    call_id: Uuid,
    asks: i64,
    client_name: Option<String>,
    client_version: Option<String>,
    asked_at: OffsetDateTime,
    ends_at: OffsetDateTime,
    decided_at: Option<OffsetDateTime>,
    note: String,
    uses: Option<i32>,
    used: i32,
    vary: Vec<String>,
}

/// Those in this state, or all, newest first; as the clock leaves them.
pub async fn list(
    tx: &mut OrgRead,
    state: Option<State>,
    page: &Page<ApprovalId>,
    now: OffsetDateTime,
) -> Result<Vec<Kept>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query_as!(
        Row,
        r#"select a.id, state, a.grant_id, grant_name, grant_user, grant_made_by, grant_maker,
            grants.user_email as "user_now?", server_id, tool, category, definition, arguments, policy_id,
            policy_version, rule, message, approvers, timeout_s, call_id, asks, client_name, client_version, asked_at,
            ends_at, decided_at, note, uses, used, vary
        from approvals a
        left join grants on grants.org_id = $1 and grants.id = a.grant_id
        where a.org_id = $1 and ($2::uuid is null or a.id < $2)
            and ($4::text is null
                or $4 = case when state in ('waiting', 'approved') and ends_at <= $5 then 'expired' else state end)
        order by a.id desc limit $3"#,
        org,
        page.before.map(ApprovalId::uuid),
        page.fetch(),
        state.map(State::word),
        now,
    )
    .fetch_all(tx.sql())
    .await?;
    with_history(tx.sql(), org, rows, now).await
}

pub async fn by_id(
    sql: &mut PgConnection,
    org: OrgId,
    id: ApprovalId,
    now: OffsetDateTime,
) -> Result<Option<Kept>, DbError> {
    let rows = sqlx::query_as!(
        Row,
        r#"select a.id, state, a.grant_id, grant_name, grant_user, grant_made_by, grant_maker,
            grants.user_email as "user_now?", server_id, tool, category, definition, arguments, policy_id,
            policy_version, rule, message, approvers, timeout_s, call_id, asks, client_name, client_version, asked_at,
            ends_at, decided_at, note, uses, used, vary
        from approvals a
        left join grants on grants.org_id = $1 and grants.id = a.grant_id
        where a.org_id = $1 and a.id = $2"#,
        org.uuid(),
        id.uuid(),
    )
    .fetch_all(&mut *sql)
    .await?;
    let mut found = with_history(sql, org.uuid(), rows, now).await?;
    Ok(found.pop())
}

/// How many wait for people.
pub async fn count_waiting(tx: &mut OrgRead, now: OffsetDateTime) -> Result<i64, DbError> {
    let org = tx.org().uuid();
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from approvals where org_id = $1 and state = 'waiting' and ends_at > $2"#,
        org,
        now,
    )
    .fetch_one(tx.sql())
    .await?;
    Ok(count)
}

/// Holds the request until the transaction ends, so that it is decided once.
pub async fn lock(tx: &mut OrgTx, id: ApprovalId) -> Result<bool, DbError> {
    let org = tx.org().uuid();
    let held = sqlx::query_scalar!(
        "select id from approvals where org_id = $1 and id = $2 for no key update",
        org,
        id.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(held.is_some())
}

/// How the request stands that [`lock`] holds.
pub async fn held(tx: &mut OrgTx, kept: &Kept) -> Result<Standing, DbError> {
    let approval = &kept.approval;
    Ok(match approval.state {
        State::Waiting => Standing::Waiting {
            agreed: agreed(tx, approval.id).await?,
            until: approval.expires_at,
        },
        State::Approved => {
            let given = approval.answer.clone();
            let given = given.ok_or_else(|| DbError::Stored("an approval without terms".into()))?;
            Standing::Approved {
                terms: Terms {
                    uses: given.uses,
                    lasts: Duration::ZERO,
                    vary: given.vary.into_iter().collect(),
                },
                used: given.used,
                until: approval.expires_at,
            }
        }
        State::Refused => Standing::Refused,
        State::Expired => Standing::Expired,
        State::Withdrawn => Standing::Withdrawn,
        State::Spent => Standing::Spent,
    })
}

async fn agreed(tx: &mut OrgTx, id: ApprovalId) -> Result<Vec<(UserId, Terms)>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query!(
        "select user_id, uses, lasts_s, vary from approval_decisions
        where org_id = $1 and approval_id = $2 and decision = 'approve'
        order by at",
        org,
        id.uuid(),
    )
    .fetch_all(tx.sql())
    .await?;
    let each = rows.into_iter().map(|row| {
        let terms = Terms {
            uses: number(row.uses.unwrap_or(1))?,
            lasts: Duration::seconds(row.lasts_s.unwrap_or(0)),
            vary: pointers(&row.vary)?.into_iter().collect(),
        };
        Ok((UserId::from_uuid(row.user_id), terms))
    });
    each.collect()
}

/// What somebody said.
#[derive(Debug)]
pub struct Word<'a> {
    pub decision: &'static str,
    pub person: &'a Person,
    pub member: MemberId,
    pub note: &'a str,
    pub terms: Option<&'a Terms>,
}

pub async fn say(tx: &mut OrgTx, id: ApprovalId, word: Word<'_>) -> Result<(), DbError> {
    let (org, actor, now) = (tx.org().uuid(), tx.actor().clone(), tx.now().time());
    let uses = word.terms.map(|terms| stored(terms.uses));
    let lasts = word.terms.map(|terms| terms.lasts.whole_seconds());
    let vary = word.terms.map(texts).unwrap_or_default();
    sqlx::query!(
        "insert into approval_decisions (org_id, approval_id, decision, user_id, member, email, actor, actor_name, note,
            uses, lasts_s, vary, at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        org,
        id.uuid(),
        word.decision,
        word.person.user.uuid(),
        word.member.to_string(),
        word.person.email,
        actor.id,
        actor.name,
        word.note,
        uses,
        lasts,
        &vary,
        now,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// The step that was taken. `answer` is the digest that calls are held against; `until` is when it ends.
pub async fn decide(
    tx: &mut OrgTx,
    id: ApprovalId,
    standing: &Standing,
    note: &str,
    (answer, until): (Option<[u8; 32]>, Option<OffsetDateTime>),
) -> Result<(), DbError> {
    let (org, now) = (tx.org().uuid(), tx.now().time());
    let terms = match standing {
        Standing::Approved { terms, .. } => Some(terms),
        _ => None,
    };
    let vary = terms.map(texts).unwrap_or_default();
    sqlx::query!(
        "update approvals set state = $3, note = $4, decided_at = coalesce(decided_at, $5),
            uses = coalesce($6, uses), answer = coalesce($7, answer), vary = case when $6 is null then vary else $8 end,
            ends_at = coalesce($9, ends_at)
        where org_id = $1 and id = $2",
        org,
        id.uuid(),
        standing.state().word(),
        note,
        now,
        terms.map(|terms| stored(terms.uses)),
        answer.as_ref().map(<[u8; 32]>::as_slice),
        &vary,
        until,
    )
    .execute(tx.sql())
    .await?;
    Ok(())
}

/// Who stands behind a membership.
pub async fn person(
    tx: &mut SystemTx,
    org: OrgId,
    member: MemberId,
) -> Result<Option<Person>, DbError> {
    let row = sqlx::query!(
        "select users.id, users.email from members join users on users.id = members.user_id
        where members.org_id = $1 and members.id = $2",
        org.uuid(),
        member.uuid(),
    )
    .fetch_optional(tx.sql())
    .await?;
    Ok(row.map(|row| Person {
        user: UserId::from_uuid(row.id),
        email: row.email,
    }))
}

/// With everything that was said of each, and who spent it.
async fn with_history(
    sql: &mut PgConnection,
    org: Uuid,
    rows: Vec<Row>,
    now: OffsetDateTime,
) -> Result<Vec<Kept>, DbError> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let said = sqlx::query!(
        "select approval_id, decision, actor, actor_name, note, uses, lasts_s, vary, at from approval_decisions
        where org_id = $1 and approval_id = any($2)
        order by at",
        org,
        &ids,
    )
    .fetch_all(&mut *sql)
    .await?;
    let spent = sqlx::query!(
        r#"select approval_id as "approval_id!", call_id as "call_id!", at as "at!" from (
            select approval_id, call_id, at, row_number() over (partition by approval_id order by at desc) as place
            from approval_spends where org_id = $1 and approval_id = any($2)
        ) as latest
        where place <= $3 order by at"#,
        org,
        &ids,
        MOST_SPENDS,
    )
    .fetch_all(sql)
    .await?;
    let mut kept = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.id;
        let mut one = row.kept(now)?;
        for said in said.iter().filter(|said| said.approval_id == id) {
            one.approval.decisions.push(Decision {
                decision: said.decision.clone(),
                actor: said.actor.clone(),
                actor_name: said.actor_name.clone(),
                note: said.note.clone(),
                uses: said.uses.map(number).transpose()?,
                lasts_s: said.lasts_s.and_then(|lasts| u64::try_from(lasts).ok()),
                vary: pointers(&said.vary)?,
                at: said.at,
            });
        }
        let own = spent.iter().filter(|spend| spend.approval_id == id);
        one.approval.spent_by = own
            .map(|spend| Spend {
                call: CallId::from_uuid(spend.call_id),
                at: spend.at,
            })
            .collect();
        kept.push(one);
    }
    Ok(kept)
}

impl Row {
    fn kept(self, now: OffsetDateTime) -> Result<Kept, DbError> {
        let state = state(&self.state)?;
        let is_over = matches!(state, State::Waiting | State::Approved) && self.ends_at <= now;
        let answer = match self.uses {
            Some(uses) => Some(Given {
                uses: number(uses)?,
                used: number(self.used)?,
                vary: pointers(&self.vary)?,
            }),
            None => None,
        };
        let users = [self.grant_user, self.user_now].into_iter().flatten();
        Ok(Kept {
            sealed: self.arguments,
            whose: Whose {
                users: users.collect(),
                made_by: self.grant_made_by,
                maker: self.grant_maker.map(UserId::from_uuid),
            },
            timeout: Duration::seconds(self.timeout_s),
            approval: Approval {
                id: ApprovalId::from_uuid(self.id),
                state: if is_over { State::Expired } else { state },
                grant: GrantId::from_uuid(self.grant_id),
                grant_name: self.grant_name,
                server: ServerId::from_uuid(self.server_id),
                tool: self.tool,
                category: self.category,
                definition: seal::to_hex(&self.definition),
                arguments: None,
                policy: PolicyId::from_uuid(self.policy_id),
                version: number(self.policy_version)?,
                rule: self.rule,
                message: self.message,
                approvers: number(self.approvers)?,
                call: CallId::from_uuid(self.call_id),
                asks: u64::try_from(self.asks).unwrap_or(0),
                client: self
                    .client_name
                    .zip(self.client_version)
                    .map(|(name, version)| CallClient { name, version }),
                asked_at: self.asked_at,
                expires_at: self.ends_at,
                decided_at: self.decided_at,
                note: self.note,
                answer,
                decisions: Vec::new(),
                spent_by: Vec::new(),
                is_own: false,
            },
        })
    }
}

fn state(word: &str) -> Result<State, DbError> {
    State::of(word).ok_or_else(|| DbError::Stored(format!("`{word}` as a state of an approval")))
}

fn number(stored: i32) -> Result<u32, DbError> {
    u32::try_from(stored).map_err(|_| DbError::Stored(format!("`{stored}` in an approval")))
}

fn stored(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

fn texts(terms: &Terms) -> Vec<String> {
    let vary = terms.vary.iter();
    vary.map(|pointer| pointer.as_str().to_owned()).collect()
}

fn pointers(texts: &[String]) -> Result<Vec<Pointer>, DbError> {
    let each = texts.iter().map(|text| Pointer::parse(text));
    each.collect::<Result<_, _>>()
        .map_err(|error| DbError::Stored(error.to_string()))
}
