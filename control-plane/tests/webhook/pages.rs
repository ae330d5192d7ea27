//! Webhooks by page: with forms alone.

use crate::desk::Desk;
use crate::receiver::{Receiver, Reply};
use crate::world::page::{get, post};

const PATH: &str = "/acme/settings/webhooks";

#[tokio::test]
async fn a_webhook_is_made_tried_sent_again_rotated_and_deleted_by_forms() {
    let desk = Desk::open().await;
    let receiver = Receiver::start([Reply::Status(503)]).await;
    let (world, owner) = (&desk.world, &desk.owner);
    get(world, owner, PATH)
        .await
        .has("New webhook")
        .has("approval.requested");
    let fields = [
        ("name", "<b>bot</b>"),
        ("url", receiver.url.as_str()),
        ("event", "approval.requested"),
    ];
    let made = post(world, owner, PATH, &fields).await;
    made.has("whsec_").has("Nothing yet").has_not("<b>bot</b>");
    let list = get(world, owner, PATH).await;
    list.has("1 of 7 kinds of events").has_not("whsec_");
    let id = list.html.split("/settings/webhooks/whk_").nth(1).unwrap();
    let one = format!("{PATH}/whk_{}", &id[..32]);
    get(world, owner, &one).await.has_not("whsec_");
    let sent = post(world, owner, &format!("{one}/test"), &[]).await;
    assert_eq!(sent.location(), format!("{one}?done=queued"));
    desk.deliver().await;
    let page = get(world, owner, &one).await;
    page.has("it answered 503")
        .has("status 503, says it")
        .has("Nothing was taken since");
    let delivery = page.html.split("/deliveries/").nth(1).unwrap();
    let replay = format!("{one}/deliveries/{}", delivery.split('"').next().unwrap());
    assert_eq!(post(world, owner, &replay, &[]).await.status.as_u16(), 303);
    desk.deliver().await;
    get(world, owner, &one).await.has("delivered");
    assert_eq!(receiver.got().len(), 2);
    post(world, owner, &format!("{one}/rotate"), &[])
        .await
        .has("whsec_");

    // Unticked, it is off; ticked, on again.
    let off = [
        ("name", "bot"),
        ("url", receiver.url.as_str()),
        ("event", "approval.spent"),
    ];
    assert_eq!(post(world, owner, &one, &off).await.status.as_u16(), 303);
    get(world, owner, &one).await.has("<h1>bot</h1>");
    post(world, owner, &format!("{one}/test"), &[])
        .await
        .has("switched off; switch it on first");
    let wrong = [("name", "bot"), ("url", "http://10.0.0.1/")];
    let page = post(world, owner, &one, &wrong).await;
    page.has("private addresses are not dialled")
        .has("expected at least one");

    let delete = format!("{one}/delete");
    post(world, owner, &delete, &[("sure", "bat")])
        .await
        .has("nothing was done");
    assert_eq!(
        post(world, owner, &delete, &[("sure", "bot")])
            .await
            .status
            .as_u16(),
        303
    );
    assert_eq!(get(world, owner, &one).await.status.as_u16(), 404);
    // Who may not have them is not shown them.
    assert_eq!(get(world, &desk.one, PATH).await.status.as_u16(), 403);
    get(world, &desk.one, "/acme/settings")
        .await
        .has_not("settings/webhooks");
}
