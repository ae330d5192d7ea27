//! The rows of the table: every operation, who may, and a body that does what it says.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod org;
pub mod pages;

pub const ROLES: [&str; 6] = [
    "owner",
    "admin",
    "policy_manager",
    "approver",
    "auditor",
    "viewer",
];

/// Operation, who may (in the order of [`ROLES`]), and a body that does what it says for whoever may.
/// `{words}` in braces stand for things of the organisation that are made when they are needed.
pub const ROWS: [(&str, &str, &str); 79] = [
    ("get /v1/orgs/{org}", "x x x x x x", ""),
    (
        "get /v1/orgs/{org}/servers/{server}/recommended",
        "x x x x x x",
        "",
    ),
    (
        "patch /v1/orgs/{org}",
        "x x . . . .",
        r#"{"name": "Another"}"#,
    ),
    ("delete /v1/orgs/{org}", "x . . . . .", ""),
    (
        "post /v1/orgs/{org}/kill",
        "x x . . . .",
        r#"{"target": "server", "id": "{server}", "on": true}"#,
    ),
    ("get /v1/orgs/{org}/export", "x x . . x .", ""),
    ("get /v1/orgs/{org}/members", "x x . . . .", ""),
    (
        "patch /v1/orgs/{org}/members/{member}",
        "x x . . . .",
        r#"{"role": "auditor"}"#,
    ),
    ("delete /v1/orgs/{org}/members/{member}", "x x . . . .", ""),
    ("get /v1/orgs/{org}/invitations", "x x . . . .", ""),
    (
        "post /v1/orgs/{org}/invitations",
        "x x . . . .",
        r#"{"email": "new@example.com", "role": "viewer"}"#,
    ),
    (
        "delete /v1/orgs/{org}/invitations/{invitation}",
        "x x . . . .",
        "",
    ),
    ("get /v1/orgs/{org}/api-keys", "x x . . . .", ""),
    (
        "post /v1/orgs/{org}/api-keys",
        "x x . . . .",
        r#"{"name": "robot", "role": "viewer"}"#,
    ),
    ("delete /v1/orgs/{org}/api-keys/{key}", "x x . . . .", ""),
    ("get /v1/orgs/{org}/servers", "x x x x x x", ""),
    (
        "post /v1/orgs/{org}/servers",
        "x x . . . .",
        r#"{"slug": "new-one", "name": "New", "url": "https://mcp.example.org/mcp", "auth": {"type": "none"}}"#,
    ),
    ("get /v1/orgs/{org}/servers/{server}", "x x x x x x", ""),
    (
        "patch /v1/orgs/{org}/servers/{server}",
        "x x . . . .",
        r#"{"name": "Another"}"#,
    ),
    ("delete /v1/orgs/{org}/servers/{server}", "x x . . . .", ""),
    (
        "post /v1/orgs/{org}/servers/{server}/discover",
        "x x . . . .",
        "",
    ),
    (
        "get /v1/orgs/{org}/servers/{server}/tools",
        "x x x x x x",
        "",
    ),
    (
        "patch /v1/orgs/{org}/servers/{server}/tools/{tool}",
        "x x . . . .",
        r#"{"category": "read"}"#,
    ),
    (
        "get /v1/orgs/{org}/servers/{server}/changes",
        "x x x x x x",
        "",
    ),
    (
        "post /v1/orgs/{org}/servers/{server}/accept",
        "x x . . . .",
        "{}",
    ),
    ("get /v1/orgs/{org}/inventory", "x x x x x x", ""),
    ("get /v1/orgs/{org}/inventory/export", "x x . . x .", ""),
    ("get /v1/orgs/{org}/policies", "x x x x x x", ""),
    (
        "post /v1/orgs/{org}/policies",
        "x x x . . .",
        r#"{"slug": "new-one", "name": "New"}"#,
    ),
    ("get /v1/orgs/{org}/policies/{policy}", "x x x x x x", ""),
    (
        "patch /v1/orgs/{org}/policies/{policy}",
        "x x x . . .",
        r#"{"name": "Another"}"#,
    ),
    ("delete /v1/orgs/{org}/policies/{policy}", "x x x . . .", ""),
    (
        "put /v1/orgs/{org}/policies/{policy}/draft",
        "x x x . . .",
        r#"{"document": {"version": "1", "default": "deny", "tools": {"new": {}}}}"#,
    ),
    (
        "post /v1/orgs/{org}/policies/check",
        "x x x . . .",
        r#"{"document": {"version": "1", "default": "deny"}}"#,
    ),
    (
        "post /v1/orgs/{org}/policies/explain",
        "x x x x x x",
        r#"{"document": {"version": "1", "default": "deny"}, "call": {"tool": "search", "arguments": {}}}"#,
    ),
    (
        "post /v1/orgs/{org}/policies/{policy}/publish",
        "x x x . . .",
        r#"{"note": "again"}"#,
    ),
    (
        "get /v1/orgs/{org}/policies/{policy}/versions",
        "x x x x x x",
        "",
    ),
    (
        "get /v1/orgs/{org}/policies/{policy}/versions/{number}",
        "x x x x x x",
        "",
    ),
    (
        "get /v1/orgs/{org}/policies/{policy}/versions/{number}/diff/{other}",
        "x x x x x x",
        "",
    ),
    (
        "post /v1/orgs/{org}/policies/{policy}/rollback",
        "x x x . . .",
        r#"{"version": 1, "note": "back"}"#,
    ),
    ("get /v1/orgs/{org}/grants", "x x x x x x", ""),
    (
        "post /v1/orgs/{org}/grants",
        "x x . . . .",
        r#"{"name": "agent", "servers": [{"server": "{server}", "policy": "{policy}"}]}"#,
    ),
    ("get /v1/orgs/{org}/grants/{grant}", "x x x x x x", ""),
    (
        "patch /v1/orgs/{org}/grants/{grant}",
        "x x . . . .",
        r#"{"name": "another"}"#,
    ),
    // Which policy holds on a server that the grant reaches already is a matter of policies.
    (
        "patch /v1/orgs/{org}/grants/{grant}",
        "x x x . . .",
        r#"{"servers": [{"server": "{server}", "policy": "{policy}", "version": 1}]}"#,
    ),
    // Which servers it reaches is not.
    (
        "patch /v1/orgs/{org}/grants/{grant}",
        "x x . . . .",
        r#"{"servers": []}"#,
    ),
    (
        "post /v1/orgs/{org}/grants/{grant}/rotate",
        "x x . . . .",
        r#"{"overlap": "24h"}"#,
    ),
    (
        "post /v1/orgs/{org}/grants/{grant}/revoke",
        "x x . . . .",
        "",
    ),
    ("get /v1/orgs/{org}/calls", "x x x x x x", ""),
    (
        "get /v1/orgs/{org}/calls?verdict=allow&limit=1",
        "x x x x x x",
        "",
    ),
    ("get /v1/orgs/{org}/calls/{call}", "x x x x x x", ""),
    (
        "get /v1/orgs/{org}/calls/{call}/arguments",
        "x x . . x .",
        "",
    ),
    ("get /v1/orgs/{org}/capture", "x x . . . .", ""),
    (
        "put /v1/orgs/{org}/capture",
        "x x . . . .",
        r#"{"is_on": true, "redact": ["args.card"], "keep_days": 7}"#,
    ),
    ("get /v1/orgs/{org}/calls/stream", "x x x x x x", ""),
    (
        "get /v1/orgs/{org}/calls/export?format=jsonl",
        "x x . . x .",
        "",
    ),
    ("get /v1/orgs/{org}/usage?by=server", "x x x x x x", ""),
    ("get /v1/orgs/{org}/approvals", "x x . x x .", ""),
    ("get /v1/orgs/{org}/approvals/{approval}", "x x . x x .", ""),
    (
        "post /v1/orgs/{org}/approvals/{approval}/approve",
        "x x . x . .",
        r#"{"note": "fine"}"#,
    ),
    (
        "post /v1/orgs/{org}/approvals/{approval}/refuse",
        "x x . x . .",
        r#"{"note": "too much"}"#,
    ),
    (
        "post /v1/orgs/{org}/approvals/{approval}/withdraw",
        "x x . . . .",
        r#"{"note": "a mistake"}"#,
    ),
    ("get /v1/orgs/{org}/approval-routing", "x x . . . .", ""),
    (
        "put /v1/orgs/{org}/approval-routing",
        "x x . . . .",
        r#"{"routes": [{"severity": "high"}]}"#,
    ),
    ("get /v1/orgs/{org}/slack", "x x x x x x", ""),
    (
        "put /v1/orgs/{org}/slack",
        "x x . . . .",
        r#"{"signing_secret": "8f742231b10e8888abcd99yyyzzz85a5"}"#,
    ),
    ("delete /v1/orgs/{org}/slack", "x x . . . .", ""),
    // Everybody their own; that of somebody else is not found, and nothing is said of it.
    ("delete /v1/orgs/{org}/slack/links/T1/U1", "x x x x x x", ""),
    ("get /v1/orgs/{org}/webhooks", "x x . . . .", ""),
    (
        "post /v1/orgs/{org}/webhooks",
        "x x . . . .",
        r#"{"name": "bot", "url": "https://hooks.example.com/x"}"#,
    ),
    ("get /v1/orgs/{org}/webhooks/{webhook}", "x x . . . .", ""),
    (
        "patch /v1/orgs/{org}/webhooks/{webhook}",
        "x x . . . .",
        r#"{"name": "another"}"#,
    ),
    (
        "delete /v1/orgs/{org}/webhooks/{webhook}",
        "x x . . . .",
        "",
    ),
    (
        "post /v1/orgs/{org}/webhooks/{webhook}/rotate",
        "x x . . . .",
        "",
    ),
    (
        "post /v1/orgs/{org}/webhooks/{webhook}/test",
        "x x . . . .",
        "",
    ),
    (
        "get /v1/orgs/{org}/webhooks/{webhook}/deliveries",
        "x x . . . .",
        "",
    ),
    (
        "post /v1/orgs/{org}/webhooks/{webhook}/deliveries/{delivery}/replay",
        "x x . . . .",
        "",
    ),
    ("get /v1/orgs/{org}/events", "x x . . x .", ""),
    ("get /v1/orgs/{org}/gateways", "x x x x x x", ""),
];

