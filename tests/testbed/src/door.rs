//! A small balancer on loopback, before several replicas: they get its connections in turn, and one that is not there is
//! passed over. It can cut what is open. Knows nothing of HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

#[derive(Debug)]
pub struct Door {
    address: SocketAddr,
    behind: Arc<Vec<Behind>>,
    cuts: watch::Sender<u64>,
    is_open: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// A port behind the door, and the connections to it.
#[derive(Debug)]
struct Behind {
    port: u16,
    served: AtomicUsize,
    open: watch::Sender<usize>,
}

impl Door {
    /// Before these ports of the loopback.
    pub async fn before(ports: &[u16]) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let behind = ports.iter().map(|port| Behind {
            port: *port,
            served: AtomicUsize::new(0),
            open: watch::Sender::new(0),
        });
        let behind: Arc<Vec<Behind>> = Arc::new(behind.collect());
        let (cuts, is_open) = (watch::Sender::new(0), watch::Sender::new(true));
        let (all, cut, opened) = (Arc::clone(&behind), cuts.subscribe(), is_open.subscribe());
        let task = tokio::spawn(async move {
            let mut next = 0;
            while let Ok((client, _)) = listener.accept().await {
                let (all, cut, mut opened) = (Arc::clone(&all), cut.clone(), opened.clone());
                tokio::spawn(async move {
                    if opened.wait_for(|is_open| *is_open).await.is_ok() {
                        pass(client, &all, next, cut).await;
                    }
                });
                next += 1;
            }
        });
        Self {
            address,
            behind,
            cuts,
            is_open,
            task,
        }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Breaks every connection that is open. New ones are let in as before.
    pub async fn cut(&self) {
        let was_open = self.is_open.send_replace(false);
        self.cuts.send_modify(|cuts| *cuts += 1);
        for index in 0..self.behind.len() {
            self.has_left(index).await;
        }
        self.is_open.send_replace(was_open);
    }

    /// Waits until nothing is open to the one at this place in the row, which has gone: whoever was connected to it has been
    /// told so.
    pub async fn has_left(&self, index: usize) {
        let mut open = self.behind[index].open.subscribe();
        open.wait_for(|open| *open == 0)
            .await
            .expect("the door is there");
    }

    /// New connections wait from now on.
    pub fn shut(&self) {
        self.is_open.send_replace(false);
    }

    pub fn open(&self) {
        self.is_open.send_replace(true);
    }

    /// How many connections each got.
    pub fn served(&self) -> Vec<usize> {
        let counts = self.behind.iter();
        counts
            .map(|behind| behind.served.load(Ordering::Relaxed))
            .collect()
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.task.abort();
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn pass(mut client: TcpStream, all: &[Behind], first: usize, mut cut: watch::Receiver<u64>) {
    cut.mark_unchanged();
    let _ = client.set_nodelay(true);
    for index in (first..).take(all.len()) {
        let behind = &all[index % all.len()];
        let Ok(mut replica) = TcpStream::connect(("127.0.0.1", behind.port)).await else {
            continue;
        };
        let _ = replica.set_nodelay(true);
        behind.served.fetch_add(1, Ordering::Relaxed);
        behind.open.send_modify(|open| *open += 1);
        let (mut from_client, mut to_client) = client.split();
        let (mut from_replica, mut to_replica) = replica.split();
        let there = async {
            let _ = copy(&mut from_client, &mut to_replica).await;
            let _ = to_replica.shutdown().await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            // Nobody has an answer to wait for from one that has said its last.
            _ = copy(&mut from_replica, &mut to_client) => {}
            () = there => {}
            _ = cut.changed() => {}
        }
        drop((client, replica));
        behind.open.send_modify(|open| *open -= 1);
        return;
    }
}
