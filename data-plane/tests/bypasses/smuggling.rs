//! HTTP/1.1 by hand: what one hop might read as a second request is never served as one.

use crate::world::session::RESULT;
use crate::world::upstream::Upstream;
use crate::world::{Plan, World, call, plan};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A gateway that hangs fails the test; it does not hang it.
const PATIENCE: Duration = Duration::from_secs(20);

async fn world() -> World {
    let plan = Plan {
        tools: Some(vec!["first", "hidden", "after"]),
        ..plan()
    };
    World::new(plan, Upstream::saying(RESULT).await).await
}

/// A whole and honest request that calls this tool; `extra` are more header lines.
fn request(world: &World, tool: &str, extra: &str) -> String {
    let body = call(tool, "{}");
    let length = body.len();
    format!(
        "{}{extra}Content-Length: {length}\r\n\r\n{body}",
        head(world)
    )
}

/// Request line and headers, all but what frames the body.
fn head(world: &World) -> String {
    format!(
        "POST /acme/files/mcp HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n",
        world.address, world.token
    )
}

/// Sends the bytes and then a request that ends the connection; answers all that came back until the end.
async fn talk(world: &World, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let last = request(world, "after", "Connection: close\r\n");
    // The gateway may hang up before it has read everything.
    let _ = stream.write_all(sent).await;
    let _ = stream.write_all(last.as_bytes()).await;
    let mut heard = Vec::new();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut heard)).await;
    // A reset is an end, too.
    let _ = read.expect("the connection is kept open");
    String::from_utf8_lossy(&heard).into_owned()
}

fn was_called(world: &World, tool: &str) -> bool {
    world.calls().iter().any(|call| call.contains(tool))
}

/// `hidden` was not called; an honest call made afterwards on another connection was.
async fn nothing_was_smuggled(world: &World, what: &str, sent: &[u8]) -> String {
    let heard = talk(world, sent).await;
    assert_eq!(world.call("after", "{}").await.body, RESULT);
    assert!(!was_called(world, "hidden"), "{what}: {heard}");
    heard
}

fn statuses(heard: &str) -> Vec<&str> {
    let lines = heard.split("HTTP/1.1 ").skip(1);
    lines.map(|line| &line[..3]).collect()
}

#[tokio::test]
async fn two_honest_requests_on_one_connection_are_two_requests() {
    let world = world().await;
    let both = request(&world, "first", "") + &request(&world, "hidden", "");
    let heard = talk(&world, both.as_bytes()).await;
    assert!(
        was_called(&world, "first") && was_called(&world, "hidden"),
        "{heard}"
    );
    assert_eq!(statuses(&heard)[..2], ["200", "200"], "{heard}");
}

/// Length and coding both: whichever a hop before believed, what it took for the next request is not read.
#[tokio::test]
async fn a_body_framed_twice_ends_the_connection() {
    let world = world().await;
    let hidden = request(&world, "hidden", "");
    let first = call("first", "{}");
    let chunk = |text: &str| format!("{:x}\r\n{text}\r\n0\r\n\r\n", text.len());
    let in_chunks = chunk(&first);
    let (all, none) = (in_chunks.len() + hidden.len(), 0);
    for coding in [
        "Transfer-Encoding: chunked\r\n",
        "transfer-encoding: Chunked\r\n",
        "Transfer-Encoding:chunked\r\n",
        "Transfer-Encoding: \tchunked \r\n",
        "Transfer-Encoding: gzip, chunked\r\n",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: ,chunked\r\n",
        "X: y\nTransfer-Encoding: chunked\r\n",
    ] {
        for length in [all, none, 4] {
            for (before, after) in [("", coding), (coding, "")] {
                let sent = format!(
                    "{}{before}Content-Length: {length}\r\n{after}\r\n{in_chunks}{hidden}",
                    head(&world)
                );
                let heard = nothing_was_smuggled(&world, &sent, sent.as_bytes()).await;
                assert!(statuses(&heard).len() <= 1, "{sent}: {heard}");
            }
        }
        // The other way about: the second request stands in a chunk.
        let sent = format!(
            "{}Content-Length: 5\r\n{coding}\r\n{}",
            head(&world),
            chunk(&hidden)
        );
        let heard = nothing_was_smuggled(&world, &sent, sent.as_bytes()).await;
        assert!(statuses(&heard).len() <= 1, "{sent}: {heard}");
    }
}