/// What belongs to a signed-in person and to no organisation.
/// `{words}` in braces as above; what succeeds only with a secret of the moment says how it fails without.
pub const ACCOUNT: [(&str, &str, u16); 19] = [
    ("get /v1/me", "", 200),
    ("patch /v1/me", r#"{"name": "Another"}"#, 200),
    ("delete /v1/me", "", 204),
    ("get /v1/me/identities", "", 200),
    (
        "delete /v1/me/identities/idn_00000000000000000000000000000000",
        "",
        404,
    ),
    ("get /v1/me/sessions", "", 200),
    ("delete /v1/me/sessions", "", 204),
    (
        "delete /v1/me/sessions/ses_00000000000000000000000000000000",
        "",
        404,
    ),
    ("post /v1/me/confirmation", "", 204),
    (
        "post /v1/me/password",
        r#"{"password": "a gate of iron bars", "new_password": "a gate of oaken planks"}"#,
        200,
    ),
    ("post /v1/me/totp", "", 201),
    ("post /v1/me/totp/confirm", r#"{"code": "000000"}"#, 409),
    ("post /v1/me/totp/recovery-codes", "", 409),
    ("delete /v1/me/totp", "", 409),
    (
        "post /v1/step-up",
        r#"{"password": "a gate of iron bars"}"#,
        200,
    ),
    ("post /v1/invitations/none/accept", "", 404),
    ("post /v1/logout", "", 204),
    ("get /v1/orgs", "", 200),
    (
        "post /v1/orgs",
        r#"{"slug": "brand-new", "name": "New"}"#,
        201,
    ),
];

/// Where one becomes somebody.
pub const OPEN: [&str; 16] = [
    "post /v1/slack/{org}",
    "post /v1/signup",
    "post /v1/login",
    "post /v1/login/code",
    "get /v1/login/providers",
    "get /v1/login/oidc/{provider}",
    "get /v1/login/oidc/{provider}/callback",
    "post /v1/confirm",
    "post /v1/forgot",
    "post /v1/reset",
    "get /v1/invitations/{token}",
    "get /v1/catalog/servers",
    "get /v1/catalog/servers/{server}",
    "get /v1/catalog/servers/{server}/tools/{tool}",
    "get /v1/catalog/servers/{server}/policy",
    "post /v1/catalog/classify",
];
