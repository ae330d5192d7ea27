use super::*;
use std::sync::Arc;

#[tokio::test]
async fn a_new_stream_waits_until_the_old_one_has_gone() {
    let standing = Arc::new(Standing::default());
    let first = standing.take([1; 32]).await.unwrap();
    let second = tokio::spawn({
        let standing = Arc::clone(&standing);
        async move { standing.take([1; 32]).await }
    });
    first.replaced().await;
    assert!(!second.is_finished());
    drop(first);
    let second = second.await.unwrap().unwrap();
    let _other = standing.take([2; 32]).await;
    assert!(futures_util::FutureExt::now_or_never(second.replaced()).is_none());
}

#[tokio::test]
async fn of_those_who_wait_for_a_place_the_last_gets_it() {
    let standing = Arc::new(Standing::default());
    let wait = || {
        let standing = Arc::clone(&standing);
        async move { standing.take([1; 32]).await }
    };
    let first = wait().await.unwrap();
    let second = tokio::spawn(wait());
    first.replaced().await;
    let third = tokio::spawn(wait());
    assert!(
        second.await.unwrap().is_none(),
        "it is replaced while it waits"
    );
    assert!(!third.is_finished(), "the first is still there");
    drop(first);
    assert!(third.await.unwrap().is_some());
}
