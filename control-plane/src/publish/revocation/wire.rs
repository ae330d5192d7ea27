//! The way to Redis. Whatever is sent may be sent again: the greater version stays, and an entry told twice says the same.

use address::{Address, Place, at, manner, must_be_primary, primary};
use bundle::revocation::{ENTRY, MOST_NEWS, NEWS, Revocation, TOLD_FOR_S, key};
use redis::aio::MultiplexedConnection;
use redis::{Client, Cmd, ErrorKind, RedisError, ServerErrorKind, Value};
use std::collections::HashMap;

/// KEYS: the organisation's. ARGV: what, version, how long it is kept. Versions only grow.
const TAKE: &str = "local held = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '-1')
if held and held < tonumber(ARGV[2]) then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
return redis.call('EXPIRE', KEYS[1], ARGV[3])";
/// KEYS: the organisation's. ARGV: what, version. What was taken back once more stays.
const FORGET: &str = "if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
return redis.call('HDEL', KEYS[1], ARGV[1])";
/// How often one command of a cluster may be sent elsewhere.
const HOPS: usize = 3;

pub struct Wire {
    address: Address,
    /// To whom; of a cluster, several.
    open: HashMap<String, MultiplexedConnection>,
    /// The newest entry that this process has written or found.
    newest: Entry,
    /// Redis was told all of it, and had it when it was asked last.
    is_reminded: bool,
}

/// The name of an entry of the stream: they only grow.
type Entry = (u64, u64);

/// The address may hold a password.
impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Wire").finish_non_exhaustive()
    }
}

impl Wire {
    pub fn new(address: Address) -> Self {
        Self {
            address,
            open: HashMap::new(),
            newest: (0, 0),
            is_reminded: false,
        }
    }

    /// For the next call under a limit, which looks there; and for everybody else, who reads the news.
    pub async fn tell(&mut self, one: &Revocation) -> Result<(), RedisError> {
        let [org, what, version] = one.entry();
        let mut take = redis::cmd("EVAL");
        take.arg(TAKE).arg(1).arg(key(one.org));
        take.arg(&what).arg(&version).arg(TOLD_FOR_S);
        self.ask(&take).await?;
        let mut add = redis::cmd("XADD");
        add.arg(NEWS).arg("MAXLEN").arg("~").arg(MOST_NEWS).arg("*");
        for (name, value) in ENTRY.into_iter().zip([org, what, version]) {
            add.arg(name).arg(value);
        }
        let name = self.ask(&add).await?;
        self.newest = self.newest.max(entry(&name).unwrap_or_default());
        Ok(())
    }

    pub async fn forget(&mut self, one: &Revocation) -> Result<(), RedisError> {
        let [_, what, version] = one.entry();
        let mut forget = redis::cmd("EVAL");
        forget.arg(FORGET).arg(1).arg(key(one.org));
        self.ask(forget.arg(what).arg(version)).await?;
        Ok(())
    }

    /// Whether Redis still has the newest that it was told: emptied, or replaced by one that had heard less, it has not.
    pub async fn remembers(&mut self) -> Result<bool, RedisError> {
        if self.is_reminded {
            let newest = self.look().await?;
            self.is_reminded = newest >= self.newest;
            // Another Redis' clock may be behind.
            self.newest = if self.is_reminded { newest } else { (0, 0) };
        }
        Ok(self.is_reminded)
    }

    /// All of it has been told.
    pub fn reminded(&mut self) {
        self.is_reminded = true;
    }

    async fn look(&mut self) -> Result<Entry, RedisError> {
        let mut look = redis::cmd("XREVRANGE");
        look.arg(NEWS).arg("+").arg("-").arg("COUNT").arg(1);
        let Value::Array(entries) = self.ask(&look).await? else {
            return Ok((0, 0));
        };
        let newest = match entries.first() {
            Some(Value::Array(parts)) => parts.first().and_then(entry),
            _ => None,
        };
        Ok(newest.unwrap_or_default())
    }

    /// Asks the one that is asked first, and in a cluster whomever it names.
    async fn ask(&mut self, command: &Cmd) -> Result<Value, RedisError> {
        let mut asked = String::new();
        for _ in 0..HOPS {
            let mut connection = self.connection(&asked).await?;
            match command.query_async::<Value>(&mut connection).await {
                Ok(value) => return Ok(value),
                Err(error) => {
                    let Some(there) = self.elsewhere(&error) else {
                        // Another connection may find another primary.
                        self.open.clear();
                        return Err(error);
                    };
                    asked = there;
                }
            }
        }
        Err((ErrorKind::Client, "the cluster sends from node to node").into())
    }

    fn elsewhere(&self, error: &RedisError) -> Option<String> {
        let is_moved = error.kind() == ErrorKind::Server(ServerErrorKind::Moved);
        let is_cluster = matches!(self.address.0, Place::Cluster(_));
        let (node, _slot) = error.redirect_node().filter(|_| is_moved && is_cluster)?;
        Some(node.to_owned())
    }

    /// To this node, or to the one that is asked first.
    async fn connection(&mut self, node: &str) -> Result<MultiplexedConnection, RedisError> {
        if let Some(open) = self.open.get(node) {
            return Ok(open.clone());
        }
        let connection = match (&self.address.0, node.rsplit_once(':')) {
            (Place::One(client), _) => connect(client).await?,
            (Place::Sentinels(sentinels), _) => {
                let mut connection = connect(&primary(sentinels).await?).await?;
                must_be_primary(&mut connection).await?;
                connection
            }
            (Place::Cluster(seeds), Some((host, port))) => {
                let like = seeds.first().ok_or((ErrorKind::Client, "no node"))?;
                let port = port
                    .parse()
                    .map_err(|_| (ErrorKind::Client, "a node without a port"))?;
                connect(&at(like, host, port)?).await?
            }
            (Place::Cluster(seeds), None) => any(seeds).await?,
        };
        self.open.insert(node.to_owned(), connection.clone());
        Ok(connection)
    }
}

async fn any(seeds: &[Client]) -> Result<MultiplexedConnection, RedisError> {
    let mut last = (ErrorKind::Client, "no node").into();
    for client in seeds {
        match connect(client).await {
            Ok(connection) => return Ok(connection),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn connect(client: &Client) -> Result<MultiplexedConnection, RedisError> {
    client
        .get_multiplexed_async_connection_with_config(&manner())
        .await
}

fn entry(name: &Value) -> Option<Entry> {
    let Value::BulkString(name) = name else {
        return None;
    };
    let (time, count) = std::str::from_utf8(name).ok()?.split_once('-')?;
    Some((time.parse().ok()?, count.parse().ok()?))
}
