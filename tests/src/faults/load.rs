//! Callers, each in its own time and at any replica, and what each was answered. Every call names itself by the one key of
//! its arguments, which the server sees and the record keeps.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

const CALLERS: u32 = 12;
/// A caller waits no longer.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Done,
    Denied,
    Limited,
    /// Another answer of the gateway: its status and its code.
    Refused(u16, i64),
    /// None.
    Broken(&'static str),
}

#[derive(Debug, Clone)]
pub struct Sent {
    pub key: String,
    pub tool: &'static str,
    pub replica: usize,
    pub begun: Instant,
    pub ended: Instant,
    pub answer: Answer,
}

impl Sent {
    /// Whether any moment of it was within these.
    pub fn overlaps(&self, from: Instant, to: Instant) -> bool {
        self.begun <= to && self.ended >= from
    }

    pub fn is_within(&self, from: Instant, to: Instant) -> bool {
        self.begun >= from && self.ended <= to
    }
}

#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    callers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    urls: Vec<String>,
    token: String,
    tools: Vec<&'static str>,
    is_over: AtomicBool,
    next: AtomicU64,
    sent: Mutex<Vec<Sent>>,
}

impl Load {
    /// Calls these tools at these replicas, so many a second.
    pub fn start(
        urls: Vec<String>,
        token: &str,
        tools: &[&'static str],
        rate: u32,
        seed: u64,
    ) -> Self {
        let shared = Arc::new(Shared {
            urls,
            token: token.to_owned(),
            tools: tools.to_vec(),
            is_over: AtomicBool::new(false),
            next: AtomicU64::new(0),
            sent: Mutex::default(),
        });
        let every = Duration::from_secs(1) * CALLERS / rate.max(1);
        let callers = (0..CALLERS).map(|caller| {
            let random = StdRng::seed_from_u64(seed.wrapping_add(u64::from(caller)));
            tokio::spawn(call(shared.clone(), every, random))
        });
        Self {
            callers: callers.collect(),
            shared,
        }
    }

    /// How many calls have ended.
    pub fn ended(&self) -> usize {
        self.shared.sent.lock().unwrap().len()
    }

    /// Waits until so many more have ended well.
    pub async fn done(&self, more: usize) {
        let done = || {
            let sent = self.shared.sent.lock().unwrap();
            let done = sent.iter().filter(|sent| sent.answer == Answer::Done);
            done.count()
        };
        let wanted = done() + more;
        testbed::until("calls that go through", || async {
            (done() >= wanted).then_some(())
        })
        .await;
    }

    /// Ends it, once every call that is under way has an answer.
    ///
    /// # Panics
    /// Where a caller did.
    pub async fn stop(self) -> Vec<Sent> {
        self.shared.is_over.store(true, Ordering::Relaxed);
        for caller in self.callers {
            caller.await.expect("a caller ends");
        }
        std::mem::take(&mut *self.shared.sent.lock().unwrap())
    }
}

async fn call(shared: Arc<Shared>, every: Duration, mut random: StdRng) {
    let client = reqwest::Client::builder().timeout(PATIENCE).build();
    let client = client.expect("a client");
    tokio::time::sleep(every.mul_f64(random.random())).await;
    let mut turn = tokio::time::interval(every);
    turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    while !shared.is_over.load(Ordering::Relaxed) {
        turn.tick().await;
        let key = format!("n{}", shared.next.fetch_add(1, Ordering::Relaxed));
        let replica = random.random_range(0..shared.urls.len());
        let tool = shared.tools[random.random_range(0..shared.tools.len())];
        let begun = Instant::now();
        let answer = ask(&client, &shared.urls[replica], &shared.token, tool, &key).await;
        shared.sent.lock().unwrap().push(Sent {
            key,
            tool,
            replica,
            begun,
            ended: Instant::now(),
            answer,
        });
    }
}

/// One call.
pub async fn ask(
    client: &reqwest::Client,
    url: &str,
    token: &str,
    tool: &str,
    key: &str,
) -> Answer {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": { "name": tool, "arguments": { key: 1 } } });
    let request = client
        .post(url)
        .bearer_auth(token)
        .header("accept", "application/json, text/event-stream")
        .json(&body);
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_timeout() => return Answer::Broken("no answer in time"),
        Err(error) if error.is_connect() => return Answer::Broken("nobody there"),
        Err(_) => return Answer::Broken("broken off"),
    };
    let status = response.status().as_u16();
    let Ok(body) = response.text().await else {
        return Answer::Broken("broken off");
    };
    read(status, &body)
}

fn read(status: u16, body: &str) -> Answer {
    let mut data = body.lines().filter_map(|line| line.strip_prefix("data:"));
    let text = data.next_back().unwrap_or(body);
    let message: Value = serde_json::from_str(text).unwrap_or_default();
    let said = message["result"]["content"][0]["text"].as_str();
    match said {
        Some(said) if said.starts_with("done") => Answer::Done,
        Some(said) if said.starts_with("[POLICY DENIED]") => Answer::Denied,
        Some(said) if said.starts_with("[RATE LIMITED]") => Answer::Limited,
        _ => Answer::Refused(
            status,
            message["error"]["code"].as_i64().unwrap_or_default(),
        ),
    }
}
