//! What operations share, put into the description of each: how they fail, which headers they take and give, who may ask.
//! What an operation alone does stands beside it.

use crate::problem::{Kind, ProblemBody};
use std::collections::BTreeSet;
use utoipa::ToSchema;
use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::path::{Operation, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{Schema, SchemaType, Type};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::{
    Components, ContentBuilder, Header, Object, ObjectBuilder, OneOfBuilder, OpenApi, Ref, RefOr,
    Required, Response,
};

/// Who tries too often is told so: what is guessed at, what sends mail, and what keeps another server busy.
const COUNTED: [&str; 20] = [
    "post /v1/signup",
    "post /v1/login",
    "post /v1/login/code",
    "get /v1/login/oidc/{provider}",
    "get /v1/login/oidc/{provider}/callback",
    "post /v1/step-up",
    "post /v1/confirm",
    "post /v1/forgot",
    "post /v1/reset",
    "post /v1/me/password",
    "post /v1/me/confirmation",
    "post /v1/me/totp/confirm",
    "get /v1/invitations/{token}",
    "post /v1/orgs/{org}/invitations",
    "post /v1/orgs/{org}/servers/{server}/discover",
    "get /v1/catalog/servers",
    "get /v1/catalog/servers/{server}",
    "get /v1/catalog/servers/{server}/tools/{tool}",
    "get /v1/catalog/servers/{server}/policy",
    "post /v1/catalog/classify",
];
/// Public, and yet there is something that may be wrong about who asks.
const PROVING: [&str; 3] = [
    "post /v1/login",
    "post /v1/login/code",
    "post /v1/slack/{org}",
];
/// What asks another server: it may answer badly.
const ASKS_A_SERVER: &str = "post /v1/orgs/{org}/servers/{server}/discover";
/// The one operation on no organisation in particular that a key may ask.
const OF_A_KEY: &str = "get /v1/orgs";

/// The description with everything that is said in one place for all.
pub fn complete(mut document: OpenApi) -> OpenApi {
    let components = document.components.get_or_insert_default();
    security(components);
    let statuses: BTreeSet<u16> = Kind::ALL
        .iter()
        .map(|kind| kind.status().as_u16())
        .collect();
    for status in statuses {
        let told = problem(Some(status));
        components.responses.insert(named(status), told.into());
    }
    let any = problem(None);
    components
        .responses
        .insert("Problem".to_owned(), any.into());
    let tagged: BTreeSet<String> = components
        .schemas
        .iter()
        .filter(|(_, schema)| has_etag(schema))
        .map(|(name, _)| format!("#/components/schemas/{name}"))
        .collect();
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            describe(&format!("{method} {path}"), operation, &tagged);
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("post", &mut item.post),
        ("put", &mut item.put),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

fn describe(name: &str, operation: &mut Operation, tagged: &BTreeSet<String>) {
    let is_public = operation.security.is_some();
    let is_safe = name.starts_with("get ");
    let takes = |kind: ParameterIn| {
        let mut parameters = operation.parameters.iter().flatten();
        parameters.any(|parameter| matches!(parameter, RefOr::T(one) if one.parameter_in == kind))
    };
    let takes_body = operation.request_body.is_some();
    let mut fails = vec![500, 503];
    let may_fail = [
        (400, takes_body || takes(ParameterIn::Query) || !is_safe),
        (401, !is_public || PROVING.contains(&name)),
        (403, name.contains("{org}") || !is_public && !is_safe),
        (404, takes(ParameterIn::Path)),
        (409, !is_public && !is_safe || name == "post /v1/signup"),
        (412, takes(ParameterIn::Header)),
        (413, takes_body),
        (422, takes_body),
        (429, COUNTED.contains(&name)),
        (502, name == ASKS_A_SERVER),
    ];
    fails.extend(
        may_fail
            .iter()
            .filter(|(_, may)| *may)
            .map(|(status, _)| status),
    );
    let responses = &mut operation.responses.responses;
    for (_, response) in responses.iter_mut() {
        if let RefOr::T(response) = response
            && answers_with(response, tagged)
        {
            let etag = header(
                "The state of what is answered, for `If-Match`.",
                Type::String,
            );
            response.headers.insert("ETag".to_owned(), etag.into());
        }
    }
    for status in fails {
        let told = Ref::from_response_name(named(status));
        responses.insert(status.to_string(), RefOr::Ref(told));
    }
    let other = Ref::from_response_name("Problem");
    responses.insert("default".to_owned(), RefOr::Ref(other));
    if is_public {
        return;
    }
    let mut session = SecurityRequirement::new("session", Vec::<String>::new());
    if !is_safe {
        session = session.add("csrf_token", Vec::<String>::new());
        let parameters = operation.parameters.get_or_insert_default();
        parameters.push(idempotency_key().into());
    }
    let key = SecurityRequirement::new("api_key", Vec::<String>::new());
    let is_for_keys = name.contains("{org}") || name == OF_A_KEY;
    operation.security = Some(if is_for_keys {
        vec![key, session]
    } else {
        vec![session]
    });
}

fn security(components: &mut Components) {
    let key = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("pck_…")
        .build();
    components.add_security_scheme("api_key", SecurityScheme::Http(key));
    let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new("__Host-portcullis")));
    components.add_security_scheme("session", cookie);
    let csrf = ApiKeyValue::with_description(
        "X-CSRF-Token",
        "The session's `csrf_token`, as signing in and `GET /v1/me` answer it: with the cookie, on everything but GET.",
    );
    components.add_security_scheme("csrf_token", SecurityScheme::ApiKey(ApiKey::Header(csrf)));
}

