use super::*;
use std::sync::Arc;

#[tokio::test]
async fn a_new_stream_waits_until_the_old_one_has_gone() {
    let standing = Arc::new(Standing::default());
    let first = standing.take([1; 32]).await;
    let second = tokio::spawn({
        let standing = Arc::clone(&standing);
        async move { standing.take([1; 32]).await }
    });
    first.replaced().await;
    assert!(!second.is_finished());
    drop(first);
    let second = second.await.unwrap();
    let _other = standing.take([2; 32]).await;
    assert!(futures_util::FutureExt::now_or_never(second.replaced()).is_none());
}
