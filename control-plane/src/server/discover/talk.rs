//! What is said to a server to learn its tools, in which order: the modern protocol where it is spoken, else the
//! handshake of the legacy ones.

use super::Bounds;
use super::listing::{Gathering, Listing};
use super::wire::{Wire, WireError};
use json::Node;
use mcp::{Revision, quote};

const MODERN: Revision = Revision::V2026_07_28;
const NEWEST_LEGACY: Revision = Revision::V2025_11_25;
/// What everyone says who does not have a method.
const NO_SUCH_METHOD: i64 = -32601;
const CLIENT: &str = concat!(
    r#"{"name":"portcullis","version":""#,
    env!("CARGO_PKG_VERSION"),
    r#""}"#
);

pub async fn tools(wire: &mut Wire, bounds: Bounds) -> Result<Listing, WireError> {
    match tokio::time::timeout(bounds.probe, speaks_modern(wire)).await {
        Ok(Ok(true)) => {
            return list(wire, bounds, Some(modern_meta())).await;
        }
        // Without a way or a key to it, the other protocol fares no better.
        Ok(Err(error)) if error.is_final() => return Err(error),
        // Any other answer, and none at all, is how servers say that they do not know the question.
        Ok(Ok(false) | Err(_)) | Err(_) => {}
    }
    wire.speak(None);
    let has_tools = match shake_hands(wire).await {
        Err(error) if error.may_be_older() && wire.open_stream().await.is_ok() => {
            shake_hands(wire).await?
        }
        shaken => shaken?,
    };
    match list(wire, bounds, None).await {
        Err(WireError::Refused {
            code: NO_SUCH_METHOD,
            ..
        }) if !has_tools => Ok(Listing::default()),
        listed => listed,
    }
}

async fn speaks_modern(wire: &mut Wire) -> Result<bool, WireError> {
    wire.speak(Some(MODERN));
    let text = wire
        .ask(
            "server/discover",
            &format!(r#"{{"_meta":{}}}"#, modern_meta()),
        )
        .await?;
    let document = mcp::reply::parse(&text)?;
    let versions = document
        .root
        .get("result")
        .and_then(|result| result.get("supportedVersions")?.as_array());
    Ok(versions.is_some_and(|versions| {
        versions
            .iter()
            .any(|version| version.as_str() == Some(MODERN.as_str()))
    }))
}

fn modern_meta() -> String {
    format!(
        r#"{{"io.modelcontextprotocol/protocolVersion":"{}","io.modelcontextprotocol/clientCapabilities":{{}},"io.modelcontextprotocol/clientInfo":{CLIENT}}}"#,
        MODERN.as_str()
    )
}

/// Whether the server says that it has tools.
async fn shake_hands(wire: &mut Wire) -> Result<bool, WireError> {
    let hello = format!(
        r#"{{"protocolVersion":"{}","capabilities":{{}},"clientInfo":{CLIENT}}}"#,
        NEWEST_LEGACY.as_str()
    );
    let text = wire.ask("initialize", &hello).await?;
    let document = mcp::reply::parse(&text)?;
    let result = document
        .root
        .get("result")
        .ok_or(WireError::unreadable("no result of `initialize`"))?;
    let version = result
        .get("protocolVersion")
        .and_then(Node::as_str)
        .unwrap_or_default();
    let spoken = Revision::parse(version)
        .filter(|revision| !revision.is_modern())
        .ok_or(WireError::unreadable(
            "a protocol version that nobody knows",
        ))?;
    let has_tools = result
        .get("capabilities")
        .and_then(|capabilities| capabilities.get("tools"))
        .is_some();
    wire.speak(Some(spoken));
    wire.tell("notifications/initialized").await?;
    Ok(has_tools)
}

async fn list(wire: &mut Wire, bounds: Bounds, meta: Option<String>) -> Result<Listing, WireError> {
    let meta = meta.map(|meta| format!(r#""_meta":{meta}"#));
    let mut gathering = Gathering::new(bounds);
    let mut cursor: Option<String> = None;
    loop {
        let cursor_part = cursor
            .as_deref()
            .map(|cursor| format!(r#""cursor":{}"#, quote(cursor)));
        let params: Vec<String> = cursor_part.into_iter().chain(meta.clone()).collect();
        let text = wire
            .ask("tools/list", &format!("{{{}}}", params.join(",")))
            .await?;
        match gathering.take(&text)? {
            None => return Ok(gathering.finish()),
            next => cursor = next,
        }
    }
}