fn named(status: u16) -> String {
    format!("Problem{status}")
}

/// The problems of a status, or any.
fn problem(status: Option<u16>) -> Response {
    let titles: Vec<&str> = Kind::ALL
        .iter()
        .filter(|kind| Some(kind.status().as_u16()) == status)
        .map(|kind| kind.title())
        .collect();
    let said = if titles.is_empty() {
        "Any other problem".to_owned()
    } else {
        titles.join("; or: ")
    };
    let body = Ref::from_schema_name(ProblemBody::name());
    let content = ContentBuilder::new().schema(Some(body)).build();
    let mut response = ResponseBuilder::new()
        .description(said)
        .content("application/problem+json", content);
    if let Some(429 | 503) = status {
        let wait = header("How many seconds to wait at least.", Type::Integer);
        response = response.header("Retry-After", wait);
    }
    if status == Some(401) {
        let challenge = header("`Bearer`.", Type::String);
        response = response.header("WWW-Authenticate", challenge);
    }
    response.build()
}

fn header(about: &str, kind: Type) -> Header {
    HeaderBuilder::new()
        .schema(Some(Object::with_type(SchemaType::Type(kind))))
        .description(Some(about))
        .build()
}

fn has_etag(schema: &RefOr<Schema>) -> bool {
    matches!(schema, RefOr::T(Schema::Object(object)) if object.properties.contains_key("etag"))
}

fn answers_with(response: &Response, bodies: &BTreeSet<String>) -> bool {
    let mut contents = response.content.values();
    contents.any(|content| match content {
        RefOr::T(content) => {
            matches!(&content.schema, Some(RefOr::Ref(body)) if bodies.contains(&body.ref_location))
        }
        RefOr::Ref(_) => false,
    })
}

/// For an operation that reads it, beside its other parameters.
pub fn if_match() -> Parameter {
    ParameterBuilder::new()
        .name("If-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The etag that must still hold; 412 where it does not. `*` or none: whatever there is.",
        ))
        .schema(Some(Object::with_type(SchemaType::Type(Type::String))))
        .build()
}

fn idempotency_key() -> Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "Any text of up to 255 characters, kept for 24 hours: sent again with it, the same request gets the first one's answer, and another 409.",
        ))
        .schema(Some(Object::with_type(SchemaType::Type(Type::String))))
        .build()
}

fn one_of<'w>(words: impl IntoIterator<Item = &'w str>) -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .enum_values(Some(words))
        .build()
}

/// The same, or null.
fn one_of_or_null(words: &[&str]) -> Schema {
    let null = Object::with_type(SchemaType::Type(Type::Null));
    OneOfBuilder::new()
        .item(null)
        .item(one_of(words.iter().copied()))
        .build()
        .into()
}

pub fn verdict() -> Object {
    one_of(bundle::record::Verdict::ALL.iter().map(|it| it.as_str()))
}

pub fn approval_state() -> Object {
    use crate::approval::State;
    one_of(State::ALL.map(State::word))
}

pub fn limiter() -> Object {
    one_of(bundle::record::Limiter::ALL.iter().map(|it| it.as_str()))
}

pub fn outcome() -> Schema {
    let words: Vec<&str> = bundle::record::Ending::ALL
        .iter()
        .map(|it| it.as_str())
        .collect();
    one_of_or_null(&words)
}

pub fn pinning() -> Object {
    use bundle::Pinning::{Block, Off, Warn};
    one_of([Off, Warn, Block].map(crate::server::pinning_word))
}

pub fn category() -> Object {
    one_of(policy::Category::WORDS.iter().copied())
}

pub fn category_or_null() -> Schema {
    one_of_or_null(policy::Category::WORDS)
}
