//! A server that hangs, breaks off, drips or babbles, at every point of an exchange: its client is told so with the id of its
//! request, its place is free again, and the other servers of the organisation notice nothing.

mod world;

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use world::raw::{Raw, hang, read_request, write};
use world::upstream::Upstream;
use world::{Answer, Plan, World, beside, call, plan};

const RESULT: &str = r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#;
/// One call at a time: a place that is not given back refuses the next one.
const ONE_AT_A_TIME: &str = r#"{"version":"1","default":"allow","all_tools":{"limits":[{"counter":"at_once","concurrency":1,"scope":"server"}]}}"#;
const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";
const STREAM: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";

/// How much this process has ever held.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM"));
    let number = line.unwrap().split_whitespace().nth(1);
    number.unwrap().parse().unwrap()
}

/// A world whose server `files` is this, with short deadlines, beside a good one.
async fn with(server: &Raw) -> World {
    with_url(server.url()).await
}

async fn with_url(url: String) -> World {
    let good = Upstream::saying(RESULT).await;
    let beside_url = format!("http://{}/mcp", good.address);
    let change = move |bundle: &mut bundle::OrgBundle| {
        let timeouts = &mut bundle.servers[0].timeouts;
        timeouts.connect_ms = 300;
        timeouts.first_byte_ms = 300;
        timeouts.call_first_byte_ms = 300;
        timeouts.idle_ms = 300;
        timeouts.whole_ms = 1_500;
        beside(bundle, "other", beside_url);
        bundle.servers[0].url = url;
    };
    let plan = Plan {
        policy: Some(ONE_AT_A_TIME.into()),
        change: Box::new(change),
        ..plan()
    };
    World::new(plan, good).await
}

/// Calls the other server of the same organisation.
async fn other(world: &World) -> Answer {
    let mut request: Request<Full<Bytes>> = world.request(Method::POST, &[], call("echo", "{}"));
    *request.uri_mut() = format!("http://{}/acme/other/mcp", world.address)
        .parse()
        .unwrap();
    Answer::of(world.send(request).await).await
}

/// What a call comes to, twice, while the other server answers.
async fn comes_to(what: &str, server: &Raw, expected: StatusCode) -> Answer {
    let world = with(server).await;
    let (first, meanwhile) = tokio::join!(world.call("echo", "{}"), other(&world));
    assert_eq!(meanwhile.body, RESULT, "{what}: the other server");
    let second = world.call("echo", "{}").await;
    for answer in [&first, &second] {
        assert_eq!(answer.status, expected, "{what}: {}", answer.body);
        if expected != StatusCode::OK {
            is_clear(what, &answer.body, server);
        }
    }
    second
}

/// One sentence that names the server and not its address, with the request's id.
fn is_clear(what: &str, body: &str, server: &Raw) {
    let said: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        (&said["id"], &said["error"]["code"]),
        (&1.into(), &1001.into()),
        "{what}: {body}"
    );
    assert!(body.contains("the server `Files`"), "{what}: {body}");
    let port = server.address.port().to_string();
    assert!(!body.contains("127.0.0") && !body.contains(&port), "{body}");
}

#[tokio::test]
async fn a_server_that_hangs_before_its_answer_is_given_up_wherever_it_hangs() {
    for (what, said) in [
        ("takes the connection and reads nothing", None),
        ("reads and says nothing", Some("")),
        ("half a status line", Some("HTTP/1.1 2")),
        ("half a head", Some("HTTP/1.1 200 OK\r\nContent-Ty")),
        (
            "only what comes before an answer",
            Some("HTTP/1.1 100 Continue\r\n\r\n"),
        ),
    ] {
        let server = Raw::new(move |mut stream: TcpStream| async move {
            if let Some(said) = said {
                read_request(&mut stream).await;
                write(&mut stream, said).await;
            }
            hang(stream).await;
        })
        .await;
        comes_to(what, &server, StatusCode::GATEWAY_TIMEOUT).await;
    }
}

#[tokio::test]
async fn a_server_that_hangs_within_its_answer_is_given_up_wherever_it_hangs() {
    let half = &RESULT[..20];
    for (what, said) in [
        ("no body", format!("{HEAD}Content-Length: 48\r\n\r\n")),
        (
            "half a body",
            format!("{HEAD}Content-Length: 48\r\n\r\n{half}"),
        ),
        (
            "no chunk",
            format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n"),
        ),
        (
            "half a chunk",
            format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n30\r\n{half}"),
        ),
        (
            "no last chunk",
            format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n30\r\n{RESULT}\r\n"),
        ),
        (
            "a body until the end, which never comes",
            format!("{HEAD}\r\n{RESULT}"),
        ),
    ] {
        let server = Raw::new(move |mut stream: TcpStream| {
            let said = said.clone();
            async move {
                read_request(&mut stream).await;
                write(&mut stream, said).await;
                hang(stream).await;
            }
        })
        .await;
        comes_to(what, &server, StatusCode::GATEWAY_TIMEOUT).await;
    }
}

