//! A replica in this process, whole, whose clock is somebody else's to turn.

use crate::faults::world::World;
use data_plane::config::Config;
use host::clock::{Clock, Random};
use host::env::Env;
use host::stop::Stop;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use testbed::free_port;
use tokio::task::JoinHandle;

/// What does not come up in this time does not come.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub struct Inside {
    pub url: String,
    pub clock: Clock,
    variables: Vec<(String, String)>,
    stop: Stop,
    runs: JoinHandle<anyhow::Result<()>>,
}

impl Inside {
    /// Ready; its clock is right.
    pub async fn start(world: &World, name: &str) -> Self {
        let clock = Clock::set(Clock::system().unix_ms());
        let folder = world.installation.folder();
        let text = |path: PathBuf| path.display().to_string();
        let listen = format!("127.0.0.1:{}", free_port());
        let redis = format!("redis://127.0.0.1:{}", world.cables.redis.port());
        let variables = [
            ("LISTEN", listen.clone()),
            ("CONTROL_PLANE_URL", world.control_plane()),
            ("KEYS_DIR", text(folder.join("keys/data-plane"))),
            ("STATE_DIR", text(world.installation.state_of(name))),
            ("REPLICA", name.to_owned()),
            ("EGRESS_ALLOW", "127.0.0.0/8".to_owned()),
            ("REDIS_URL", redis),
            ("REDIS_TIMEOUT_MS", "2000".to_owned()),
        ];
        let variables: Vec<_> = variables
            .into_iter()
            .map(|(variable, value)| (format!("PORTCULLIS_{variable}"), value))
            .collect();
        let (stop, runs) = run(&variables, &clock);
        let mut inside = Self {
            url: format!("http://{listen}"),
            clock,
            variables,
            stop,
            runs,
        };
        inside.is_ready().await;
        inside
    }

    /// Ends, and begins again on what it kept; its clock stays as it is.
    pub async fn begin_anew(&mut self) {
        self.stop.stop();
        let ended = (&mut self.runs).await;
        ended.expect("it ends").expect("it ends well");
        (self.stop, self.runs) = run(&self.variables, &self.clock);
        self.is_ready().await;
    }

    pub async fn stop(self) {
        self.stop.stop();
        self.runs.await.expect("it ends").expect("it ends well");
    }

    pub fn now_ms(&self) -> u64 {
        self.clock.unix_ms()
    }

    /// What all others take for the time.
    pub fn true_ms() -> u64 {
        Clock::system().unix_ms()
    }

    /// Sets its clock to the true time and so many milliseconds.
    pub fn turn(&self, by_ms: i64) {
        self.clock
            .turn(Self::true_ms().saturating_add_signed(by_ms));
    }

    async fn is_ready(&mut self) {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_secs(1))
            .build();
        let client = client.expect("a client");
        let begun = Instant::now();
        loop {
            let answer = client.get(format!("{}/readyz", self.url)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            // What ran before lets go of the spool in its own time.
            if self.runs.is_finished() {
                let ended = (&mut self.runs).await;
                assert!(begun.elapsed() < PATIENCE, "{ended:?}");
                (self.stop, self.runs) = run(&self.variables, &self.clock);
            }
            assert!(begun.elapsed() < PATIENCE, "it does not become ready");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn run(variables: &[(String, String)], clock: &Clock) -> (Stop, JoinHandle<anyhow::Result<()>>) {
    let env = Env::from_pairs("PORTCULLIS_", variables.iter().cloned());
    let config = Config::from_env(&env).expect("its variables are good");
    let stop = Stop::new();
    let runs = data_plane::run(config, clock.clone(), Random::system(), stop.clone());
    (stop, tokio::spawn(runs))
}
