//! Many idle streams cost little, and attacks cost nobody else anything: the short forms of the programs `streams` and
//! `abuse`.

use system_tests::abuse::{Force, Siege};
use system_tests::streams::{Bench, Kind, Wire, upstream};

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_stream_costs_no_more_than_is_said() {
    let (say, said) = tokio::sync::oneshot::channel();
    let server = tokio::spawn(upstream::serve(move |url| say.send(url).unwrap()));
    let mut bench = Bench::start(&said.await.unwrap()).await;
    // Of a build without optimisations; what the program aims at is less.
    for (kind, wire, most) in [
        (Kind::Get, Wire::Http1, 20_000),
        (Kind::Listen, Wire::Http2, 14_000),
    ] {
        let measured = bench.measure(kind, wire, 1_000).await;
        let bytes = measured.bytes_per_stream();
        println!("{kind:?} over {wire:?}: {bytes} bytes a stream");
        assert!(bytes <= most, "{kind:?} over {wire:?}: {measured:?}");
    }
    server.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_attack_takes_much_memory_or_a_call_from_anybody_else() {
    let siege = Siege::start().await;
    let force = Force {
        connections: 500,
        resets: 5_000,
        streams: 100,
    };
    for survived in siege.endure(force).await {
        println!("{survived:?}");
        assert!(survived.grown() <= 200_000_000, "{survived:?}");
        assert!(survived.calls > 0, "nobody else was served: {survived:?}");
    }
}
