//! What an idle open stream costs one replica in memory: `streams [COUNT]`, 10,000 where no number is given.
//!
//! Needs what the tests need (`PORTCULLIS_TEST_DATABASE_URL`), and as many descriptors as there are streams; a replica needs
//! two for each stream over HTTP/1.1, and where it may not have so many, fewer are opened and it is said.

use std::io::Write;
use std::process::{Child, Command, ExitCode, Stdio};
use system_tests::streams::{Bench, Kind, Wire, upstream};

const MOST_BYTES: u64 = 20_000;
/// Of a replica, besides those of its streams.
const OTHER_DESCRIPTORS: u64 = 200;

#[tokio::main]
async fn main() -> ExitCode {
    let argument = std::env::args().nth(1);
    if argument.as_deref() == Some("upstream") {
        upstream::serve(|url| {
            println!("{url}");
            // Without its address nobody can use it.
            std::io::stdout().flush().expect("standard output");
        })
        .await;
        return ExitCode::SUCCESS;
    }
    let wanted: usize = match argument.as_deref().map(str::parse) {
        None => 10_000,
        Some(Ok(count)) => count,
        Some(Err(_)) => {
            eprintln!("streams [COUNT]");
            return ExitCode::from(2);
        }
    };
    let descriptors = host::descriptors::raise().now;
    let (url, _server) = server();
    let mut bench = Bench::start(&url).await;
    println!(
        "{:<10} {:<8} {:>8} {:>12} {:>12} {:>14}",
        "stream", "client", "streams", "before", "after", "bytes/stream"
    );
    let mut is_good = true;
    for kind in [Kind::Get, Kind::Listen] {
        for wire in [Wire::Http1, Wire::Http2] {
            let most = match wire {
                Wire::Http1 => descriptors.saturating_sub(OTHER_DESCRIPTORS) / 2,
                Wire::Http2 => wanted as u64,
            };
            let count = wanted.min(usize::try_from(most).unwrap_or(wanted));
            let measured = bench.measure(kind, wire, count).await;
            let bytes = measured.bytes_per_stream();
            println!(
                "{:<10} {:<8} {count:>8} {:>12} {:>12} {bytes:>14}",
                format!("{kind:?}"),
                format!("{wire:?}"),
                measured.before,
                measured.after
            );
            is_good &= bytes <= MOST_BYTES;
        }
    }
    if is_good {
        ExitCode::SUCCESS
    } else {
        println!("more than {MOST_BYTES} bytes for a stream");
        ExitCode::FAILURE
    }
}

/// The MCP server, in a process of its own: descriptors are counted by the process.
fn server() -> (String, Ended) {
    let exe = std::env::current_exe().expect("this program has a path");
    let mut child = Command::new(exe)
        .arg("upstream")
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut url = String::new();
    let said = child.stdout.take().expect("piped");
    std::io::BufRead::read_line(&mut std::io::BufReader::new(said), &mut url).expect("its address");
    (url.trim().to_owned(), Ended(child))
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