#[tokio::test]
async fn a_server_that_drips_is_given_up_when_the_whole_call_has_taken_too_long() {
    let server = Raw::new(|mut stream: TcpStream| async move {
        read_request(&mut stream).await;
        write(&mut stream, format!("{HEAD}Content-Length: 100000\r\n\r\n")).await;
        while write(&mut stream, " ").await {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    })
    .await;
    comes_to("drips", &server, StatusCode::GATEWAY_TIMEOUT).await;
}

#[tokio::test]
async fn a_server_that_breaks_off_or_babbles_is_told_of_at_once() {
    for (what, said) in [
        ("hangs up without a word", String::new()),
        ("breaks off in its head", "HTTP/1.1 200 OK\r\nConte".into()),
        ("says no HTTP", "\u{0}\u{1}\u{2}garbage\r\n\r\n".into()),
        ("says another protocol", "SSH-2.0-OpenSSH_9.6\r\n".into()),
        (
            "breaks off in its body",
            format!("{HEAD}Content-Length: 4000\r\n\r\n{RESULT}"),
        ),
        (
            "breaks off in a chunk",
            format!("{HEAD}Transfer-Encoding: chunked\r\n\r\nFF\r\n{RESULT}"),
        ),
        (
            "says chunks that are none",
            format!("{HEAD}Transfer-Encoding: chunked\r\n\r\nzz\r\n{RESULT}\r\n0\r\n\r\n"),
        ),
        (
            "says two lengths",
            format!("{HEAD}Content-Length: 48\r\nContent-Length: 20\r\n\r\n{RESULT}"),
        ),
        (
            "says too short a length",
            format!("{HEAD}Content-Length: 20\r\n\r\n{RESULT}"),
        ),
        (
            "says it is text",
            format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 48\r\n\r\n{RESULT}"
            ),
        ),
        (
            "does not say what it is",
            format!("HTTP/1.1 200 OK\r\nContent-Length: 48\r\n\r\n{RESULT}"),
        ),
        (
            "wants another protocol",
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"
                .into(),
        ),
        (
            "has a head without end",
            format!("HTTP/1.1 200 OK\r\n{}\r\n", "X-More: more\r\n".repeat(200)),
        ),
        (
            "has a header without end",
            format!("{HEAD}X-More: {}\r\n\r\n", "m".repeat(1 << 20)),
        ),
    ] {
        let server = Raw::new(move |mut stream: TcpStream| {
            let said = said.clone();
            async move {
                read_request(&mut stream).await;
                write(&mut stream, said).await;
                // Its reader may go on to write; it has said what it has to say.
                let _ = stream.shutdown().await;
            }
        })
        .await;
        comes_to(what, &server, StatusCode::BAD_GATEWAY).await;
    }
}

#[tokio::test]
async fn a_reset_is_told_of_at_once() {
    for said in [
        "",
        "HTTP/1.1 200 OK\r\nContent-Ty",
        &format!("{HEAD}Content-Length: 48\r\n\r\n{{"),
    ] {
        let said = said.to_owned();
        let server = Raw::new(move |mut stream: TcpStream| {
            let said = said.clone();
            async move {
                read_request(&mut stream).await;
                write(&mut stream, said).await;
                stream.set_zero_linger().unwrap();
            }
        })
        .await;
        comes_to("resets", &server, StatusCode::BAD_GATEWAY).await;
    }
}