/// A coding that is not plainly one `chunked` is refused, or no coding at all; the rest of the connection is never read.
#[tokio::test]
async fn a_coding_that_hides_itself_hides_no_request() {
    let world = world().await;
    let hidden = request(&world, "hidden", "");
    let body = format!("0\r\n\r\n{hidden}");
    for line in [
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunkedx",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: chunked\x0b",
        "Transfer-Encoding: \x0cchunked",
        "Transfer-Encoding: chunk\u{17f}ed",
        "Transfer-Encoding:",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding\t: chunked",
        " Transfer-Encoding: chunked",
        "Transfer-Encoding\0: chunked",
        "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding:\r\n\tchunked",
        "X: y\r\n Transfer-Encoding: chunked",
        "X: y\rTransfer-Encoding: chunked",
        "Transfer\r\n-Encoding: chunked",
        "Transfer_Encoding: chunked",
        "TransferEncoding: chunked",
        "Content-Encoding: chunked",
        "TE: chunked",
    ] {
        for framing in [
            format!("{line}\r\nContent-Length: {}", body.len()),
            format!("Content-Length: {}\r\n{line}", body.len()),
        ] {
            let sent = format!("{}{framing}\r\n\r\n{body}", head(&world));
            let heard = nothing_was_smuggled(&world, line, sent.as_bytes()).await;
            assert!(
                !heard.contains(RESULT) || statuses(&heard).len() == 2,
                "{line}: {heard}"
            );
        }
    }
}

#[tokio::test]
async fn a_length_that_is_not_one_plain_number_is_refused() {
    let world = world().await;
    let hidden = request(&world, "hidden", "");
    let first = call("first", "{}");
    let right = first.len();
    let all = right + hidden.len();
    for lengths in [
        format!("Content-Length: {right}\r\nContent-Length: {all}"),
        format!("Content-Length: {all}\r\nContent-Length: {right}"),
        format!("Content-Length: {right}, {all}"),
        format!("Content-Length: {right}, {right}"),
        format!("Content-Length: +{right}"),
        format!("Content-Length: -{right}"),
        format!("Content-Length: 0x{right:x}"),
        format!("Content-Length: {right}.0"),
        format!("Content-Length: {right} 0"),
        format!("Content-Length: {right};"),
        format!("Content-Length: \"{right}\""),
        format!("Content-Length: {right}\x0b"),
        "Content-Length: \u{ff11}".to_owned(),
        "Content-Length: 99999999999999999999999999".to_owned(),
        "Content-Length: ".to_owned(),
        format!("Content-Length : {right}"),
        format!(" Content-Length: {right}"),
        format!("Content-Length:\r\n {right}"),
        format!("Content-Length\0: {right}"),
        format!("X: y\rContent-Length: {right}"),
    ] {
        let sent = format!("{}{lengths}\r\n\r\n{first}{hidden}", head(&world));
        let heard = nothing_was_smuggled(&world, &lengths, sent.as_bytes()).await;
        assert!(!was_called(&world, "first"), "{lengths}: {heard}");
        assert_eq!(statuses(&heard), ["400"], "{lengths}: {heard}");
    }
    // Without any there is no body, and what follows is a request like any other, which is none.
    let sent = format!("{}\r\n{first}", head(&world));
    let heard = nothing_was_smuggled(&world, "no length", sent.as_bytes()).await;
    assert_eq!(statuses(&heard), ["400", "400"], "{heard}");
}

