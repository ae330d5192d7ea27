//! A real `rmcp` server over streamable HTTP, both eras on one URL, that asks something of its clients and tells them of
//! itself: the tools of `tests/real/interactive.py`, in Rust.
//!
//! Says `{"listening": URL}` once, then one line per session that began (`began`), call that reached a tool (`called`),
//! call that was given up (`stopped`), and request for anything of resources and prompts (`asked`). Ends when its standard
//! input closes.

#![allow(
    deprecated,
    reason = "sampling and subscriptions of the legacy eras are what is spoken here"
)]

mod kept;

use axum::extract::Request;
use kept::Kept;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ClientResult, ContentBlock,
    CreateMessageRequest, CreateMessageRequestParams, ElicitRequest, ElicitRequestParams,
    GetPromptRequestParams, GetPromptResponse, GetPromptResult, Implementation, InputRequest,
    InputRequiredResult, ListPromptsResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ProgressNotificationParam, Prompt, PromptMessage,
    ReadResourceRequestParams, ReadResourceResponse, ReadResourceResult, Resource,
    ResourceContents, ResourceUpdatedNotificationParam, Role, SamplingMessage, ServerCapabilities,
    ServerConfig, ServerRequest, SubscribeRequestParams, SubscriptionFilter, Tool,
};
use rmcp::service::{NotificationContext, Peer, RequestContext, SubscriptionContext};
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::io::AsyncReadExt;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

const MEMO: &str = "memo://one";
/// Proof that the state came back as it went.
const STATE: &str = "asked \"once\"";

#[tokio::main]
async fn main() {
    let server = Desk {
        latches: Arc::default(),
        subscribed: Arc::default(),
        changes: broadcast::channel(64).0,
    };
    let serving = |sessions: LocalSessionManager| {
        let server = server.clone();
        StreamableHttpService::new(
            move || Ok(server.clone()),
            Arc::new(sessions),
            StreamableHttpServerConfig::default(),
        )
    };
    let legacy =
        serving(LocalSessionManager::default().with_event_store(Arc::new(Kept::default())));
    // What is kept is no longer given up when its caller hangs up, and that is how the modern era gives up.
    let modern = serving(LocalSessionManager::default());
    let mcp = move |request: Request| async move {
        let revision = request.headers().get("mcp-protocol-version");
        let is_modern = revision.is_some_and(|revision| revision == "2026-07-28");
        let mcp = if is_modern { modern } else { legacy };
        mcp.handle(request).await
    };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .expect("a port of the loopback is free");
    let address = listener.local_addr().expect("a listener has an address");
    say(&json!({ "listening": format!("http://{address}/mcp") }));
    tokio::spawn(async move {
        axum::serve(
            listener,
            axum::Router::new().route("/mcp", axum::routing::any(mcp)),
        )
        .await
    });
    // Whoever started this holds the other end.
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
}

fn say(line: &Value) {
    println!("{line}");
}

fn asked(method: &str) {
    say(&json!({ "asked": method }));
}

#[derive(Clone)]
struct Desk {
    latches: Arc<Mutex<HashMap<String, CancellationToken>>>,
    subscribed: Arc<Mutex<HashMap<String, Vec<Peer<RoleServer>>>>>,
    changes: broadcast::Sender<String>,
}

/// Says, unless the call came to its end, that it was given up.
struct Held(Option<String>);

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(key) = self.0.take() {
            say(&json!({ "stopped": key }));
        }
    }
}

/// What became of a question: its answer, or the round that asks it.
enum Asked {
    Answered(Value),
    Round(InputRequiredResult),
}

impl Desk {
    fn latch(&self, key: &str) -> CancellationToken {
        let mut latches = self.latches.lock().unwrap();
        latches.entry(key.to_owned()).or_default().clone()
    }

    async fn hold(&self, key: &str, context: &RequestContext<RoleServer>) -> String {
        let mut held = Held(Some(key.to_owned()));
        step(context, 1.0).await;
        let latch = self.latch(key);
        tokio::select! {
            () = latch.cancelled() => {}
            () = context.ct.cancelled() => return String::new(),
        }
        step(context, 2.0).await;
        held.0 = None;
        format!("held {key}")
    }

    async fn touch(&self, uri: &str) -> String {
        let _ = self.changes.send(uri.to_owned());
        let peers = self.subscribed.lock().unwrap().get(uri).cloned();
        for peer in peers.unwrap_or_default() {
            // A session that has gone needs no news.
            let _ = peer
                .notify_resource_updated(ResourceUpdatedNotificationParam::new(uri))
                .await;
        }
        format!("touched {uri}")
    }
}

async fn step(context: &RequestContext<RoleServer>, done: f64) {
    if let Some(token) = context.meta.get_progress_token() {
        let step = ProgressNotificationParam::new(token, done).with_total(2.0);
        let _ = context.peer.notify_progress(step).await;
    }
}

