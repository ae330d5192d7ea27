//! Who is told: by route, at night, and where nobody decides.

use crate::desk::Desk;
use crate::receiver::Receiver;
use crate::world::Answer;
use crate::world::page::{get, post};
use control_plane::approval::notice;
use serde_json::{Value, json};
use std::time::Duration;

const PATH: &str = "/v1/orgs/acme/approval-routing";

impl Desk {
    async fn route(&self, routing: Value) -> Answer {
        self.world.put(&self.owner, PATH, routing).await
    }

    /// To whom mails went that say that calls wait, and what they say.
    async fn mailed(&self) -> Vec<(String, String)> {
        notice::tell(&self.world.app).await.unwrap();
        let mails = self.world.mails().await.into_iter();
        let waiting = mails.filter(|mail| mail.text.subject.ends_with("for a decision"));
        let mut told: Vec<_> = waiting.map(|mail| (mail.to, mail.text.body)).collect();
        told.sort();
        told
    }
}

#[tokio::test]
async fn the_first_route_that_fits_says_who_is_told_of_a_request() {
    let desk = Desk::open().await;
    let (one, other) = (Receiver::start([]).await, Receiver::start([]).await);
    let (one_id, _) = desk.webhook("one", &one.url).await;
    desk.webhook("other", &other.url).await;
    let server = desk.ask.server;
    let routing = json!({ "routes": [
        { "server": server, "severity": "critical", "rule": "/tools/create_refund", "mail": false, "webhooks": [one_id] },
        { "webhooks": [] },
    ] });
    let kept = desk.route(routing).await.expect(200);
    assert_eq!(kept["routes"][0]["mail"], false);
    assert_eq!(kept, desk.world.get(&desk.owner, PATH).await.expect(200));
    let approval = desk.waits(&desk.ask).await;
    desk.deliver().await;
    assert_eq!(one.kinds(), ["approval.requested"]);
    assert!(other.kinds().is_empty());
    assert!(desk.mailed().await.is_empty());
    // What becomes of it, all are told.
    desk.say(&desk.one, approval, "refuse", json!({ "note": "" }))
        .await
        .expect(200);
    desk.deliver().await;
    assert_eq!(other.kinds(), ["approval.refused"]);

    let mut milder = desk.with(r#"{"amount":1}"#);
    milder.category = policy::Category::Read;
    desk.waits(&milder).await;
    desk.deliver().await;
    assert_eq!(one.kinds(), ["approval.requested", "approval.refused"]);
    assert_eq!(other.kinds(), ["approval.refused"]);
    assert_eq!(desk.mailed().await.len(), 2, "approver and admin");
    let events = desk
        .world
        .get(&desk.owner, "/v1/orgs/acme/events?action=routing");
    assert_eq!(
        events.await.expect(200)["items"][0]["action"],
        "routing.changed"
    );
}

#[tokio::test]
async fn where_the_webhook_of_a_route_is_off_people_are_told_by_mail() {
    let desk = Desk::open().await;
    let (id, _) = desk.webhook("one", "https://hooks.example.com/x").await;
    let routing = json!({ "routes": [{ "mail": false, "webhooks": [id] }] });
    desk.route(routing).await.expect(200);
    let path = format!("/v1/orgs/acme/webhooks/{id}");
    let off = desk
        .world
        .patch(&desk.owner, &path, json!({ "is_on": false }));
    off.await.expect(200);
    desk.waits(&desk.ask).await;
    assert_eq!(desk.mailed().await.len(), 2);
    // One that a route names is not taken away.
    let refused = desk.world.delete(&desk.owner, &path).await.expect(409);
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("change the routes first")
    );
    desk.route(json!({})).await.expect(200);
    desk.world.delete(&desk.owner, &path).await.expect(204);
}

