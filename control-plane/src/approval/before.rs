//! What people have said to calls of the same tool before.

use crate::access::Action;
use crate::app::App;
use crate::caller::{Caller, Refused};
use crate::db::{DbError, OrgRead};
use ids::{ApprovalId, GrantId};
use time::OffsetDateTime;

const MOST: i64 = 10;

/// A request that was decided.
#[derive(Debug, Clone)]
pub struct Before {
    pub id: ApprovalId,
    pub state: String,
    pub grant: GrantId,
    pub grant_name: String,
    /// Who said something to it.
    pub by: String,
    pub note: String,
    pub decided_at: OffsetDateTime,
    /// Whether it was the very same call: grant, arguments, policy and all.
    pub is_same: bool,
}

/// The newest of them.
pub async fn show(app: &App, caller: &Caller, id: ApprovalId) -> Result<Vec<Before>, Refused> {
    let mut tx = app.db().read(caller.allow(Action::ReadApprovals)?).await?;
    Ok(find(&mut tx, id).await?)
}

async fn find(tx: &mut OrgRead, id: ApprovalId) -> Result<Vec<Before>, DbError> {
    let org = tx.org().uuid();
    let rows = sqlx::query!(
        r#"select a.id, a.state, a.grant_id, a.grant_name, a.note, a.decided_at as "decided_at!",
            a.digest = this.digest as "is_same!",
            coalesce((
                select string_agg(actor_name, ', ' order by at) from approval_decisions
                where org_id = $1 and approval_id = a.id
            ), '') as "by!"
        from approvals a
        join approvals this on this.org_id = $1 and this.id = $2
        where a.org_id = $1 and a.id <> $2 and a.server_id = this.server_id and a.tool = this.tool
            and a.decided_at is not null
        order by a.id desc limit $3"#,
        org,
        id.uuid(),
        MOST,
    )
    .fetch_all(tx.sql())
    .await?;
    let each = rows.into_iter().map(|row| Before {
        id: ApprovalId::from_uuid(row.id),
        state: row.state,
        grant: GrantId::from_uuid(row.grant_id),
        grant_name: row.grant_name,
        by: row.by,
        note: row.note,
        decided_at: row.decided_at,
        is_same: row.is_same,
    });
    Ok(each.collect())
}
