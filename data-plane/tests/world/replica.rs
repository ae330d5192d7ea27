//! Another replica of the same data plane: the same bundle and keys, nothing else in common.

use super::{Answer, World, nobody, open, ring, serve};
use bytes::Bytes;
use data_plane::budget::Budget;
use data_plane::bundles::{Holder, Org};
use data_plane::call_path::HeldCalls;
use data_plane::front::{Entrance, Intake};
use data_plane::gateway::Gateway;
use data_plane::lists::Seen;
use data_plane::meter::Meter;
use data_plane::record::{Recorder, SpoolOptions};
use data_plane::relay::{Aside, Standing};
use data_plane::seats::{Limits, Seats};
use data_plane::upstream::pool::Upstreams;
use data_plane::upstream::session::Seals;
use egress::{Egress, Lookup};
use host::clock::{Clock, Random};
use http::{Method, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use seal::{KeyRing, Pepper};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

pub struct Replica {
    pub address: SocketAddr,
    folder: PathBuf,
    _serving: AbortOnDropHandle<()>,
}

impl Drop for Replica {
    fn drop(&mut self) {
        // A test that fails leaves what it can.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Replica {
    pub async fn of(world: &World) -> Self {
        Self::with_keys(world, ring()).await
    }

    pub async fn with_keys(world: &World, session_keys: KeyRing) -> Self {
        let folder = world.folder.with_extension("replica");
        let holder = Arc::new(Holder::default());
        holder.put(Org::new(open(&world.bundle))).unwrap();
        let clock = Clock::set(world.gateway.now_ms());
        let now = clock.clone();
        let spool = SpoolOptions::new(folder.clone());
        let recorder = Recorder::open(spool, Arc::new(move || now.unix_ms())).unwrap();
        tokio::spawn(
            recorder
                .acknowledger("another", super::acknowledging())
                .run(),
        );
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let egress = Egress::new(vec!["127.0.0.0/8".parse().unwrap()]);
        let seats = Seats::new(Limits::default());
        let aside = Aside::start().expect("a thread");
        let gateway = Arc::new(Gateway {
            replica: "another".into(),
            holder,
            control_plane: nobody(clock.clone()),
            budget: Budget::in_memory(),
            fills: Arc::default(),
            recorder,
            entrance: Entrance::new(address.ip(), &format!("http://{address}"), &[], &[]),
            intake: Intake::default(),
            seats: seats.clone(),
            upstreams: Upstreams::new(egress, ring(), Lookup::system(), seats, aside.clone()),
            seals: Seals::new(session_keys),
            pepper: Pepper::new(&[9; 32]),
            at_rest: ring(),
            seen: Seen::default(),
            standing: Standing::default(),
            held: HeldCalls::default(),
            aside,
            meter: Meter::default(),
            clock,
            random: Random::seeded(77),
            stop: host::stop::Stop::new(),
        });
        Self {
            address,
            folder,
            _serving: AbortOnDropHandle::new(tokio::spawn(serve(listener, gateway))),
        }
    }

    /// Sends a request of the world's to this replica instead.
    pub async fn send(
        &self,
        world: &World,
        mut request: Request<Full<Bytes>>,
    ) -> Response<Incoming> {
        *request.uri_mut() = format!("http://{}/acme/files/mcp", self.address)
            .parse()
            .unwrap();
        world.send(request).await
    }

    pub async fn post(
        &self,
        world: &World,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        Answer::of(
            self.send(world, world.request(Method::POST, headers, body))
                .await,
        )
        .await
    }
}
