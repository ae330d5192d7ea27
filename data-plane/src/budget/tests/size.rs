//! What budgets cost Redis while they are in use, and that they cost nothing afterwards.

use super::{Agent, Server};
use crate::budget::Charge;
use crate::budget::function::{self, Form, Verb};
use crate::budget::shared::question;
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test]
async fn a_budget_with_every_slot_in_use_takes_less_than_a_kilobyte() {
    let server = Server::start();
    let mut connection = server.connection().await;
    let mut load = redis::cmd("FUNCTION");
    load.arg("LOAD")
        .arg(function::tests::library_by_a_set_clock());
    load.exec_async(&mut connection).await.unwrap();
    let agent = Agent::new();
    for (window_ms, slots) in [(3_600_000, 61), (31 * 86_400_000, 63)] {
        let charges = [Charge {
            window_ms,
            cost: 1_000,
            ..agent.hourly(&slots.to_string(), 1_000_000)
        }];
        let ask = agent.ask(&charges);
        let parts = ask.parts();
        let mut pipe = redis::pipe();
        for slot in 0..slots {
            let now = 1_700_000_000 + slot * window_ms / 1_000 / (slots - 1);
            pipe.cmd("HSET")
                .arg("clock")
                .arg("s")
                .arg(now)
                .arg("us")
                .arg(0);
            let (keys, mut args) = question(&ask, &parts, &[]);
            args[0].push('+');
            pipe.add_command(function::command(
                Form::Functions,
                Verb::Charge,
                &keys,
                &args,
            ));
        }
        pipe.exec_async(&mut connection).await.unwrap();
        let key = parts[0].key.ring();
        let fields: u64 = redis::cmd("HLEN")
            .arg(&key)
            .query_async(&mut connection)
            .await
            .unwrap();
        assert_eq!(fields, slots + 4, "every slot, and four names");
        let mut usage = redis::cmd("MEMORY");
        let bytes: u64 = usage
            .arg("USAGE")
            .arg(&key)
            .query_async(&mut connection)
            .await
            .unwrap();
        println!("{slots} slots: {bytes} bytes");
        assert!(bytes <= 1_024, "{bytes} bytes");
    }
}

#[tokio::test]
async fn budgets_that_nobody_uses_are_gone_two_windows_later() {
    let server = Server::start();
    let budget = super::replica(&server.url()).await;
    let agent = Agent::new();
    for number in 0..500 {
        let charges = [Charge {
            window_ms: 1_000,
            ..agent.hourly(&number.to_string(), 5)
        }];
        assert_eq!(super::admitted(&budget, &agent, &charges, 1).await, 1);
    }
    let mut connection = server.connection().await;
    let emptied = async {
        loop {
            let left: u64 = redis::cmd("DBSIZE")
                .query_async(&mut connection)
                .await
                .unwrap();
            // The epoch stays.
            if left == 1 {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_mins(1), emptied).await.unwrap();
}
