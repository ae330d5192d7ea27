//! The description of the API: that it is committed, whole, and says no path that a slug could take.

mod world;

use control_plane::problem::Kind;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use world::{Who, World};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// What the contract names, operation by operation.
const PROMISED: &str = "
post /v1/signup
post /v1/login
post /v1/login/code
get /v1/login/providers
get /v1/login/oidc/{provider}
get /v1/login/oidc/{provider}/callback
post /v1/step-up
post /v1/logout
get /v1/me
get /v1/me/sessions
delete /v1/me/sessions
delete /v1/me/sessions/{session}
post /v1/me/confirmation
post /v1/me/password
post /v1/me/totp
delete /v1/me/totp
post /v1/me/totp/confirm
post /v1/me/totp/recovery-codes
post /v1/confirm
post /v1/forgot
post /v1/reset
get /v1/invitations/{token}
post /v1/invitations/{token}/accept
get /v1/orgs
post /v1/orgs
get /v1/orgs/{org}
patch /v1/orgs/{org}
delete /v1/orgs/{org}
post /v1/orgs/{org}/kill
get /v1/orgs/{org}/export
get /v1/orgs/{org}/members
patch /v1/orgs/{org}/members/{member}
delete /v1/orgs/{org}/members/{member}
get /v1/orgs/{org}/invitations
post /v1/orgs/{org}/invitations
delete /v1/orgs/{org}/invitations/{invitation}
get /v1/orgs/{org}/api-keys
post /v1/orgs/{org}/api-keys
delete /v1/orgs/{org}/api-keys/{key}
get /v1/orgs/{org}/servers
post /v1/orgs/{org}/servers
get /v1/orgs/{org}/servers/{server}
patch /v1/orgs/{org}/servers/{server}
delete /v1/orgs/{org}/servers/{server}
post /v1/orgs/{org}/servers/{server}/discover
get /v1/orgs/{org}/servers/{server}/tools
patch /v1/orgs/{org}/servers/{server}/tools/{tool}
get /v1/orgs/{org}/policies
post /v1/orgs/{org}/policies
get /v1/orgs/{org}/policies/{policy}
patch /v1/orgs/{org}/policies/{policy}
delete /v1/orgs/{org}/policies/{policy}
put /v1/orgs/{org}/policies/{policy}/draft
post /v1/orgs/{org}/policies/check
post /v1/orgs/{org}/policies/explain
post /v1/orgs/{org}/policies/{policy}/publish
get /v1/orgs/{org}/policies/{policy}/versions
get /v1/orgs/{org}/policies/{policy}/versions/{number}
get /v1/orgs/{org}/policies/{policy}/versions/{number}/diff/{other}
post /v1/orgs/{org}/policies/{policy}/rollback
get /v1/orgs/{org}/grants
post /v1/orgs/{org}/grants
get /v1/orgs/{org}/grants/{grant}
patch /v1/orgs/{org}/grants/{grant}
post /v1/orgs/{org}/grants/{grant}/rotate
post /v1/orgs/{org}/grants/{grant}/revoke
get /v1/orgs/{org}/calls
get /v1/orgs/{org}/calls/{call}
get /v1/orgs/{org}/calls/stream
get /v1/orgs/{org}/calls/export
get /v1/orgs/{org}/events
get /v1/orgs/{org}/gateways
";

/// Routes outside the description: it itself and the schema, which describe, and the doors of replicas, which
/// `gateway.rs` tries.
const UNDESCRIBED: [&str; 6] = [
    "/v1/openapi.json",
    "/v1/policy.schema.json",
    "/v1/gateway/feed",
    "/v1/gateway/bundles/{sha256}",
    "/v1/gateway/acks",
    "/v1/gateway/records",
];

/// What nobody has to be signed in for.
const PUBLIC: [&str; 10] = [
    "post /v1/signup",
    "post /v1/login",
    "post /v1/login/code",
    "get /v1/login/providers",
    "get /v1/login/oidc/{provider}",
    "get /v1/login/oidc/{provider}/callback",
    "post /v1/confirm",
    "post /v1/forgot",
    "post /v1/reset",
    "get /v1/invitations/{token}",
];

fn document() -> Value {
    serde_json::to_value(control_plane::http::api::document()).unwrap()
}

fn operations(document: &Value) -> BTreeSet<String> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |path: &String, item: &Value| {
        let has = METHODS
            .into_iter()
            .filter(|method| item.get(method).is_some());
        has.map(|method| format!("{method} {path}"))
            .collect::<Vec<_>>()
    };
    paths
        .iter()
        .flat_map(|(path, item)| of_path(path, item))
        .collect()
}

#[test]
fn the_committed_description_is_the_one_of_the_code() {
    let committed =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json"))
            .unwrap();
    let now = format!(
        "{}\n",
        control_plane::http::api::document()
            .to_pretty_json()
            .unwrap()
    );
    assert!(
        committed == now,
        "`control-plane openapi > control-plane/openapi.json` writes it anew"
    );
}

#[tokio::test]
async fn the_description_that_is_served_is_the_same() {
    let world = World::new().await;
    let served = world.get(&Who::default(), "/v1/openapi.json").await;
    assert_eq!(served.headers["content-type"], "application/json");
    assert_eq!(served.expect(200), document());
    let schema = world
        .get(&Who::default(), "/v1/policy.schema.json")
        .await
        .expect(200);
    assert_eq!(
        schema,
        serde_json::from_str::<Value>(&policy::schema().to_string()).unwrap()
    );
}

