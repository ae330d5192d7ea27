//! From a commit to a signed bundle, as a replica sees it: through the feed and the doors for data planes.

#[path = "world/rows.rs"]
mod rows;
mod world;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use bundle::Opened;
use bundle::feed::{Change, Feed};
use control_plane::publish;
use host::clock::Random;
use host::stop::Stop;
use ids::OrgId;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use world::{Who, World};

/// A control plane whose publisher runs, and what one replica has taken of it.
struct Replica {
    world: World,
    stop: Stop,
    cursor: Option<u64>,
    held: BTreeMap<OrgId, Opened>,
    gone: BTreeSet<OrgId>,
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.stop.stop();
    }
}

impl Replica {
    async fn new() -> Self {
        let world = World::new().await;
        let stop = Stop::new();
        tokio::spawn(publish::run(
            world.app.clone(),
            world.newest.clone(),
            stop.clone(),
        ));
        Self {
            world,
            stop,
            cursor: None,
            held: BTreeMap::new(),
            gone: BTreeSet::new(),
        }
    }

    async fn get(&self, path: &str) -> (StatusCode, Vec<u8>) {
        let now = self.world.app.now().unix_ms() / 1000;
        let claims =
            json!({ "sub": "r1", "aud": "portcullis-control-plane", "iat": now, "exp": now + 60 });
        let key = EncodingKey::from_ed_pem(self.world.gateway_signing_pem.as_bytes()).unwrap();
        let token = encode(&Header::new(Algorithm::EdDSA), &claims, &key).unwrap();
        let request = Request::builder()
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        let response = self.world.open(request.body(Body::empty()).unwrap()).await;
        (
            response.status(),
            to_bytes(response.into_body(), 64 << 20)
                .await
                .unwrap()
                .to_vec(),
        )
    }

