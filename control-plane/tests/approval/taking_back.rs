//! A client that takes back by name what waits, through another replica than the one that waits for it.

use crate::desk::Desk;
use bundle::approval::{TakenBack, Waited, Waiter};
use ids::{ApprovalId, CallId};
use serde_json::json;
use std::time::Duration;

fn name(of: &str) -> String {
    seal::to_hex(&seal::sha256(of.as_bytes()))
}

impl Desk {
    async fn waits_as(&self, approval: ApprovalId, by: &Waiter, patience_ms: u64) -> Waited {
        let body = json!({ "org": self.ask.org, "approval": approval, "patience_ms": patience_ms, "by": by });
        let path = "/v1/gateway/approvals/wait";
        let answer = self.world.post(&self.world.replica("r1"), path, body).await;
        serde_json::from_value(answer.expect(200)).unwrap()
    }

    /// How many waited under the name, as another replica is told.
    async fn take_back(&self, name: &str) -> u64 {
        let body = json!({ "org": self.ask.org, "name": name });
        let path = "/v1/gateway/approvals/take-back";
        let answer = self.world.post(&self.world.replica("r2"), path, body).await;
        let taken: TakenBack = serde_json::from_value(answer.expect(200)).unwrap();
        taken.ended
    }

    fn waiter(&self, name_of: &str) -> Waiter {
        Waiter {
            call: self.world.app.now().id(CallId::new),
            name: name(name_of),
        }
    }
}

#[tokio::test]
async fn who_waits_under_the_name_is_told_at_once_and_nobody_else() {
    let desk = Desk::open().await;
    let approval = desk.waits(&desk.ask).await;
    let (meant, other) = (desk.waiter("one"), desk.waiter("another"));
    assert_eq!(desk.waits_as(approval, &other, 0).await, Waited::Waiting);
    assert_eq!(desk.waits_as(approval, &meant, 0).await, Waited::Waiting);
    let (ended, told) = tokio::join!(
        desk.waits_as(approval, &meant, 60_000),
        desk.take_back(&meant.name)
    );
    assert_eq!((ended, told), (Waited::TakenBack, 1));
    assert_eq!(desk.waits_as(approval, &other, 0).await, Waited::Waiting);
    assert_eq!(
        desk.show(approval).await["state"],
        "waiting",
        "its request stays"
    );
    // Even where it is approved meanwhile, what was taken back is not made.
    desk.approve(&desk.one, approval).await;
    assert_eq!(desk.waits_as(approval, &meant, 0).await, Waited::TakenBack);
    assert_eq!(desk.waits_as(approval, &other, 0).await, Waited::Approved);
}

#[tokio::test]
async fn a_later_call_of_the_same_name_is_another_call() {
    let desk = Desk::open().await;
    let approval = desk.waits(&desk.ask).await;
    let first = desk.waiter("one");
    assert_eq!(desk.take_back(&first.name).await, 0, "nobody waits yet");
    assert_eq!(desk.waits_as(approval, &first, 0).await, Waited::Waiting);
    assert_eq!(desk.take_back(&first.name).await, 1);
    let second = desk.waiter("one");
    assert_eq!(desk.waits_as(approval, &second, 0).await, Waited::Waiting);
    // Of whom nothing was heard for long, nothing is kept.
    desk.world.clock.advance(Duration::from_mins(3));
    assert_eq!(desk.take_back(&first.name).await, 0);
    control_plane::approval::expire::expire(&desk.world.app)
        .await
        .unwrap();
    let owner = &desk.world.database.owner;
    let mut sql = desk.world.database.connect(owner).await;
    let kept: i64 = sqlx::query_scalar("select count(*) from approval_waits")
        .fetch_one(&mut sql)
        .await
        .unwrap();
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn what_is_no_name_is_refused_and_another_organisations_waits_are_not_reached() {
    let desk = Desk::open().await;
    let approval = desk.waits(&desk.ask).await;
    let waiter = desk.waiter("one");
    desk.waits_as(approval, &waiter, 0).await;
    let replica = desk.world.replica("r2");
    let path = "/v1/gateway/approvals/take-back";
    let body = json!({ "org": desk.ask.org, "name": "one" });
    desk.world.post(&replica, path, body).await.expect(422);
    let other = ids::OrgId::new(1, [9; 10]);
    let body = json!({ "org": other, "name": waiter.name });
    let told = desk.world.post(&replica, path, body.clone()).await;
    assert_eq!(told.expect(200)["ended"], 0);
    desk.world.post(&desk.owner, path, body).await.expect(401);
    assert_eq!(desk.waits_as(approval, &waiter, 0).await, Waited::Waiting);
}
