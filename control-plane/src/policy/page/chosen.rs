//! Which server's tools the views show: the one in the URL, else the one that was looked at last.

use crate::app::App;
use crate::page::{Visit, choice};
use crate::problem::Problem;
use crate::server::{self, Server, tool::Tool};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;

const NAME: &str = "policy-server";

#[derive(Debug)]
pub struct Chosen {
    pub servers: Vec<Server>,
    /// Its slug; empty where the organisation has no server.
    pub slug: String,
    pub tools: Vec<Tool>,
}

impl Chosen {
    pub async fn of(
        app: &App,
        visit: &Visit,
        asked: &str,
        headers: &HeaderMap,
    ) -> Result<Self, Problem> {
        let servers = server::act::list(app, &visit.caller, choice()?)
            .await?
            .items;
        let has = |slug: &str| servers.iter().any(|server| server.slug.as_str() == slug);
        let slug = [asked.to_owned(), remembered(headers)]
            .into_iter()
            .find(|slug| has(slug))
            .or_else(|| servers.first().map(|server| server.slug.to_string()))
            .unwrap_or_default();
        let tools = if slug.is_empty() {
            Vec::new()
        } else {
            let server = server::act::show(app, &visit.caller, &slug).await?;
            server.tools.unwrap_or_default()
        };
        Ok(Self {
            servers,
            slug,
            tools,
        })
    }

    /// For what is asked of the language: which server's tools it should know.
    pub fn named(&self) -> Option<&str> {
        (!self.slug.is_empty()).then_some(self.slug.as_str())
    }

    /// The answer, by which the browser remembers the server.
    pub fn remember(&self, app: &App, visit: &Visit, mut response: Response) -> Response {
        let secure = if app.site().is_local { "" } else { "; Secure" };
        let path = visit.path("/policies");
        let cookie = format!(
            "{NAME}={}; Path={path}; HttpOnly; SameSite=Lax; Max-Age=31536000{secure}",
            self.slug
        );
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(SET_COOKIE, value);
        }
        response
    }
}

fn remembered(headers: &HeaderMap) -> String {
    let cookies = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .find(|(name, _)| *name == NAME)
        .map(|(_, slug)| slug.to_owned())
        .unwrap_or_default()
}
