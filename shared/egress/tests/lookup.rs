//! Lookups by a resolver that blocks: nobody's names keep another's waiting.

use egress::Lookup;
use futures_util::FutureExt;
use futures_util::future::join_all;
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};
use tokio::sync::mpsc;

/// Names that begin with `slow` hang until they are let go.
#[derive(Default)]
struct Hanging {
    asked: Mutex<HashMap<String, usize>>,
    let_go: (Mutex<bool>, Condvar),
}

impl Hanging {
    fn count(&self, name: &str) {
        let mut asked = self.asked.lock().unwrap();
        *asked.entry(name.to_owned()).or_default() += 1;
    }

    fn hang(&self, name: &str) {
        if name.starts_with("slow") {
            let (is_free, told) = &self.let_go;
            let free = is_free.lock().unwrap();
            drop(told.wait_while(free, |free| !*free).unwrap());
        }
    }

    fn let_go(&self) {
        *self.let_go.0.lock().unwrap() = true;
        self.let_go.1.notify_all();
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().values().sum()
    }
}

/// Tells of each lookup that begins.
fn hanging(most: usize) -> (Lookup, Arc<Hanging>, mpsc::UnboundedReceiver<String>) {
    let hanging = Arc::new(Hanging::default());
    let (tell, begun) = mpsc::unbounded_channel();
    let kept = Arc::clone(&hanging);
    let lookup = Lookup::blocking(most, move |name| {
        kept.count(name);
        let _ = tell.send(name.to_owned());
        kept.hang(name);
        Ok(vec![SocketAddr::from(([192, 0, 2, 1], 0))])
    });
    (lookup, hanging, begun)
}

#[tokio::test]
async fn a_name_is_asked_for_once_however_many_wait_for_it() {
    let (lookup, resolver, mut begun) = hanging(8);
    let lookup = &lookup;
    let mut all = std::pin::pin!(join_all((0..1_000_u16).map(|port| async move {
        let owned = lookup.owned_by(u128::from(port % 3));
        owned.addresses("slow.example".to_owned(), port).await
    })));
    assert!(all.as_mut().now_or_never().is_none());
    assert_eq!(begun.recv().await.unwrap(), "slow.example");
    resolver.let_go();
    for (port, found) in (0..).zip(all.await) {
        let expected = SocketAddr::from(([192, 0, 2, 1], port));
        assert_eq!(found.unwrap(), [expected]);
    }
    assert_eq!(resolver.asked(), 1);
    // The next one asks anew: nothing is kept of what was found.
    lookup
        .addresses("slow.example".to_owned(), 1)
        .await
        .unwrap();
    assert_eq!(resolver.asked(), 2);
}

#[tokio::test]
async fn whose_names_hang_keeps_no_other_waiting_and_waits_for_its_own_place() {
    let (lookup, resolver, mut begun) = hanging(8);
    let greedy = lookup.owned_by(1);
    let greedy = &greedy;
    let ask = |number: usize| async move {
        let name = format!("slow-{number}.example");
        greedy.addresses(name, 443).await
    };
    let mut all = std::pin::pin!(join_all((0..100).map(ask)));
    assert!(all.as_mut().now_or_never().is_none());
    // Half of all, since so many are left over for the others.
    for _ in 0..4 {
        begun.recv().await.unwrap();
    }
    let other = lookup.owned_by(2);
    let found = other.addresses("quick.example".to_owned(), 443).await;
    assert_eq!(found.unwrap().len(), 1);
    assert_eq!(begun.recv().await.unwrap(), "quick.example");
    // A place that another left is not one more for whoever has half.
    assert!(all.as_mut().now_or_never().is_none());
    assert_eq!(resolver.asked(), 5);
    resolver.let_go();
    let found = all.await;
    assert!(found.iter().all(Result::is_ok));
    assert_eq!(resolver.asked(), 101);
}

#[tokio::test]
async fn what_the_resolver_says_is_told_to_all_who_wait_and_one_that_dies_leaves_its_place() {
    let lookup = Lookup::blocking(2, |name| match name {
        "none.example" => Err(io::Error::new(io::ErrorKind::NotFound, "no such name")),
        "dies.example" => panic!("this one dies, as the test wants it"),
        _ => Ok(vec![SocketAddr::from(([192, 0, 2, 1], 0))]),
    });
    let ask = |name: &str| lookup.addresses(name.to_owned(), 1);
    let (one, two) = tokio::join!(ask("none.example"), ask("none.example"));
    for found in [one, two] {
        let error = found.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(error.to_string(), "no such name");
    }
    for _ in 0..3 {
        assert!(ask("dies.example").await.is_err());
    }
    assert!(ask("there.example").await.is_ok());
}
