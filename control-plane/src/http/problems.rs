//! `/problems/…`: what the `type` of a problem leads to. A page for each kind, without scripts, styles or links outward.

use crate::app::App;
use crate::http::read::Path;
use crate::problem::{Kind, Problem};
use axum::Router;
use axum::response::Html;
use axum::routing::get;

pub fn routes() -> Router<App> {
    Router::new()
        .route("/problems", get(list))
        .route("/problems/{slug}", get(show))
}

async fn list() -> Html<String> {
    let rows: Vec<String> = Kind::ALL
        .iter()
        .map(|kind| {
            let (slug, title, status) = (kind.slug(), kind.title(), kind.status().as_u16());
            format!("<li>{status} <a href=\"/problems/{slug}\">{slug}</a>: {title}</li>")
        })
        .collect();
    let rows = rows.join("\n");
    page(
        "Problems",
        &format!(
            "<p>What the <code>type</code> of an answer in <code>application/problem+json</code> may be.</p>\n<ul>\n{rows}\n</ul>"
        ),
    )
}

async fn show(Path(slug): Path<String>) -> Result<Html<String>, Problem> {
    let kind = Kind::ALL
        .into_iter()
        .find(|kind| kind.slug() == slug)
        .ok_or_else(Problem::not_found)?;
    let (meaning, remedy) = text(kind);
    let status = kind.status();
    Ok(page(
        kind.title(),
        &format!(
            "<p>Status {status}, type <code>/problems/{}</code>.</p>\n<p>{meaning}</p>\n<h2>What to do</h2>\n<p>{remedy}</p>\n\
            <p><a href=\"/problems\">All problems</a></p>",
            kind.slug()
        ),
    ))
}

fn page(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
        <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title} – Portcullis</title>\n</head>\n\
        <body>\n<main>\n<h1>{title}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    ))
}

/// What it means, and what to do.
const fn text(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::BadRequest => (
            "The request could not be read: its body is no JSON or says another <code>Content-Type</code>, or a header \
            or a parameter of the query has a form that it cannot have.",
            "Read <code>detail</code>; it says what was expected. Sent again unchanged, the request fails again.",
        ),
        Kind::Unauthorized => (
            "There were no credentials, or they are not good: an API key that was deleted, has expired or lost its \
            maker, a session that has ended, or a wrong password.",
            "Sign in again, or send a live API key as <code>Authorization: Bearer pck_…</code>. A request with a bad \
            <code>Authorization</code> header is refused even with a good cookie beside it.",
        ),
        Kind::Forbidden => (
            "You are known, and you may see this, but your role in the organisation may not do it. For a browser's \
            session it may also be that the header <code>X-CSRF-Token</code> was missing or another session's.",
            "Ask an owner or an admin of the organisation. With a session, send the <code>csrf_token</code> that \
            signing in and <code>/v1/me</code> give.",
        ),
        Kind::StepUp => (
            "You may do this, and it is sensitive: credentials, people, the end of an organisation. A session that has not \
            proved for a quarter of an hour who sits before it is asked to. API keys are not.",
            "Send the account's password, or a code where the account asks for codes, to <code>/v1/step-up</code>; then \
            send the request again.",
        ),
        Kind::NotFound => (
            "There is nothing under this path, or it is not yours to know of: both are answered alike.",
            "Check the path and the organisation in it, and that the key or the account belongs to that organisation.",
        ),
        Kind::MethodNotAllowed => (
            "The path exists, with other methods than this one.",
            "The header <code>Allow</code> and <a href=\"/v1/openapi.json\">the description of the API</a> say which.",
        ),
        Kind::Conflict => (
            "The request is well formed, and the state of things forbids it: a slug or an address is taken, a bound is \
            reached, something is still in use, or an <code>Idempotency-Key</code> came with another request before.",
            "Read <code>detail</code>, change what stands in the way, and send it again; with another \
            <code>Idempotency-Key</code>, if one was sent.",
        ),
        Kind::StaleVersion => (
            "The <code>If-Match</code> header, or the <code>etag</code> in the body, is not the present one: someone \
            has changed the object since you read it. Nothing was changed now.",
            "Read the object again, look at what has changed, and send your change with the new <code>etag</code>.",
        ),
        Kind::TooLarge => (
            "The body is longer than this path takes.",
            "Send less. Policy documents have at most 256 KiB.",
        ),
        Kind::Invalid => (
            "The request was understood, and what it asks for is wrong. <code>errors</code> names every fault with its \
            place in the body (a JSON Pointer); for policy documents, <code>findings</code> does.",
            "Correct what is named there. Nothing was changed.",
        ),
        Kind::TooManyRequests => (
            "Too many tries came from one place or for one account.",
            "Wait for as many seconds as the header <code>Retry-After</code> says.",
        ),
        Kind::Internal => (
            "Something failed on our side. What, is in the log of this instance under the id that <code>instance</code> \
            and the header <code>X-Request-Id</code> carry, and in no answer.",
            "Try again, with the same <code>Idempotency-Key</code> if one was sent. If it stays, give that id to whoever \
            runs this instance.",
        ),
        Kind::Upstream => (
            "The MCP server that this request had to ask did not answer, or not as the protocol wants it.",
            "Read <code>detail</code>: it says how far it went. Check the server's URL, its credentials and that it can \
            be reached from here.",
        ),
        Kind::Unavailable => (
            "It cannot be done just now: a part that is needed does not answer in time.",
            "Try again after as many seconds as the header <code>Retry-After</code> says, with the same \
            <code>Idempotency-Key</code> if one was sent.",
        ),
    }
}
