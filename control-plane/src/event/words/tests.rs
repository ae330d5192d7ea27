use super::*;
use crate::access::Role;
use crate::event::{Event, KINDS};
use ids::{
    ApprovalId, CallId, DeliveryId, EventId, GrantId, InvitationId, KeyId, MemberId, OrgId,
    PolicyId, ServerId, WebhookId,
};
use serde_json::json;
use time::OffsetDateTime;

fn told(event: &Event) -> Told {
    let value = serde_json::to_value(event).unwrap();
    Told {
        id: EventId::new(1, [1; 10]),
        at: OffsetDateTime::UNIX_EPOCH,
        actor: "usr".into(),
        actor_name: "Ada".into(),
        action: value["action"].as_str().unwrap().into(),
        target: event.target(),
        detail: value["detail"].clone(),
    }
}

#[expect(clippy::too_many_lines, reason = "a line for every kind")]
fn one_of_each() -> Vec<Event> {
    let (text, value) = (String::from, json!({"name": "old"}));
    let (org, server, policy) = (
        OrgId::new(1, [1; 10]),
        ServerId::new(1, [1; 10]),
        PolicyId::new(1, [1; 10]),
    );
    let (grant, member, key) = (
        GrantId::new(1, [1; 10]),
        MemberId::new(1, [1; 10]),
        KeyId::new(1, [1; 10]),
    );
    let (approval, call) = (ApprovalId::new(1, [1; 10]), CallId::new(1, [1; 10]));
    let (webhook, delivery) = (WebhookId::new(1, [1; 10]), DeliveryId::new(1, [1; 10]));
    let invitation = InvitationId::new(1, [1; 10]);
    let (before, after) = (value, json!({"name": "new"}));
    let both = || (before.clone(), after.clone());
    let role = Role::Viewer;
    vec![
        Event::OrgCreated {
            org,
            slug: text("a"),
            name: text("A"),
        },
        Event::OrgChanged {
            org,
            before: both().0,
            after: both().1,
        },
        Event::Killed {
            target: text("srv"),
            name: text("Files"),
            on: true,
        },
        Event::MemberInvited {
            invitation,
            email: text("b@example.com"),
            role,
        },
        Event::InvitationWithdrawn {
            invitation,
            email: text("b@example.com"),
        },
        Event::MemberJoined {
            member,
            email: text("b@example.com"),
            role,
        },
        Event::MemberChanged {
            member,
            email: text("b@example.com"),
            before: role,
            after: Role::Admin,
        },
        Event::MemberRenamed {
            member,
            email: text("b@example.com"),
            before: text("Bea"),
            after: text("Bee"),
        },
        Event::MemberRemoved {
            member,
            email: text("b@example.com"),
            role,
            left: false,
        },
        Event::KeyMade {
            key,
            name: text("ci"),
            role,
        },
        Event::KeyDeleted {
            key,
            name: text("ci"),
        },
        Event::ServerAdded {
            server,
            slug: text("files"),
            url: text("https://files.example.org"),
        },
        Event::ServerChanged {
            server,
            before: both().0,
            after: both().1,
        },
        Event::ServerRemoved {
            server,
            slug: text("files"),
        },
        Event::ServerDiscovered {
            server,
            status: text("ready"),
            is_first: true,
            added: vec![text("read")],
            removed: vec![],
            changed: vec![],
            reclassified: vec![],
        },
        Event::ToolsAccepted {
            server,
            tools: vec![text("read")],
        },
        Event::ToolsReclassified {
            server,
            tools: vec![text("read")],
        },
        Event::ToolReviewed {
            server,
            tool: text("read"),
            before: both().0,
            after: both().1,
        },
        Event::PolicyCreated {
            policy,
            slug: text("p"),
            name: text("P"),
        },
        Event::PolicyChanged {
            policy,
            before: both().0,
            after: both().1,
        },
        Event::PolicyDrafted { policy, bytes: 20 },
        Event::PolicyPublished {
            policy,
            version: 3,
            digest: text("d"),
            note: text("why"),
        },
        Event::PolicyRolledBack {
            policy,
            version: 4,
            to: 2,
            note: text(""),
        },
        Event::PolicyRemoved {
            policy,
            slug: text("p"),
        },
        Event::GrantMinted {
            grant,
            name: text("agent"),
            servers: json!([]),
        },
        Event::GrantChanged {
            grant,
            before: both().0,
            after: both().1,
        },
        Event::GrantRotated {
            grant,
            overlap_s: 0,
        },
        Event::GrantRevoked {
            grant,
            name: text("agent"),
        },
        Event::ApprovalAsked {
            approval,
            tool: text("refund"),
            server,
            rule: text("/tools/refund/action"),
            call,
        },
        Event::ApprovalApproved {
            approval,
            tool: text("refund"),
            note: text("fine"),
            uses: 1,
            lasts_s: 60,
            vary: Vec::new(),
            is_enough: true,
        },
        Event::ApprovalRefused {
            approval,
            tool: text("refund"),
            note: text("too much"),
        },
        Event::ApprovalWithdrawn {
            approval,
            tool: text("refund"),
            note: String::new(),
        },
        Event::ApprovalExpired {
            approval,
            tool: text("refund"),
        },
        Event::ApprovalSpent {
            approval,
            tool: text("refund"),
            call,
            used: 1,
            uses: 3,
        },
        Event::ApprovalEscalated {
            approval,
            tool: text("refund"),
        },
        Event::RoutingChanged {
            org,
            before: both().0,
            after: both().1,
        },
        Event::CaptureChanged {
            org,
            before: both().0,
            after: both().1,
        },
        Event::SlackSetUp { org },
        Event::SlackRemoved { org },
        Event::SlackCodeMade { member },
        Event::SlackLinked {
            member,
            team: text("T1"),
            user: text("U1"),
            name: text("ann"),
        },
        Event::SlackUnlinked {
            member,
            team: text("T1"),
            user: text("U1"),
        },
        Event::WebhookMade {
            webhook,
            name: text("Bot"),
            host: text("bot.example.com"),
        },
        Event::WebhookChanged {
            webhook,
            before: both().0,
            after: both().1,
        },
        Event::WebhookRotated {
            webhook,
            name: text("Bot"),
        },
        Event::WebhookRemoved {
            webhook,
            name: text("Bot"),
        },
        Event::WebhookSwitchedOff {
            webhook,
            name: text("Bot"),
            because: text("it answered 500"),
        },
        Event::WebhookTested { webhook, delivery },
        Event::WebhookReplayed { webhook, delivery },
    ]
}

#[test]
fn every_kind_of_event_has_words_of_its_own() {
    let told: Vec<Told> = one_of_each().iter().map(told).collect();
    let kinds: Vec<&str> = told.iter().map(|told| told.action.as_str()).collect();
    let known: Vec<&str> = KINDS.to_vec();
    assert_eq!(kinds, known, "`KINDS` and this test know every kind");
    for told in &told {
        let words = of(told);
        assert_ne!(words, told.action);
        assert!(!words.contains('?'), "{words}");
    }
}

#[test]
fn what_was_changed_is_told_part_by_part_with_both_sides() {
    let event = Event::ServerChanged {
        server: ServerId::new(1, [1; 10]),
        before: json!({"name": "Old", "sampling": true}),
        after: json!({"name": "New", "auth": {"type": "none"}}),
    };
    let told = told(&event);
    assert_eq!(of(&told), "changed auth, name, sampling of a server");
    let rows = changes(&told);
    assert_eq!(rows[1], ("name".into(), "Old".into(), "New".into()));
    assert_eq!(rows[2], ("sampling".into(), "true".into(), String::new()));
    assert_eq!(facts(&told).len(), 1);
}
