//! A Redis of a test's own: it may be emptied, stopped and started again. Ends with the test.

use ids::OrgId;
use seal::Secret;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

pub struct Server {
    pub dir: PathBuf,
    args: Vec<String>,
    /// None: it listens on a socket in its folder.
    pub port: Option<u16>,
    running: Option<(Child, BufReader<ChildStdout>)>,
}

impl Server {
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// As managed offers do that keep functions to themselves.
    pub fn without_functions() -> Self {
        Self::with(&["--rename-command", "FUNCTION", ""])
    }

    fn with(args: &[&str]) -> Self {
        let dir = folder();
        let socket = ["--port", "0", "--unixsocket", "redis.sock"];
        Self::in_folder(dir, None, &[&socket, args].concat())
    }

    /// On a port of loopback's.
    pub fn on_a_port(args: &[&str]) -> Self {
        let port = free_port();
        let plain = ["--bind", "127.0.0.1", "--port", &port.to_string()];
        Self::in_folder(folder(), Some(port), &[&plain, args].concat())
    }

    /// Told by a `sentinel.conf` in its folder, which it writes anew.
    pub fn sentinel(dir: PathBuf, port: u16) -> Self {
        Self::in_folder(dir, Some(port), &["sentinel.conf", "--sentinel"])
    }

    pub fn in_folder(dir: PathBuf, port: Option<u16>, args: &[&str]) -> Self {
        let mut server = Self {
            dir,
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            port,
            running: None,
        };
        server.run();
        server
    }

    /// Starts it, empty, and returns when it answers.
    pub fn run(&mut self) {
        assert!(self.running.is_none(), "it runs already");
        let spawn = |program: &str| {
            Command::new(program)
                .args(&self.args)
                .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
                .current_dir(&self.dir)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .spawn()
        };
        let mut child = spawn("redis-server")
            .or_else(|_| spawn("valkey-server"))
            .expect("these tests need `redis-server` or `valkey-server` on the path");
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        // A sentinel says its id instead.
        while !line.contains("eady to accept connections") && !line.contains("Sentinel ID is") {
            line.clear();
            let read = said.read_line(&mut line).unwrap();
            assert!(read > 0, "the server ended before it was ready");
        }
        self.running = Some((child, said));
    }

    /// As `kill -9`: nothing is saved.
    pub fn stop(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// It keeps its connections and answers nothing, until it thaws.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let (child, _) = self.running.as_ref().expect("it runs");
        let pid = child.id().to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill \"$0\" \"$1\"", signal, &pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    pub fn url(&self) -> Secret {
        Secret::new(match self.port {
            Some(port) => format!("redis://127.0.0.1:{port}"),
            None => format!("redis+unix://{}/redis.sock", self.dir.display()),
        })
    }

    pub async fn connection(&self) -> redis::aio::MultiplexedConnection {
        let client = redis::Client::open(self.url().expose()).unwrap();
        // Patient, as these tests are.
        let config = redis::AsyncConnectionConfig::new()
            .set_connection_timeout(Some(Duration::from_mins(1)))
            .set_response_timeout(Some(Duration::from_mins(1)));
        // One that becomes a primary hangs up on whoever comes meanwhile.
        let begun = std::time::Instant::now();
        loop {
            match client
                .get_multiplexed_async_connection_with_config(&config)
                .await
            {
                Ok(connection) => return connection,
                Err(error) if error.is_io_error() && begun.elapsed() < Duration::from_mins(1) => {
                    tokio::task::yield_now().await;
                }
                Err(error) => panic!("no connection to Redis: {error}"),
            }
        }
    }

    /// Waits until it has everything that its primary has written so far.
    pub async fn catch_up_with(&self, primary: &Self) {
        let written = primary.offset().await;
        let reading = async {
            while self.offset().await < written {
                tokio::task::yield_now().await;
            }
        };
        let read = tokio::time::timeout(Duration::from_mins(1), reading).await;
        read.expect("it follows its primary");
    }

    async fn offset(&self) -> u64 {
        let mut connection = self.connection().await;
        let mut info = redis::cmd("INFO");
        let told = info.arg("replication").query_async(&mut connection);
        let told: String = told.await.unwrap();
        let offset = told
            .lines()
            .find_map(|line| line.strip_prefix("master_repl_offset:"));
        offset
            .and_then(|offset| offset.parse().ok())
            .expect("it has an offset")
    }

    /// As if the organisation's budgets had been counted from the records: no trip is made for that.
    pub async fn told(&self, org: OrgId) {
        let mut connection = self.connection().await;
        let mut set = redis::cmd("SET");
        set.arg(format!("ep:{{{}}}", org.uuid())).arg("told+");
        set.exec_async(&mut connection).await.unwrap();
    }

    /// How often a command was called, as the server counts; 0 if never.
    pub async fn calls(&self, command: &str) -> u64 {
        let mut connection = self.connection().await;
        let stats: String = redis::cmd("INFO")
            .arg("commandstats")
            .query_async(&mut connection)
            .await
            .unwrap();
        let prefix = format!("cmdstat_{command}:calls=");
        stats
            .lines()
            .find_map(|line| line.strip_prefix(&prefix))
            .and_then(|rest| rest.split(',').next())
            .map_or(0, |calls| calls.parse().unwrap())
    }
}

/// A new folder of the test's own.
pub fn folder() -> PathBuf {
    let name = format!("portcullis-{:016x}", rand::random::<u64>());
    let dir = std::env::temp_dir().join(name);
    std::fs::create_dir(&dir).unwrap();
    dir
}

/// Below what systems give to connections that go out, and with room for a cluster's second port above.
pub fn free_port() -> u16 {
    let is_free = |port: &u16| {
        [*port, port + 10_000]
            .iter()
            .all(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
    };
    std::iter::repeat_with(|| rand::random_range(11_000..22_000))
        .find(is_free)
        .expect("some port is free")
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
