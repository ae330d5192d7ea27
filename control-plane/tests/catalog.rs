//! The catalogue: what is brought in, what is found, and what the pages and the API say of it.

mod world;

use catalog::{Server, ServerEntry, shipped};
use control_plane::catalog::{file, import};
use serde_json::{Value, json};
use sqlx::{Connection, PgConnection};
use std::collections::BTreeSet;
use time::OffsetDateTime;
use world::page::{get, post};
use world::{Who, World};

const HEALTH: &str = "pypi-awslabs.healthimaging-mcp-server";

fn at(second: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_795_348_800 + second).unwrap()
}

async fn owner(world: &World) -> PgConnection {
    PgConnection::connect(world.database.owner.expose())
        .await
        .unwrap()
}

/// A world with the shipped catalogue in it.
async fn stocked() -> World {
    let world = World::new().await;
    import::ship(&mut owner(&world).await, at(0)).await.unwrap();
    world
}

fn listing(version: &str, tools: &Value) -> ServerEntry {
    let server: Server = serde_json::from_value(json!({
        "package": "@acme/files", "ecosystem": "npm", "version": version, "tools": tools,
    }))
    .unwrap();
    ServerEntry::of(&server)
}

fn tool(name: &str, description: &str, schema: &Value) -> Value {
    json!({ "name": name, "description": description, "inputSchema": schema })
}

#[tokio::test]
async fn every_server_of_the_shipped_file_is_there_with_all_its_tools_and_once() {
    let world = stocked().await;
    let mut sql = owner(&world).await;
    assert_eq!(
        import::ship(&mut sql, at(1)).await.unwrap(),
        import::Report::default()
    );
    let again = shipped::read(shipped::FILE).unwrap();
    let servers = again.len();
    let report = import::import(&mut sql, again, at(2)).await.unwrap();
    assert_eq!(
        (report.servers, report.new_servers, report.changes),
        (servers, 0, 0)
    );
    for server in shipped::read(shipped::FILE).unwrap() {
        let path = format!("/v1/catalog/servers/{}", server.slug());
        let shown = world.get(&Who::default(), &path).await.expect(200);
        assert_eq!(shown["package"], json!(server.package));
        assert_eq!(shown["grade"], json!(server.grade().letter()));
        let names = |tools: &Value| -> BTreeSet<String> {
            let all = tools.as_array().unwrap().iter();
            all.map(|tool| tool["name"].as_str().unwrap().to_owned())
                .collect()
        };
        let tools = server.tools.as_ref().unwrap();
        let kept: BTreeSet<String> = tools.iter().map(|tool| tool.name.clone()).collect();
        assert_eq!(names(&shown["tools"]), kept, "{path}");
    }
}