#[tokio::test]
async fn old_and_odd_but_honest_answers_pass() {
    let length = RESULT.len();
    for (what, said) in [
        (
            "HTTP/1.0",
            format!("HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{RESULT}"),
        ),
        (
            "a length and a half-closed connection",
            format!("{HEAD}Content-Length: {length}\r\nConnection: close\r\n\r\n{RESULT}"),
        ),
        (
            "chunks with extensions and trailers",
            format!(
                "{HEAD}Transfer-Encoding: chunked\r\n\r\n1;a=b\r\n{{\r\n{:x}\r\n{}\r\n0\r\nX-T: 1\r\n\r\n",
                length - 1,
                &RESULT[1..]
            ),
        ),
        (
            "a hint before the answer",
            format!(
                "HTTP/1.1 103 Early Hints\r\n\r\n{HEAD}Content-Length: {length}\r\n\r\n{RESULT}"
            ),
        ),
    ] {
        let server = Raw::new(move |mut stream: TcpStream| {
            let said = said.clone();
            async move {
                read_request(&mut stream).await;
                write(&mut stream, said).await;
                let _ = stream.shutdown().await;
            }
        })
        .await;
        let answer = comes_to(what, &server, StatusCode::OK).await;
        assert_eq!(answer.body, RESULT, "{what}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_or_never_answers_its_hello_is_unreachable() {
    for (hangs, expected) in [
        (false, StatusCode::BAD_GATEWAY),
        (true, StatusCode::GATEWAY_TIMEOUT),
    ] {
        let server = Raw::new(move |mut stream: TcpStream| async move {
            if hangs {
                hang(stream).await;
            } else {
                write(&mut stream, format!("{HEAD}\r\n")).await;
            }
        })
        .await;
        let world = with_url(server.url().replace("http:", "https:")).await;
        let (answer, meanwhile) = tokio::join!(world.call("echo", "{}"), other(&world));
        assert_eq!(answer.status, expected, "{}", answer.body);
        is_clear("TLS", &answer.body, &server);
        assert_eq!(meanwhile.body, RESULT);
    }
}

/// Says `head`, then 10 GB of `piece`, as long as somebody reads.
async fn babbler(head: String, piece: &str) -> Raw {
    let pieces = piece.repeat((64 << 10) / piece.len());
    Raw::new(move |mut stream: TcpStream| {
        let (head, pieces) = (head.clone(), pieces.clone());
        async move {
            read_request(&mut stream).await;
            write(&mut stream, head).await;
            let chunk = format!("{:x}\r\n{pieces}\r\n", pieces.len());
            let mut left = 10_u64 << 30;
            while left > 0 && write(&mut stream, &chunk).await {
                left = left.saturating_sub(pieces.len() as u64);
            }
        }
    })
    .await
}

#[tokio::test]
async fn ten_gigabytes_end_early_and_take_no_room() {
    let before = peak_kib();
    let announced = Raw::new(|mut stream: TcpStream| async move {
        read_request(&mut stream).await;
        write(
            &mut stream,
            format!("{HEAD}Content-Length: 10737418240\r\n\r\n"),
        )
        .await;
        let spaces = " ".repeat(65_536);
        while write(&mut stream, &spaces).await {}
    })
    .await;
    comes_to("announced", &announced, StatusCode::BAD_GATEWAY).await;
    let endless = babbler(format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n"), " ").await;
    comes_to("endless", &endless, StatusCode::BAD_GATEWAY).await;
    let note = format!(
        "event: message\ndata: {{\"jsonrpc\":\"2.0\",\"method\":\"notifications/message\",\"params\":\"{}\"}}\n\n",
        "x".repeat(32_000)
    );
    // In a stream the head has gone on by then: the end of it is an event.
    for (what, piece) in [
        ("one event without end", "data: and so on and so on\n"),
        ("a line without end", "and so on"),
        ("events without end", note.as_str()),
        ("comments without end", ": and so on and so on\n\n"),
    ] {
        let server = babbler(format!("{STREAM}Transfer-Encoding: chunked\r\n\r\n"), piece).await;
        let mut world = with(&server).await;
        // What ends it is not the time it takes.
        world.publish(|bundle| bundle.servers[0].timeouts.whole_ms = 600_000);
        let (answer, meanwhile) = tokio::join!(world.call("echo", "{}"), other(&world));
        assert_eq!(meanwhile.body, RESULT);
        let last = answer.body.lines().rfind(|line| line.starts_with("data: "));
        let last = last.unwrap_or_else(|| panic!("{what}: {}", answer.body));
        is_clear(what, &last[6..], &server);
        assert!(last.contains("more than is passed on"), "{what}: {last}");
    }
    let grown = peak_kib() - before;
    assert!(grown < 200 << 10, "{grown} KiB");
}

#[tokio::test]
async fn a_stream_that_hangs_drips_or_breaks_ends_with_an_error_of_its_own() {
    for (what, piece, sentence) in [
        ("hangs", "", "did not answer in time"),
        ("drips", ":\n\n", "did not answer in time"),
        ("breaks", "break", "broke off"),
        ("babbles", "data: <html>\n\n", "no MCP message"),
    ] {
        let server = Raw::new(move |mut stream: TcpStream| async move {
            read_request(&mut stream).await;
            write(&mut stream, format!("{STREAM}\r\n")).await;
            match piece {
                "" => hang(stream).await,
                "break" => stream.set_zero_linger().unwrap(),
                _ => {
                    while write(&mut stream, piece).await {
                        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
                    }
                }
            }
        })
        .await;
        let world = with(&server).await;
        for _ in 0..2 {
            let (answer, meanwhile) = tokio::join!(world.call("echo", "{}"), other(&world));
            assert_eq!(meanwhile.body, RESULT);
            let last = answer.body.lines().rfind(|line| line.starts_with("data: "));
            let last = last.unwrap_or_else(|| panic!("{what}: {}", answer.body));
            is_clear(what, &last[6..], &server);
            assert!(last.contains(sentence), "{what}: {last}");
        }
    }
}

#[tokio::test]
async fn the_whole_call_ends_a_wait_for_the_first_byte_too() {
    let server = Raw::new(hang).await;
    let mut world = with(&server).await;
    world.publish(|bundle| {
        bundle.servers[0].timeouts.call_first_byte_ms = 3_600_000;
        bundle.servers[0].timeouts.whole_ms = 200;
    });
    let answer = world.call("echo", "{}").await;
    assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
}
