//! In small what `tests/faults` shows: while parts fail no call is lost, none is made twice, and no limit is passed by more
//! than is said.

use std::time::Duration;
use system_tests::faults::{Wanted, run};

async fn holds(name: &str, seconds: u64) {
    let wanted = Wanted {
        seed: rand::random::<u32>().into(),
        lasts: Duration::from_secs(seconds),
        rate: 60,
        replicas: 2,
    };
    let row = run(name, wanted).await;
    println!("seed {}\n{row}", wanted.seed);
    assert!(row.holds(), "seed {}\n{row}", wanted.seed);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_saw_is_on_record_once_though_replicas_are_killed() {
    holds("replicas-killed", 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_go_on_without_postgres_strict_ones_are_refused_and_all_are_recorded_afterwards() {
    holds("postgres-away", 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_says_nothing_lets_no_limit_be_passed() {
    holds("redis-silent", 5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_hour_without_the_control_plane_brings_no_wrong_answer() {
    holds("half-an-hour", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_with_a_wrong_clock_judges_and_counts_as_before_and_follows_once_it_is_right() {
    holds("clock-steps", 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_were_kept_from_each_other_agree_once_they_are_not() {
    holds("partitions", 4).await;
}
