//! What calls charged, summed as their records come, and told to replicas whose Redis has lost it.

use crate::world::{NOW, Org, World, call_id, ended, intent, made};
use bundle::budget::{Ask, MOST_USED};
use bundle::record::{Charge, Ending, Intent, Record};
use control_plane::call::budget;
use std::time::Duration;

const HALF_AN_HOUR: u64 = 1_800_000;

fn charge(limit: u8, subject: u8, ago: u64, cost: u64) -> Charge {
    Charge {
        limit: [limit; 16],
        subject: [subject; 16],
        slot_ms: HALF_AN_HOUR,
        slots: 48,
        slot: NOW / HALF_AN_HOUR - ago,
        cost,
        is_of_forwarded: false,
    }
}

fn call(org: &Org, number: u32, charges: &[Charge]) -> Intent {
    Intent {
        id: call_id(org, 0, number),
        charges: charges.iter().copied().collect(),
        ..intent(org, 0, number)
    }
}

fn all(org: &Org) -> Ask {
    Ask {
        org: org.id,
        after: None,
    }
}

#[tokio::test]
async fn what_calls_charged_is_summed_once_however_often_their_records_come() {
    let world = World::new().await;
    let (org, other) = (world.org("acme").await, world.org("other").await);
    let (day, one) = (charge(1, 1, 0, 5), charge(2, 1, 3, 1));
    let first: Vec<Record> = (0..3)
        .map(|number| made(&call(&org, number, &[day, one])))
        .collect();
    let more = made(&call(&org, 9, &[day]));
    let theirs = made(&call(&other, 1, &[charge(1, 1, 0, 100)]));
    world.ship(first.clone()).await;
    world.ship([first.clone(), first.clone()].concat()).await;
    world
        .ship([first, vec![more.clone(), theirs]].concat())
        .await;
    world.ship(vec![more]).await;
    let used = world.used(&all(&org)).await;
    assert!(used.is_all);
    assert_eq!(used.used, [charge(1, 1, 0, 20), charge(2, 1, 3, 3)]);
    assert_eq!(world.used(&all(&other)).await.used, [charge(1, 1, 0, 100)]);
}

#[tokio::test]
async fn what_was_given_back_is_taken_off_once() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let forwarded = Charge {
        is_of_forwarded: true,
        ..charge(1, 1, 0, 5)
    };
    let calls = [1, 2].map(|number| call(&org, number, &[forwarded, charge(2, 1, 0, 7)]));
    world.ship(calls.iter().map(made).collect()).await;
    let Record::Outcome(mut back) = ended(&calls[0], Ending::UpstreamError) else {
        panic!("an outcome");
    };
    back.refunded = true;
    for _ in 0..2 {
        let outcomes = vec![Record::Outcome(back.clone()), ended(&calls[1], Ending::Ok)];
        world.ship(outcomes).await;
    }
    let used = world.used(&all(&org)).await.used;
    assert_eq!(used, [charge(1, 1, 0, 5), charge(2, 1, 0, 14)]);
}

#[tokio::test]
async fn a_window_that_is_over_is_told_no_more_and_deleted_an_hour_later() {
    let world = World::new().await;
    let org = world.org("acme").await;
    let (old, young) = (charge(1, 1, 47, 5), charge(1, 1, 0, 2));
    world.ship(vec![made(&call(&org, 1, &[old, young]))]).await;
    assert_eq!(world.used(&all(&org)).await.used, [old, young]);
    world
        .clock
        .advance(Duration::from_millis(2 * HALF_AN_HOUR + 1));
    assert_eq!(world.used(&all(&org)).await.used, [young]);
    budget::forget(&world.app).await.unwrap();
    let rows = async || -> i64 {
        sqlx::query_scalar("select count(*) from charges")
            .fetch_one(&mut world.owner().await)
            .await
            .unwrap()
    };
    assert_eq!(rows().await, 2);
    world.clock.advance(Duration::from_millis(2 * HALF_AN_HOUR));
    budget::forget(&world.app).await.unwrap();
    assert_eq!(rows().await, 1);
}

#[tokio::test]
async fn what_does_not_fit_an_answer_comes_in_the_next_and_no_budget_is_cut() {
    let world = World::new().await;
    let org = world.org("acme").await;
    // Budgets of three slots each do not divide a page.
    let budgets: Vec<[Charge; 3]> = (0..4_000_u32)
        .map(|number| {
            let mut subject = [0; 16];
            subject[..4].copy_from_slice(&number.to_be_bytes());
            [2, 1, 0].map(|ago| Charge {
                subject,
                ..charge(1, 1, ago, 1)
            })
        })
        .collect();
    for (batch, some) in budgets.chunks(1_000).enumerate() {
        let calls = some.chunks(10).enumerate().map(|(at, some)| {
            let number = u32::try_from(batch * 1_000 + at).unwrap();
            made(&call(&org, number, &some.concat()))
        });
        world.ship(calls.collect()).await;
    }
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = world.used(&Ask { org: org.id, after }).await;
        assert!(page.used.len() <= MOST_USED && page.used.len().is_multiple_of(3));
        after = page.used.last().copied();
        found.extend(page.used);
        if page.is_all {
            break;
        }
    }
    assert_eq!(found, budgets.concat());
}
