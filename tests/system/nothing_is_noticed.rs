//! The gateway is invisible to honest clients and servers: every official client, before every server, in every era that both
//! speak, first directly and then through two replicas, which are killed one after the other.
//!
//! One installation for all. Each row is a client of its own with a session of its own (`row.rs`, `row/broken.rs`), each
//! column a feature (`table.rs`). Every cell is counted, and what holds directly must hold through the gateway (`score.rs`).

mod row;
mod score;
mod table;

use futures_util::future::join_all;
use row::{Gone, Row, Seen};
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use table::{Feature, Peer, rows};
use testbed::{Installation, Org, Raw, Replica, Server, until};
use tokio::sync::Mutex;

/// What became of every cell.
type Cells = BTreeMap<(usize, Feature), Seen>;

/// A server, the grant for it, and what only one row may do with it at a time.
#[derive(Debug)]
struct Upstream {
    server: Server,
    token: String,
    /// A session of our own, beside all others, with the server that cannot be told to let a call go on.
    beside: Option<Raw>,
    cancelling: Mutex<()>,
}

async fn upstream(org: &Org, peer: Peer) -> Arc<Upstream> {
    let server = match peer {
        Peer::Everything => Server::everything().await,
        Peer::Fastmcp => Server::fastmcp(&["--resumable"]).await,
        Peer::Rmcp => Server::rmcp().await,
    };
    org.server(peer.slug(), &server.url).await;
    let (_, token) = org.grant(peer.slug(), peer.slug(), "all").await;
    let beside = match peer {
        Peer::Everything => Some(Raw::new(&server.url, None).initialize().await),
        Peer::Fastmcp | Peer::Rmcp => None,
    };
    Arc::new(Upstream {
        server,
        token,
        beside,
        cancelling: Mutex::default(),
    })
}

/// The replicas, of which one after the other is killed.
struct Replicas {
    first: Replica,
    second: Replica,
}

impl Replicas {
    /// Whoever was killed before and is wanted now comes back.
    async fn come_back_for(&mut self, feature: Feature) {
        match feature {
            Feature::OtherReplica => self.first.resume().await,
            Feature::Broken => self.second.resume().await,
            _ => {}
        }
    }

    async fn go_for(&mut self, feature: Feature) -> Gone {
        match feature {
            Feature::Replica => self.first.process.kill(),
            Feature::OtherReplica => {
                self.second.process.kill();
                return Gone::Replica(1);
            }
            Feature::Restart => {
                self.first.process.kill();
                self.first.resume().await;
            }
            _ => return Gone::Everything,
        }
        Gone::Replica(0)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_client_and_every_server_meet_as_if_nobody_stood_between() {
    let installation = Installation::start().await;
    let org = installation.org("acme").await;
    let everything = json!({
        "version": "1", "default": "allow", "methods": ["resources", "prompts"],
    });
    org.policy("all", &everything).await;
    let (one, two, three) = tokio::join!(
        upstream(&org, Peer::Everything),
        upstream(&org, Peer::Fastmcp),
        upstream(&org, Peer::Rmcp),
    );
    let upstreams = [one, two, three];

    let directly = |peer: Peer| {
        let url = url::Url::parse(&upstreams[peer as usize].server.url).unwrap();
        (vec![url.port().unwrap()], url.path().to_owned())
    };
    let directly = meet("directly", &upstreams, directly, None).await;

    let (first, second) = tokio::join!(
        installation.replica("one", None),
        installation.replica("two", None),
    );
    until("both replicas", || org.enforced(2)).await;
    let ports = [&first, &second].map(|replica| replica.address().port());
    let through = |peer: Peer| (ports.to_vec(), format!("/{}/{}/mcp", org.slug, peer.slug()));
    let replicas = Replicas { first, second };
    let through = meet("through", &upstreams, through, Some(replicas)).await;
    score::is_the_same(&directly, &through);
}

/// Every row, with every feature; `way` says what is behind a row's door, and at which path.
async fn meet(
    name: &'static str,
    upstreams: &[Arc<Upstream>],
    way: impl Fn(Peer) -> (Vec<u16>, String),
    mut replicas: Option<Replicas>,
) -> Cells {
    let clock = Instant::now();
    let meeting = rows().into_iter().enumerate().map(|(index, meets)| {
        let (ports, path) = way(meets.1);
        let upstream = Arc::clone(&upstreams[meets.1 as usize]);
        async move { Row::meet(name, index, meets, upstream, &ports, &path).await }
    });
    let (mut cells, mut open) = (Cells::new(), Vec::new());
    for (index, met) in join_all(meeting).await.into_iter().enumerate() {
        let seen = met.and_then(|row| {
            let seen = row.is_what_it_should();
            open.push(row);
            seen
        });
        cells.insert((index, Feature::Connect), seen);
    }
    println!("{name}, {:?}: all have met", clock.elapsed());
    let mut began = None;
    for feature in Feature::ALL.into_iter().skip(1) {
        let gone = if feature.breaks() {
            break_off(&open, feature, replicas.as_mut()).await
        } else {
            Gone::Nothing
        };
        // What is not there directly is seen not to be there, and not asked for again.
        let tried = open
            .iter()
            .filter(|row| replicas.is_none() || row.lacks(feature).is_none());
        let tried = tried.map(|row| async move { (row, row.shows(feature, gone).await) });
        for (row, seen) in join_all(tried).await {
            if let Err(why) = &seen {
                println!("{name}, {}, {feature:?}: {why}", row.name());
            }
            cells.insert((row.index, feature), seen);
        }
        // Whoever has been answered once has begun.
        began.get_or_insert_with(|| sessions(upstreams));
        println!("{name}, {:?}: {feature:?}", clock.elapsed());
    }
    assert_eq!(
        Some(sessions(upstreams)),
        began,
        "a session was begun anew behind its client's back"
    );
    for row in &open {
        assert!(
            row.door.served().iter().all(|served| *served > 0),
            "{}: only one replica was asked",
            row.name()
        );
    }
    cells
}

/// Breaks what the feature breaks, with a call of every row under way.
async fn break_off(open: &[Row], feature: Feature, mut replicas: Option<&mut Replicas>) -> Gone {
    if let Some(replicas) = &mut replicas {
        replicas.come_back_for(feature).await;
    }
    join_all(open.iter().map(|row| row.hold(feature))).await;
    for row in open {
        row.shut(feature);
    }
    match replicas {
        Some(replicas) => replicas.go_for(feature).await,
        None => Gone::Everything,
    }
}

fn sessions(upstreams: &[Arc<Upstream>]) -> Vec<usize> {
    let began = |upstream: &Arc<Upstream>| upstream.server.said("began").len();
    upstreams.iter().map(began).collect()
}
