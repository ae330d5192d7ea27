//! The app as it is set up and forgotten, and links as they are ended.

use super::{PAGE, SIGNING, Slack, TEAM, actions, text};
use crate::world::page::{get, post};
use serde_json::json;

#[tokio::test]
async fn without_an_app_messages_have_a_link_and_the_secret_is_said_to_nobody() {
    let slack = Slack::open().await;
    let desk = &slack.desk;
    let (world, owner) = (&desk.world, &desk.owner);
    for path in [
        "/v1/orgs/acme/slack",
        "/v1/orgs/acme/events",
        "/v1/orgs/acme/export",
    ] {
        let answer = world.get(owner, path).await;
        assert!(!answer.text.contains(SIGNING), "{path}");
    }
    get(world, owner, PAGE)
        .await
        .has("It is set up since")
        .has_not(SIGNING);
    let dump = String::from_utf8_lossy(&world.database.dump()).into_owned();
    assert!(!dump.contains(SIGNING));
    let forget = format!("{PAGE}/app/remove");
    assert_eq!(post(world, owner, &forget, &[]).await.status.as_u16(), 303);
    desk.waits(&desk.ask).await;
    desk.deliver().await;
    assert_eq!(actions(&slack.channel.got()[0].json()), ["look"]);
    // What goes to Slack has no signature, and so no secret to rotate.
    let rotate = format!("/v1/orgs/acme/webhooks/{}/rotate", slack.webhook);
    world.post(owner, &rotate, json!({})).await.expect(409);
}

#[tokio::test]
async fn the_app_is_set_up_and_links_are_ended_by_forms() {
    let slack = Slack::open().await;
    let desk = &slack.desk;
    let (world, owner) = (&desk.world, &desk.owner);
    let bad = [("signing_secret", "brief-one")];
    let page = post(world, owner, &format!("{PAGE}/app"), &bad).await;
    page.has("expected the signing secret of the app")
        .has_not("brief-one");
    let good = [("signing_secret", " 0123456789abcdef0123456789abcdef ")];
    let done = post(world, owner, &format!("{PAGE}/app"), &good).await;
    assert_eq!(done.location(), "/acme/settings/slack?done=saved");
    let back = [("signing_secret", SIGNING)];
    post(world, owner, &format!("{PAGE}/app"), &back).await;
    get(world, owner, PAGE)
        .await
        .has("&#34;request_url&#34;")
        .has("Nobody is linked");
    let new = [
        ("name", "second"),
        ("format", "slack"),
        ("url", slack.channel.url.as_str()),
        ("event", "approval.spent"),
    ];
    let made = post(world, owner, "/acme/settings/webhooks", &new).await;
    made.has("It speaks to Slack")
        .has_not("whsec_")
        .has_not("Rotate the secret");

    // Whoever does not administer sees themselves alone, and ends no link of somebody else.
    slack.link("U222", &desk.one).await;
    slack.link("U333", &desk.other).await;
    get(world, owner, PAGE).await.has("U222").has("U333");
    let page = get(world, &desk.one, PAGE).await;
    page.has("U222").has_not("U333").has_not("Signing secret");
    let unlink = format!("{PAGE}/unlink");
    let others = [("team", TEAM), ("user", "U333")];
    post(world, &desk.one, &unlink, &others).await;
    get(world, owner, PAGE).await.has("U333");
    let own = [("team", TEAM), ("user", "U222")];
    post(world, &desk.one, &unlink, &own).await;
    let approval = desk.waits(&desk.ask).await;
    let said = slack.clicks("U222", "approve", approval).await;
    assert!(
        text(&said).contains("nobody here is known to be you"),
        "{said}"
    );
    assert_eq!(slack.state(approval).await, "waiting");
}
