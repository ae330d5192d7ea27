//! Every cell, directly and through the gateway, side by side.

use super::Cells;
use super::row::Shown;
use super::table::{Era, Feature, Peer, lacks, rows};

/// Prints the whole table, and fails where the gateway does less than the server by itself, or a cell was not tried.
pub fn is_the_same(directly: &Cells, through: &Cells) {
    let (mut held, mut told, mut lacking, mut failed) = (0, 0, 0, Vec::new());
    let columns = Feature::ALL.map(|feature| format!("{feature:?}"));
    println!("{} {}", " ".repeat(46), columns.join(" "));
    for (index, (client, peer, era)) in rows().into_iter().enumerate() {
        let name = format!("{} with {}, {}", client.name(), peer.slug(), era.name());
        let mut line = format!("{name:<46}");
        for (feature, column) in Feature::ALL.into_iter().zip(&columns) {
            let cell = (index, feature);
            let mark = match (directly.get(&cell), through.get(&cell)) {
                (Some(Ok(_)), Some(Ok(Shown::Whole))) => {
                    held += 1;
                    "ok"
                }
                (Some(Ok(Shown::Told)), Some(Ok(Shown::Told))) if era == Era::Modern => {
                    told += 1;
                    "told"
                }
                (Some(Err(_)), None) if lacks(peer, feature).is_some() => {
                    lacking += 1;
                    "-"
                }
                (directly, through) => {
                    failed.push(format!(
                        "{name}, {feature:?}: directly {directly:?}, through the gateway {through:?}"
                    ));
                    "NO"
                }
            };
            line = format!("{line} {mark:<width$}", width = column.len());
        }
        println!("{}", line.trim_end());
    }
    println!("ok: through the gateway as directly");
    println!(
        "told: not offered directly (2026-07-28 resumes no stream); the call that broke ends in an error at once, and the next one is answered"
    );
    for (peer, feature) in Peer::ALL
        .into_iter()
        .flat_map(|peer| Feature::ALL.map(|one| (peer, one)))
    {
        if let Some(why) = lacks(peer, feature) {
            println!("-: not offered directly: {feature:?}: {why}");
        }
    }
    println!(
        "{held} ok, {told} told, {lacking} not offered, {} less than directly",
        failed.len()
    );
    assert_eq!(failed, Vec::<String>::new());
    assert_eq!(held + told + lacking, rows().len() * Feature::ALL.len());
}
