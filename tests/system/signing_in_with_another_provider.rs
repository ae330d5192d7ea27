//! Signing in by `OpenID` Connect, with a real provider: the npm package `oidc-provider`.

use reqwest::{Client, Method, Response, StatusCode, Url, redirect};
use serde_json::{Value, json};
use sqlx::Executor;
use std::collections::BTreeMap;
use testbed::{Installation, Server};

/// Where the provider sends people back to. Nobody listens there: the test carries them on to the control plane.
const HOME: &str = "http://127.0.0.1:9";
const CALLBACK: &str = "http://127.0.0.1:9/v1/login/oidc/corp/callback";
const PASSWORD: &str = "a gate of iron bars";

struct World {
    installation: Installation,
    _provider: Server,
}

/// A browser as far as it matters: cookies by host and port, and no redirect that nobody looks at.
struct Browser {
    client: Client,
    cookies: BTreeMap<String, BTreeMap<String, String>>,
}

impl Browser {
    fn new() -> Self {
        let client = Client::builder().redirect(redirect::Policy::none());
        Self {
            client: client.build().unwrap(),
            cookies: BTreeMap::new(),
        }
    }

    async fn send(&mut self, method: Method, url: &Url, form: Option<&str>) -> Response {
        let mut request = self.client.request(method, url.clone());
        let jar = self.cookies.entry(url.authority().to_owned()).or_default();
        let cookies: Vec<String> = jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() {
            request = request.header("cookie", cookies.join("; "));
        }
        if let Some(form) = form {
            request = request
                .header("content-type", "application/x-www-form-urlencoded")
                .body(form.to_owned());
        }
        let response = request.send().await.unwrap();
        for cookie in response.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            jar.insert(name.to_owned(), value.to_owned());
            jar.retain(|_, value| !value.is_empty());
        }
        response
    }

    async fn get(&mut self, url: &Url) -> Response {
        self.send(Method::GET, url, None).await
    }
}

impl World {
    async fn new() -> Self {
        let provider = Server::oidc(CALLBACK).await;
        let installation = Installation::start_with(&[
            ("PORTCULLIS_PUBLIC_URL", HOME),
            ("PORTCULLIS_OIDC_PROVIDERS", "corp"),
            ("PORTCULLIS_OIDC_CORP_ISSUER", &provider.url),
            ("PORTCULLIS_OIDC_CORP_CLIENT_ID", "gate"),
            ("PORTCULLIS_OIDC_CORP_CLIENT_SECRET", "canary-of-the-client"),
            ("PORTCULLIS_OIDC_CORP_TITLE", "Corp"),
        ])
        .await;
        Self {
            installation,
            _provider: provider,
        }
    }

    fn url(&self, path: &str) -> Url {
        format!("{}{path}", self.installation.url())
            .parse()
            .unwrap()
    }

    /// Leaves for the provider and signs in there as `name`; answers the way back, not yet taken.
    async fn journey(&self, browser: &mut Browser, name: &str) -> Url {
        self.journey_by("/v1/login/oidc/corp", browser, name).await
    }

    async fn journey_by(&self, way: &str, browser: &mut Browser, name: &str) -> Url {
        let left = browser.get(&self.url(way)).await;
        assert_eq!(
            left.status(),
            StatusCode::SEE_OTHER,
            "{:?}",
            left.text().await
        );
        let at = location(&left, &self.url("/"));
        self.walk(at, browser, name).await.0
    }

    /// Through the provider's pages, beginning at one; answers the way back, and whether one was asked who one is.
    async fn walk(&self, mut at: Url, browser: &mut Browser, name: &str) -> (Url, bool) {
        let mut is_asked = false;
        for _ in 0..20 {
            if at.as_str().starts_with(HOME) {
                return (self.url(&at.as_str()[HOME.len()..]), is_asked);
            }
            let answer = browser.get(&at).await;
            if answer.status().is_redirection() {
                at = location(&answer, &at);
                continue;
            }
            let page = answer.text().await.unwrap();
            let action = page
                .split_once("action=\"")
                .unwrap_or_else(|| panic!("{page}"))
                .1;
            let action = at.join(action.split('"').next().unwrap()).unwrap();
            let form = if page.contains("value=\"login\"") {
                is_asked = true;
                format!("prompt=login&login={}&password=x", name.replace('@', "%40"))
            } else {
                "prompt=consent".to_owned()
            };
            let answer = browser.send(Method::POST, &action, Some(&form)).await;
            at = location(&answer, &action);
        }
        panic!("the provider leads in circles: {at}");
    }

