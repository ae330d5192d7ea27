//! Reads recorded definitions once more: when a server is trusted or not any more, or the classifier has learned.

use super::class::{self, Class};
use super::listed;
use super::store::stored_category;
use crate::db::DbError;
use crate::policy::aside;
use crate::server::discover::Found;
use ids::{OrgId, ServerId};
use policy::Category;
use sqlx::PgConnection;

/// All tools of a server; answers those whose category is another now.
pub async fn server(
    sql: &mut PgConnection,
    org: OrgId,
    server: ServerId,
    is_trusted: bool,
) -> Result<Vec<String>, DbError> {
    let rows = sqlx::query!(
        "select name, definition, category, standing_category from tools
        where org_id = $1 and server_id = $2 order by position for update",
        org.uuid(),
        server.uuid(),
    )
    .fetch_all(&mut *sql)
    .await?;
    let tools: Vec<Found> = rows
        .iter()
        .map(|row| Found {
            name: row.name.clone(),
            definition: row.definition.clone(),
            digest: [0; 32],
        })
        .collect();
    let classes = aside(move || class::read(&tools, is_trusted)).await;
    let listed = listed::ask(sql, &classes).await?;
    let mut moved = Vec::new();
    let (mut names, mut standing) = (Vec::new(), Vec::new());
    for ((row, class), listed) in rows.iter().zip(&classes).zip(&listed) {
        let said = stored_category(row.category.as_deref())?;
        let (category, _) = class::decide(said, *listed, Some(class.category));
        if row.standing_category.as_deref() != Some(category.word()) {
            moved.push(row.name.clone());
        }
        names.push(row.name.clone());
        standing.push(category.word().to_owned());
    }
    write(sql, (org, server), &names, &standing, &listed, &classes).await?;
    Ok(moved)
}

async fn write(
    sql: &mut PgConnection,
    (org, server): (OrgId, ServerId),
    names: &[String],
    standing: &[String],
    listed: &[Option<Category>],
    classes: &[Class],
) -> Result<(), DbError> {
    let columns = class::columns(classes);
    sqlx::query!(
        "update tools set standing_category = listed.standing, read_category = listed.read, confidence = listed.sure,
            evidence = listed.evidence, signals = listed.signals, listed_category = listed.published, edition = $8
        from unnest($3::text[], $4::text[], $5::text[], $6::smallint[], $7::text[], $9::text[], $10::text[])
            as listed (name, standing, read, sure, evidence, signals, published)
        where org_id = $1 and server_id = $2 and tools.name = listed.name",
        org.uuid(),
        server.uuid(),
        names,
        standing,
        &columns.categories,
        &columns.sure,
        &columns.evidence,
        catalog::edition(),
        &columns.signals,
        &class::words(listed) as &[Option<String>],
    )
    .execute(sql)
    .await?;
    Ok(())
}
