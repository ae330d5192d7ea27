//! Three nodes of a Redis Cluster on free ports, each with a third of the slots.

use crate::budget::tests::{Agent, Server};
use redis::FromRedisValue;
use seal::Secret;
use std::time::Duration;
use tokio::time::timeout;

const SLOTS: u64 = 16_384;
/// A cluster serves what is left of it when a node is gone; by default it stops altogether.
const ARGS: [&str; 8] = [
    "--cluster-enabled",
    "yes",
    "--cluster-node-timeout",
    "2000",
    "--cluster-require-full-coverage",
    "no",
    "--cluster-replica-validity-factor",
    "0",
];

pub struct Nodes {
    pub servers: [Server; 3],
}

async fn tell<T: FromRedisValue>(server: &Server, words: &[&str]) -> T {
    let mut connection = server.connection().await;
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    command.query_async(&mut connection).await.unwrap()
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    let waited = timeout(Duration::from_mins(1), waiting).await;
    waited.unwrap_or_else(|_| panic!("still not so: {what}"));
}

impl Nodes {
    pub async fn start() -> Self {
        let servers = [(); 3].map(|()| Server::on_a_port(&ARGS));
        for (at, server) in (0_u64..).zip(&servers) {
            let (first, last) = (at * SLOTS / 3, (at + 1) * SLOTS / 3 - 1);
            let (first, last) = (first.to_string(), last.to_string());
            let _: () = tell(
                server,
                &["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()],
            )
            .await;
            let _: () = tell(server, &["CLUSTER", "ADDSLOTSRANGE", &first, &last]).await;
            if at > 0 {
                meet(server, &servers[0]).await;
            }
        }
        let nodes = Self { servers };
        for server in &nodes.servers {
            until("all know of all", async || {
                let info: String = tell(server, &["CLUSTER", "INFO"]).await;
                info.contains("cluster_state:ok") && info.contains("cluster_size:3")
            })
            .await;
        }
        nodes
    }

    pub fn url(&self) -> Secret {
        let urls: Vec<String> = self
            .servers
            .iter()
            .map(|server| server.url().expose().to_owned())
            .collect();
        Secret::new(urls.join(","))
    }

    /// Whether this node took it: the others say that it is not theirs.
    pub async fn try_tell(&self, node: usize, words: &[&str]) -> bool {
        let mut connection = self.servers[node].connection().await;
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        let answer = command.query_async::<redis::Value>(&mut connection).await;
        answer.is_ok()
    }

    pub async fn tell<T: FromRedisValue>(&self, node: usize, words: &[&str]) -> T {
        tell(&self.servers[node], words).await
    }

    pub fn slot_of(agent: &Agent) -> u64 {
        let key = format!("{{{}}}", agent.org.uuid());
        crate::budget::cluster::map::slot_of(&key).into()
    }

    /// Someone of an organisation whose slot this node has.
    pub fn agent(node: usize) -> Agent {
        let has = |agent: &Agent| (Self::slot_of(agent) * 3 + 2) / SLOTS == node as u64;
        std::iter::repeat_with(Agent::new)
            .find(has)
            .expect("each has many")
    }

    async fn id(&self, node: usize) -> String {
        self.tell(node, &["CLUSTER", "MYID"]).await
    }

    pub async fn begin_to_move(&self, slot: u64, from: usize, to: usize) {
        let (slot, source, target) = (slot.to_string(), self.id(from).await, self.id(to).await);
        let _: () = self
            .tell(to, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &source])
            .await;
        let _: () = self
            .tell(from, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &target])
            .await;
    }

    pub async fn move_keys(&self, slot: u64, from: usize, to: usize) {
        let slot = slot.to_string();
        let keys: Vec<String> = self
            .tell(from, &["CLUSTER", "GETKEYSINSLOT", &slot, "100"])
            .await;
        let port = self.servers[to].port.unwrap().to_string();
        let mut words = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "20000", "KEYS"];
        words.extend(keys.iter().map(String::as_str));
        let _: () = self.tell(from, &words).await;
    }

    pub async fn end_to_move(&self, slot: u64, to: usize) {
        let (slot, target) = (slot.to_string(), self.id(to).await);
        for node in [1, 0, 2] {
            let _: () = self
                .tell(node, &["CLUSTER", "SETSLOT", &slot, "NODE", &target])
                .await;
        }
    }

    /// One more, that follows this node and takes its place when it dies.
    pub async fn replica_of(&self, node: usize) -> Server {
        let heir = Server::on_a_port(&ARGS);
        meet(&heir, &self.servers[1]).await;
        let id = self.id(node).await;
        until("the new node knows its primary", async || {
            let known: String = tell(&heir, &["CLUSTER", "NODES"]).await;
            known.contains(&id)
        })
        .await;
        let _: () = tell(&heir, &["CLUSTER", "REPLICATE", &id]).await;
        for server in &self.servers {
            until("the others know of the heir", async || {
                let known: Vec<String> = tell(server, &["CLUSTER", "REPLICAS", &id]).await;
                !known.is_empty()
            })
            .await;
        }
        until("the heir has what its primary has", async || {
            let info: String = tell(&heir, &["INFO", "replication"]).await;
            info.contains("master_link_status:up")
        })
        .await;
        heir
    }
}

async fn meet(one: &Server, other: &Server) {
    let port = other.port.unwrap().to_string();
    let _: () = tell(one, &["CLUSTER", "MEET", "127.0.0.1", &port]).await;
}
