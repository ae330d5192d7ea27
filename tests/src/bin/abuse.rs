//! Attacks on one replica, and what they cost it: `abuse [CONNECTIONS]`, 10,000 where no number is given, and ten times as
//! many resets. Fails where memory grows by more than 200 MB, or a call of another organisation does.
//!
//! Needs what the tests need (`PORTCULLIS_TEST_DATABASE_URL`), and a descriptor for each connection, here and there.

use std::process::ExitCode;
use system_tests::abuse::{Force, Siege};

const MOST_BYTES: u64 = 200_000_000;

#[tokio::main]
async fn main() -> ExitCode {
    let connections: usize = match std::env::args().nth(1).as_deref().map(str::parse) {
        None => 10_000,
        Some(Ok(count)) => count,
        Some(Err(_)) => {
            eprintln!("abuse [CONNECTIONS]");
            return ExitCode::from(2);
        }
    };
    let descriptors = host::descriptors::raise();
    println!("{} descriptors", descriptors.now);
    let siege = Siege::start().await;
    let force = Force {
        connections,
        resets: connections * 10,
        streams: connections / 10,
    };
    println!(
        "{:<20} {:>14} {:>14} {:>18}",
        "attack", "before", "grown by", "calls of others"
    );
    let mut is_good = true;
    for survived in siege.endure(force).await {
        println!(
            "{:<20} {:>14} {:>14} {:>18}",
            survived.attack,
            survived.before,
            survived.grown(),
            survived.calls
        );
        is_good &= survived.grown() <= MOST_BYTES && survived.calls > 0;
    }
    if is_good {
        ExitCode::SUCCESS
    } else {
        println!("more than {MOST_BYTES} bytes, or nobody else was served");
        ExitCode::FAILURE
    }
}
