//! The official Python and TypeScript clients, of both lines and in every era that they speak, before a real server: their
//! calls wait for a person, are made again, or send their person to the page where it is decided.

use super::{Office, text_of};
use serde_json::json;
use testbed::{Client, Kind, Replica, Server, until};

/// What the v1 lines cannot do, which know nothing of 2026-07-28, is in `a_person_decides.rs` by hand.
const SPEAKERS: [(Kind, &str); 6] = [
    (Kind::PythonV1, "legacy"),
    (Kind::TypescriptV1, "legacy"),
    (Kind::Python, "legacy"),
    (Kind::Typescript, "legacy"),
    (Kind::Python, "2026-07-28"),
    (Kind::Typescript, "2026-07-28"),
];

struct Desk {
    office: Office,
    server: Server,
    replica: Replica,
    token: String,
}

impl Desk {
    async fn open() -> Self {
        let office = Office::open(json!({})).await;
        let server = Server::fastmcp(&[]).await;
        office.org.server("desk", &server.url).await;
        let held = json!({ "version": "1", "default": "deny", "tools": {
            "echo": { "action": "require_approval" },
            "structured": { "action": "require_approval", "approval": { "wait": "2m" } },
        } });
        office.org.policy("held", &held).await;
        let (_, token) = office.org.grant("at-the-desk", "desk", "held").await;
        let replica = office.installation.replica("one", None).await;
        office.enforced(1).await;
        Self {
            office,
            server,
            replica,
            token,
        }
    }

    async fn client(&self, kind: Kind, era: &str, elicits: &str) -> Client {
        let url = self.replica.mcp(&self.office.org, "desk");
        let client = Client::eliciting(kind, &url, &self.token, era, elicits).await;
        let client = client.unwrap_or_else(|error| panic!("{}: {error}", kind.name()));
        let is_modern = client.protocol == "2026-07-28";
        assert_eq!(is_modern, era == "2026-07-28", "{}", kind.name());
        client
    }

    /// The server says what reached it a moment after it has answered.
    async fn reached_once(&self, argument: &str) {
        until(argument, || async {
            (self.reached(argument) > 0).then_some(())
        })
        .await;
        assert_eq!(self.reached(argument), 1, "{argument}");
    }

    /// How often the server was called with this argument.
    fn reached(&self, argument: &str) -> usize {
        let calls = self.server.calls();
        let given = calls.iter().map(|call| &call["arguments"]);
        given
            .filter(|given| given["text"] == argument || given["city"] == argument)
            .count()
    }
}

#[tokio::test]
async fn real_clients_wait_for_a_person_and_get_the_servers_answer() {
    let desk = Desk::open().await;
    for (number, (kind, era)) in SPEAKERS.into_iter().enumerate() {
        let row = format!("{} {era}", kind.name());
        let client = desk.client(kind, era, "nothing").await;
        let city = format!("city {number}");
        let call = client
            .begin_call(
                "structured",
                json!({ "city": city.clone(), "days": 2 }),
                None,
            )
            .await;
        let id = desk.office.waiting().await;
        assert!(client.steps(call.id, 1).await, "{row}: told that it waits");
        assert_eq!(desk.reached(&city), 0, "{row}");
        desk.office.approve(&id).await;
        let done = call.answer().await;
        let mut days = json!({});
        days[&city] = json!([0, 1]);
        assert_eq!(done["result"]["structuredContent"], days, "{row}: {done}");
        let said = done["result"]["progress"][0][2]
            .as_str()
            .unwrap_or_default();
        assert!(
            said.contains(&format!("/acme/approvals/{id}")),
            "{row}: {done}"
        );
        desk.reached_once(&city).await;
    }
}

#[tokio::test]
async fn real_clients_make_the_same_call_again_once_it_is_approved() {
    let desk = Desk::open().await;
    for (number, (kind, era)) in SPEAKERS.into_iter().enumerate() {
        let row = format!("{} {era}", kind.name());
        let client = desk.client(kind, era, "nothing").await;
        let text = format!("again {number}");
        let arguments = json!({ "text": text.clone() });
        let held = client.call("echo", arguments.clone()).await;
        let id = desk.office.waiting().await;
        let asked = text_of(&held);
        assert!(
            asked.starts_with("[APPROVAL REQUIRED]") && asked.contains(&id),
            "{row}: {held}"
        );
        assert_eq!(held["result"]["isError"], true, "{row}: {held}");
        desk.office.approve(&id).await;
        let done = client.call("echo", arguments.clone()).await;
        assert_eq!(text_of(&done), text, "{row}: {done}");
        let next = client.call("echo", arguments).await;
        assert!(
            text_of(&next).starts_with("[APPROVAL REQUIRED]"),
            "{row}: {next}"
        );
        desk.reached_once(&text).await;
        // For the next row to find its own.
        let open = desk.office.waiting().await;
        let path = desk.office.org.path(&format!("approvals/{open}/refuse"));
        desk.office.approver.post(&path, json!({})).await;
    }
}

#[tokio::test]
async fn real_clients_that_open_addresses_are_sent_to_where_it_is_decided() {
    let desk = Desk::open().await;
    for (number, (kind, era)) in SPEAKERS.into_iter().enumerate() {
        let row = format!("{} {era}", kind.name());
        let client = desk.client(kind, era, "urls").await;
        if era == "legacy" {
            let text = format!("opened {number}");
            let arguments = json!({ "text": text.clone() });
            let asked = client.call("echo", arguments.clone()).await;
            let id = desk.office.waiting().await;
            let error = &asked["error"];
            assert_eq!(error["code"], -32042, "{row}: {asked}");
            let elicited = &error["data"]["elicitations"][0];
            let url = format!("{}/acme/approvals/{id}", desk.office.installation.url());
            assert_eq!(
                (&elicited["mode"], &elicited["url"]),
                (&json!("url"), &json!(url)),
                "{row}: {asked}"
            );
            desk.office.approve(&id).await;
            let done = client.call("echo", arguments).await;
            assert_eq!(text_of(&done), text, "{row}: {done}");
            desk.reached_once(&text).await;
            continue;
        }
        // The client asks its person by itself, and comes again with what it was given; that round waits.
        let city = format!("opened {number}");
        let arguments = json!({ "city": city.clone(), "days": 1 });
        let call = client.begin_call("structured", arguments, None).await;
        let id = desk.office.waiting().await;
        desk.office.approve(&id).await;
        let done = call.answer().await;
        let mut days = json!({});
        days[&city] = json!([0]);
        assert_eq!(done["result"]["structuredContent"], days, "{row}: {done}");
        let asked = &done["result"]["asked"][0];
        assert_eq!(asked["method"], "elicitation/create", "{row}: {done}");
        let url = asked["params"]["url"].as_str().unwrap_or_default();
        assert!(
            url.ends_with(&format!("/acme/approvals/{id}")),
            "{row}: {done}"
        );
        desk.reached_once(&city).await;
    }
}