    async fn feed(&self, cursor: Option<u64>) -> Feed {
        let query = cursor
            .map(|cursor| format!("?cursor={cursor}"))
            .unwrap_or_default();
        let (status, bytes) = self.get(&format!("/v1/gateway/feed{query}")).await;
        assert_eq!(status, 200);
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Asks once, and takes what it is told of.
    async fn follow(&mut self) {
        let feed = self.feed(self.cursor).await;
        self.cursor = Some(feed.cursor);
        for change in feed.changes {
            match change {
                Change::OrgRemoved { org } => {
                    self.held.remove(&org);
                    self.gone.insert(org);
                }
                Change::Bundle(signed) => {
                    let (status, bytes) = self
                        .get(&format!("/v1/gateway/bundles/{}", signed.statement.sha256))
                        .await;
                    if status == StatusCode::NOT_FOUND {
                        // Superseded meanwhile: a newer change follows.
                        continue;
                    }
                    let keys = [self.world.app.keys().verifying.clone()];
                    let opened = bundle::open(&signed, &bytes, &keys).unwrap();
                    self.held.insert(signed.statement.org, opened);
                }
            }
        }
    }

    /// Follows until the newest version of the organisation is held.
    async fn catch_up(&mut self, org: OrgId) -> &Opened {
        let newest = self.version(org).await;
        while self
            .held
            .get(&org)
            .is_none_or(|held| held.bundle.version < newest)
        {
            self.follow().await;
        }
        let held = &self.held[&org];
        assert_eq!(
            held.bundle.version, newest,
            "no bundle is of a version that was not committed"
        );
        held
    }

    /// The version that was committed last.
    async fn version(&self, org: OrgId) -> u64 {
        let mut sql = self
            .world
            .database
            .connect(&self.world.database.owner)
            .await;
        let version: i64 = sqlx::query_scalar("select version from org_versions where org_id = $1")
            .bind(org.uuid())
            .fetch_one(&mut sql)
            .await
            .unwrap();
        u64::try_from(version).unwrap()
    }

    async fn org(&self, who: &Who, slug: &str) -> OrgId {
        let org = self
            .world
            .get(who, &format!("/v1/orgs/{slug}"))
            .await
            .expect(200);
        org["id"].as_str().unwrap().parse().unwrap()
    }

    async fn draft(&self, who: &Who, policies: &str, slug: &str, document: &Value) {
        let path = format!("{policies}/{slug}/draft");
        self.world
            .put(who, &path, json!({ "document": document }))
            .await
            .expect(200);
    }

    async fn publish(&self, who: &Who, policies: &str, slug: &str) {
        self.world
            .post(
                who,
                &format!("{policies}/{slug}/publish"),
                json!({ "note": "" }),
            )
            .await
            .expect(201);
    }

    /// The organisation `acme` with a server, a published policy and a grant under it.
    async fn acme(&self) -> (Who, OrgId, Value) {
        let ann = self.world.owner("acme").await;
        rows::server(
            &self.world,
            "acme",
            "files",
            &[json!({ "name": "read", "inputSchema": {} })],
        )
        .await;
        self.world
            .post(
                &ann,
                POLICIES,
                json!({ "slug": "support", "name": "Support" }),
            )
            .await
            .expect(201);
        self.publish(&ann, POLICIES, "support").await;
        let body =
            json!({ "name": "robot", "servers": [{ "server": "files", "policy": "support" }] });
        let grant = self.world.post(&ann, GRANTS, body).await.expect(201);
        let org = self.org(&ann, "acme").await;
        (ann, org, grant)
    }

    fn digest(&self, grant: &Value) -> String {
        seal::to_hex(
            &self
                .world
                .app
                .keys()
                .pepper
                .digest(grant["token"].as_str().unwrap()),
        )
    }
}

const POLICIES: &str = "/v1/orgs/acme/policies";
const GRANTS: &str = "/v1/orgs/acme/grants";

fn allows(tool: &str) -> Value {
    json!({ "version": "1", "default": "deny", "tools": { tool: {} } })
}

fn documents(opened: &Opened) -> Vec<(u32, Value)> {
    opened
        .bundle
        .policies
        .iter()
        .map(|it| (it.number, serde_json::from_str(&it.document).unwrap()))
        .collect()
}

fn digests(opened: &Opened) -> Vec<(String, Option<u64>)> {
    opened
        .bundle
        .grants
        .iter()
        .flat_map(|it| {
            it.tokens
                .iter()
                .map(|token| (token.digest.clone(), token.until))
        })
        .collect()
}

#[tokio::test]
async fn a_commit_becomes_a_signed_bundle_of_the_next_version() {
    let mut replica = Replica::new().await;
    let (_, org, grant) = replica.acme().await;
    let digest = replica.digest(&grant);
    let opened = replica.catch_up(org).await;
    // Founded, published, minted.
    assert_eq!(opened.bundle.version, 3);
    let page = opened
        .bundle
        .org
        .server_page(&opened.bundle.servers[0].slug);
    assert_eq!(
        page.as_deref(),
        Some("http://127.0.0.1:8080/acme/servers/files")
    );
    assert_eq!(
        documents(opened),
        [(1, json!({ "version": "1", "default": "deny" }))]
    );
    assert_eq!(digests(opened), [(digest, None)]);
    let held = &opened.bundle.grants[0];
    assert_eq!(held.attachments[0].server, opened.bundle.servers[0].id);
    assert_eq!(
        held.attachments[0].policy,
        Some((opened.bundle.policies[0].id, 1))
    );
    assert_eq!(
        opened.bundle.servers[0].tools.as_ref().unwrap()[0].name,
        "read"
    );
}

#[tokio::test]
async fn a_draft_makes_no_bundle_and_a_publication_and_a_rollback_each_make_one() {
    let mut replica = Replica::new().await;
    let (ann, org, _) = replica.acme().await;
    let before = replica.catch_up(org).await.bundle.version;
    replica.draft(&ann, POLICIES, "support", &allows("a")).await;
    let body = json!({ "slug": "other", "name": "Other" });
    replica.world.post(&ann, POLICIES, body).await.expect(201);
    assert_eq!(replica.version(org).await, before);
    replica.publish(&ann, POLICIES, "support").await;
    let opened = replica.catch_up(org).await;
    assert_eq!(
        (opened.bundle.version, documents(opened)),
        (before + 1, vec![(2, allows("a"))])
    );
    let rollback = json!({ "version": 1, "note": "" });
    replica
        .world
        .post(&ann, &format!("{POLICIES}/support/rollback"), rollback)
        .await
        .expect(201);
    let opened = replica.catch_up(org).await;
    let nothing = json!({ "version": "1", "default": "deny" });
    assert_eq!(
        (opened.bundle.version, documents(opened)),
        (before + 2, vec![(3, nothing)])
    );
}

#[tokio::test]
async fn a_pinned_grant_stays_on_its_version_while_another_follows_the_latest() {
    let mut replica = Replica::new().await;
    let (ann, org, _) = replica.acme().await;
    let body = json!({ "name": "pinned", "servers": [{ "server": "files", "policy": "support", "version": 1 }] });
    replica.world.post(&ann, GRANTS, body).await.expect(201);
    replica.draft(&ann, POLICIES, "support", &allows("a")).await;
    replica.publish(&ann, POLICIES, "support").await;
    let opened = replica.catch_up(org).await;
    let numbers: BTreeMap<&str, u32> = opened
        .bundle
        .grants
        .iter()
        .map(|grant| (grant.name.as_str(), grant.attachments[0].policy.unwrap().1))
        .collect();
    assert_eq!(numbers, BTreeMap::from([("robot", 2), ("pinned", 1)]));
    assert_eq!(documents(opened).len(), 2);
}

#[tokio::test]
async fn a_revoked_grant_is_in_no_newer_bundle_and_a_rotation_holds_both_tokens_for_its_overlap() {
    let mut replica = Replica::new().await;
    let (ann, org, grant) = replica.acme().await;
    let path = format!("{GRANTS}/{}", grant["id"].as_str().unwrap());
    let rotated = replica
        .world
        .post(&ann, &format!("{path}/rotate"), json!({ "overlap": "24h" }))
        .await
        .expect(200);
    let (old, new) = (replica.digest(&grant), replica.digest(&rotated));
    let until = replica.world.app.now().unix_ms() + 86_400_000;
    assert_eq!(
        digests(replica.catch_up(org).await),
        [(new.clone(), None), (old, Some(until))]
    );

    let again = replica
        .world
        .post(&ann, &format!("{path}/rotate"), json!({}))
        .await
        .expect(200);
    let newest = replica.digest(&again);
    assert_eq!(
        digests(replica.catch_up(org).await),
        [(newest, None)],
        "no overlap, no old token, nor the one before"
    );

    replica
        .world
        .post(&ann, &format!("{path}/revoke"), json!({}))
        .await
        .expect(200);
    let opened = replica.catch_up(org).await;
    assert!(opened.bundle.grants.is_empty());
    assert!(
        opened.bundle.policies.is_empty(),
        "no document travels that judges nothing"
    );
}

#[tokio::test]
async fn the_feed_goes_on_from_a_cursor_and_starts_anew_from_one_it_does_not_know() {
    let mut replica = Replica::new().await;
    let (ann, acme, _) = replica.acme().await;
    replica.catch_up(acme).await;
    let bob = replica.world.owner("other").await;
    let other = replica.org(&bob, "other").await;
    replica.catch_up(other).await;
    let cursor = replica.cursor;
    replica.publish(&ann, POLICIES, "support").await;
    replica.catch_up(acme).await;

    let of = |feed: &Feed| -> Vec<(OrgId, u64)> {
        let told = feed.changes.iter().map(|change| match change {
            Change::Bundle(signed) => (signed.statement.org, signed.statement.version),
            Change::OrgRemoved { org } => panic!("{org} is not gone"),
        });
        told.collect()
    };
    let followed = replica.feed(cursor).await;
    assert_eq!((followed.is_reset, of(&followed)), (false, vec![(acme, 4)]));
    for unknown in [None, Some(u64::MAX)] {
        let whole = replica.feed(unknown).await;
        assert!(whole.is_reset);
        let mut told = of(&whole);
        told.sort_unstable();
        let mut expected = vec![(acme, 4), (other, 1)];
        expected.sort_unstable();
        assert_eq!(told, expected, "the newest of each organisation, once");
    }
}

#[tokio::test]
async fn replicas_are_told_that_an_organisation_is_gone() {
    let mut replica = Replica::new().await;
    let (ann, org, _) = replica.acme().await;
    let sha256 = replica.catch_up(org).await.signed.statement.sha256.clone();
    replica
        .world
        .delete(&ann, "/v1/orgs/acme")
        .await
        .expect(204);
    while !replica.gone.contains(&org) {
        replica.follow().await;
    }
    assert!(replica.held.is_empty());
    assert_eq!(
        replica
            .get(&format!("/v1/gateway/bundles/{sha256}"))
            .await
            .0,
        404
    );
    assert!(
        replica.feed(None).await.changes.is_empty(),
        "the whole manifest leaves it out"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_commits_at_once_take_fifty_versions_without_a_gap() {
    let mut replica = Replica::new().await;
    let (ann, org, _) = replica.acme().await;
    let before = replica.catch_up(org).await.bundle.version;
    let commits = (0..50).map(|number| {
        let body = json!({ "name": format!("robot {number}"), "servers": [{ "server": "files", "policy": "support" }] });
        replica.world.post(&ann, GRANTS, body)
    });
    for answer in futures_util::future::join_all(commits).await {
        answer.expect(201);
    }
    let opened = replica.catch_up(org).await;
    assert_eq!(opened.bundle.version, before + 50);
    assert_eq!(opened.bundle.grants.len(), 51);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_organisation_is_changed_and_deleted_while_it_is_being_published() {
    let mut replica = Replica::new().await;
    let (ann, org, _) = replica.acme().await;
    let before = replica.version(org).await;
    for round in 0..20 {
        let changes = (0..5).map(|number| {
            let body = json!({ "name": format!("Name {round} {number}") });
            replica.world.patch(&ann, "/v1/orgs/acme", body)
        });
        for answer in futures_util::future::join_all(changes).await {
            answer.expect(200);
        }
    }
    assert_eq!(replica.catch_up(org).await.bundle.version, before + 100);
    replica
        .world
        .patch(&ann, "/v1/orgs/acme", json!({ "name": "Last" }))
        .await
        .expect(200);
    replica
        .world
        .delete(&ann, "/v1/orgs/acme")
        .await
        .expect(204);
    while !replica.gone.contains(&org) {
        replica.follow().await;
    }
}

/// Over random rows of two organisations that look alike: what is in a bundle is its own, and all of it.
#[tokio::test]
async fn a_bundle_holds_all_of_its_own_organisation_and_nothing_of_another() {
    let mut replica = Replica::new().await;
    let random = Random::seeded(20_261_122);
    let below = |most: u8| usize::from(random.bytes::<1>()[0] % most);
    for round in 0..6 {
        let mut orgs = Vec::new();
        for side in ["a", "b"] {
            let slug = format!("round-{round}{side}");
            let who = replica.world.owner(&slug).await;
            orgs.push((replica.org(&who, &slug).await, slug, who));
        }
        for _ in 0..12 {
            let (_, slug, who) = &orgs[below(2)];
            let (policies, grants) = (
                format!("/v1/orgs/{slug}/policies"),
                format!("/v1/orgs/{slug}/grants"),
            );
            let name = format!("name-{}", below(4));
            match below(4) {
                0 => {
                    let path = format!("{policies}/{name}");
                    replica
                        .world
                        .post(who, &policies, json!({ "slug": name, "name": slug }))
                        .await;
                    replica.draft(who, &policies, &name, &allows(slug)).await;
                    replica.publish(who, &policies, &name).await;
                    replica.world.get(who, &path).await.expect(200);
                }
                1 => {
                    let server = format!("{name}-{}", seal::to_hex(&random.bytes::<3>()));
                    rows::server(&replica.world, slug, &server, &[json!({ "name": slug })]).await;
                }
                _ => {
                    let held = replica.world.get(who, &policies).await.expect(200);
                    let ids = own_ids(&replica, slug, "servers").await;
                    let servers: Vec<Value> = ids
                        .iter()
                        .map(|id| json!({ "server": format!("srv_{id}"), "policy": held["items"][0]["slug"] }))
                        .collect();
                    replica
                        .world
                        .post(who, &grants, json!({ "name": name, "servers": servers }))
                        .await
                        .expect(201);
                }
            }
        }
        for (org, slug, who) in &orgs {
            // One more change, so that the rows that no event told of are bundled too.
            replica
                .world
                .patch(who, &format!("/v1/orgs/{slug}"), json!({ "name": "Last" }))
                .await
                .expect(200);
            let servers = own_ids(&replica, slug, "servers").await;
            let grants = own_ids(&replica, slug, "grants").await;
            let opened = replica.catch_up(*org).await;
            let hex = |id: uuid::Uuid| id.simple().to_string();
            assert_eq!(
                opened
                    .bundle
                    .servers
                    .iter()
                    .map(|it| hex(it.id.uuid()))
                    .collect::<BTreeSet<_>>(),
                servers
            );
            assert_eq!(
                opened
                    .bundle
                    .grants
                    .iter()
                    .map(|it| hex(it.id.uuid()))
                    .collect::<BTreeSet<_>>(),
                grants
            );
            let text = serde_json::to_string(&opened.bundle).unwrap();
            for (other, other_slug, _) in orgs.iter().filter(|(other, ..)| other != org) {
                assert!(!text.contains(&other.to_string()) && !text.contains(other_slug));
                for table in ["servers", "grants", "policies"] {
                    for id in own_ids(&replica, other_slug, table).await {
                        assert!(
                            !text.contains(&id),
                            "{slug} holds {table} {id} of {other_slug}"
                        );
                    }
                }
            }
        }
    }
}

/// The ids in a table of one organisation, as the digits they print.
async fn own_ids(replica: &Replica, org: &str, table: &str) -> BTreeSet<String> {
    let mut sql = replica
        .world
        .database
        .connect(&replica.world.database.owner)
        .await;
    let query = format!(
        "select replace({table}.id::text, '-', '') from {table} join orgs on orgs.id = org_id where orgs.slug = $1"
    );
    let ids: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
        .bind(org)
        .fetch_all(&mut sql)
        .await
        .unwrap();
    ids.into_iter().collect()
}