#[tokio::test]
async fn what_changed_between_two_imports_is_told_and_the_order_of_tools_is_no_change() {
    let world = World::new().await;
    let mut sql = owner(&world).await;
    let text = json!({ "type": "object", "properties": { "path": { "type": "string" } } });
    let wider = json!({ "type": "object", "properties": { "path": {}, "mode": {} } });
    let before = json!([
        tool("read", "Reads a file.", &text),
        tool("write", "Writes a file.", &text),
        tool("drop", "Deletes a file.", &text),
        tool("list", "Lists files.", &text),
    ]);
    let after = json!([
        tool("list", "Lists files.", &text),
        tool("read", "Reads a file, and tells nobody.", &text),
        tool("write", "Writes a file.", &wider),
        tool("move", "Moves a file.", &text),
    ]);
    let report = import::import(&mut sql, [listing("1", &before)], at(0))
        .await
        .unwrap();
    assert_eq!((report.new_servers, report.changes), (1, 1));
    import::import(&mut sql, [listing("2", &after)], at(60))
        .await
        .unwrap();
    let shown = world
        .get(&Who::default(), "/v1/catalog/servers/npm-acme--files")
        .await
        .expect(200);
    let told: BTreeSet<(String, String)> = shown["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["tool"].as_str().unwrap_or("-").to_owned(),
                one["change"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    let expected = [
        ("-", "server"),
        ("read", "wording"),
        ("write", "schema"),
        ("drop", "removed"),
        ("move", "added"),
    ];
    assert_eq!(
        told,
        expected
            .map(|(tool, change)| (tool.to_owned(), change.to_owned()))
            .into()
    );
    assert_eq!(shown["tools"][0]["name"], "list");
    assert_eq!(shown["version"], "2");
}

#[tokio::test]
async fn what_the_registry_tells_of_a_known_server_leaves_its_tools_alone() {
    let world = World::new().await;
    let mut sql = owner(&world).await;
    let tools = json!([tool("read", "Reads a file.", &json!({}))]);
    import::import(&mut sql, [listing("1", &tools)], at(0))
        .await
        .unwrap();
    let told = json!({
        "name": "io.github.acme/files", "version": "2.0.0", "description": "Files.",
        "packages": [{ "registryType": "npm", "identifier": "@acme/files", "version": "2.0.0", "transport": { "type": "stdio" } }],
    });
    import::import(&mut sql, file::read(&told.to_string()).unwrap(), at(1))
        .await
        .unwrap();
    let shown = world
        .get(&Who::default(), "/v1/catalog/servers/npm-acme--files")
        .await
        .expect(200);
    assert_eq!(
        (&shown["version"], &shown["tool_count"]),
        (&json!("2.0.0"), &json!(1))
    );
    assert_eq!(shown["tools"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_search_forgives_mistyped_words_and_puts_servers_of_that_name_first() {
    let world = stocked().await;
    let first = async |q: &str| {
        let found = world
            .get(&Who::default(), &format!("/v1/catalog/servers?q={q}"))
            .await
            .expect(200);
        found["items"][0]["slug"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(first("healthimaging").await, HEALTH);
    assert_eq!(first("helthimagign").await, HEALTH);
    assert_eq!(first("start_dicom_import_job").await, HEALTH);
    assert_eq!(first("dicon+improt").await, HEALTH);
    assert_eq!(first("xyzzyplugh").await, "");
}

#[tokio::test]
async fn pages_of_a_list_give_every_server_once() {
    let world = stocked().await;
    for query in [
        "",
        "q=list&",
        "category=destructive&",
        "severity=critical&ecosystem=npm&",
    ] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/v1/catalog/servers?{query}limit=7{cursor}");
            let page = world.get(&Who::default(), &path).await.expect(200);
            for item in page["items"].as_array().unwrap() {
                seen.push(item["slug"].as_str().unwrap().to_owned());
                if query.contains("destructive") {
                    assert!(item["categories"]["destructive"].as_i64().unwrap() > 0);
                }
            }
            let Some(next) = page["next_cursor"].as_str() else {
                break;
            };
            cursor = format!("&cursor={next}");
        }
        let once: BTreeSet<&String> = seen.iter().collect();
        assert_eq!(once.len(), seen.len(), "{query}");
        assert!(seen.len() > 7, "{query}: {}", seen.len());
        if query.is_empty() {
            assert_eq!(seen.len(), shipped::read(shipped::FILE).unwrap().len());
        }
    }
}

#[tokio::test]
async fn bad_questions_are_told_what_was_expected() {
    let world = stocked().await;
    let nobody = Who::default();
    for (path, status) in [
        ("/v1/catalog/servers?category=reed", 400),
        ("/v1/catalog/servers?severity=bad", 400),
        ("/v1/catalog/servers?limit=0", 400),
        ("/v1/catalog/servers?q=list&cursor=nonsense", 400),
        ("/v1/catalog/servers?nonsense=1", 400),
        ("/v1/catalog/servers/nobody", 404),
        (
            format!("/v1/catalog/servers/{HEALTH}/tools/nobody").as_str(),
            404,
        ),
        (
            format!("/v1/catalog/servers/{HEALTH}/policy?preset=lax").as_str(),
            400,
        ),
        ("/catalog/nobody", 404),
        ("/catalog/attacks/nobody", 404),
        ("/catalog/categories/nobody", 404),
        ("/catalog/sitemap/tools-9999.xml", 404),
    ] {
        assert_eq!(
            world.get(&nobody, path).await.status.as_u16(),
            status,
            "{path}"
        );
    }
    // What has the signs of the index's own language is looked for as any other text.
    for q in ["%27", "%26%7C!", "a%3A*", "%40destructive", "%5C", "%25npm"] {
        world
            .get(&nobody, &format!("/v1/catalog/servers?q={q}"))
            .await
            .expect(200);
    }
}

#[tokio::test]
async fn a_definition_that_nobody_knows_is_judged_and_not_kept() {
    let world = World::new().await;
    let question = json!({ "tools": [
        { "name": "delete_customer", "description": "Deletes a customer for good.", "inputSchema": { "type": "object" } },
        { "name": "list_customers", "annotations": { "readOnlyHint": true } },
        { "name": "create_payment" },
    ] });
    let judged = world
        .post(&Who::default(), "/v1/catalog/classify", question)
        .await
        .expect(200);
    let categories: Vec<&str> = judged["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["category"].as_str().unwrap())
        .collect();
    assert_eq!(categories, ["destructive", "read", "financial"]);
    let many: Vec<Value> = (0..1_001)
        .map(|number| json!({ "name": format!("t{number}") }))
        .collect();
    let refused = world
        .post(
            &Who::default(),
            "/v1/catalog/classify",
            json!({ "tools": many }),
        )
        .await;
    assert_eq!(refused.expect(422)["errors"][0]["pointer"], "/tools");
}

#[tokio::test]
async fn an_address_that_asks_without_end_is_told_to_wait_and_no_other() {
    let world = stocked().await;
    let (one, other) = (
        "203.0.113.7".parse().unwrap(),
        "203.0.113.8".parse().unwrap(),
    );
    let question = json!({ "tools": [] });
    let mut refused = None;
    for _ in 0..300 {
        let answer = world
            .post_from(one, "/v1/catalog/classify", question.clone())
            .await;
        if answer.status.as_u16() == 429 {
            refused = Some(answer);
            break;
        }
        answer.expect(200);
    }
    let refused = refused.expect("it was let through without end");
    assert!(refused.headers.contains_key("retry-after"));
    world
        .post_from(other, "/v1/catalog/classify", question)
        .await
        .expect(200);
}

#[tokio::test]
async fn the_page_of_an_import_job_answers_what_people_ask_with_the_policy_to_copy() {
    let world = stocked().await;
    let page = get(
        &world,
        &Who::default(),
        &format!("/catalog/{HEALTH}/start_dicom_import_job"),
    )
    .await;
    assert_eq!(page.status, 200);
    let policy = "{\n  &#34;version&#34;: &#34;1&#34;,\n  &#34;default&#34;: &#34;deny&#34;,\n  &#34;tools&#34;: {\n    &#34;start_dicom_import_job&#34;";
    page.has("lets an agent start “dicom import job” through")
        .has("<h2 id=\"why\">Why it needs a policy</h2>")
        .has("speaks for execute")
        .has("/catalog/severities/high")
        .has("/catalog/attacks/runaway-loop")
        .has(policy)
        .has("Use this policy")
        .has("How do I enforce a policy on")
        .has("Can I rate-limit")
        .has("Who provides");
    let page = get(
        &world,
        &Who::default(),
        &format!("/catalog/{HEALTH}/start_dicom_import_job.md"),
    )
    .await;
    page.has("# `start_dicom_import_job`\nOf [`awslabs.healthimaging-mcp-server`]")
        .has("```json\n{\n  \"version\": \"1\"")
        .has("### How do I block `start_dicom_import_job`?\n");
}

#[tokio::test]
async fn every_page_is_for_anybody_to_keep_and_has_a_twin_and_a_line_in_the_sitemap() {
    let world = stocked().await;
    let nobody = Who::default();
    let pages = [
        "/catalog".to_owned(),
        format!("/catalog/{HEALTH}"),
        format!("/catalog/{HEALTH}/start_dicom_import_job"),
        "/catalog/categories/destructive".to_owned(),
        "/catalog/severities/critical".to_owned(),
        "/catalog/attacks".to_owned(),
        "/catalog/attacks/rug-pull".to_owned(),
    ];
    let mut listed = String::new();
    let index = get(&world, &nobody, "/sitemap.xml").await;
    for part in index.html.split("<loc>").skip(1) {
        let url = part.split('<').next().unwrap();
        listed.push_str(
            &get(
                &world,
                &nobody,
                url.strip_prefix("http://127.0.0.1:8080").unwrap(),
            )
            .await
            .html,
        );
    }
    for path in pages {
        for path in [path.clone(), format!("{path}.md")] {
            let page = get(&world, &nobody, &path).await;
            assert_eq!(page.status, 200, "{path}");
            assert_eq!(
                page.headers["cache-control"], "public, max-age=300",
                "{path}"
            );
            let is_twin = path.strip_suffix(".md").is_some();
            assert_eq!(
                page.headers["content-type"]
                    .to_str()
                    .unwrap()
                    .starts_with("text/markdown"),
                is_twin,
                "{path}"
            );
            if is_twin {
                assert!(page.html.starts_with("# "), "{}", page.html);
            } else {
                assert!(
                    page.html.contains(&format!("{path}.md"))
                        || path.contains("categor")
                        || path.contains("severit"),
                    "{path}"
                );
                assert!(
                    listed.contains(&format!("<loc>http://127.0.0.1:8080{path}</loc>")),
                    "{path}"
                );
            }
        }
    }
    assert_eq!(
        listed.matches("<loc>").count(),
        3 + 12 + 6 + 4 + 110 + 3_410
    );
    get(&world, &nobody, "/llms.txt")
        .await
        .has("/catalog/attacks/rug-pull.md");
}

#[tokio::test]
async fn what_a_server_calls_itself_is_never_markup() {
    let world = World::new().await;
    let tools = json!([
        tool("<script>alert(1)</script>", "Reads.", &json!({})),
        tool("a`b](x)\n# c/d?.md", "Reads.", &json!({}))
    ]);
    let mut entry = listing("<b>1</b>", &tools);
    entry.name = "<img src=x>".to_owned();
    import::import(&mut owner(&world).await, [entry], at(0))
        .await
        .unwrap();
    let nobody = Who::default();
    let page = get(&world, &nobody, "/catalog/npm-acme--files").await;
    page.has_not("<script>alert")
        .has_not("<img src=x>")
        .has_not("<b>1");
    for name in [
        "%3Cscript%3Ealert%281%29%3C%2Fscript%3E",
        "a%60b%5D%28x%29%23%20c%2Fd%3F.md",
    ] {
        let path = format!("/catalog/npm-acme--files/{name}");
        let page = get(&world, &nobody, &path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.html);
        page.has_not("<script>alert");
    }
    get(&world, &nobody, "/catalog/npm-acme--files.md")
        .await
        .has_not("\n# c");
}

#[tokio::test]
async fn a_policy_is_taken_from_the_catalogue_into_a_draft_that_judges() {
    let world = stocked().await;
    let wanted =
        format!("/catalog/use?from={HEALTH}&tool=start_dicom_import_job&preset=recommended");
    let page = get(&world, &Who::default(), &wanted).await;
    assert_eq!(page.status, 303);
    let login = page.location().to_owned();
    assert!(
        login.starts_with("/login?next=%2Fcatalog%2Fuse%3F"),
        "{login}"
    );
    let page = get(&world, &Who::default(), &login).await;
    page.has("href=\"/signup?next=%2Fcatalog%2Fuse%3F");
    let fields = [
        ("name", "Ann"),
        ("email", "ann@example.com"),
        ("password", world::PASSWORD),
        ("org", "Acme"),
        ("next", &wanted),
    ];
    let signed = post(&world, &Who::default(), "/signup", &fields).await;
    assert_eq!(signed.location(), wanted);
    let cookie = signed.headers["set-cookie"].to_str().unwrap().to_owned();
    let ann = Who::with(&cookie, "");
    let page = get(&world, &ann, &wanted).await;
    let here = page.location().to_owned();
    assert!(here.starts_with("/acme/recommended?from="), "{here}");
    let page = get(&world, &ann, &here).await;
    page.has("start_dicom_import_job_rate")
        .has("Register the server");
    let ann = Who::with(&cookie, &page.html);
    let taken = post(
        &world,
        &ann,
        "/acme/recommended",
        &[("from", HEALTH), ("tool", "start_dicom_import_job")],
    )
    .await;
    assert!(
        taken
            .location()
            .starts_with("/acme/policies/start-dicom-import-job"),
        "{}",
        taken.html
    );
    // Once more: another policy, since nobody said which draft to replace.
    let again = post(
        &world,
        &ann,
        "/acme/recommended",
        &[("from", HEALTH), ("tool", "start_dicom_import_job")],
    )
    .await;
    assert_ne!(again.location(), taken.location());
    let slug = taken.location().split(['/', '?']).nth(3).unwrap();
    let path = format!("/v1/orgs/acme/policies/{slug}/publish");
    world
        .post(&ann, &path, json!({ "note": "as recommended" }))
        .await
        .expect(201);
    let asked =
        json!({ "policy": slug, "call": { "tool": "start_dicom_import_job", "arguments": {} } });
    let verdict = world
        .post(&ann, "/v1/orgs/acme/policies/explain", asked)
        .await
        .expect(200);
    assert_eq!(verdict["verdict"], "allow");
    assert_eq!(verdict["limits"][0]["max"], 10);
}

#[tokio::test]
async fn signing_up_leads_nowhere_but_to_this_site() {
    let world = World::new().await;
    for (number, next) in [
        "//evil.example",
        "https://evil.example/",
        "/\\evil.example",
        "evil",
    ]
    .iter()
    .enumerate()
    {
        let (email, org) = (format!("p{number}@example.com"), format!("org-{number}"));
        let fields = [
            ("name", "Ann"),
            ("email", &email),
            ("password", world::PASSWORD),
            ("org", &org),
            ("next", next),
        ];
        let signed = post(&world, &Who::default(), "/signup", &fields).await;
        assert_eq!(signed.location(), format!("/{org}"), "{next}");
    }
}

#[tokio::test]
async fn a_wish_for_what_is_not_there_is_told_on_the_page() {
    let world = stocked().await;
    let ann = world.owner("acme").await;
    let page = post(&world, &ann, "/acme/recommended", &[("server", "nobody")]).await;
    assert_eq!(page.status, 404);
    page.has("Recommended policy");
    let page = post(&world, &ann, "/acme/recommended", &[]).await;
    assert_eq!(page.status, 422);
    page.has("choose the server");
}

#[tokio::test]
async fn no_request_can_write_the_catalogue_and_no_reading_of_it_sees_an_organisation() {
    let world = stocked().await;
    world.owner("acme").await;
    for role in [&world.database.app, &world.database.system] {
        let mut sql = world.database.connect(role).await;
        for query in [
            "delete from catalog_servers",
            "update catalog_tools set category = 'read'",
            "insert into catalog_words (word) values ('x')",
            "update catalog_state set servers = 0",
            "delete from catalog_changes",
        ] {
            let refused = sqlx::query(query).execute(&mut sql).await.unwrap_err();
            let code = refused
                .as_database_error()
                .unwrap()
                .code()
                .unwrap()
                .into_owned();
            assert_eq!(code, "42501", "{query}");
        }
    }
    let mut read = world.app.db().catalog().await.unwrap();
    let orgs: i64 = sqlx::query_scalar("select count(*) from orgs")
        .fetch_one(read.sql())
        .await
        .unwrap();
    assert_eq!(orgs, 0);
}
