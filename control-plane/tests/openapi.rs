//! The description of the API: that it is committed, whole, and says no path that a slug could take.

mod world;

use control_plane::problem::Kind;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use world::{Who, World};

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The table of the contract, operation by operation. It changes only with the contract, never with the code.
const CONTRACT: &str = "
post /v1/signup
post /v1/login
post /v1/logout
get /v1/me
get /v1/orgs
post /v1/orgs
get /v1/orgs/{org}
patch /v1/orgs/{org}
delete /v1/orgs/{org}
get /v1/orgs/{org}/api-keys
post /v1/orgs/{org}/api-keys
delete /v1/orgs/{org}/api-keys/{key}
get /v1/orgs/{org}/members
patch /v1/orgs/{org}/members/{member}
delete /v1/orgs/{org}/members/{member}
get /v1/orgs/{org}/invitations
post /v1/orgs/{org}/invitations
delete /v1/orgs/{org}/invitations/{invitation}
post /v1/invitations/{token}/accept
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
get /v1/orgs/{org}/approvals
get /v1/orgs/{org}/approvals/{approval}
post /v1/orgs/{org}/approvals/{approval}/approve
post /v1/orgs/{org}/approvals/{approval}/refuse
post /v1/orgs/{org}/kill
get /v1/orgs/{org}/gateways
get /v1/orgs/{org}/usage
get /v1/catalog/servers
get /v1/catalog/servers/{server}
get /v1/catalog/servers/{server}/tools/{tool}
post /v1/catalog/classify
";

/// What accounts need besides: other ways to sign in, sessions, codes, mails, and everything of an organisation as one file.
const BESIDES: &str = "
get /v1/orgs/{org}/inventory
get /v1/orgs/{org}/inventory/export
get /v1/orgs/{org}/servers/{server}/changes
post /v1/orgs/{org}/servers/{server}/accept
post /v1/login/code
get /v1/login/providers
get /v1/login/oidc/{provider}
get /v1/login/oidc/{provider}/callback
post /v1/step-up
patch /v1/me
delete /v1/me
get /v1/me/identities
delete /v1/me/identities/{identity}
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
get /v1/orgs/{org}/export
post /v1/orgs/{org}/approvals/{approval}/withdraw
get /v1/catalog/servers/{server}/policy
get /v1/orgs/{org}/servers/{server}/recommended
get /v1/orgs/{org}/capture
put /v1/orgs/{org}/capture
get /v1/orgs/{org}/calls/{call}/arguments
get /v1/orgs/{org}/slack
put /v1/orgs/{org}/slack
delete /v1/orgs/{org}/slack
delete /v1/orgs/{org}/slack/links/{team}/{user}
post /v1/slack/{org}
get /v1/orgs/{org}/approval-routing
put /v1/orgs/{org}/approval-routing
get /v1/orgs/{org}/webhooks
post /v1/orgs/{org}/webhooks
get /v1/orgs/{org}/webhooks/{webhook}
patch /v1/orgs/{org}/webhooks/{webhook}
delete /v1/orgs/{org}/webhooks/{webhook}
post /v1/orgs/{org}/webhooks/{webhook}/rotate
post /v1/orgs/{org}/webhooks/{webhook}/test
get /v1/orgs/{org}/webhooks/{webhook}/deliveries
post /v1/orgs/{org}/webhooks/{webhook}/deliveries/{delivery}/replay
";

/// Routes outside the description: it itself and the schema, which describe, and the doors of replicas, which
/// `gateway.rs` tries.
const UNDESCRIBED: [&str; 10] = [
    "/v1/openapi.json",
    "/v1/policy.schema.json",
    "/v1/gateway/feed",
    "/v1/gateway/bundles/{sha256}",
    "/v1/gateway/acks",
    "/v1/gateway/records",
    "/v1/gateway/budgets",
    "/v1/gateway/approvals/ask",
    "/v1/gateway/approvals/wait",
    "/v1/gateway/approvals/take-back",
];

