//! Following along: what is recorded comes, in time, once each time it changes, also to one who was away.

use crate::world::{Org, World, ended, intent, made};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use bundle::record::{Ending, Intent, Verdict};
use control_plane::access::Role;
use http_body_util::BodyStream;
use serde_json::Value;
use std::time::Duration;
use tokio_stream::StreamExt;

struct Follower {
    body: BodyStream<Body>,
    text: String,
}

#[derive(Debug)]
struct Told {
    event: String,
    id: String,
    data: Value,
}

impl Follower {
    async fn new(world: &World, org: &Org, query: &str, last: Option<&str>) -> Self {
        let mut request = Request::get(org.path(&format!("/stream{query}")));
        request = request.header("authorization", format!("Bearer {}", org.key(Role::Viewer)));
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = world.open(request.body(Body::empty()).unwrap()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            body: BodyStream::new(response.into_body()),
            text: String::new(),
        }
    }

    /// The next event; comments are passed over.
    async fn next(&mut self) -> Told {
        tokio::time::timeout(Duration::from_secs(20), self.wait())
            .await
            .expect("an event in time")
    }

    async fn wait(&mut self) -> Told {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    event
                        .lines()
                        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
                        .map(|value| value.trim().to_owned())
                };
                if let Some(data) = field("data") {
                    let (event, id) = (field("event").unwrap(), field("id").unwrap());
                    return Told {
                        event,
                        id,
                        data: serde_json::from_str(&data).unwrap(),
                    };
                }
                continue;
            }
            let frame = self.body.next().await.expect("the stream goes on").unwrap();
            if let Ok(data) = frame.into_data() {
                self.text.push_str(std::str::from_utf8(&data).unwrap());
            }
        }
    }

    async fn next_call(&mut self) -> Told {
        let told = self.next().await;
        assert_eq!(told.event, "call");
        told
    }

    async fn next_call_but(&mut self, other: &Intent) -> Told {
        loop {
            let told = self.next_call().await;
            if told.data["id"] != other.id.to_string() {
                return told;
            }
        }
    }
}

#[tokio::test]
async fn a_call_comes_when_it_is_recorded_and_again_when_it_has_ended() {
    let world = World::new().await;
    let (org, other) = (world.org("acme").await, world.org("other").await);
    let before = intent(&org, 0, 1);
    world.ship(vec![made(&before)]).await;
    let mut follower = Follower::new(&world, &org, "", None).await;
    assert_eq!(follower.next().await.event, "listening");

    let call = intent(&org, 1_000, 2);
    let foreign = intent(&other, 1_000, 3);
    world.ship(vec![made(&foreign), made(&call)]).await;
    // What was recorded just before may be told, too, while another transaction of the cluster is open.
    let told = follower.next_call_but(&before).await;
    assert_eq!(told.data["id"], call.id.to_string());
    assert_eq!(told.data["outcome"], Value::Null);
    world.ship(vec![ended(&call, Ending::Ok)]).await;
    let told = follower.next_call_but(&before).await;
    assert_eq!(told.data["id"], call.id.to_string());
    assert_eq!(told.data["outcome"], "ok");
}

#[tokio::test]
async fn one_who_was_away_is_told_what_was_missed() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let mut follower = Follower::new(&world, &org, "", None).await;
    let last = follower.next().await.id;
    drop(follower);
    let missed: Vec<Intent> = (0..3)
        .map(|number| intent(&org, u64::from(number), number))
        .collect();
    world.ship(missed.iter().map(made).collect()).await;
    let mut follower = Follower::new(&world, &org, "", Some(&last)).await;
    assert_eq!(follower.next().await.event, "listening");
    for call in &missed {
        assert_eq!(follower.next_call().await.data["id"], call.id.to_string());
    }
    // An id that never was ours begins now.
    for nonsense in ["-1", "9999999999", "x"] {
        let mut follower = Follower::new(&world, &org, "", Some(nonsense)).await;
        assert_eq!(follower.next().await.event, "listening");
    }
}

#[tokio::test]
async fn a_filter_holds_for_followers_too() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let mut follower = Follower::new(&world, &org, "?verdict=deny", None).await;
    assert_eq!(follower.next().await.event, "listening");
    let denied = Intent {
        verdict: Verdict::Deny,
        ..intent(&org, 2_000, 2)
    };
    world
        .ship(vec![made(&intent(&org, 1_000, 1)), made(&denied)])
        .await;
    assert_eq!(follower.next_call().await.data["id"], denied.id.to_string());
}

#[tokio::test]
async fn one_organisation_that_follows_along_many_times_leaves_room_for_the_next() {
    let world = World::new().await;
    let (acme, other) = (world.org("acme").await, world.org("other").await);
    let mut all = Vec::new();
    for _ in 0..16 {
        all.push(Follower::new(&world, &acme, "", None).await);
    }
    let (status, told) = world
        .get(&acme.path("/stream"), acme.key(Role::Viewer))
        .await;
    assert_eq!(status, StatusCode::TOO_MANY_REQUESTS, "{told}");
    Follower::new(&world, &other, "", None).await;
    // Who leaves makes room.
    all.pop();
    Follower::new(&world, &acme, "", None).await;
}
