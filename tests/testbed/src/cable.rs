//! A cable between two programs: what one says, the other hears, until something is wrong with it. Knows nothing of what
//! they say.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What a cable that drips lets through at once, and between one drop and the next.
const DROP: usize = 64;
const BETWEEN: Duration = Duration::from_millis(10);

/// What is wrong with a cable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    Nothing,
    /// What was open is broken, and whoever connects is turned away.
    Cut,
    /// Every piece comes this much later.
    Late(Duration),
    /// A few bytes at a time.
    Drip,
    /// What is sent waits, and goes on once nothing is wrong: packets are lost and sent again.
    Held(Way),
    /// What is sent vanishes, connections stay open: the other end is gone and has not said so. A connection that lost
    /// something carries nothing more that way, also when nothing is wrong any more.
    Lost(Way),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    There,
    Back,
    Both,
}

impl Way {
    fn is(self, way: Self) -> bool {
        self == Self::Both || self == way
    }
}

#[derive(Debug)]
pub struct Cable {
    address: SocketAddr,
    fault: watch::Sender<Fault>,
    cuts: watch::Sender<u64>,
    carried: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Cable {
    /// To this port of the loopback.
    pub async fn to(port: u16) -> Self {
        Self::to_address(SocketAddr::from(([127, 0, 0, 1], port))).await
    }

    pub async fn to_address(to: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let (fault, cuts) = (watch::Sender::new(Fault::Nothing), watch::Sender::new(0));
        let carried = Arc::<AtomicUsize>::default();
        let (faults, cut, count) = (fault.subscribe(), cuts.subscribe(), carried.clone());
        let task = tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let (faults, mut cut, count) = (faults.clone(), cut.clone(), count.clone());
                cut.mark_unchanged();
                tokio::spawn(async move {
                    if *faults.borrow() == Fault::Cut {
                        return;
                    }
                    let Ok(far) = TcpStream::connect(to).await else {
                        return;
                    };
                    tokio::select! {
                        () = connect(near, far, faults, count) => {}
                        _ = cut.changed() => {}
                    }
                });
            }
        });
        Self {
            address,
            fault,
            cuts,
            carried,
            task,
        }
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// From now on.
    pub fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
        if fault == Fault::Cut {
            self.break_all();
        }
    }

    /// Nothing is wrong any more.
    pub fn heal(&self) {
        self.set(Fault::Nothing);
    }

    /// Breaks what is open; whoever connects anew gets through.
    pub fn break_all(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }

    /// How many bytes went through, both ways.
    pub fn carried(&self) -> usize {
        self.carried.load(Ordering::Relaxed)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.task.abort();
        self.break_all();
    }
}

async fn connect(
    near: TcpStream,
    far: TcpStream,
    faults: watch::Receiver<Fault>,
    count: Arc<AtomicUsize>,
) {
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
    tokio::join!(
        carry(from_near, to_far, Way::There, faults.clone(), &count),
        carry(from_far, to_near, Way::Back, faults, &count),
    );
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    way: Way,
    mut faults: watch::Receiver<Fault>,
    count: &AtomicUsize,
) {
    let mut buffer = vec![0; 16 * 1024];
    let mut is_lost = false;
    while let Ok(read) = from.read(&mut buffer).await {
        if read == 0 {
            break;
        }
        let mut rest = &buffer[..read];
        while !rest.is_empty() {
            let fault = *faults.borrow_and_update();
            let mut most = rest.len();
            match fault {
                Fault::Lost(lost) if lost.is(way) => is_lost = true,
                Fault::Held(held) if held.is(way) => {
                    if faults.changed().await.is_err() {
                        return;
                    }
                    continue;
                }
                Fault::Late(late) => tokio::time::sleep(late).await,
                Fault::Drip => {
                    most = most.min(DROP);
                    tokio::time::sleep(BETWEEN).await;
                }
                _ => {}
            }
            if is_lost {
                break;
            }
            let (piece, next) = rest.split_at(most);
            if to.write_all(piece).await.is_err() {
                return;
            }
            count.fetch_add(piece.len(), Ordering::Relaxed);
            rest = next;
        }
    }
    // That an end has gone is lost, or waits, like all else.
    let goes_through = |fault: &Fault| match fault {
        Fault::Lost(lost) => !lost.is(way),
        Fault::Held(held) => !held.is(way),
        _ => true,
    };
    if faults.wait_for(goes_through).await.is_ok() {
        let _ = to.shutdown().await;
    }
}

#[cfg(test)]
mod tests;
