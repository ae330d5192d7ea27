use super::*;
use proptest::prelude::*;

fn split(chunks: &[&[u8]]) -> Vec<Event> {
    let mut splitter = Splitter::new(1 << 20, 1 << 20);
    let mut out = Vec::new();
    for chunk in chunks {
        splitter.push(chunk, &mut out).unwrap();
    }
    out
}

fn data(text: &str) -> Event {
    Event {
        data: Some(text.into()),
        ..Event::default()
    }
}

#[test]
fn events_are_what_the_format_says() {
    assert_eq!(split(&[b"data: a\n\n"]), [data("a")]);
    assert_eq!(
        split(&[b"data:a\r\n\r\ndata:  b\r\r"]),
        [data("a"), data(" b")]
    );
    assert_eq!(split(&[b"data: a\ndata\ndata: c\n\n"]), [data("a\n\nc")]);
    assert_eq!(split(&[b"\xEF\xBB\xBFdata: a\n\n"]), [data("a")]);
    assert_eq!(
        split(&[b": hi\n\ndata: a\n\ndata: unfinished"]),
        [data("a")]
    );
    assert_eq!(
        split(&[b"event: message\nid: 7\nretry: 100\ndata:\nfoo: bar\n\nid: 8\n\nretry: x\n\nid: a\0b\n\n"]),
        [
            Event {
                name: Some(b"message".to_vec()),
                id: Some(b"7".to_vec()),
                retry: Some(b"100".to_vec()),
                data: Some(Vec::new()),
            },
            Event { id: Some(b"8".to_vec()), ..Event::default() },
        ]
    );
}

#[test]
fn an_event_and_a_stream_have_an_end() {
    let mut splitter = Splitter::new(10, 100);
    let mut out = Vec::new();
    assert_eq!(
        splitter.push(b"data: 12345", &mut out),
        Err(Overrun::Event(10))
    );
    let mut splitter = Splitter::new(10, 25);
    for _ in 0..2 {
        splitter.push(b"data: 123\n\n", &mut out).unwrap();
    }
    assert_eq!(
        splitter.push(b"data: 123\n\n", &mut out),
        Err(Overrun::Stream(25))
    );
    assert_eq!(out.len(), 2);
}

#[test]
fn many_small_lines_are_one_large_event() {
    let mut splitter = Splitter::new(100, 10_000);
    let mut out = Vec::new();
    let overrun = (0..1000).find_map(|_| splitter.push(b"data:1\n", &mut out).err());
    assert_eq!(overrun, Some(Overrun::Event(100)));
}

#[test]
fn a_quiet_streams_comments_do_not_add_up() {
    let mut splitter = Splitter::new(100, 10_000);
    let mut out = Vec::new();
    for _ in 0..200 {
        splitter.push(b": still here\n", &mut out).unwrap();
    }
    assert!(out.is_empty());
}

fn event() -> impl Strategy<Value = Event> {
    let text = || proptest::option::of("[^\r\n\0]{0,12}".prop_map(String::into_bytes));
    (
        text(),
        text(),
        proptest::option::of("[0-9]{1,5}".prop_map(String::into_bytes)),
        proptest::option::of("[^\r]{0,40}".prop_map(String::into_bytes)),
    )
        .prop_map(|(name, id, retry, data)| Event {
            name,
            id,
            retry,
            data,
        })
        .prop_filter("says something", |event| *event != Event::default())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn how_a_stream_is_cut_into_chunks_never_matters(
        bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'd'), any::<u8>()], 0..120),
        prefix in prop_oneof![Just(&b"data: a"[..]), Just(&b""[..]), Just(&b"\xEF\xBB\xBFid: 1\r"[..])],
        cuts in proptest::collection::vec(0usize..130, 0..6),
    ) {
        let whole = [prefix, &bytes].concat();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).collect();
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut from = 0;
        for cut in cuts {
            pieces.push(&whole[from..cut]);
            from = cut;
        }
        pieces.push(&whole[from..]);
        prop_assert_eq!(split(&pieces), split(&[&whole]));
    }

    #[test]
    fn an_event_sent_is_the_event_read(events in proptest::collection::vec(event(), 0..5)) {
        let bytes: Vec<u8> = events.iter().flat_map(Event::to_bytes).collect();
        prop_assert_eq!(split(&[&bytes]), events);
    }
}
