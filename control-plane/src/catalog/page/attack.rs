//! The library of attack patterns, and one of them.

use super::{frame, html, markdown, say, twin};
use crate::app::App;
use crate::catalog::CatalogToolListed;
use crate::catalog::act;
use crate::catalog::sought::Sought;
use crate::http::pace::Paced;
use crate::http::read::Path;
use crate::page::Frame;
use crate::problem::Problem;
use ::catalog::attack::{self as library, Attack};
use askama::Template;
use axum::extract::State;
use axum::response::Response;

#[derive(Debug, Template)]
#[template(path = "catalog/attacks.html")]
struct ListPage {
    frame: Frame,
    all: &'static [Attack],
}

#[derive(Debug, Template)]
#[template(path = "catalog/attacks.md")]
struct ListTwin {
    all: &'static [Attack],
}

#[derive(Debug, Template)]
#[template(path = "catalog/attack.html")]
struct Page {
    frame: Frame,
    it: &'static Attack,
    tools: Vec<CatalogToolListed>,
}

#[derive(Debug, Template)]
#[template(path = "catalog/attack.md")]
struct Twin {
    it: &'static Attack,
}

pub async fn attacks(State(app): State<App>, _paced: Paced, uri: axum::http::Uri) -> Response {
    if twin(uri.path()).1 {
        return markdown(&ListTwin { all: library::ALL });
    }
    html(&ListPage {
        frame: frame(&app, "How agents are turned against you"),
        all: library::ALL,
    })
}

pub async fn attack(
    State(app): State<App>,
    _paced: Paced,
    Path(named): Path<String>,
) -> Result<Response, Problem> {
    let (slug, is_twin) = twin(&named);
    let it = Attack::find(slug).ok_or_else(Problem::not_found)?;
    if is_twin {
        return Ok(markdown(&Twin { it }));
    }
    let tools = match it.categories.first() {
        Some(category) => {
            let sought = Sought {
                category: Some(*category),
                ..Sought::default()
            };
            act::search(&app, &sought, None, 1).await?.tools
        }
        None => Vec::new(),
    };
    Ok(html(&Page {
        frame: frame(&app, it.name),
        it,
        tools,
    }))
}