/// What nobody has to be signed in for.
const PUBLIC: [&str; 16] = [
    "post /v1/slack/{org}",
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
    "get /v1/catalog/servers",
    "get /v1/catalog/servers/{server}",
    "get /v1/catalog/servers/{server}/tools/{tool}",
    "get /v1/catalog/servers/{server}/policy",
    "post /v1/catalog/classify",
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

fn lines(list: &str) -> BTreeSet<String> {
    list.lines()
        .filter(|line| !line.is_empty())
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn every_operation_of_the_contract_is_there_and_what_is_there_besides_is_known() {
    let (contract, besides) = (lines(CONTRACT), lines(BESIDES));
    assert!(besides.is_disjoint(&contract));
    let expected: BTreeSet<String> = contract.union(&besides).cloned().collect();
    assert_eq!(operations(&document()), expected);
}

/// What the description says of an operation's parameters in headers.
fn headers(operation: &Value) -> BTreeSet<&str> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    parameters
        .filter(|parameter| parameter["in"] == "header")
        .map(|parameter| parameter["name"].as_str().unwrap())
        .collect()
}

#[test]
fn every_operation_names_the_headers_it_takes_and_gives_and_every_way_to_fail() {
    let document = document();
    let mut conditional = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            let is_unsafe = method != "get" && !PUBLIC.contains(&name.as_str());
            let takes = headers(operation);
            assert_eq!(takes.contains("Idempotency-Key"), is_unsafe, "{name}");
            let asks_csrf = operation["security"].to_string().contains("csrf_token");
            assert_eq!(asks_csrf, is_unsafe, "{name}");
            let responses = &operation["responses"];
            let fails = |status: &str| responses.get(status).is_some();
            assert!(fails("500") && fails("503") && fails("default"), "{name}");
            assert_eq!(fails("412"), takes.contains("If-Match"), "{name}");
            assert_eq!(
                fails("422"),
                operation.get("requestBody").is_some(),
                "{name}"
            );
            assert_eq!(fails("404"), path.contains('{'), "{name}");
            assert!(
                !path.contains("{org}") || fails("401") && fails("403"),
                "{name}"
            );
            conditional += usize::from(takes.contains("If-Match"));
            for (status, response) in responses.as_object().unwrap() {
                if status.starts_with('3') {
                    continue;
                }
                if status.starts_with('2') {
                    let shape = response["content"]["application/json"]["schema"]["$ref"].as_str();
                    let shape = shape.map(|shape| shape.trim_start_matches('#'));
                    let has_etag = shape.is_some_and(|shape| {
                        document.pointer(shape).unwrap()["properties"]
                            .get("etag")
                            .is_some()
                    });
                    let gives_etag = response["headers"].get("ETag").is_some();
                    assert_eq!(gives_etag, has_etag, "{name} {status}");
                } else {
                    let told = response["$ref"].as_str().unwrap().trim_start_matches('#');
                    let told = document.pointer(told).unwrap();
                    let body = &told["content"]["application/problem+json"]["schema"]["$ref"];
                    assert_eq!(body, "#/components/schemas/ProblemBody", "{name} {status}");
                    let waits = ["429", "503"].contains(&status.as_str());
                    assert_eq!(told["headers"].get("Retry-After").is_some(), waits);
                }
            }
        }
    }
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let texts = rust_texts(&sources);
    let read = texts.iter().map(|text| text.matches("): IfMatch,").count());
    assert_eq!(
        conditional,
        read.sum::<usize>(),
        "every door that reads `If-Match` says so"
    );
}

#[test]
fn words_and_shapes_are_described_as_what_they_are() {
    let document = document();
    let property = |schema: &str, name: &str| {
        document["components"]["schemas"][schema]["properties"][name].to_string()
    };
    for (schema, name, words) in [
        ("Server", "pinning", &["off", "warn", "block"][..]),
        ("NewServer", "pinning", &["off", "warn", "block"]),
        ("ServerChange", "pinning", &["off", "warn", "block"]),
        (
            "Call",
            "verdict",
            &["allow", "deny", "limit", "hold", "unknown_tool", "invalid"],
        ),
        (
            "Call",
            "limiter",
            &["none", "shared", "memory", "share", "open", "closed"],
        ),
        (
            "Call",
            "outcome",
            &[
                "ok",
                "tool_error",
                "upstream_error",
                "cancelled",
                "unknown",
                "not_made",
                "null",
            ],
        ),
        (
            "Tool",
            "category",
            &[
                "read",
                "write",
                "execute",
                "destructive",
                "financial",
                "unknown",
            ],
        ),
        ("NewServer", "auth", &["NewAuth"]),
        ("ServerChange", "auth", &["NewAuth"]),
        ("Wanted", "version", &["Pin"]),
        ("Attachment", "version", &["Pin"]),
    ] {
        let described = property(schema, name);
        for word in words {
            let is_named = described.contains(&format!("\"{word}\""))
                || described.contains(&format!("/schemas/{word}\""));
            assert!(
                is_named,
                "{schema}.{name} does not say `{word}`: {described}"
            );
        }
    }
    let pin = document["components"]["schemas"]["Pin"].to_string();
    assert!(
        pin.contains("\"latest\"") && pin.contains("\"integer\""),
        "{pin}"
    );
    let auth = document["components"]["schemas"]["NewAuth"].to_string();
    assert!(
        auth.contains("\"none\"") && auth.contains("\"headers\""),
        "{auth}"
    );
}

#[test]
fn every_operation_says_where_it_belongs_what_it_takes_and_who_may_ask() {
    let document = document();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(
                !operation["tags"].as_array().unwrap().is_empty(),
                "{name} has no tag"
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
