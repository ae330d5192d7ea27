//! A Redis of a test's own: it may be emptied, stopped and started again. Ends with the test.

use seal::Secret;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

pub struct Server {
    dir: PathBuf,
    args: Vec<&'static str>,
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

    fn with(args: &[&'static str]) -> Self {
        let name = format!("portcullis-{:016x}", rand::random::<u64>());
        let dir = std::env::temp_dir().join(name);
        std::fs::create_dir(&dir).unwrap();
        let mut server = Self {
            dir,
            args: args.to_vec(),
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
                .args(["--port", "0", "--unixsocket", "redis.sock"])
                .args(["--save", "", "--appendonly", "no", "--daemonize", "no"])
                .args(&self.args)
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
        while !line.contains("eady to accept connections") {
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
        Secret::new(format!("redis+unix://{}/redis.sock", self.dir.display()))
    }

    pub async fn connection(&self) -> redis::aio::MultiplexedConnection {
        let client = redis::Client::open(self.url().expose()).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
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

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}
