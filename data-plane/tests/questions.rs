//! Questions of the server's own: which pass, under which name, and whose answers go back.

mod world;

use http::{Method, Response};
use hyper::body::Incoming;
use seal::KeyRing;
use serde_json::Value;
use tokio::sync::mpsc;
use world::replica::Replica;
use world::session::{RESULT, Streams, begin, read_until, sender, server};
use world::upstream::event;
use world::{Plan, World, call, plan};

/// A call under way that answers with a stream, and both ends of it.
async fn asking(
    world: &World,
    streams: &Streams,
    session: &str,
    number: usize,
) -> (Response<Incoming>, mpsc::Sender<String>) {
    let headers = [("mcp-session-id", session)];
    let request = world.request(Method::POST, &headers, call("echo", "{}"));
    let response = world.send(request).await;
    (response, sender(streams, &world.upstream, number).await)
}

/// What the next event of the stream carries.
async fn next(response: &mut Response<Incoming>) -> (String, Value) {
    let text = read_until(response, "\n\n").await;
    let data = text.lines().find_map(|line| line.strip_prefix("data: "));
    let data = data.unwrap_or_else(|| panic!("no data in {text}"));
    (data.to_owned(), serde_json::from_str(data).unwrap())
}

fn question(id: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0", "id":{id},"method":"elicitation/create","params":{{"message":"?","x":1.50}}}}"#
    )
}

