//! Names to addresses: the operating system's resolver, asked so that nobody's name keeps another's waiting.
//!
//! The system's resolver blocks its thread as long as it likes. It has threads of its own, so that nothing else waits
//! behind them; a name is asked for once, however many wait for it; and nobody has more lookups under way than are left
//! over for the others. Whoever waits has their own deadline; a lookup ends when the resolver says so.

use futures_util::future::BoxFuture;
use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use tokio::sync::{Notify, watch};

/// Lookups under way at once, each on a thread.
const MOST: usize = 128;
/// What the resolver and its modules need, and then some.
const STACK: usize = 1 << 20;

/// Name and port → addresses. The operating system's resolver, or a test's.
#[derive(Clone)]
pub struct Lookup {
    ask: Ask,
    owner: u128,
}

type Ask =
    Arc<dyn Fn(u128, String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>> + Send + Sync>;

impl Lookup {
    pub fn system() -> Self {
        Self::blocking(MOST, |name| Ok((name, 0).to_socket_addrs()?.collect()))
    }

    /// A resolver that blocks, with so many lookups under way at once.
    pub fn blocking(
        most: usize,
        resolve: impl Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
    ) -> Self {
        let resolver = Arc::new(Resolver {
            most,
            resolve: Box::new(resolve),
            flights: Mutex::default(),
            landed: Notify::new(),
        });
        Self {
            ask: Arc::new(move |owner, name, port| {
                Box::pin(Arc::clone(&resolver).addresses(owner, name, port))
            }),
            owner: 0,
        }
    }

    pub fn by(
        ask: impl Fn(String, u16) -> BoxFuture<'static, io::Result<Vec<SocketAddr>>>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        Self {
            ask: Arc::new(move |_, name, port| ask(name, port)),
            owner: 0,
        }
    }

    /// The same resolver, asked for this owner's names.
    #[must_use]
    pub fn owned_by(&self, owner: u128) -> Self {
        Self {
            ask: Arc::clone(&self.ask),
            owner,
        }
    }

    pub async fn addresses(&self, name: String, port: u16) -> io::Result<Vec<SocketAddr>> {
        (self.ask)(self.owner, name, port).await
    }
}

impl std::fmt::Debug for Lookup {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lookup")
    }
}

/// Errors are said again to each who waits.
type Found = Result<Vec<SocketAddr>, (io::ErrorKind, String)>;
type Landing = watch::Receiver<Option<Found>>;

type Resolve = Box<dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

struct Resolver {
    most: usize,
    resolve: Resolve,
    flights: Mutex<Flights>,
    landed: Notify,
}

/// INVARIANT: what is noted here is what threads are asking; an owner without lookups has no entry.
#[derive(Default)]
struct Flights {
    by_name: HashMap<String, Landing>,
    of_owner: HashMap<u128, usize>,
}

impl Resolver {
    async fn addresses(
        self: Arc<Self>,
        owner: u128,
        name: String,
        port: u16,
    ) -> io::Result<Vec<SocketAddr>> {
        let mut landing = loop {
            // Heard of from here on, so that none that lands meanwhile is missed.
            let mut landed = std::pin::pin!(self.landed.notified());
            landed.as_mut().enable();
            if let Some(landing) = self.join(owner, &name)? {
                break landing;
            }
            landed.await;
        };
        let gone = || io::Error::other("the lookup was given up");
        let found = landing
            .wait_for(Option::is_some)
            .await
            .map_err(|_| gone())?;
        match found.as_ref().ok_or_else(gone)? {
            Ok(addresses) => {
                let with_port = |address: &SocketAddr| {
                    let mut address = *address;
                    address.set_port(port);
                    address
                };
                Ok(addresses.iter().map(with_port).collect())
            }
            Err((kind, why)) => Err(io::Error::new(*kind, why.clone())),
        }
    }

    /// The lookup of this name, begun if there is none; nothing where its owner has to wait.
    fn join(self: &Arc<Self>, owner: u128, name: &str) -> io::Result<Option<Landing>> {
        let mut flights = self.flights();
        if let Some(under_way) = flights.by_name.get(name) {
            return Ok(Some(under_way.clone()));
        }
        let free = self.most.saturating_sub(flights.by_name.len());
        let own = flights.of_owner.get(&owner).copied().unwrap_or_default();
        if own >= free {
            return Ok(None);
        }
        let (say, landing) = watch::channel(None);
        flights.by_name.insert(name.to_owned(), landing.clone());
        *flights.of_owner.entry(owner).or_default() += 1;
        drop(flights);
        let flight = Flight {
            resolver: Arc::clone(self),
            owner,
            name: name.to_owned(),
        };
        // Where no thread can be had, the flight is dropped with what it would have done.
        thread::Builder::new()
            .name("lookup".to_owned())
            .stack_size(STACK)
            .spawn(move || {
                let found = (flight.resolver.resolve)(&flight.name);
                let found = found.map_err(|error| (error.kind(), error.to_string()));
                drop(flight);
                // Nobody may wait for it any more.
                let _ = say.send(Some(found));
            })?;
        Ok(Some(landing))
    }

    fn flights(&self) -> MutexGuard<'_, Flights> {
        // A panic in between leaves plain numbers and names whole.
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One lookup under way; over when it is dropped.
struct Flight {
    resolver: Arc<Resolver>,
    owner: u128,
    name: String,
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut flights = self.resolver.flights();
        flights.by_name.remove(&self.name);
        if let Some(own) = flights.of_owner.get_mut(&self.owner) {
            *own -= 1;
            if *own == 0 {
                flights.of_owner.remove(&self.owner);
            }
        }
        drop(flights);
        self.resolver.landed.notify_waiters();
    }
}
