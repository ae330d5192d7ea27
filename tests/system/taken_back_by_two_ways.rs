//! What is taken back holds at the next call under a limit, and soon at every other, though the feed is cut; and Redis, which
//! tells of it, can only take away.

use bundle::revocation::{Taken, key};
use ids::OrgId;
use serde_json::{Value, json};
use testbed::{Door, Installation, Org, Raw, Redis, Replica, Stub, until};

struct Place {
    redis: Redis,
    _installation: Installation,
    door: Door,
    replica: Replica,
    org: Org,
    _upstream: Stub,
}

impl Place {
    /// One replica, which reaches the control plane through a door, and Redis past it.
    async fn new() -> Self {
        let redis = Redis::start().await;
        let redis_url = redis.url();
        let variables = [("PORTCULLIS_REDIS_URL", redis_url.as_str())];
        let installation = Installation::start_with(&variables).await;
        let upstream = Stub::start(&["limited", "free"]).await;
        let org = installation.org("acme").await;
        org.server("notes", &upstream.url).await;
        let limit = json!({ "counter": "c", "window": "hour", "max": 1000, "scope": "grant" });
        let tools = json!({ "limited": { "limits": [limit] }, "free": {} });
        let policy = json!({ "version": "1", "default": "deny", "tools": tools });
        org.policy("notes", &policy).await;
        let url = installation.url();
        let (_, port) = url.rsplit_once(':').unwrap();
        let door = Door::before(&[port.parse().unwrap()]).await;
        let through = door.url();
        let (replica, _) = installation.replica_not_ready(
            "one",
            Some(&redis.url()),
            &[("PORTCULLIS_CONTROL_PLANE_URL", &through)],
        );
        Self {
            redis,
            _installation: installation,
            door,
            replica,
            org,
            _upstream: upstream,
        }
    }

    async fn grant(&self, name: &str) -> (String, Raw) {
        let (id, token) = self.org.grant(name, "notes", "notes").await;
        let client = Raw::new(&self.replica.mcp(&self.org, "notes"), Some(&token));
        (id, client)
    }

    async fn is_followed(&self) {
        until("the replica", || self.org.enforced(1)).await;
    }

    /// Nothing comes from the control plane any more.
    async fn cut(&self) {
        self.door.shut();
        self.door.cut().await;
    }

    /// Waits until Redis has been told, as the call under a limit finds it.
    async fn is_told(&self, what: Taken) {
        let client = redis::Client::open(self.redis.url()).unwrap();
        let connection = client.get_multiplexed_async_connection().await.unwrap();
        let org: OrgId = self.org.id.parse().unwrap();
        until("Redis, told", || {
            let mut ask = redis::cmd("HGET");
            ask.arg(key(org)).arg(what.field());
            let mut connection = connection.clone();
            async move {
                let told: Option<String> = ask.query_async(&mut connection).await.unwrap();
                told
            }
        })
        .await;
    }

    async fn switch(&self, target: &str, id: Value, on: bool) {
        let switch = json!({ "target": target, "id": id, "on": on });
        self.org.rest.post(&self.org.path("kill"), switch).await;
    }

    async fn revoke(&self, grant: &str) {
        let path = self.org.path(&format!("grants/{grant}/revoke"));
        self.org.rest.post(&path, json!({})).await;
    }
}

async fn status(client: &Raw, tool: &str) -> u16 {
    client.call(tool, json!({})).await.status.as_u16()
}

async fn soon(client: &Raw, tool: &str, wanted: u16) {
    until(&format!("{wanted} for `{tool}`"), || async {
        (status(client, tool).await == wanted).then_some(())
    })
    .await;
}

#[tokio::test]
async fn with_the_feed_cut_a_revoked_grant_is_refused_by_the_next_call_under_a_limit_and_soon_by_all()
 {
    let mut place = Place::new().await;
    let ((one, leaves), (_, stays)) = (place.grant("leaves").await, place.grant("stays").await);
    place.is_followed().await;
    for client in [&leaves, &stays] {
        for tool in ["limited", "free"] {
            assert_eq!(status(client, tool).await, 200);
        }
    }
    place.cut().await;
    place.revoke(&one).await;
    place.is_told(Taken::Grant(one.parse().unwrap())).await;
    assert_eq!(status(&leaves, "limited").await, 401);
    soon(&leaves, "free", 401).await;

    // Begun anew on what it knew, it is told before its first call.
    place.replica.process.kill();
    place.replica.resume().await;
    assert_eq!(status(&leaves, "free").await, 401);
    assert_eq!(status(&stays, "free").await, 200);

    // What Redis has forgotten, the replica has not; and Redis is told again.
    place.redis.stop();
    assert_eq!(status(&leaves, "free").await, 401);
    assert_eq!(status(&stays, "free").await, 200, "no doubt of others");
    place.redis.resume().await;
    place.is_told(Taken::Grant(one.parse().unwrap())).await;
    soon(&leaves, "limited", 401).await;
}

#[tokio::test]
async fn with_the_feed_cut_switches_hold_and_none_is_lifted_before_a_bundle_says_so() {
    let place = Place::new().await;
    let (id, client) = place.grant("agent").await;
    place.is_followed().await;
    let servers = place.org.rest.get(&place.org.path("servers/notes")).await;
    let server = servers["id"].as_str().unwrap().parse().unwrap();
    for (target, named, what) in [
        ("grant", json!(id), Taken::Grant(id.parse().unwrap())),
        ("server", json!("notes"), Taken::Server(server)),
        ("org", Value::Null, Taken::Org),
    ] {
        assert_eq!(status(&client, "free").await, 200, "{target}");
        place.cut().await;
        place.switch(target, named.clone(), true).await;
        place.is_told(what).await;
        // A grant that is switched off and one that is revoked are the same here: no version of the bundle says which.
        let refused = if target == "grant" { 401 } else { 403 };
        assert_eq!(status(&client, "limited").await, refused, "{target}");
        soon(&client, "free", refused).await;
        place.switch(target, named, false).await;
        assert_eq!(status(&client, "limited").await, refused, "{target}");
        assert_eq!(status(&client, "free").await, refused, "{target}");
        place.door.open();
        place.is_followed().await;
        assert_eq!(status(&client, "limited").await, 200, "{target}");
    }
}

#[tokio::test]
async fn what_is_rotated_without_overlap_or_gone_is_taken_back_by_both_ways() {
    let place = Place::new().await;
    let (id, client) = place.grant("agent").await;
    let (_, other) = place.grant("other").await;
    place.is_followed().await;
    place.cut().await;
    let rotate = place.org.path(&format!("grants/{id}/rotate"));
    let answer = place.org.rest.post(&rotate, json!({})).await;
    soon(&client, "free", 401).await;
    let token = answer["token"].as_str().unwrap();
    let anew = Raw::new(&place.replica.mcp(&place.org, "notes"), Some(token));
    assert_eq!(status(&anew, "free").await, 401, "no bundle has it yet");
    place.door.open();
    place.is_followed().await;
    assert_eq!(status(&anew, "limited").await, 200);
    assert_eq!(status(&client, "limited").await, 401);

    place.cut().await;
    let gone = place.org.path("servers/notes");
    let (answered, said) = place
        .org
        .rest
        .send(reqwest::Method::DELETE, &gone, None)
        .await;
    assert!(answered.is_success(), "{answered}: {said}");
    soon(&other, "free", 403).await;
}