/// An answer whose every byte but the id's is its client's own.
fn answer(id: &Value) -> String {
    format!(r#" {{ "result":{{"action":"accept","n":1.0e2}}, "id" : {id},"jsonrpc":"2.0"}} "#)
}

#[tokio::test]
async fn a_question_asked_through_one_replica_is_answered_through_another() {
    let (upstream, streams) = server(true).await;
    let world = World::new(plan(), upstream).await;
    let other = Replica::of(&world).await;
    let session = begin(&world).await;
    let (mut response, ask) = asking(&world, &streams, &session, 1).await;
    for id in [r#""q1""#, "7", "1.50", r#""\u0061\"\\ ü""#, "-0", r#""""#] {
        ask.send(event(&question(id))).await.unwrap();
        let (text, asked) = next(&mut response).await;
        let name = asked["id"].as_str().expect("a name of ours");
        assert!(name.starts_with("q_"), "{name}");
        let marked = serde_json::to_string(name).unwrap();
        assert_eq!(
            text.replace(&marked, id),
            question(id),
            "only the id is ours"
        );
        let headers = [("mcp-session-id", session.as_str())];
        let taken = other.post(&world, &headers, answer(&asked["id"])).await;
        assert_eq!((taken.status.as_u16(), taken.body.as_str()), (202, ""));
        let saw = world.upstream.saw().pop().unwrap();
        assert_eq!(saw.text(), answer(&Value::Null).replace("null", id).trim());
        assert_eq!(saw.header("mcp-session-id"), "theirs");
    }
}

#[tokio::test]
async fn an_answer_to_what_was_not_asked_here_goes_nowhere() {
    let (upstream, streams) = server(true).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let (mut response, ask) = asking(&world, &streams, &session, 1).await;
    ask.send(event(&question("7"))).await.unwrap();
    let asked = next(&mut response).await.1["id"].clone();
    let name = asked.as_str().unwrap();
    let forged = name.replace(".7", ".8");
    let bare = name.split_once('.').unwrap().0;
    let before = world.upstream.saw().len();
    let made_up = [
        Value::from(7),
        "7".into(),
        "q_.7".into(),
        forged.into(),
        bare.into(),
        name.to_uppercase().into(),
        name.replacen("q_", "t_", 1).into(),
    ];
    for id in &made_up {
        let said = world
            .post(&[("mcp-session-id", &session)], answer(id))
            .await;
        assert_eq!(said.status, 400, "{id}");
    }
    let other = format!("Bearer {}", world.other_token);
    let theirs = {
        let headers = [("authorization", other.as_str())];
        let begun = world.post(&headers, world::session::INITIALIZE).await;
        begun.headers["mcp-session-id"].to_str().unwrap().to_owned()
    };
    for headers in [
        // Without the session, and with another grant's session of the same name.
        vec![],
        vec![("authorization", other.as_str())],
        vec![
            ("authorization", other.as_str()),
            ("mcp-session-id", theirs.as_str()),
        ],
    ] {
        let said = world.post(&headers, answer(&asked)).await;
        assert_eq!(said.status, 400, "{headers:?}");
    }
    assert_eq!(
        world.upstream.saw().len(),
        before + 1,
        "the other's beginning"
    );
}

#[tokio::test]
async fn an_answer_goes_back_under_the_key_it_was_asked_under() {
    let (upstream, streams) = server(true).await;
    let world = World::new(plan(), upstream).await;
    let both = format!("1 {}\n2 {}", "ab".repeat(32), "cd".repeat(32));
    let newer = Replica::with_keys(&world, KeyRing::parse(&both).unwrap()).await;
    let session = begin(&world).await;
    let (mut response, ask) = asking(&world, &streams, &session, 1).await;
    ask.send(event(&question("7"))).await.unwrap();
    let asked = next(&mut response).await.1["id"].clone();
    let headers = [("mcp-session-id", session.as_str())];
    let taken = newer.post(&world, &headers, answer(&asked)).await;
    assert_eq!(taken.status, 202);
    assert!(
        world
            .upstream
            .saw()
            .pop()
            .unwrap()
            .text()
            .contains(r#""id" : 7,"#)
    );
}

#[tokio::test]
async fn a_question_that_its_server_takes_back_is_named_as_it_was_asked() {
    let (upstream, streams) = server(true).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let (mut response, ask) = asking(&world, &streams, &session, 1).await;
    ask.send(event(&question(r#""q1""#))).await.unwrap();
    let asked = next(&mut response).await.1["id"].clone();
    let cancelled = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"q1","reason":"late"}}"#;
    ask.send(event(cancelled)).await.unwrap();
    let (text, told) = next(&mut response).await;
    assert_eq!(told["params"]["requestId"], asked);
    assert_eq!(
        text.replace(&serde_json::to_string(&asked).unwrap(), r#""q1""#),
        cancelled
    );
    // What a client takes back is its own request, by its own name.
    let headers = [("mcp-session-id", session.as_str())];
    let own = cancelled.replace(r#""q1""#, "1");
    assert_eq!(world.post(&headers, own.clone()).await.status, 202);
    assert_eq!(world.upstream.saw().pop().unwrap().text(), own);
    // And progress of what the server asked bears the token that the server gave.
    let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"q1","progress":0.50}}"#;
    assert_eq!(world.post(&headers, progress).await.status, 202);
    assert_eq!(world.upstream.saw().pop().unwrap().text(), progress);
}

#[tokio::test]
async fn questions_in_a_batch_of_the_servers_are_named_one_by_one() {
    let (upstream, streams) = server(true).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let (mut response, ask) = asking(&world, &streams, &session, 1).await;
    let batch = format!("[{},{}]", question("7"), question(r#""8""#));
    ask.send(event(&batch)).await.unwrap();
    let (_, asked) = next(&mut response).await;
    for (index, raw) in [(0, "7"), (1, r#""8""#)] {
        let headers = [("mcp-session-id", session.as_str())];
        let taken = world.post(&headers, answer(&asked[index]["id"])).await;
        assert_eq!(taken.status, 202);
        let saw = world.upstream.saw().pop().unwrap();
        assert!(saw.text().contains(&format!(r#""id" : {raw},"#)));
    }
}

#[tokio::test]
async fn a_question_that_the_organisation_does_not_allow_is_refused_to_the_server() {
    let (upstream, streams) = server(true).await;
    let change = |bundle: &mut bundle::OrgBundle| bundle.servers[0].allows_sampling = false;
    let world = World::new(
        Plan {
            change: Box::new(change),
            ..plan()
        },
        upstream,
    )
    .await;
    let session = begin(&world).await;
    let (mut response, ask) = asking(&world, &streams, &session, 1).await;
    let long = format!(r#""{}""#, "x".repeat(2_000));
    for (id, method) in [
        ("7", "sampling/createMessage"),
        ("8", "made/up"),
        ("9", "tasks/list"),
        (long.as_str(), "roots/list"),
    ] {
        ask.send(event(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"}}"#
        )))
        .await
        .unwrap();
        let refused = format!(r#""id":{id},"error""#);
        let saw = world
            .upstream
            .wait(|saw| saw.last().unwrap().text().contains(&refused))
            .await;
        let last = saw.last().unwrap();
        assert_eq!(last.header("mcp-session-id"), "theirs");
        assert!(last.text().contains("does not allow"));
    }
    ask.send(event(RESULT)).await.unwrap();
    assert_eq!(
        read_until(&mut response, "\n\n").await,
        event(RESULT),
        "the client never heard of it"
    );
}

#[tokio::test]
async fn a_question_that_was_switched_off_since_its_call_began_is_refused_too() {
    let (upstream, streams) = server(true).await;
    let mut world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let (mut response, ask) = asking(&world, &streams, &session, 1).await;
    ask.send(event(&question("7"))).await.unwrap();
    next(&mut response).await;
    world.publish(|bundle| bundle.servers[0].allows_elicitation = false);
    ask.send(event(&question("8"))).await.unwrap();
    let refused = |text: &str| text.contains(r#""id":8,"error""#);
    world
        .upstream
        .wait(|saw| refused(saw.last().unwrap().text()))
        .await;
    ask.send(event(RESULT)).await.unwrap();
    assert_eq!(read_until(&mut response, "\n\n").await, event(RESULT));
}

/// What a client may be told to open, and what it may not.
const OPENED: [&str; 5] = [
    "https://accounts.example/connect?x=1",
    "HTTPS://accounts.example",
    "http://localhost:8080/callback",
    "http://127.0.0.1/",
    "http://[::1]:3000/",
];
const NOT_OPENED: [&str; 10] = [
    "http://accounts.example/",
    "javascript:alert(1)",
    " javascript:alert(1)",
    "file:///etc/passwd",
    "data:text/html,x",
    "http://localhost.example/",
    "http://127.0.0.1.example/",
    "//accounts.example",
    "vscode://extension/run",
    "",
];

fn sends_to(url: &str) -> String {
    let url = serde_json::to_string(url).unwrap();
    format!(r#"{{"mode":"url","elicitationId":"e","url":{url},"message":"?"}}"#)
}

#[tokio::test]
async fn a_question_that_opens_an_address_passes_only_where_that_is_safe() {
    let (upstream, streams) = server(true).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let (mut response, ask) = asking(&world, &streams, &session, 1).await;
    let question = |params: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":7,"method":"elicitation/create","params":{params}}}"#)
    };
    let unsafe_ones = NOT_OPENED.map(sends_to).into_iter().chain(
        [
            r#"{"mode":"url","message":"?"}"#,
            r#"{"mode":"url","url":7}"#,
            r#"{"mode":"URL","url":"https://a.example"}"#,
            r#"{"mode":"form","url":"file:///x"}"#,
            r#"{"URL":"javascript:1","message":"?"}"#,
            r#"{"mode":"url","url":"https://a.example","Url":"file:///x"}"#,
        ]
        .map(str::to_owned),
    );
    for (told, params) in (1..).zip(unsafe_ones) {
        ask.send(event(&question(&params))).await.unwrap();
        let refused = |saw: &Vec<world::upstream::Saw>| {
            let refusals = saw
                .iter()
                .filter(|saw| saw.text().contains("does not allow"));
            refusals.count() == told
        };
        world.upstream.wait(refused).await;
    }
    // The first that the client hears of is the first that may be asked.
    let form = r#"{"mode":"form","message":"?","requestedSchema":{"properties":{"url":{}}}}"#;
    for params in OPENED.map(sends_to).into_iter().chain([form.to_owned()]) {
        ask.send(event(&question(&params))).await.unwrap();
        let (_, asked) = next(&mut response).await;
        let expected: Value = serde_json::from_str(&params).unwrap();
        assert_eq!(asked["params"], expected);
    }
}

#[tokio::test]
async fn an_error_that_sends_people_to_an_address_passes_only_where_that_is_safe() {
    let (upstream, streams) = server(true).await;
    let world = World::new(plan(), upstream).await;
    let session = begin(&world).await;
    let all = OPENED.map(|url| (url, true)).into_iter();
    for (number, (url, passes)) in (1..).zip(all.chain(NOT_OPENED.map(|url| (url, false)))) {
        let (mut response, ask) = asking(&world, &streams, &session, number).await;
        let safe = sends_to("https://a.example");
        let error = format!(
            r#"{{"jsonrpc":"2.0","id":1,"error":{{"code":-32042,"message":"first","data":{{"elicitations":[{safe},{}]}}}}}}"#,
            sends_to(url)
        );
        ask.send(event(&error)).await.unwrap();
        let (text, said) = next(&mut response).await;
        if passes {
            assert_eq!(text, error);
        } else {
            assert_eq!(said["error"]["code"], 1001, "{url}");
            assert!(!text.contains("elicitations"), "{text}");
        }
    }
}
