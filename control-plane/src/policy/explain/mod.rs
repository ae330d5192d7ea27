//! What would become of a call: the policy's own explanation, with the facts that are recorded here.
//!
//! Deciding is the crate `::policy`, and what a tool is known to be is what a bundle would say of it.

mod store;

use super::act::PolicyError;
use super::store as policies;
use super::version::store as versions;
use super::{compile, given};
use crate::access::Action;
use crate::app::App;
use crate::caller::Caller;
use crate::db::OrgRead;
use crate::grant::Pin;
use crate::problem::Fault;
use ::policy::{
    Around, ClientFacts, CompiledSchema, Explanation, GrantFacts, Hints, Question, ServerFacts,
    Step, compile as compile_policy, sentence,
};
use bundle::{Pinning, Tool};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use utoipa::ToSchema;

/// The gateway reads a message this deep, and so many values of it.
const ARGUMENTS: json::Limits = json::Limits {
    bytes: 2 << 20,
    depth: mcp::MOST_DEPTH,
    values: mcp::MOST_VALUES,
};
const NO_POLICY: &str = "(no policy)";

/// Asks for a `document`, or for a `policy` (its `version`, else the published one, else the draft), or for what a
/// `grant` has on a `server`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Explain {
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<serde_json::Value>)]
    document: Option<Box<RawValue>>,
    /// Slug or id.
    policy: Option<String>,
    version: Option<Pin>,
    /// Slug or id. Without one the tool counts as known and of category `unknown`.
    server: Option<String>,
    /// Its name, labels and user are what the call is judged by; without one they are empty.
    grant: Option<String>,
    call: AskedCall,
    /// What the clock shows; left out, the time it is.
    #[serde(default, deserialize_with = "crate::http::read::time_or_null")]
    at: Option<OffsetDateTime>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AskedCall {
    tool: String,
    /// May be absent, which is not null.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<serde_json::Value>)]
    arguments: Option<Box<RawValue>>,
}

/// Who calls, as far as a policy can ask.
#[derive(Debug, Default)]
pub struct GrantRow {
    name: String,
    labels: BTreeMap<String, String>,
    user: Option<String>,
}

/// The server, and the tool if it has it.
#[derive(Debug)]
pub struct ServerRow {
    id: ids::ServerId,
    slug: String,
    pinning: Pinning,
    tool: Option<Tool>,
}

pub async fn explain(
    app: &App,
    caller: &Caller,
    asked: Explain,
) -> Result<Explanation, PolicyError> {
    let mut tx = app.db().read(caller.allow(Action::Read)?).await?;
    let server = match &asked.server {
        Some(named) => Some(
            store::server(&mut tx, named, &asked.call.tool)
                .await?
                .ok_or_else(|| {
                    fault(
                        "/server",
                        format!("this organisation has no server `{named}`"),
                    )
                })?,
        ),
        None => None,
    };
    let grant = match &asked.grant {
        Some(named) => store::grant(&mut tx, named).await?.ok_or_else(|| {
            fault(
                "/grant",
                format!("this organisation has no grant `{named}`"),
            )
        })?,
        None => GrantRow::default(),
    };
    let text = document(&mut tx, &asked, server.as_ref()).await?;
    drop(tx);
    let now = asked.at.unwrap_or_else(|| app.now().time());
    let scene = Scene {
        grant,
        server,
        call: asked.call,
        now,
    };
    let Some(text) = text else {
        return Ok(without_policy());
    };
    compile::aside(move || scene.play(&text)).await
}

/// The document that is asked about; none where the grant has no published policy on the server.
async fn document(
    tx: &mut OrgRead,
    asked: &Explain,
    server: Option<&ServerRow>,
) -> Result<Option<String>, PolicyError> {
    if let Some(document) = &asked.document {
        if asked.policy.is_some() || asked.version.is_some() {
            return Err(fault(
                "/document",
                "expected a `document` or a `policy`, not both",
            ));
        }
        return Ok(Some(document.get().to_owned()));
    }
    if let Some(named) = &asked.policy {
        return of_policy(tx, named, asked.version).await.map(Some);
    }
    if asked.version.is_some() {
        return Err(fault("/version", "a version of which `policy`?"));
    }
    let (Some(grant), Some(server)) = (&asked.grant, server) else {
        return Err(fault(
            "",
            "expected a `document`, a `policy`, or a `grant` and a `server`",
        ));
    };
    store::attached(tx, grant, server.id).await?.ok_or_else(|| {
        fault(
            "/grant",
            format!("the grant does not reach the server `{}`", server.slug),
        )
    })
}

