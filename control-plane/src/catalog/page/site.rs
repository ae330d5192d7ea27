//! What machines read first: the sitemap in parts, and `llms.txt`.

use super::{origin, text};
use crate::app::App;
use crate::catalog::store;
use crate::catalog::store::Totals;
use crate::catalog::{Category, Severity, act};
use crate::http::pace::Paced;
use crate::http::read::Path;
use crate::problem::Problem;
use ::catalog::attack;
use askama::Template;
use axum::extract::State;
use axum::response::Response;

/// URLs in one part; the protocol of sitemaps has 50,000.
const IN_A_PART: i64 = 20_000;

#[derive(Debug, Template)]
#[template(path = "catalog/sitemap.xml")]
struct Index {
    origin: String,
    parts: Vec<String>,
}

#[derive(Debug, Template)]
#[template(path = "catalog/urls.xml")]
struct Urls {
    origin: String,
    paths: Vec<String>,
}

#[derive(Debug, Template)]
#[template(path = "catalog/llms.txt")]
struct Llms {
    origin: String,
    totals: Totals,
    attacks: &'static [attack::Attack],
}

fn parts(count: i64) -> i64 {
    (count.max(0) + IN_A_PART - 1) / IN_A_PART
}

pub async fn sitemap(State(app): State<App>, _paced: Paced) -> Result<Response, Problem> {
    let totals = act::totals(&app).await?;
    let mut all = vec!["pages-0".to_owned()];
    all.extend((0..parts(totals.servers)).map(|part| format!("servers-{part}")));
    all.extend((0..parts(totals.tools)).map(|part| format!("tools-{part}")));
    let index = Index {
        origin: origin(&app),
        parts: all,
    };
    Ok(text("application/xml; charset=utf-8", &index))
}

pub async fn sitemap_part(
    State(app): State<App>,
    _paced: Paced,
    Path(part): Path<String>,
) -> Result<Response, Problem> {
    let (what, number) = part
        .strip_suffix(".xml")
        .and_then(|part| part.split_once('-'))
        .ok_or_else(Problem::not_found)?;
    let number: i64 = number.parse().map_err(|_| Problem::not_found())?;
    if !(0..1_000).contains(&number) {
        return Err(Problem::not_found());
    }
    let skip = number * IN_A_PART;
    let mut read = app.db().catalog().await?;
    let paths: Vec<String> = match what {
        "pages" => pages(),
        "servers" => {
            let slugs = store::places(&mut read, skip, IN_A_PART).await?;
            slugs
                .into_iter()
                .map(|slug| format!("/catalog/{slug}"))
                .collect()
        }
        "tools" => {
            let tools = store::tool_places(&mut read, skip, IN_A_PART).await?;
            let path =
                |(server, name): (String, String)| format!("/catalog/{server}/{}", encoded(&name));
            tools.into_iter().map(path).collect()
        }
        _ => return Err(Problem::not_found()),
    };
    let urls = Urls {
        origin: origin(&app),
        paths,
    };
    Ok(text("application/xml; charset=utf-8", &urls))
}

/// As it stands in a path.
fn encoded(name: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Those that are there whatever the catalogue holds.
fn pages() -> Vec<String> {
    let mut all: Vec<String> = vec!["/".into(), "/catalog".into(), "/catalog/attacks".into()];
    all.extend(
        attack::ALL
            .iter()
            .map(|one| format!("/catalog/attacks/{}", one.slug)),
    );
    all.extend(
        Category::ALL
            .iter()
            .map(|one| format!("/catalog/categories/{}", one.name())),
    );
    all.extend(
        Severity::ALL
            .iter()
            .map(|one| format!("/catalog/severities/{}", one.name())),
    );
    all
}

pub async fn llms(State(app): State<App>, _paced: Paced) -> Result<Response, Problem> {
    let page = Llms {
        origin: origin(&app),
        totals: act::totals(&app).await?,
        attacks: attack::ALL,
    };
    Ok(text("text/plain; charset=utf-8", &page))
}
