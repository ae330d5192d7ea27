use super::{Traffic, Unanswered};
use std::time::Duration;
use tokio::time::{Instant, timeout};

const FIRST: Duration = Duration::from_secs(1);
const THEN: Duration = Duration::from_mins(1);

#[tokio::test(start_paused = true)]
async fn a_connection_that_never_asks_is_quiet_after_the_first_patience() {
    let began = Instant::now();
    Traffic::new().quiet(FIRST, THEN).await;
    assert_eq!(began.elapsed().as_secs(), FIRST.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_request_under_way_is_never_quiet_however_long_it_takes() {
    let traffic = Traffic::new();
    let under_way = traffic.begin();
    let quiet = traffic.quiet(FIRST, THEN);
    tokio::pin!(quiet);
    assert!(timeout(THEN * 100, quiet.as_mut()).await.is_err());
    let ended = Instant::now();
    drop(under_way);
    quiet.await;
    assert_eq!(ended.elapsed().as_secs(), THEN.as_secs());
}

#[tokio::test(start_paused = true)]
async fn a_request_too_short_to_be_seen_still_begins_the_patience_anew() {
    let traffic = Traffic::new();
    drop(traffic.begin());
    let quiet = traffic.quiet(FIRST, THEN);
    tokio::pin!(quiet);
    assert!(timeout(THEN / 2, quiet.as_mut()).await.is_err());
    drop(traffic.begin());
    assert!(timeout(THEN * 3 / 4, quiet.as_mut()).await.is_err());
    quiet.await;
}

fn give_up(traffic: &Traffic) {
    drop(Unanswered {
        traffic: traffic.clone(),
        is_answered: false,
    });
}

#[tokio::test(start_paused = true)]
async fn too_many_requests_given_up_in_a_minute_are_told_of() {
    let traffic = Traffic::new();
    let abandons = traffic.abandons(2);
    tokio::pin!(abandons);
    for _ in 0..10 {
        give_up(&traffic);
        // Two a minute are nothing.
        assert!(
            timeout(Duration::from_secs(40), abandons.as_mut())
                .await
                .is_err()
        );
    }
    for _ in 0..3 {
        give_up(&traffic);
    }
    abandons.await;
}

#[tokio::test(start_paused = true)]
async fn an_answered_request_was_not_given_up() {
    let traffic = Traffic::new();
    for _ in 0..10 {
        Unanswered {
            traffic: traffic.clone(),
            is_answered: false,
        }
        .answered();
    }
    assert!(timeout(THEN, traffic.abandons(0)).await.is_err());
}
