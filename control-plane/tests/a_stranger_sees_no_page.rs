//! Who may open which page and send which form: a row for every route of `http/pages.rs`, and every refusal tried.
//!
//! Nobody is sent to sign in, a member of another organisation gets 404, a lesser role 403; and whoever may gets what they
//! asked for. A form or a link that a page offers leads nowhere that its reader may not go. A route without a row fails the
//! test: give it one in `stranger/pages.rs`.

mod stranger;
mod world;

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use stranger::ROLES;
use stranger::org::{Org, marks};
use stranger::pages::{ACCOUNT, OPEN, ROWS};
use testbed::Stub;
use world::page::{Page, get, post, post_from};
use world::{Who, World};

const ROUTES: &str = include_str!("../src/http/pages.rs");

/// `get /{org}/servers`, for every method of every route in the source.
fn routes() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for route in ROUTES.split(".route(").skip(1) {
        let mut quoted = route.split('"');
        let path = quoted.nth(1).unwrap();
        let rest = route.split_once(path).unwrap().1;
        let rest = rest.split(".layer(").next().unwrap();
        let calls: Vec<&str> = rest
            .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
            .collect();
        let before = all.len();
        for method in ["get", "post"] {
            if calls.contains(&method) && rest.contains(&format!("{method}(")) {
                all.insert(format!("{method} {path}"));
            }
        }
        assert!(all.len() > before, "no method is read of `{route}`");
    }
    all.remove("get /assets/{file}");
    all
}

#[test]
fn every_page_has_a_row() {
    let rows = ROWS.iter().map(|row| row.0);
    let rows = rows.chain(ACCOUNT.iter().chain(&OPEN).map(|row| row.0));
    let rows: BTreeSet<String> = rows
        .map(|row| row.split('?').next().unwrap().to_owned())
        .map(|row| row.replace(&format!("ses_{:032}", 0), "{session}"))
        .map(|row| row.replace(&format!("idn_{:032}", 0), "{identity}"))
        .collect();
    assert_eq!(rows, routes());
}

fn fields(form: &str) -> Vec<(&str, &str)> {
    let pairs = form.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| pair.split_once('=').unwrap()).collect()
}

/// Opens the page, or sends the form.
async fn attempt(world: &World, who: &Who, route: &str, form: &str) -> Page {
    let (method, path) = route.split_once(' ').unwrap();
    if method == "get" {
        get(world, who, path).await
    } else {
        post(world, who, path, &fields(form)).await
    }
}

/// People of every role, who are members of nothing yet.
async fn people(world: &World) -> BTreeMap<&'static str, Who> {
    let mut people = BTreeMap::new();
    for role in ROLES {
        people.insert(role, world.stranger().await);
    }
    people
}

/// The person, as a member of the organisation.
async fn seat(org: &Org<'_>, role: &str, who: &Who) {
    if role == "owner" {
        return;
    }
    let me = org.world.get(who, "/v1/me").await.expect(200);
    let user: ids::UserId = me["user"]["id"].as_str().unwrap().parse().unwrap();
    let mut sql = org.world.database.connect(&org.world.database.owner).await;
    sqlx::query(
        "insert into members (id, org_id, user_id, role, created_at) select $1, id, $2, $3, now() from orgs where slug = $4",
    )
    .bind(org.world.app.now().id(ids::MemberId::new).uuid())
    .bind(user.uuid())
    .bind(role)
    .bind(&org.slug)
    .execute(&mut sql)
    .await
    .unwrap();
}

async fn events(world: &World, owner: &Who, org: &str) -> Value {
    let path = format!("/v1/orgs/{org}/events?limit=200");
    world.get(owner, &path).await.expect(200)
}

#[tokio::test]
async fn nobody_a_stranger_a_lesser_role_and_a_form_from_elsewhere_are_each_refused_in_their_way() {
    let (world, stub) = (World::new().await, Stub::start(&["search"]).await);
    let people = people(&world).await;
    let owner = &people["owner"];
    let mut org = Org::found(&world, &stub, owner, "acme".to_owned()).await;
    for (role, who) in &people {
        seat(&org, role, who).await;
    }
    let (stranger, homeless) = (world.owner("other").await, world.stranger().await);
    for (route, _, form) in ROWS {
        org.fill(route).await;
        org.fill(form).await;
    }
    let before = events(&world, owner, "acme").await;
    for (pattern, row, form) in ROWS {
        let (route, form) = (org.fill(pattern).await, org.fill(form).await);
        let page = attempt(&world, &Who::default(), &route, &form).await;
        assert_eq!(page.status.as_u16(), 303, "{route} by nobody");
        assert!(page.location().starts_with("/login"), "{route} by nobody");
        for who in [&stranger, &homeless] {
            let page = attempt(&world, who, &route, &form).await;
            assert_eq!(page.status.as_u16(), 404, "{route} by a stranger");
            page.has_not("acme-member");
        }
        let may_not = marks(row).into_iter().filter(|(_, may)| !may);
        for (role, _) in may_not.filter(|(role, _)| *role != "owner") {
            let page = attempt(&world, &people[role], &route, &form).await;
            assert_eq!(
                page.status.as_u16(),
                403,
                "{route} by {role}: {}",
                page.html
            );
        }
        if let Some(path) = route.strip_prefix("post ") {
            for (csrf, site) in [
                (owner.csrf.clone(), "cross-site"),
                (None, "same-origin"),
                (stranger.csrf.clone(), "same-origin"),
            ] {
                let who = Who {
                    csrf,
                    ..owner.clone()
                };
                let page = post_from(&world, &who, path, &fields(&form), site).await;
                assert_eq!(page.status.as_u16(), 403, "{route}, {site}");
            }
        }
    }
    assert_eq!(
        events(&world, owner, "acme").await,
        before,
        "what was refused left nothing behind"
    );
}