    /// Who the browser is to the control plane.
    async fn me(&self, browser: &mut Browser) -> (StatusCode, Value) {
        let answer = browser.get(&self.url("/v1/me")).await;
        (answer.status(), answer.json().await.unwrap())
    }

    /// As the browser's session, with its token.
    async fn post(&self, browser: &mut Browser, path: &str, body: &Value) -> Response {
        let (_, me) = self.me(browser).await;
        let url = self.url(path);
        let cookies: Vec<String> = browser.cookies[url.authority()]
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = browser.client.post(url).json(body);
        let request = request
            .header("cookie", cookies.join("; "))
            .header("x-csrf-token", me["csrf_token"].as_str().unwrap());
        request.send().await.unwrap()
    }

    async fn sign_up(&self, email: &str) {
        let body = json!({ "email": email, "password": PASSWORD, "name": "Here" });
        let answer = Client::new()
            .post(self.url("/v1/signup"))
            .json(&body)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 201);
    }

    async fn sql(&self, query: &'static str) {
        let database = &self.installation.database;
        let mut sql = database.connect(&database.owner).await;
        sql.execute(query).await.unwrap();
    }
}

fn location(answer: &Response, at: &Url) -> Url {
    assert!(answer.status().is_redirection(), "{}", answer.status());
    let to = answer.headers()["location"].to_str().unwrap();
    at.join(to).unwrap()
}