/// Asks the client: at once in the legacy eras, by a further round in the modern one.
async fn ask(
    key: &str,
    question: InputRequest,
    request: &CallToolRequestParams,
    context: &RequestContext<RoleServer>,
) -> Result<Asked, ErrorData> {
    let is_legacy = context
        .protocol_version()
        .is_none_or(|version| version.has_initialize());
    if is_legacy {
        let question = match question {
            InputRequest::Elicitation(question) => ServerRequest::ElicitRequest(question),
            InputRequest::CreateMessage(question) => ServerRequest::CreateMessageRequest(question),
            _ => return Err(ErrorData::internal_error("no such question", None)),
        };
        let answer = context.peer.send_request(question).await;
        let answer = answer.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        return match answer {
            ClientResult::ElicitResult(answer) => Ok(Asked::Answered(json!(answer))),
            ClientResult::CreateMessageResult(answer) => Ok(Asked::Answered(json!(answer))),
            other => Err(ErrorData::internal_error(format!("{other:?}"), None)),
        };
    }
    let answered = request.input_responses.as_ref();
    if let Some(answer) = answered.and_then(|answers| answers.get(key)) {
        if request.request_state.as_deref() != Some(STATE) {
            return Err(ErrorData::invalid_params("the state was changed", None));
        }
        return Ok(Asked::Answered(answer.clone()));
    }
    let questions = [(key.to_owned(), question)].into_iter().collect();
    Ok(Asked::Round(InputRequiredResult::new(
        Some(questions),
        Some(STATE.to_owned()),
    )))
}

fn elicitation() -> InputRequest {
    let schema = json!({
        "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"],
    });
    InputRequest::Elicitation(ElicitRequest::new(
        ElicitRequestParams::FormElicitationParams {
            meta: None,
            message: "What is your name?".into(),
            requested_schema: serde_json::from_value(schema).expect("the schema is one"),
        },
    ))
}

fn sampling(prompt: &str) -> InputRequest {
    let messages = vec![SamplingMessage::user_text(prompt)];
    InputRequest::CreateMessage(CreateMessageRequest::new(CreateMessageRequestParams::new(
        messages, 100,
    )))
}

fn text(text: String) -> CallToolResponse {
    CallToolResult::success(vec![ContentBlock::text(text)]).into()
}

fn tools() -> Vec<Tool> {
    let tool = |name: &'static str, argument: Option<&str>| {
        let properties: serde_json::Map<_, _> = argument
            .map(|argument| (argument.to_owned(), json!({ "type": "string" })))
            .into_iter()
            .collect();
        let schema = json!({
            "type": "object", "properties": properties, "required": argument.into_iter().collect::<Vec<_>>(),
        });
        let schema = schema.as_object().cloned().unwrap_or_default();
        Tool::new(name, "of the tests", schema)
    };
    vec![
        tool("echo", Some("text")),
        tool("hold", Some("key")),
        tool("release", Some("key")),
        tool("ask", None),
        tool("sample", Some("prompt")),
        tool("touch", Some("uri")),
        tool("delete_everything", None),
    ]
}

impl ServerHandler for Desk {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_prompts()
            .enable_resources()
            .enable_resources_subscribe()
            .build();
        ServerConfig::new(capabilities).with_server_info(Implementation::new("rmcp-peer", "1.0.0"))
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let client = context
            .peer
            .peer_info()
            .map(|info| info.client_info.name.clone());
        say(&json!({ "began": client }));
    }

    async fn list_tools(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        say(&json!({ "called": request.name, "arguments": request.arguments }));
        let argument = |name: &str| {
            request
                .arguments
                .as_ref()
                .and_then(|arguments| arguments.get(name)?.as_str())
                .unwrap_or_default()
        };
        let asked = match request.name.as_ref() {
            "echo" => return Ok(text(argument("text").to_owned())),
            "hold" => return Ok(text(self.hold(argument("key"), &context).await)),
            "release" => {
                self.latch(argument("key")).cancel();
                return Ok(text("released".into()));
            }
            "touch" => return Ok(text(self.touch(argument("uri")).await)),
            "ask" => ask("name", elicitation(), &request, &context).await?,
            "sample" => ask("sample", sampling(argument("prompt")), &request, &context).await?,
            other => return Ok(text(format!("done: {other}"))),
        };
        Ok(match asked {
            Asked::Round(round) => round.into(),
            Asked::Answered(answer) if request.name == "ask" => text(format!(
                "{}: {}",
                answer["action"].as_str().unwrap_or_default(),
                answer["content"]["name"].as_str().unwrap_or_default()
            )),
            Asked::Answered(answer) => text(format!(
                "sampled: {}",
                answer["content"]["text"].as_str().unwrap_or_default()
            )),
        })
    }

    async fn list_resources(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        asked("resources/list");
        Ok(ListResourcesResult::with_all_items(vec![Resource::new(
            MEMO, "one",
        )]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        asked("resources/read");
        let contents = ResourceContents::text("memo one", request.uri);
        Ok(ReadResourceResponse::Complete(ReadResourceResult::new(
            vec![contents],
        )))
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        asked("resources/subscribe");
        let mut subscribed = self.subscribed.lock().unwrap();
        subscribed
            .entry(request.uri)
            .or_default()
            .push(context.peer);
        Ok(())
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        Some(requested.clone())
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.changes.subscribe();
        loop {
            let told = tokio::select! {
                () = context.cancelled() => return Ok(()),
                told = changes.recv() => told,
            };
            // A change that nobody asked for is refused by the sink.
            if let Ok(uri) = told {
                let _ = context.sink().notify_resource_updated(uri).await;
            }
        }
    }

    async fn list_prompts(
        &self,
        _request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        asked("prompts/list");
        Ok(ListPromptsResult::with_all_items(vec![Prompt::new(
            "greet",
            Some("a greeting"),
            None,
        )]))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let name = arguments
            .get("name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        asked("prompts/get");
        let message = PromptMessage::new_text(Role::User, format!("Say hello to {name}."));
        Ok(GetPromptResult::new(vec![message]).into())
    }
}
