//! The `rmcp` client, driven by JSON lines exactly as `tests/real/client.py` is:
//! `rmcp_client URL TOKEN legacy|2026-07-28`.

#![allow(
    deprecated,
    reason = "sampling, roots and subscriptions of the legacy eras are what is spoken here"
)]

use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, ContentBlock,
    CreateMessageRequestParams, CreateMessageResult, ElicitRequestParams, ElicitResult,
    ElicitationAction, GetPromptRequestParams, Implementation, ListRootsResult,
    ProgressNotificationParam, ProtocolVersion, ReadResourceRequestParams,
    ResourceUpdatedNotificationParam, Role, Root, SamplingMessage, ServerNotification,
    SubscribeRequestParams, SubscriptionFilter,
};
use rmcp::service::{NotificationContext, RequestContext, RunningService, ServiceError};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt, ErrorData, RoleClient};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::task::{AbortHandle, JoinSet};

type Connection = RunningService<RoleClient, Driven>;

#[tokio::main]
async fn main() {
    host::tls::install_crypto();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, token, era] = arguments.as_slice() else {
        eprintln!("rmcp_client URL TOKEN legacy|2026-07-28");
        std::process::exit(2);
    };
    let mut config = StreamableHttpClientTransportConfig::with_uri(url.as_str());
    config.auth_header = Some(token.clone());
    let transport = StreamableHttpClientTransport::from_config(config);
    let lifecycle = if era == "legacy" {
        ClientLifecycleMode::Initialize
    } else {
        ClientLifecycleMode::Discover {
            preferred_versions: vec![ProtocolVersion::V_2026_07_28],
        }
    };
    let driven = Driven::default();
    let connection = match driven
        .clone()
        .serve_with_lifecycle(transport, lifecycle)
        .await
    {
        Ok(connection) => Arc::new(connection),
        Err(error) => {
            let error = json!({ "code": null, "message": error.to_string(), "data": null });
            say(&json!({ "ready": false, "error": error }));
            std::process::exit(1);
        }
    };
    let server = connection.peer().peer_info();
    say(&json!({
        "ready": true,
        "client": { "name": "rmcp", "version": "3" },
        "server": server.as_ref().map(|info| json!(info.server_info)),
        "protocol": server.as_ref().map(|info| info.protocol_version.to_string()),
        "capabilities": server.as_ref().map(|info| json!(info.capabilities)),
    }));
    drive(&connection, &driven).await;
    if let Some(connection) = Arc::into_inner(connection) {
        let _ = connection.cancel().await;
    }
}

fn say(line: &Value) {
    println!("{line}");
}

/// Carries out commands until standard input ends, and waits for the last of them.
async fn drive(connection: &Arc<Connection>, driven: &Driven) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut tasks = JoinSet::new();
    let mut running: HashMap<u64, AbortHandle> = HashMap::new();
    while let Ok(Some(line)) = lines.next_line().await {
        let command: Value = serde_json::from_str(&line).expect("a command is JSON");
        let id = command["id"].as_u64().expect("a command has an id");
        if command["do"] == "cancel" {
            let given_up = command["call"].as_u64().unwrap_or_default();
            // Dropped, a call tells the server that nobody waits for it any more.
            if let Some(task) = running.remove(&given_up) {
                task.abort();
            }
            let error = json!({ "code": null, "message": "cancelled", "data": null });
            say(&json!({ "id": given_up, "error": error }));
            say(&json!({ "id": id, "result": {} }));
            continue;
        }
        let (connection, driven) = (Arc::clone(connection), driven.clone());
        let task = tasks.spawn(async move {
            match carry_out(&connection, &driven, &command).await {
                Ok(result) => say(&json!({ "id": id, "result": result })),
                Err(error) => say(&json!({ "id": id, "error": fault(&error) })),
            }
        });
        running.insert(id, task);
    }
    while tasks.join_next().await.is_some() {}
}

fn fault(error: &ServiceError) -> Value {
    match error {
        ServiceError::McpError(error) => {
            json!({ "code": error.code.0, "message": error.message, "data": error.data })
        }
        other => json!({ "code": null, "message": other.to_string(), "data": null }),
    }
}

