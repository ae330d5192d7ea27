//! A task of a real server is its grant's alone: followed to its end through any replica by the agent whose call made it,
//! nobody's to others.

use serde_json::{Value, json};
use testbed::{Installation, Raw, Server, until};

async fn ask(client: &Raw, method: &str, params: Value) -> Value {
    client.request(7, method, params).await.json()
}

#[tokio::test]
async fn an_agent_follows_its_task_to_its_result_and_nobody_else_does() {
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

    let agent = Raw::new(&one.mcp(&org, "peer"), Some(&token));
    let agent = agent.initialize().await;
    let call = json!({ "name": "simulate-research-query", "task": { "ttl": 120_000 },
        "arguments": { "topic": "python", "ambiguous": false } });
    let made = ask(&agent, "tools/call", call).await;
    let task = made["result"]["task"]["taskId"].clone();
    assert!(
        task.as_str().is_some_and(|task| task.starts_with("t_")),
        "{made}"
    );

    let other = Raw::new(&one.mcp(&org, "peer"), Some(&stranger));
    let other = other.initialize().await;
    for method in ["tasks/get", "tasks/result", "tasks/cancel"] {
        let refused = ask(&other, method, json!({ "taskId": task })).await;
        assert_eq!(refused["error"]["code"], -32602, "{method}: {refused}");
    }
    for client in [&agent, &other] {
        let listed = ask(client, "tasks/list", json!({})).await;
        assert_eq!(listed["result"]["tasks"], json!([]), "{listed}");
    }

    // The server keeps its tasks by the session, which any replica carries on.
    let mut elsewhere = agent.clone();
    elsewhere.url = two.mcp(&org, "peer");
    let of_task = || json!({ "taskId": task });
    until("the task's end", || async {
        let told = ask(&elsewhere, "tasks/get", of_task()).await;
        assert_eq!(told["result"]["taskId"], task, "{told}");
        (told["result"]["status"] == "completed").then_some(())
    })
    .await;
    let result = ask(&elsewhere, "tasks/result", of_task()).await;
    let text = result["result"]["content"][0]["text"].as_str();
    assert!(
        text.is_some_and(|text| text.contains("Research Report: python")),
        "{result}"
    );
    let related = &result["result"]["_meta"]["io.modelcontextprotocol/related-task"];
    assert_eq!(related["taskId"], task, "{result}");

    // And one that is stopped on its way.
    let call = json!({ "name": "simulate-research-query", "task": { "ttl": 120_000 },
        "arguments": { "topic": "rust", "ambiguous": false } });
    let made = ask(&agent, "tools/call", call).await;
    let task = json!({ "taskId": made["result"]["task"]["taskId"] });
    let cancelled = ask(&agent, "tasks/cancel", task.clone()).await;
    assert_eq!(cancelled["result"]["status"], "cancelled", "{cancelled}");
    let told = ask(&elsewhere, "tasks/get", task).await;
    assert_eq!(told["result"]["status"], "cancelled", "{told}");
}
