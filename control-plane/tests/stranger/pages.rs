//! The same table for the dashboard: every page and form, who may, and fields that do what the form says.

/// In an organisation, as [`super::ROWS`]: route, who may, and the fields of a form.
pub const ROWS: [(&str, &str, &str); 55] = [
    ("get /{org}", "x x x x x x", ""),
    ("get /{org}/servers", "x x x x x x", ""),
    ("get /{org}/servers/new", "x x . . . .", ""),
    (
        "post /{org}/servers/new",
        "x x . . . .",
        "name=New&slug=new-one&url={url}",
    ),
    ("get /{org}/servers/{server}", "x x x x x x", ""),
    ("post /{org}/servers/{server}/discover", "x x . . . .", ""),
    (
        "post /{org}/servers/{server}/tools/accept",
        "x x . . . .",
        "name={tool}&digest={digest}",
    ),
    (
        "post /{org}/servers/{server}/tools/accept-all",
        "x x . . . .",
        "waiting={waiting}",
    ),
    ("get /{org}/inventory", "x x x x x x", ""),
    (
        "post /{org}/servers/{server}/settings",
        "x x . . . .",
        "name=Renamed&pinning=warn",
    ),
    (
        "post /{org}/servers/{server}/place",
        "x x . . . .",
        "url={url}&auth=keep",
    ),
    (
        "post /{org}/servers/{server}/remove",
        "x x . . . .",
        "sure={server}",
    ),
    ("get /{org}/policies", "x x x x x x", ""),
    ("get /{org}/policies/new", "x x x . . .", ""),
    (
        "post /{org}/policies/new",
        "x x x . . .",
        "name=New&slug=new-one&start=deny",
    ),
    ("get /{org}/policies/{policy}", "x x x x x x", ""),
    (
        "post /{org}/policies/{policy}",
        "x x x . . .",
        r#"document={"version":"1","default":"deny"}&act=save"#,
    ),
    ("get /{org}/policies/{policy}/tools", "x x x x x x", ""),
    (
        "post /{org}/policies/{policy}/tools",
        "x x x . . .",
        "etag={etag}&act=save&tool=search&was=allow&word=deny",
    ),
    ("get /{org}/policies/{policy}/entry", "x x x x x x", ""),
    (
        "post /{org}/policies/{policy}/entry",
        "x x x . . .",
        "for=search&etag={etag}&act=settings&verdict=deny",
    ),
    ("get /{org}/policies/{policy}/settings", "x x x x x x", ""),
    (
        "post /{org}/policies/{policy}/settings",
        "x x x . . .",
        "etag={etag}&default=deny&hide=secret&methods=default",
    ),
    ("get /{org}/policies/{policy}/changes", "x x x x x x", ""),
    ("get /{org}/policies/{policy}/try", "x x x x x x", ""),
    (
        "post /{org}/policies/{policy}/try",
        "x x x x x x",
        "tool=search&arguments={}",
    ),
    (
        "get /{org}/policies/{policy}/versions/{version}",
        "x x x x x x",
        "",
    ),
    (
        "post /{org}/policies/{policy}/versions/{version}/rollback",
        "x x x . . .",
        "note=back",
    ),
    ("get /{org}/grants", "x x x x x x", ""),
    ("get /{org}/grants/new", "x x . . . .", ""),
    (
        "post /{org}/grants/new",
        "x x . . . .",
        "name=agent&server={server}&policy:{server}={policy}",
    ),
    ("get /{org}/grants/{grant}", "x x x x x x", ""),
    (
        "post /{org}/grants/{grant}/rotate",
        "x x . . . .",
        "overlap=24h",
    ),
    (
        "post /{org}/grants/{grant}/revoke",
        "x x . . . .",
        "sure=revoke",
    ),
    ("get /{org}/calls", "x x x x x x", ""),
    ("get /{org}/calls/{call}", "x x x x x x", ""),
    ("get /{org}/events", "x x . . x .", ""),
    ("get /{org}/members", "x x . . . .", ""),
    ("get /{org}/members/{member}", "x x . . . .", ""),
    (
        "post /{org}/members/{member}",
        "x x . . . .",
        "role=auditor",
    ),
    (
        "post /{org}/members/{member}/remove",
        "x x . . . .",
        "sure={org}-member@example.com",
    ),
    (
        "post /{org}/invitations",
        "x x . . . .",
        "email=new@example.com&role=viewer",
    ),
    (
        "post /{org}/invitations/{invitation}/withdraw",
        "x x . . . .",
        "",
    ),
    (
        "post /{org}/kill",
        "x x . . . .",
        "target=server&id={server}&on=true",
    ),
    ("post /{org}/kill", "x x . . . .", "target=org&on=true"),
    (
        "post /{org}/kill",
        "x x . . . .",
        "target=grant&id={grant}&on=true",
    ),
    ("get /{org}/settings", "x x x x x x", ""),
    (
        "post /{org}/settings",
        "x x . . . .",
        "name=Another&max_stale=",
    ),
    // Anybody may get up; but for the last owner, who is tried apart.
    ("post /{org}/settings/leave", ". x x x x x", "sure={org}"),
    ("post /{org}/settings/delete", "x . . . . .", "sure={org}"),
    ("get /{org}/settings/keys", "x x . . . .", ""),
    (
        "post /{org}/settings/keys",
        "x x . . . .",
        "name=robot&role=viewer",
    ),
    ("post /{org}/settings/keys/{key}/delete", "x x . . . .", ""),
    ("get /{org}/calls?verdict=deny", "x x x x x x", ""),
    ("get /{org}/servers/{server}?q=search", "x x x x x x", ""),
];

/// What belongs to a signed-in person and to no organisation: route, fields, and the status for whoever has just come.
pub const ACCOUNT: [(&str, &str, u16); 16] = [
    ("get /new", "", 200),
    ("post /new", "org=New&slug=brand-new", 303),
    ("get /account", "", 200),
    ("post /account/confirmation", "", 303),
    (
        "post /account/password",
        "password=a gate of iron bars&new_password=a gate of oaken planks",
        303,
    ),
    ("post /account/sessions/end", "", 303),
    (
        "post /account/sessions/ses_00000000000000000000000000000000/end",
        "",
        404,
    ),
    ("post /account/totp", "", 200),
    ("post /account/totp/confirm", "code=000000", 409),
    ("post /account/totp/recovery-codes", "", 409),
    ("post /account/totp/off", "", 409),
    ("get /login/again", "", 200),
    ("post /login/again", "password=a gate of iron bars", 303),
    ("post /logout", "", 303),
    ("post /invitations/{token}", "", 404),
    ("get /login/again?next=/account", "", 200),
];

/// Where one becomes somebody: route, fields, and the status for whoever has nothing to show.
pub const OPEN: [(&str, &str, u16); 16] = [
    ("get /", "", 200),
    ("get /signup", "", 200),
    ("post /signup", "", 400),
    ("get /login", "", 200),
    ("post /login", "email=a@example.com&password=wrong", 401),
    ("get /login/code", "", 200),
    ("post /login/code", "challenge=none&code=000000", 401),
    ("get /forgot", "", 200),
    ("post /forgot", "email=a@example.com", 200),
    ("get /forgot/{token}", "", 404),
    (
        "post /forgot/{token}",
        "password=a gate of oaken planks",
        404,
    ),
    ("get /verify/{token}", "", 404),
    ("post /verify/{token}", "password=a gate of iron bars", 404),
    ("get /invitations/{token}", "", 404),
    (
        "post /invitations/{token}/signup",
        "name=New&password=a gate of iron bars",
        404,
    ),
    ("get /dev/mail", "", 200),
];
