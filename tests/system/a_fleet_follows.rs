//! In small what `tests/fleet` measures: every replica follows every change, with the feed and without it.

use system_tests::fleet::{Wanted, follow, from_disk};

#[tokio::test(flavor = "multi_thread")]
async fn every_replica_follows_every_change_also_what_is_taken_back_while_the_feed_is_cut() {
    let wanted = Wanted {
        orgs: 20,
        replicas: 3,
        changes: 6,
        seed: rand::random(),
    };
    let followed = follow(wanted).await;
    assert_eq!(followed.published.count(), 3 * 3, "{followed:?}");
    assert_eq!(followed.revoked.count(), 3 * 3, "{followed:?}");
    assert_eq!(followed.revoked_without_feed.count(), 3 * 3, "{followed:?}");
    let (refused, made) = followed.next_limited;
    assert!(made > 0 && refused == made, "{followed:?}");
    assert_eq!(followed.storm.count(), 3, "{followed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_judges_for_all_of_its_organisations_from_its_disk_alone() {
    assert_eq!(from_disk(60, 3).await.count(), 3);
}
