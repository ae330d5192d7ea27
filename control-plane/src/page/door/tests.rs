use super::{Next, came_from};
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::REFERER;

fn of(request: &Request) -> Next {
    came_from(request.method(), request.uri(), request.headers())
}

#[test]
fn whoever_has_to_prove_themselves_comes_back_to_the_form_as_it_was() {
    let form_of = |referer: &str| {
        let request = Request::post("/acme/grants").header(REFERER, referer);
        of(&request.body(Body::empty()).unwrap()).page().to_owned()
    };
    for (referer, page) in [
        ("https://gate.example/acme/grants/new", "/acme/grants/new"),
        (
            "https://gate.example/acme/grants/new?q=a%20b&done=saved",
            "/acme/grants/new?q=a+b",
        ),
        ("https://gate.example/account?done=saved", "/account"),
        ("https://gate.example//evil.example", "/"),
        ("no url", "/"),
    ] {
        assert_eq!(form_of(referer), page, "{referer}");
    }
    let asked = Request::get("/acme/calls?verdict=deny").body(Body::empty());
    assert_eq!(of(&asked.unwrap()).page(), "/acme/calls?verdict=deny");
}