async fn carry_out(
    connection: &Arc<Connection>,
    driven: &Driven,
    command: &Value,
) -> Result<Value, ServiceError> {
    let peer = connection.peer();
    let text = |name: &str| command[name].as_str().unwrap_or_default().to_owned();
    let arguments = command["arguments"].as_object().cloned();
    Ok(match command["do"].as_str().unwrap_or_default() {
        "list" => json!({ "tools": peer.list_all_tools().await? }),
        "resources" => json!({ "resources": peer.list_all_resources().await? }),
        "prompts" => json!({ "prompts": peer.list_all_prompts().await? }),
        "read" => {
            let params = ReadResourceRequestParams::new(text("uri"));
            json!(connection.read_resource(params).await?)
        }
        "prompt" => {
            let mut params = GetPromptRequestParams::new(text("name"));
            params.arguments = arguments;
            json!(connection.get_prompt(params).await?)
        }
        "call" => {
            let mut params = CallToolRequestParams::new(text("name"));
            params.arguments = arguments;
            driven.follow(command);
            json!(connection.call_tool(params).await?)
        }
        "subscribe" => subscribe(connection, text("uri")).await?,
        "heard" => json!({
            "notifications": *driven.heard.lock().unwrap(), "asked": *driven.asked.lock().unwrap(),
        }),
        other => panic!("unknown command `{other}`"),
    })
}

async fn subscribe(connection: &Arc<Connection>, uri: String) -> Result<Value, ServiceError> {
    let peer = connection.peer();
    let is_legacy = peer
        .peer_info()
        .is_none_or(|info| info.protocol_version.has_initialize());
    if is_legacy {
        peer.subscribe(SubscribeRequestParams::new(uri)).await?;
        return Ok(json!({}));
    }
    let filter = SubscriptionFilter::builder()
        .resource_subscription(uri.clone())
        .build();
    let mut subscription = peer.listen(filter).await?;
    let acknowledged = json!({ "acknowledged": subscription.acknowledged() });
    tokio::spawn(async move {
        while let Ok(Some(notification)) = subscription.next().await {
            if let ServerNotification::ResourceUpdatedNotification(changed) = notification {
                say(&json!({ "updated": changed.params.uri }));
            }
        }
        say(&json!({ "lost": uri, "error": format!("{:?}", subscription.end()) }));
    });
    Ok(acknowledged)
}

/// The test's end of the connection. This SDK mints progress tokens by itself, so that steps are those of the call that was
/// begun last with progress: the tests begin one at a time.
#[derive(Debug, Clone, Default)]
struct Driven {
    asked: Arc<Mutex<Vec<Value>>>,
    heard: Arc<Mutex<Vec<Value>>>,
    /// The command's id.
    followed: Arc<Mutex<Option<Value>>>,
}

impl Driven {
    fn follow(&self, command: &Value) {
        if command["progress"] == true {
            *self.followed.lock().unwrap() = Some(command["id"].clone());
        }
    }
}

impl ClientHandler for Driven {
    fn get_info(&self) -> ClientConfig {
        let capabilities = ClientCapabilities::builder()
            .enable_roots()
            .enable_sampling()
            .enable_elicitation()
            .build();
        ClientConfig::new(
            capabilities,
            Implementation::new("portcullis-test-rmcp", "1"),
        )
        .with_protocol_version(ProtocolVersion::V_2025_11_25)
    }

    async fn create_message(
        &self,
        params: CreateMessageRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<CreateMessageResult, ErrorData> {
        let question = json!({ "method": "sampling/createMessage", "params": params });
        self.asked.lock().unwrap().push(question);
        let text = ContentBlock::text("sampled by the test's client");
        let message = serde_json::from_value(json!({ "role": Role::Assistant, "content": text }));
        let message: SamplingMessage =
            message.map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
        Ok(CreateMessageResult::new(message, "none".into()))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _context: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let question = json!({ "method": "elicitation/create", "params": request });
        self.asked.lock().unwrap().push(question);
        Ok(ElicitResult::new(ElicitationAction::Accept).with_content(json!({ "name": "Ada" })))
    }

    async fn list_roots(
        &self,
        _context: RequestContext<RoleClient>,
    ) -> Result<ListRootsResult, ErrorData> {
        self.asked
            .lock()
            .unwrap()
            .push(json!({ "method": "roots/list" }));
        Ok(ListRootsResult::new(vec![Root::new("file:///srv/test")]))
    }

    async fn on_progress(
        &self,
        step: ProgressNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        if let Some(id) = &*self.followed.lock().unwrap() {
            say(&json!({ "id": id, "step": [step.progress, step.total, step.message] }));
        }
    }

    async fn on_resource_updated(
        &self,
        changed: ResourceUpdatedNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        let told = json!({ "method": "notifications/resources/updated", "params": changed });
        self.heard.lock().unwrap().push(told);
        say(&json!({ "updated": changed.uri }));
    }
}