#[tokio::test]
async fn whoever_may_gets_the_page_and_the_form_does_what_it_says() {
    let (world, stub) = (World::new().await, Stub::start(&["search"]).await);
    let people = people(&world).await;
    let mut number = 0;
    for (pattern, row, form) in ROWS {
        for (role, _) in marks(row).into_iter().filter(|(_, may)| *may) {
            // An organisation of its own for each, since some of them end what the others need.
            number += 1;
            let slug = format!("org-{number}");
            let mut org = Org::found(&world, &stub, &people["owner"], slug).await;
            seat(&org, role, &people[role]).await;
            let (route, form) = (org.fill(pattern).await, org.fill(form).await);
            let page = attempt(&world, &people[role], &route, &form).await;
            let is_done = page.status.is_success()
                || route.starts_with("post ")
                    && page.status.as_u16() == 303
                    && !page.location().starts_with("/login");
            assert!(
                is_done,
                "{route} by {role}: {} {} {}",
                page.status,
                page.location(),
                page.html
            );
        }
    }
}

/// The row of a path that a page names, which may hold ids where the route holds words in braces.
fn row(method: &str, path: &str) -> Option<&'static str> {
    let path = path.split(['?', '#']).next().unwrap();
    let given: Vec<&str> = path.split('/').collect();
    let fits = |route: &str| {
        let segments: Vec<&str> = route.split('?').next().unwrap().split('/').collect();
        segments.len() == given.len()
            && segments
                .iter()
                .zip(&given)
                .all(|(route, given)| route.starts_with('{') || route == given)
    };
    let found = ROWS.iter().filter(|(route, _, _)| {
        route
            .strip_prefix(method)
            .is_some_and(|rest| fits(rest.trim_start()))
    });
    // `…/new` is a page and no name.
    let found = found.min_by_key(|(route, _, _)| route.matches('{').count());
    found.map(|(_, marks, _)| *marks)
}

/// What stands in the page after each `before`, up to the next quote.
fn named<'a>(html: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    let rest = html.split(before).skip(1);
    rest.map(|rest| rest.split('"').next().unwrap())
}

#[tokio::test]
async fn no_page_offers_its_reader_what_they_may_not_do() {
    let (world, stub) = (World::new().await, Stub::start(&["search"]).await);
    let people = people(&world).await;
    let mut org = Org::found(&world, &stub, &people["owner"], "acme".to_owned()).await;
    for (role, who) in &people {
        seat(&org, role, who).await;
    }
    let mut offered: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (pattern, _, form) in ROWS {
        org.fill(pattern).await;
        org.fill(form).await;
    }
    for role in ROLES {
        for (pattern, row_of, _) in ROWS {
            let may = marks(row_of).into_iter().any(|it| it == (role, true));
            if !may || !pattern.starts_with("get ") {
                continue;
            }
            let route = org.fill(pattern).await;
            let page = attempt(&world, &people[role], &route, "").await;
            let forms = named(&page.html, r#"method="post" action=""#);
            let links = named(&page.html, r#"href=""#);
            let all = forms
                .map(|path| ("post", path))
                .chain(links.map(|path| ("get", path)));
            for (method, path) in all.filter(|(_, path)| path.starts_with("/acme")) {
                let marked = row(method, path);
                let marked =
                    marked.unwrap_or_else(|| panic!("{route} names {path}, which has no row"));
                assert!(
                    // The last owner is told why they cannot leave.
                    marks(marked).contains(&(role, true)) || path.ends_with("/settings/leave"),
                    "{route} offers {role} {method} {path}"
                );
                offered
                    .entry(role)
                    .or_default()
                    .insert(format!("{method} {path}"));
            }
        }
    }
    // And what one may, one finds: else the test above would be content with empty pages.
    for (role, forms) in [("owner", 14), ("policy_manager", 4), ("viewer", 2)] {
        let posts = offered[role].iter().filter(|it| it.starts_with("post "));
        assert!(posts.count() >= forms, "{role}: {:?}", offered[role]);
    }
}

#[tokio::test]
async fn what_belongs_to_a_person_is_for_a_person_who_is_signed_in() {
    let world = World::new().await;
    for (route, form, status) in ACCOUNT {
        let page = attempt(&world, &Who::default(), route, form).await;
        assert_eq!(page.status.as_u16(), 303, "{route} by nobody");
        assert!(page.location().starts_with("/login"), "{route} by nobody");
        let person = world.stranger().await;
        if let Some(path) = route.strip_prefix("post ") {
            for (csrf, site) in [
                (None, "same-origin"),
                (Some("0".repeat(64)), "same-origin"),
                (person.csrf.clone(), "cross-site"),
            ] {
                let who = Who {
                    csrf,
                    ..person.clone()
                };
                let page = post_from(&world, &who, path, &fields(form), site).await;
                assert_eq!(page.status.as_u16(), 403, "{route}, {site}");
            }
        }
        let page = attempt(&world, &person, route, form).await;
        assert_eq!(page.status.as_u16(), status, "{route}: {}", page.html);
    }
}

#[tokio::test]
async fn where_one_becomes_somebody_nothing_is_to_be_had_for_nothing() {
    let world = World::new().await;
    for (route, form, status) in OPEN {
        let page = attempt(&world, &Who::default(), route, form).await;
        assert_eq!(page.status.as_u16(), status, "{route}: {}", page.html);
        assert!(!page.headers.contains_key("set-cookie"), "{route}");
        if let Some(path) = route.strip_prefix("post ") {
            let nobody = Who::default();
            let page = post_from(&world, &nobody, path, &fields(form), "cross-site").await;
            assert_eq!(page.status.as_u16(), 403, "{route} from another site");
        }
    }
}
