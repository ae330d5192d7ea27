//! The first wall between organisations, by the text of the sources: who looks across, and what every query names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Where the plane looks across organisations, and how often. A new place is a new line here, with a reader's consent.
const REASONS: [(&str, &str, usize); 44] = [
    ("Account", "account/act.rs", 10),
    ("Account", "account/delete.rs", 2),
    ("Account", "account/wishes.rs", 1),
    ("Account", "oidc/identity/act.rs", 2),
    ("Account", "totp/act.rs", 4),
    ("Approve", "approval/ask.rs", 4),
    ("Approve", "approval/expire.rs", 1),
    ("Approve", "approval/notice.rs", 2),
    ("Attempt", "session/attempts.rs", 2),
    ("Checkpoint", "call/chain/checkpoint.rs", 2),
    ("Checkpoint", "call/chain/keep.rs", 3),
    ("CreateOrg", "org/act.rs", 1),
    ("DeleteOrg", "org/act.rs", 1),
    ("ForgetOrg", "org/gone.rs", 4),
    ("Forget", "call/capture/keep.rs", 1),
    ("Idempotency", "http/idempotency/once.rs", 2),
    ("Deliver", "webhook/outbox.rs", 3),
    ("IngestRecords", "call/budget.rs", 1),
    ("IngestRecords", "call/days.rs", 1),
    ("IngestRecords", "call/ingest.rs", 1),
    ("JoinOrg", "org/invitation/act.rs", 2),
    ("Mail", "mail/act.rs", 1),
    ("Mail", "mail/outbox.rs", 4),
    ("Missing", "call/gap.rs", 1),
    ("NameMember", "approval/act.rs", 1),
    ("NameMember", "grant/act.rs", 1),
    ("NameMember", "org/export/write.rs", 2),
    ("NameMember", "org/invitation/act.rs", 1),
    ("NameMember", "org/member/act.rs", 2),
    ("NameMember", "slack/act.rs", 1),
    ("Publish", "publish/outbox.rs", 2),
    ("Rediscover", "server/discover/schedule.rs", 4),
    ("ServeGateways", "call/budget.rs", 1),
    ("ServeGateways", "gateway/act.rs", 1),
    ("ServeGateways", "publish/feed.rs", 3),
    ("SignIn", "oidc/act.rs", 3),
    ("SignIn", "session/act.rs", 9),
    ("SignIn", "session/mod.rs", 1),
    ("SignIn", "session/step_up.rs", 2),
    ("SignUp", "session/sign_up.rs", 1),
    ("TakeBack", "publish/revocation.rs", 4),
    ("WhoCalls", "caller.rs", 2),
    ("WhoCalls", "org/act.rs", 2),
    ("WhoCalls", "slack/answer.rs", 4),
];

#[test]
fn every_look_across_organisations_is_on_this_list() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    for file in rust_files(&source) {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file
            .strip_prefix(&source)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        for (_, rest) in text
            .match_indices("Reason::")
            .map(|(at, word)| text.split_at(at + word.len()))
        {
            let reason: String = rest
                .chars()
                .take_while(char::is_ascii_alphanumeric)
                .collect();
            *found.entry((reason, name.clone())).or_insert(0) += 1;
        }
        assert!(
            name == "db.rs" || !text.contains("sqlx::PgPool") && !text.contains("PgPoolOptions"),
            "{name} has a pool"
        );
    }
    let listed = REASONS.map(|(reason, file, times)| ((reason.to_owned(), file.to_owned()), times));
    assert_eq!(found, BTreeMap::from(listed));

    let db = std::fs::read_to_string(source.join("db.rs")).unwrap();
    let variants = db
        .split_once("pub enum Reason {")
        .and_then(|(_, rest)| rest.split_once('}'))
        .unwrap()
        .0;
    let variants: BTreeSet<&str> = variants
        .split(',')
        .map(str::trim)
        .filter(|variant| !variant.is_empty())
        .collect();
    assert_eq!(
        variants,
        REASONS.iter().map(|(reason, ..)| *reason).collect(),
        "no reason is there for nothing"
    );
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                rust_files(&path)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

/// The first wall, by the text of the sources: row security would do, and a query names its organisation all the same.
#[test]
fn every_query_of_an_organisations_transaction_names_the_organisation() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut seen = 0;
    for file in rust_files(&source) {
        let text = std::fs::read_to_string(&file).unwrap();
        for (at, _) in text.match_indices("sqlx::query") {
            let before = &text[..at];
            let signature = &before[before.rfind("fn ").unwrap_or(0)..];
            let signature = &signature[..signature.find('{').unwrap_or(0)];
            // `db.rs` names the organisation itself; a `SystemTx` has none.
            if !signature.contains("OrgRead") && !signature.contains("OrgTx") {
                continue;
            }
            let (opening, query) = text[at..].split_once('"').unwrap();
            let closing = if opening.ends_with('#') { "\"#" } else { "\"" };
            let query = query.split(closing).next().unwrap();
            let names = query.contains("org_id")
                || query.contains("from orgs where id = $1")
                || query.contains("update orgs set");
            assert!(names, "{}: `{query}`", file.display());
            seen += 1;
        }
    }
    assert!(
        seen > 10,
        "the test reads the sources, and saw {seen} queries"
    );
}