#[tokio::test]
async fn whom_the_provider_vouches_for_gets_an_account_and_comes_back_to_it() {
    let world = World::new().await;
    let listed = Client::new()
        .get(world.url("/v1/login/providers"))
        .send()
        .await
        .unwrap();
    let listed: Value = listed.json().await.unwrap();
    assert_eq!(
        listed,
        json!({ "items": [{ "name": "corp", "title": "Corp" }] })
    );

    let mut browser = Browser::new();
    let back = world.journey(&mut browser, "ann@example.org").await;
    let arrived = browser.get(&back).await;
    assert_eq!(
        arrived.status(),
        StatusCode::SEE_OTHER,
        "{:?}",
        arrived.text().await
    );
    assert_eq!(arrived.headers()["location"], "/");
    let (status, me) = world.me(&mut browser).await;
    assert_eq!(status, 200);
    assert_eq!(
        [&me["user"]["email"], &me["user"]["name"]],
        ["ann@example.org", "The ann@example.org"]
    );
    assert_eq!(
        [&me["user"]["is_confirmed"], &me["user"]["has_password"]],
        [&json!(true), &json!(false)]
    );
    // The way back is good once.
    assert_eq!(browser.get(&back).await.status(), 401);

    let mut other = Browser::new();
    let back = world.journey(&mut other, "ann@example.org").await;
    assert_eq!(other.get(&back).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(world.me(&mut other).await.1["user"]["id"], me["user"]["id"]);
    // The account tells of it, under the provider's name here, and proves itself with it alone.
    let told = other.get(&world.url("/v1/me/identities")).await;
    let told: Value = told.json().await.unwrap();
    let one = &told["items"][0];
    assert_eq!(
        [&one["title"], &one["is_offered"]],
        [&json!("Corp"), &json!(true)]
    );
    let proof = other.get(&world.url("/login/again?next=/account")).await;
    let proof = proof.text().await.unwrap();
    assert!(
        proof.contains(r#"href="/v1/login/oidc/corp?again=true&#38;next=%2Faccount""#),
        "{proof}"
    );
    assert!(!proof.contains(r#"name="password""#), "{proof}");
}

#[tokio::test]
async fn an_account_is_entered_by_its_address_once_it_has_confirmed_it() {
    let world = World::new().await;
    world.sign_up("bob@example.org").await;
    let mut browser = Browser::new();
    let back = world.journey(&mut browser, "bob@example.org").await;
    let refused = browser.get(&back).await;
    assert_eq!(
        refused.status(),
        409,
        "anybody may have signed up with that address"
    );
    assert_eq!(world.me(&mut browser).await.0, 401);

    world.sql("update users set confirmed_at = now()").await;
    let back = world.journey(&mut browser, "bob@example.org").await;
    assert_eq!(browser.get(&back).await.status(), StatusCode::SEE_OTHER);
    let (_, me) = world.me(&mut browser).await;
    assert_eq!(
        [&me["user"]["name"], &me["user"]["has_password"]],
        [&json!("Here"), &json!(true)]
    );
    // It is that account from now on, whatever its address becomes.
    world
        .sql("update users set email = 'bob@example.net'")
        .await;
    let mut other = Browser::new();
    let back = world.journey(&mut other, "bob@example.org").await;
    assert_eq!(other.get(&back).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(world.me(&mut other).await.1["user"]["id"], me["user"]["id"]);
}

#[tokio::test]
async fn an_address_that_the_provider_does_not_vouch_for_opens_nothing() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let back = world.journey(&mut browser, "unverified@example.org").await;
    assert_eq!(browser.get(&back).await.status(), 409);
    assert_eq!(world.me(&mut browser).await.0, 401);
}

#[tokio::test]
async fn a_way_back_that_was_changed_or_is_another_browsers_leads_nowhere() {
    let world = World::new().await;
    let changed = |back: &Url, name: &str, value: Option<&str>| {
        let mut url = back.clone();
        let kept: Vec<(String, String)> = back
            .query_pairs()
            .filter(|(key, _)| key != name)
            .map(|(key, value)| (key.into_owned(), value.into_owned()))
            .collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
        if let Some(value) = value {
            url.query_pairs_mut().append_pair(name, value);
        }
        url
    };
    for (name, value, status) in [
        ("state", Some("0"), 401),
        ("state", None, 401),
        ("code", None, 401),
        ("iss", None, 503),
        ("iss", Some("https://evil.example.org"), 503),
        ("code", Some("another"), 503),
        ("error", Some("access_denied"), 401),
    ] {
        let mut browser = Browser::new();
        let back = world.journey(&mut browser, "eve@example.org").await;
        let answer = browser.get(&changed(&back, name, value)).await;
        assert_eq!(
            answer.status(),
            status,
            "{name} {value:?}: {:?}",
            answer.text().await
        );
        assert_eq!(world.me(&mut browser).await.0, 401);
    }
    // Planted by someone else into a browser that never left.
    let mut attacker = Browser::new();
    let back = world.journey(&mut attacker, "eve@example.org").await;
    let mut victim = Browser::new();
    assert_eq!(victim.get(&back).await.status(), 401);
    let mut traveller = Browser::new();
    world.journey(&mut traveller, "ann@example.org").await;
    assert_eq!(traveller.get(&back).await.status(), 401);
    assert_eq!(world.me(&mut victim).await.0, 401);
    // And it did not spoil the way of the one who left.
    assert_eq!(attacker.get(&back).await.status(), StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn an_account_that_asks_for_codes_asks_whoever_comes_from_a_provider_too() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let back = world.journey(&mut browser, "ann@example.org").await;
    assert_eq!(browser.get(&back).await.status(), StatusCode::SEE_OTHER);
    // What is sealed here is no secret that opens: no code fits it.
    world
        .sql("insert into totp (user_id, secret, confirmed_at, created_at) select id, 'x', now(), now() from users")
        .await;
    let mut other = Browser::new();
    let way = "/v1/login/oidc/corp?next=%2Facme";
    let back = world.journey_by(way, &mut other, "ann@example.org").await;
    let arrived = other.get(&back).await;
    assert_eq!(arrived.status(), StatusCode::SEE_OTHER);
    let to = arrived.headers()["location"].to_str().unwrap();
    assert!(to.starts_with("/login/code?challenge="), "{to}");
    assert!(to.ends_with("&next=%2Facme"), "{to}");
    assert_eq!(world.me(&mut other).await.0, 401);
}

#[tokio::test]
async fn a_provider_proves_who_somebody_is_once_it_has_asked_them_anew() {
    let world = World::new().await;
    let mut browser = Browser::new();
    let back = world.journey(&mut browser, "ann@example.org").await;
    browser.get(&back).await;
    let org = json!({ "name": "Acme", "slug": "acme" });
    let founded = world.post(&mut browser, "/v1/orgs", &org).await;
    assert_eq!(founded.status(), 201);
    let key = json!({ "name": "k", "role": "viewer" });
    let way = "/v1/orgs/acme/api-keys";
    // This provider says when it asked only where it was asked for that.
    let refused = world.post(&mut browser, way, &key).await;
    assert_eq!(refused.status(), 403, "nobody knows when they were asked");

    // Whoever sits down there later takes the question out of the URL, and the provider knows the browser.
    let left = browser
        .get(&world.url("/v1/login/oidc/corp?again=true&next=%2Facme"))
        .await;
    let mut at = location(&left, &world.url("/"));
    let kept: Vec<(String, String)> = at
        .query_pairs()
        .filter(|(name, _)| name != "prompt" && name != "max_age")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    at.query_pairs_mut().clear().extend_pairs(kept);
    let (back, is_asked) = world.walk(at, &mut browser, "ann@example.org").await;
    assert!(!is_asked);
    let arrived = browser.get(&back).await;
    let told = arrived.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(told, "/login/again?refused=unproven&next=%2Facme");
    let page = browser.get(&world.url(&told)).await.text().await.unwrap();
    assert!(page.contains("this session proves nothing yet"), "{page}");
    let refused = world.post(&mut browser, way, &key).await;
    assert_eq!(refused.status(), 403);

    let left = browser
        .get(&world.url("/v1/login/oidc/corp?again=true&next=%2Facme"))
        .await;
    let at = location(&left, &world.url("/"));
    let (back, is_asked) = world.walk(at, &mut browser, "ann@example.org").await;
    assert!(is_asked, "the provider asks although it knows the browser");
    let arrived = browser.get(&back).await;
    assert_eq!(arrived.headers()["location"], "/acme");
    let made = world.post(&mut browser, way, &key).await;
    assert_eq!(made.status(), 201);
}

#[tokio::test]
async fn whoever_comes_back_ends_where_they_wanted_to_go_and_nowhere_else() {
    let world = World::new().await;
    let mut browser = Browser::new();
    for (wanted, led) in [
        ("%2Fcatalog%2Fgithub%3Fq%3Da", "/catalog/github?q=a"),
        ("%2F%2Fevil.example", "/"),
        ("https%3A%2F%2Fevil.example", "/"),
    ] {
        let way = format!("/v1/login/oidc/corp?next={wanted}");
        let back = world
            .journey_by(&way, &mut browser, "ann@example.org")
            .await;
        let arrived = browser.get(&back).await;
        assert_eq!(arrived.headers()["location"], led);
    }
    // Refused, the form that says why still knows where they wanted to go.
    let way = "/v1/login/oidc/corp?next=%2Facme%2Fcalls";
    let mut other = Browser::new();
    let back = world
        .journey_by(way, &mut other, "unverified@example.org")
        .await;
    let cookies = other.cookies[back.authority()]
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>();
    let told = other
        .client
        .get(back)
        .header("accept", "text/html")
        .header("cookie", cookies.join("; "))
        .send()
        .await
        .unwrap();
    assert_eq!(
        told.headers()["location"],
        "/login?refused=unverified&next=%2Facme%2Fcalls"
    );
}

#[tokio::test]
async fn a_provider_that_is_not_there_opens_nothing_and_is_said_in_the_log() {
    let installation = Installation::start_with(&[
        ("PORTCULLIS_OIDC_PROVIDERS", "corp"),
        ("PORTCULLIS_OIDC_CORP_ISSUER", "http://127.0.0.1:9"),
        ("PORTCULLIS_OIDC_CORP_CLIENT_ID", "gate"),
    ])
    .await;
    let url = |name: &str| format!("{}/v1/login/oidc/{name}", installation.url());
    let client = Client::builder()
        .redirect(redirect::Policy::none())
        .build()
        .unwrap();
    let answer = client.get(url("corp")).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let problem = answer.text().await.unwrap();
    assert!(!problem.contains("127.0.0.1"), "{problem}");
    assert!(
        installation
            .control_plane
            .said()
            .contains("a sign-in with another provider failed")
    );
    assert_eq!(client.get(url("other")).send().await.unwrap().status(), 404);
}