#[tokio::test]
async fn chunks_that_are_no_chunks_end_the_connection() {
    let world = world().await;
    let hidden = request(&world, "hidden", "");
    let first = call("first", "{}");
    let size = format!("{:x}", first.len());
    let begun = format!("{}Transfer-Encoding: chunked\r\n\r\n", head(&world));
    for chunks in [
        format!("{size}\n{first}\r\n0\r\n\r\n"),
        format!("{size}\r\n{first}\n0\r\n\r\n"),
        format!("{size}\r\n{first}0\r\n\r\n"),
        format!("{size}\r\n{first}XX0\r\n\r\n"),
        format!("{size};a\nb\r\n{first}\r\n0\r\n\r\n"),
        format!("{size}\rX{first}\r\n0\r\n\r\n"),
        format!("0x{size}\r\n{first}\r\n0\r\n\r\n"),
        format!("+{size}\r\n{first}\r\n0\r\n\r\n"),
        format!("-{size}\r\n{first}\r\n0\r\n\r\n"),
        format!("{size}x\r\n{first}\r\n0\r\n\r\n"),
        format!("1000000000000000{size}\r\n{first}\r\n0\r\n\r\n"),
        format!("\r\n{size}\r\n{first}\r\n0\r\n\r\n"),
        "fffffffffffffffff\r\n".to_owned(),
        "\r\n0\r\n\r\n".to_owned(),
    ] {
        let sent = format!("{begun}{chunks}{hidden}");
        let heard = nothing_was_smuggled(&world, &chunks, sent.as_bytes()).await;
        assert!(!was_called(&world, "first"), "{chunks:?}: {heard}");
        assert!(statuses(&heard).len() <= 1, "{chunks:?}: {heard}");
    }
    // Extensions and trailers are of the chunks; they are no headers of the request.
    let before = world.upstream.saw().len();
    let sent = format!(
        "{begun}{size};name=\"x;y\"\r\n{first}\r\n0\r\nAuthorization: Bearer x\r\nContent-Length: 3\r\nMcp-Session-Id: x\r\n\r\n"
    );
    let heard = talk(&world, sent.as_bytes()).await;
    assert_eq!(statuses(&heard), ["200", "200"], "{heard}");
    let saw = &world.upstream.saw()[before];
    assert_eq!(
        (saw.text(), saw.header("mcp-session-id")),
        (first.as_str(), "")
    );
}

/// Refused before its body is read: the body is still a body.
#[tokio::test]
async fn a_body_that_nobody_wanted_is_not_read_as_a_request() {
    let world = world().await;
    let hidden = request(&world, "hidden", "");
    let length = hidden.len();
    let honest = head(&world);
    let without = |line: &str| {
        let lines = honest
            .split_inclusive("\r\n")
            .filter(|have| !have.starts_with(line));
        lines.collect::<String>()
    };
    for (what, head) in [
        ("no token", without("Authorization")),
        ("no type", without("Content-Type")),
        ("no host", without("Host")),
        ("a foreign host", without("Host") + "Host: evil.example\r\n"),
        ("two hosts", honest.clone() + "Host: evil.example\r\n"),
        (
            "a foreign origin",
            honest.clone() + "Origin: https://evil.example\r\n",
        ),
        (
            "another path",
            honest.replace("/acme/files/mcp", "/elsewhere"),
        ),
        ("another server", honest.replace("files", "nothing")),
        ("another verb", honest.replace("POST", "PUT")),
        ("a stream", honest.replace("POST", "GET")),
        ("an end", honest.replace("POST", "DELETE")),
        ("no body by custom", honest.replace("POST", "HEAD")),
        ("a question", honest.replace("POST", "OPTIONS")),
        (
            "an expectation",
            honest.clone() + "Expect: 100-continue\r\n",
        ),
        (
            "an upgrade",
            honest.clone()
                + "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
        ),
        ("no session", honest.clone() + "Mcp-Session-Id: made-up\r\n"),
    ] {
        let sent = format!("{head}Content-Length: {length}\r\n\r\n{hidden}");
        nothing_was_smuggled(&world, what, sent.as_bytes()).await;
    }
    let large = format!("{honest}Content-Length: 99999999\r\n\r\n{hidden}");
    let heard = nothing_was_smuggled(&world, "too large", large.as_bytes()).await;
    assert_eq!(statuses(&heard), ["413"], "{heard}");
}

