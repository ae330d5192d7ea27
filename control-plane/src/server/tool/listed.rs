//! What the catalogue says of tools that are published just as a server lists them.

use super::Severity;
use super::class::Class;
use super::store::stored_category;
use crate::db::DbError;
use policy::Category;
use sqlx::PgConnection;

/// One answer for each tool, in their order: the worst category of those in the catalogue with the same name, wording,
/// schema and claims.
pub async fn ask(
    sql: &mut PgConnection,
    classes: &[Class],
) -> Result<Vec<Option<Category>>, DbError> {
    let mut answers = vec![None; classes.len()];
    let (mut positions, mut names, mut wordings, mut schemas, mut annotations) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (position, class) in (0_i32..).zip(classes) {
        let Some(marks) = &class.marks else { continue };
        positions.push(position);
        names.push(marks.name.clone());
        wordings.push(marks.wording.clone());
        schemas.push(marks.schema.clone());
        annotations.push(
            serde_json::to_value(marks.annotations)
                .map_err(|error| DbError::Stored(format!("annotations: {error}")))?,
        );
    }
    let rows = sqlx::query!(
        r#"select distinct asked.position as "position!", category
        from unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::jsonb[])
            as asked (position, name, wording, schema, annotations)
        join catalog_tools on catalog_tools.name = asked.name and catalog_tools.wording = asked.wording
            and catalog_tools.schema = asked.schema and catalog_tools.annotations = asked.annotations"#,
        &positions,
        &names,
        &wordings,
        &schemas,
        &annotations,
    )
    .fetch_all(sql)
    .await?;
    for row in rows {
        let answer = usize::try_from(row.position)
            .ok()
            .and_then(|position| answers.get_mut(position));
        let (Some(answer), Some(category)) = (answer, stored_category(Some(&row.category))?) else {
            continue;
        };
        *answer = Some(answer.map_or(category, |other| worse(category, other)));
    }
    Ok(answers)
}

fn worse(one: Category, other: Category) -> Category {
    if Severity::of(one) > Severity::of(other) {
        one
    } else {
        other
    }
}