#[test]
fn every_operation_of_the_contract_is_there() {
    let promised: BTreeSet<String> = PROMISED
        .lines()
        .filter(|line| !line.is_empty())
        .map(ToOwned::to_owned)
        .collect();
    assert_eq!(operations(&document()), promised);
}

#[test]
fn every_operation_says_what_it_does_what_it_takes_and_how_it_fails() {
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(
                !operation["tags"].as_array().unwrap().is_empty(),
                "{name} has no tag"
            );
            let failure = &operation["responses"]["default"]["content"];
            assert!(
                failure.to_string().contains("ProblemBody"),
                "{name} does not say how it fails"
            );
            let named: BTreeSet<&str> = path
                .split('/')
                .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
                .collect();
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let described: BTreeSet<&str> = parameters
                .filter(|parameter| parameter["in"] == "path")
                .map(|parameter| parameter["name"].as_str().unwrap())
                .collect();
            assert_eq!(named, described, "{name}");
            let is_public = operation["security"] == serde_json::json!([{}]);
            assert_eq!(is_public, PUBLIC.contains(&name.as_str()), "{name}");
        }
    }
}

#[test]
fn no_organisation_can_be_named_like_a_path() {
    let planes = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut firsts = BTreeSet::new();
    for plane in ["control-plane/src", "data-plane/src", "shared/host/src"] {
        for text in rust_texts(&planes.join(plane)) {
            firsts.extend(
                text.match_indices("\"/")
                    .filter_map(|(at, _)| first_of_path(&text, at)),
            );
        }
    }
    assert!(
        ["v1", "healthz", "readyz", "problems", "metrics"]
            .iter()
            .all(|known| firsts.contains(*known)),
        "{firsts:?}"
    );
    for first in firsts {
        let reserved = ids::Slug::for_org(&first);
        assert!(
            reserved.is_err(),
            "`{first}` is a path, and an organisation could be named so"
        );
    }
}

#[test]
fn every_route_of_the_api_is_described_or_known_to_be_a_door_apart() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let texts = rust_texts(&sources);
    let routed: BTreeSet<&str> = texts
        .iter()
        .flat_map(|text| text.split(".route(").skip(1))
        .filter_map(|call| call.trim_start().strip_prefix('"')?.split_once('"'))
        .map(|(path, _)| path)
        .filter(|path| path.starts_with("/v1"))
        .collect();
    assert_eq!(routed, BTreeSet::from(UNDESCRIBED));
    // What is described is routed by the description itself (`routes!`): another way in would be one that it lacks.
    for other in [
        ".route_service(",
        ".nest_service(",
        ".nest(",
        ".fallback_service(",
    ] {
        for text in &texts {
            assert!(
                !text.contains(other),
                "`{other}` opens a way that nothing here sees"
            );
        }
    }
}

/// The first segment of the literal at `at`, where it stands as a path does: routed, described, or matched.
fn first_of_path(text: &str, at: usize) -> Option<String> {
    let before = text[..at].trim_end();
    let (path, after) = text[at + 2..].split_once('"')?;
    let after = after.trim_start();
    let is_path = [".route(", "path ="]
        .iter()
        .any(|opening| before.ends_with(opening))
        || ["=>", "if "].iter().any(|arm| after.starts_with(arm))
        || ["path ==", "path !="]
            .iter()
            .any(|comparison| before.ends_with(comparison));
    is_path.then(|| path.split('/').next().unwrap_or_default().to_owned())
}

/// Of everything but tests.
fn rust_texts(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .filter(|path| {
            !["tests", "tests.rs"]
                .iter()
                .any(|tests| path.ends_with(tests))
        })
        .flat_map(|path| {
            if path.is_dir() {
                rust_texts(&path)
            } else {
                vec![std::fs::read_to_string(path).unwrap_or_default()]
            }
        })
        .collect()
}

#[tokio::test]
async fn every_type_of_problem_leads_to_a_page_of_its_own() {
    let world = World::new().await;
    let list = world.get(&Who::default(), "/problems").await;
    assert_eq!(list.status, 200);
    let mut pages = BTreeSet::new();
    for kind in Kind::ALL {
        let path = format!("/problems/{}", kind.slug());
        assert!(list.text.contains(&format!("href=\"{path}\"")));
        let page = world.get(&Who::default(), &path).await;
        assert_eq!(
            (page.status.as_u16(), &page.headers["content-type"]),
            (200, &"text/html; charset=utf-8".parse().unwrap())
        );
        assert!(
            page.text.contains(kind.title()) && page.text.contains(kind.status().as_str()),
            "{}",
            page.text
        );
        assert!(!page.text.contains("<script") && !page.text.contains("style="));
        assert_eq!(
            page.headers["content-security-policy"],
            "default-src 'none'; frame-ancestors 'none'"
        );
        pages.insert(page.text);
    }
    assert_eq!(pages.len(), Kind::ALL.len());
    let unknown = world.get(&Who::default(), "/problems/none-such").await;
    assert_eq!(unknown.json()["type"], "/problems/not-found");
}