/// Which host, which path: said in two ways, or in a way that hops take differently, it is no request for anybody.
#[tokio::test]
async fn a_target_that_says_two_things_goes_nowhere() {
    let world = world().await;
    let honest = request(&world, "hidden", "");
    let (own, path) = (world.address.to_string(), "/acme/files/mcp");
    for target in [
        format!("http://evil.example{path}"),
        format!("http://{own}@evil.example{path}"),
        format!("http://evil.example@{own}{path}"),
        format!("//{own}{path}"),
        format!("/x/..{path}"),
        format!("/.{path}"),
        format!("/{path}"),
        format!("{path}/"),
        format!("{path}/../mcp"),
        format!("{path};x"),
        "/acme//files/mcp".to_owned(),
        "/acme/./files/mcp".to_owned(),
        "/acme/%66iles/mcp".to_owned(),
        "/acme/files%2fmcp".to_owned(),
        "/acme\\files\\mcp".to_owned(),
        "/ACME/files/mcp".to_owned(),
        "acme/files/mcp".to_owned(),
        own.clone(),
        "*".to_owned(),
        format!("{path} HTTP/1.1\r\nX: y\r\nGET {path}"),
        format!("{path}\u{a0}"),
        format!("{path}\0"),
        format!("{path}\t"),
    ] {
        let sent = honest.replacen(path, &target, 1);
        let heard = nothing_was_smuggled(&world, &target, sent.as_bytes()).await;
        assert!(!heard.starts_with("HTTP/1.1 200"), "{target}: {heard}");
    }
    for (from, to) in [
        (format!("Host: {own}"), "Host: evil.example".to_owned()),
        (format!("Host: {own}"), format!("Host: {own}, evil.example")),
        (format!("Host: {own}"), format!("Host: {own}@evil.example")),
        (format!("Host: {own}"), format!("Host: {own}/")),
        (
            format!("Host: {own}"),
            format!("Host: {own}\r\nHost: {own}"),
        ),
        (format!("Host: {own}"), "Host: ".to_owned()),
        (format!("Host: {own}"), "X: y".to_owned()),
        (format!("Host: {own}"), format!("Host : {own}")),
        (format!("Host: {own}"), format!("X-Forwarded-Host: {own}")),
        ("HTTP/1.1".to_owned(), "HTTP/2.0".to_owned()),
        ("HTTP/1.1".to_owned(), "HTTP/1.2".to_owned()),
        ("HTTP/1.1".to_owned(), "http/1.1".to_owned()),
        (" HTTP/1.1".to_owned(), String::new()),
        ("POST".to_owned(), "CONNECT".to_owned()),
        ("POST".to_owned(), "post".to_owned()),
        ("POST".to_owned(), "PO ST".to_owned()),
        (
            "POST".to_owned(),
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nPOST".to_owned(),
        ),
    ] {
        let sent = honest.replacen(&from, &to, 1);
        assert_ne!(sent, honest);
        let heard = nothing_was_smuggled(&world, &to, sent.as_bytes()).await;
        assert!(!heard.starts_with("HTTP/1.1 200"), "{to}: {heard}");
    }
    let sent = honest.replacen(path, &format!("http://{own}{path}"), 1);
    let heard = talk(&world, sent.as_bytes()).await;
    assert_eq!(
        statuses(&heard),
        ["200", "200"],
        "its own name twice: {heard}"
    );
}

/// Lines that end without a carriage return are read as lines, as RFC 9112 allows. A hop before that took such a line for a
/// part of a header would see other headers than are judged: what it was sent is written anew, and nothing of it goes on.
#[tokio::test]
async fn no_line_that_ends_without_a_carriage_return_reaches_a_server() {
    let world = world().await;
    let body = call("first", "{}");
    let honest = head(&world);
    let framed = format!("{honest}Content-Length: {}\r\n\r\n", body.len());
    let lines = [
        framed.replace("\r\n", "\n"),
        framed.replacen("\r\n\r\n", "\n\n", 1),
        framed.replacen("\r\nAccept", "\nX-Evil: 1\nAccept", 1),
        framed.replacen("\r\nAccept", "\r\nTraceparent: a\nCookie: b\r\nAccept", 1),
        framed.replacen(
            "\r\nAccept",
            "\r\nUser-Agent: a\nMcp-Session-Id: b\r\nAccept",
            1,
        ),
        framed.replacen("\r\nAccept", "\r\nUser-Agent: a\rX-Evil: b\r\nAccept", 1),
        framed.replacen("\r\nAccept", "\r\nUser-Agent: a\n X-Evil: b\r\nAccept", 1),
        framed.replacen("\r\nAccept", "\r\nX: y\n\nPOST / HTTP/1.1\r\nAccept", 1),
    ];
    for (number, sent) in lines.iter().enumerate() {
        nothing_was_smuggled(&world, sent, format!("{sent}{body}").as_bytes()).await;
        for saw in world.upstream.saw() {
            for (name, value) in &saw.head.headers {
                let is_plain = value
                    .as_bytes()
                    .iter()
                    .all(|byte| !matches!(byte, b'\r' | b'\n'));
                let is_foreign =
                    matches!(name.as_str(), "x-evil" | "cookie" | "mcp-session-id" | "x");
                assert!(is_plain && !is_foreign, "{number}: {name}: {value:?}");
            }
        }
    }
    // Whatever a line ends with, a request is what its headers say it is: these are judged like any other.
    let mut stranger = framed.replace("\r\n", "\n");
    stranger = stranger.replace(&world.token, "nobody");
    let heard = talk(&world, format!("{stranger}{body}").as_bytes()).await;
    assert_eq!(statuses(&heard)[0], "401", "{heard}");
}
