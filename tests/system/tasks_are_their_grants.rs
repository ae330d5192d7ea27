//! A task of a real server is its grant's alone: followed to its end by the agent whose call made it, nobody's to others.

use serde_json::{Value, json};
use testbed::{Client, Installation, Server, until};

async fn raw(client: &Client, method: &str, params: Value) -> Value {
    client
        .act(json!({ "do": "raw", "method": method, "params": params }))
        .await
}

#[tokio::test]
async fn an_agent_follows_its_task_through_a_question_to_its_result() {
    let installation = Installation::start().await;
    let upstream = Server::everything().await;
    let org = installation.org("acme").await;
    org.server("peer", &upstream.url).await;
    org.policy("all", &json!({ "version": "1", "default": "allow" }))
        .await;
    let (_, token) = org.grant("agent", "peer", "all").await;
    let (_, stranger) = org.grant("stranger", "peer", "all").await;
    let one = installation.replica("one", None).await;
    let two = installation.replica("two", None).await;
    until("the replicas", || org.enforced(2)).await;

    let agent = Client::typescript(&one.mcp(&org, "peer"), &token).await;
    let call = json!({ "name": "simulate-research-query", "task": { "ttl": 120_000 },
        "arguments": { "topic": "python", "ambiguous": true } });
    let made = raw(&agent, "tools/call", call).await;
    let task = made["result"]["task"]["taskId"].clone();
    assert!(task.as_str().unwrap().starts_with("t_"), "{made}");
    // Asked after through another replica, by another session of the same grant.
    let elsewhere = Client::typescript(&two.mcp(&org, "peer"), &token).await;
    let told = raw(&elsewhere, "tasks/get", json!({ "taskId": task })).await;
    assert_eq!(told["result"]["taskId"], task, "{told}");
    let other = Client::typescript(&one.mcp(&org, "peer"), &stranger).await;
    for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
        let refused = raw(&other, method, json!({ "taskId": task })).await;
        assert_eq!(refused["error"]["code"], -32602, "{refused}");
    }
    for client in [&agent, &other] {
        let listed = raw(client, "tasks/list", json!({})).await;
        assert_eq!(listed["result"]["tasks"], json!([]), "{listed}");
    }
    // The result waits for an answer to the server's question, which this client gives.
    let result = raw(&agent, "tasks/result", json!({ "taskId": task })).await;
    let text = result["result"]["content"][0]["text"].as_str();
    assert!(text.unwrap_or_default().contains("python"), "{result}");
    let related = &result["result"]["_meta"]["io.modelcontextprotocol/related-task"];
    assert_eq!(related["taskId"], task, "{result}");
    let heard = agent.act(json!({ "do": "heard" })).await;
    assert_eq!(
        heard["result"]["asked"][0]["method"], "elicitation/create",
        "{heard}"
    );
    let ended = raw(&agent, "tasks/get", json!({ "taskId": task })).await;
    assert_eq!(ended["result"]["status"], "completed", "{ended}");
}