#[tokio::test]
async fn at_night_mails_wait_and_webhooks_go_on() {
    let desk = Desk::open().await;
    let receiver = Receiver::start([]).await;
    desk.webhook("bot", &receiver.url).await;
    // It is noon in UTC: 13:00 in Berlin, 21:00 in Tokyo.
    let night = |zone: &str, from: &str, until: &str| json!({ "quiet": { "zone": zone, "from": from, "until": until } });
    desk.route(night("Asia/Tokyo", "20:30", "07:00"))
        .await
        .expect(200);
    desk.waits(&desk.ask).await;
    desk.waits(&desk.with(r#"{"amount":2}"#)).await;
    assert!(desk.mailed().await.is_empty());
    desk.deliver().await;
    assert_eq!(receiver.got().len(), 2);
    desk.route(night("Europe/Berlin", "12:30", "13:20"))
        .await
        .expect(200);
    assert!(desk.mailed().await.is_empty());
    desk.world.clock.advance(Duration::from_mins(20));
    let mailed = desk.mailed().await;
    assert_eq!(mailed.len(), 2, "one mail for each who may decide");
    assert!(
        mailed[0].1.contains("2 calls of the grant"),
        "{}",
        mailed[0].1
    );
}

#[tokio::test]
async fn where_nobody_decides_others_are_told_once_at_night_too() {
    let desk = Desk::open().await;
    let (one, other) = (Receiver::start([]).await, Receiver::start([]).await);
    desk.webhook("one", &one.url).await;
    let (id, _) = desk.webhook("other", &other.url).await;
    let routing = json!({
        "quiet": { "zone": "UTC", "from": "11:00", "until": "23:00" },
        "routes": [{ "escalate": { "after_minutes": 10, "webhooks": [id] } }],
    });
    desk.route(routing).await.expect(200);
    desk.waits(&desk.ask).await;
    let decided = desk.waits(&desk.with(r#"{"amount":2}"#)).await;
    desk.approve(&desk.one, decided).await;
    let app = &desk.world.app;
    desk.world.clock.advance(Duration::from_secs(599));
    assert_eq!(notice::escalate(app).await.unwrap(), 0);
    desk.world.clock.advance(Duration::from_secs(1));
    assert_eq!(
        notice::escalate(app).await.unwrap(),
        1,
        "what is decided is not told of"
    );
    assert_eq!(notice::escalate(app).await.unwrap(), 0);
    desk.deliver().await;
    let escalated = |of: &Receiver| {
        of.kinds()
            .iter()
            .filter(|kind| *kind == "approval.escalated")
            .count()
    };
    assert_eq!((escalated(&one), escalated(&other)), (0, 1));
    let mailed = desk.mailed().await;
    let to: Vec<&str> = mailed.iter().map(|(to, _)| to.as_str()).collect();
    assert_eq!(
        to,
        ["person-2@example.com"],
        "the admin; the owner minted the grant"
    );
    let events = desk.events().await;
    assert_eq!(events.last().unwrap(), "approval.escalated");
}

#[tokio::test]
async fn who_wants_no_mails_gets_none() {
    let desk = Desk::open().await;
    let who = desk
        .world
        .patch(&desk.one, "/v1/me", json!({ "approval_mails": false }))
        .await;
    assert_eq!(who.expect(200)["user"]["approval_mails"], false);
    desk.waits(&desk.ask).await;
    let mailed = desk.mailed().await;
    assert_eq!(mailed.len(), 1);
    assert_eq!(mailed[0].0, "person-2@example.com");
    assert!(
        mailed[0].1.contains("http://127.0.0.1:8080/account#mails"),
        "{}",
        mailed[0].1
    );
    // By page, and back again.
    let page = get(&desk.world, &desk.one, "/account").await;
    page.has(r#"id="mails""#)
        .has(r#"name="approvals" value="on">"#);
    let form = [("approvals", "on")];
    let saved = post(&desk.world, &desk.one, "/account/mails", &form).await;
    assert_eq!(saved.location(), "/account?done=saved");
    get(&desk.world, &desk.one, "/account")
        .await
        .has(r#"name="approvals" value="on" checked>"#);
}

#[tokio::test]
async fn a_route_that_tells_nobody_or_names_what_is_not_there_is_refused_whole() {
    let desk = Desk::open().await;
    let nobody = format!("whk_{}", "0".repeat(32));
    let routing = json!({
        "quiet": { "zone": "Mars/Olympus", "from": "25:00", "until": "7:00" },
        "routes": [
            { "mail": false, "webhooks": [] },
            { "severity": "awful", "rule": "tools", "webhooks": [nobody], "server": format!("srv_{}", "0".repeat(32)) },
            { "escalate": { "after_minutes": 0, "mail": false } },
        ],
    });
    let refused = desk.route(routing).await.expect(422);
    let faults = refused["errors"].as_array().unwrap().iter();
    let pointers: Vec<&str> = faults
        .map(|fault| fault["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(
        pointers,
        [
            "/quiet/from",
            "/quiet/until",
            "/quiet/zone",
            "/routes/0",
            "/routes/1/server",
            "/routes/1/severity",
            "/routes/1/rule",
            "/routes/1/webhooks/0",
            "/routes/2/escalate/after_minutes",
            "/routes/2/escalate",
        ]
    );
    let kept = desk.world.get(&desk.owner, PATH).await.expect(200);
    assert_eq!(kept, json!({ "quiet": null, "routes": [] }));
}

#[tokio::test]
async fn routes_and_quiet_hours_are_set_by_forms() {
    let desk = Desk::open().await;
    let (id, _) = desk.webhook("pager", "https://hooks.example.com/x").await;
    let (world, owner, path) = (&desk.world, &desk.owner, "/acme/settings/approvals");
    get(world, owner, path).await.has("No routes").has("pager");
    let form = [
        ("severity", "high"),
        ("which", "some"),
        ("after_minutes", "15"),
        ("escalate_webhook", id.as_str()),
    ];
    let refused = post(world, owner, path, &form).await;
    refused.has("somebody must be told");
    let form = [&form[..], &[("webhook", id.as_str())]].concat();
    assert_eq!(post(world, owner, path, &form).await.status.as_u16(), 303);
    let page = get(world, owner, path).await;
    page.has("of any server, high or worse")
        .has("after 15 minutes");
    let zone = [
        ("zone", "Europe/Berlin"),
        ("from", "22:00"),
        ("until", "late"),
    ];
    let quiet = format!("{path}/quiet");
    post(world, owner, &quiet, &zone)
        .await
        .has("a time of day like");
    let zone = [
        ("zone", "Europe/Berlin"),
        ("from", "22:00"),
        ("until", "07:00"),
    ];
    assert_eq!(post(world, owner, &quiet, &zone).await.status.as_u16(), 303);
    let kept = world.get(owner, PATH).await.expect(200);
    assert_eq!(kept["quiet"]["until"], "07:00");
    let remove = format!("{path}/remove");
    let stale = [("position", "0"), ("was", "{}")];
    post(world, owner, &remove, &stale)
        .await
        .has("nothing was removed");
    let was = serde_json::from_value::<control_plane::approval::routing::Route>(
        kept["routes"][0].clone(),
    );
    let was = serde_json::to_string(&was.unwrap()).unwrap();
    let fields = [("position", "0"), ("was", was.as_str())];
    assert_eq!(
        post(world, owner, &remove, &fields).await.status.as_u16(),
        303
    );
    let kept = world.get(owner, PATH).await.expect(200);
    assert_eq!(kept["routes"], json!([]));
    assert_eq!(kept["quiet"]["zone"], "Europe/Berlin");
}