async fn of_policy(tx: &mut OrgRead, named: &str, pin: Option<Pin>) -> Result<String, PolicyError> {
    let org = tx.org();
    let policy = policies::by_name(tx.sql(), org, named)
        .await?
        .ok_or_else(|| {
            fault(
                "/policy",
                format!("this organisation has no policy `{named}`"),
            )
        })?;
    let number = match (pin, policy.published) {
        (Some(Pin::At(number)), _) | (None | Some(Pin::Latest), Some(number)) => Some(number),
        (Some(Pin::Latest), None) => {
            return Err(fault("/version", "nothing of the policy is published yet"));
        }
        (None, None) => None,
    };
    let document = match number {
        Some(number) => {
            versions::one(tx.sql(), org, policy.id, number)
                .await?
                .ok_or_else(|| fault("/version", format!("the policy has no version `{number}`")))?
                .document
        }
        None => policy.draft.document,
    };
    Ok(document
        .map(|document| document.get().to_owned())
        .unwrap_or_default())
}

/// The call with everything around it.
struct Scene {
    grant: GrantRow,
    server: Option<ServerRow>,
    call: AskedCall,
    now: OffsetDateTime,
}

impl Scene {
    fn play(&self, text: &str) -> Result<Explanation, PolicyError> {
        let policy = compile_policy(text).map_err(PolicyError::Faulty)?;
        let arguments = self.call.arguments.as_deref().map(RawValue::get);
        let arguments = arguments
            .map(|text| json::read(text.as_bytes(), &ARGUMENTS))
            .transpose();
        let arguments = arguments.map_err(|fault| {
            self::fault(
                "/call/arguments",
                format!("the gateway does not read it: {fault}"),
            )
        })?;
        if let Some(refusal) = arguments
            .as_ref()
            .and_then(|document| document.refusals.first())
        {
            let pointer = format!("/call/arguments{}", refusal.pointer);
            return Err(fault(
                &pointer,
                format!("the gateway refuses it: {}", refusal.kind),
            ));
        }
        let tool = self.server.as_ref().and_then(|server| server.tool.as_ref());
        let schema = tool.and_then(|tool| tool.input_schema.as_ref());
        let schema = schema.and_then(|text| CompiledSchema::compile(text.get()).ok());
        let question = Question {
            tool: &self.call.tool,
            known: self.server.is_none() || tool.is_some(),
            changed: self
                .server
                .as_ref()
                .is_some_and(|server| server.pinning == Pinning::Block)
                && tool.is_some_and(|tool| tool.is_changed),
            category: tool.map_or(::policy::Category::Unknown, |tool| tool.category),
            hints: tool.map(hints).unwrap_or_default(),
            schema: schema.as_ref(),
            arguments: arguments.as_ref().map(|document| &document.root),
            approved: false,
            around: Around {
                grant: GrantFacts {
                    name: &self.grant.name,
                    labels: &self.grant.labels,
                    user: self.grant.user.as_deref(),
                },
                server: ServerFacts {
                    slug: self.server.as_ref().map_or("", |server| &server.slug),
                },
                client: ClientFacts::default(),
                now: i64::try_from(self.now.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX),
            },
        };
        Ok(policy.explain(&question))
    }
}

fn hints(tool: &Tool) -> Hints {
    Hints {
        read_only: tool.hints.read_only_hint,
        destructive: tool.hints.destructive_hint,
        idempotent: tool.hints.idempotent_hint,
        open_world: tool.hints.open_world_hint,
    }
}

fn without_policy() -> Explanation {
    let step = Step {
        rule: NO_POLICY.to_owned(),
        outcome: "deny",
        why: "the grant has no published policy on this server".to_owned(),
    };
    Explanation {
        verdict: "deny",
        rule: Some(NO_POLICY.to_owned()),
        message: Some(sentence(NO_POLICY)),
        limits: Vec::new(),
        trace: vec![step],
    }
}

fn fault(pointer: &str, detail: impl Into<String>) -> PolicyError {
    PolicyError::Invalid(vec![Fault {
        pointer: pointer.to_owned(),
        detail: detail.into(),
    }])
}
