//! Headers that repeat the body: a request whose headers pass says in them what its body says, in one of two spellings.

use crate::parts::{choice, parts};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use json::{Node, Value};
use mcp::{Body, Copies, Era, Message, Mirror, Request, Revision};

pub fn run(data: &[u8]) {
    let [method, name, version, schema, body] = parts(data);
    let Ok(document) = mcp::parse(body) else {
        return;
    };
    let Ok(Body::One(Message::Request(request))) = Body::of(&document) else {
        return;
    };
    let (method, name, version) = (copies(method), copies(name), copies(version));
    for session in [None, Some(Revision::V2025_11_25)] {
        if let Ok(era) = mcp::era(&request, version, session) {
            framed(&request, era, version, session);
        }
    }
    mirrored(&request, method, name);
    if let Ok(schema) = mcp::reply::parse(schema) {
        repeated(&schema.root, request.param("arguments"), name);
    }
}

/// The first byte says how often the header stands.
fn copies(data: &[u8]) -> Copies<'_> {
    match choice(data, 4) {
        (0, _) => Copies::None,
        (1, _) => Copies::Many,
        (_, value) => Copies::One(value),
    }
}

fn framed(request: &Request<'_>, era: Era, version: Copies<'_>, session: Option<Revision>) {
    let said = request.meta("io.modelcontextprotocol/protocolVersion");
    assert_eq!(era.is_modern(), said.is_some());
    match (era, version) {
        (Era::Modern(revision), Copies::One(header)) => {
            assert!(revision.is_modern());
            assert_eq!(header, revision.as_str().as_bytes());
            assert_eq!(said.and_then(Node::as_str), Some(revision.as_str()));
        }
        (Era::Modern(_), _) => panic!("modern without its header"),
        (Era::Legacy(revision), _) => {
            assert!(!revision.is_modern());
            assert!(session.is_none_or(|session| session == revision));
        }
    }
}

fn mirrored(request: &Request<'_>, method: Copies<'_>, name: Copies<'_>) {
    let passes = mcp::check_mirror(request, &Mirror { method, name }).is_ok();
    let key = match request.method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => Some("uri"),
        "tasks/get" | "tasks/update" | "tasks/cancel" => Some("taskId"),
        _ => None,
    };
    let named = key
        .and_then(|key| request.param(key))
        .and_then(Node::as_str);
    let must = matches!(
        request.method,
        "tools/call" | "prompts/get" | "resources/read"
    );
    let name_fits = match (name, named, key) {
        (Copies::Many, ..) | (Copies::One(_), None, Some(_)) => false,
        (Copies::None, named, _) => named.is_none() || !must,
        (Copies::One(header), _, None) => readable(header),
        (Copies::One(header), Some(named), _) => says(header, named),
    };
    let method_fits = matches!(method, Copies::One(header) if says(header, request.method));
    assert_eq!(
        passes,
        method_fits && name_fits,
        "{method:?} {name:?} {}",
        request.text
    );
}

/// Is this the text, plain or in the base64 form?
fn says(header: &[u8], text: &str) -> bool {
    let spelt = format!("=?base64?{}?=", STANDARD.encode(text));
    let is_plain = text
        .bytes()
        .all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte))
        && !looks_encoded(text.as_bytes());
    header == spelt.as_bytes() || (is_plain && header == text.as_bytes())
}

fn looks_encoded(header: &[u8]) -> bool {
    header
        .strip_prefix(b"=?base64?")
        .is_some_and(|rest| rest.ends_with(b"?="))
}

/// Could this be the header of some text?
fn readable(header: &[u8]) -> bool {
    if !looks_encoded(header) {
        return header
            .iter()
            .all(|byte| *byte == b'\t' || (b' '..=b'~').contains(byte));
    }
    STANDARD
        .decode(&header[9..header.len() - 2])
        .is_ok_and(|bytes| String::from_utf8(bytes).is_ok())
}

/// With the same header for every parameter, as a stranger would send it.
fn repeated(schema: &Node<'_>, arguments: Option<&Node<'_>>, header: Copies<'_>) {
    let known = mcp::param_headers(schema);
    assert!(known.len() <= 64);
    let passes = mcp::check_param_headers(&known, arguments, |name| {
        assert_eq!(name, name.to_ascii_lowercase());
        header
    })
    .is_ok();
    let all = known.iter().all(|param| {
        assert!(!param.name.is_empty() && !param.path.is_empty() && param.path.len() <= 32);
        let mut node = arguments;
        for key in &param.path {
            node = node.and_then(|node| node.get(key));
        }
        let text = node.and_then(|node| match &node.value {
            Value::String(text) => Some(text.as_ref()),
            Value::Number(text) => Some(*text),
            Value::Bool(true) => Some("true"),
            Value::Bool(false) => Some("false"),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        });
        match (header, text) {
            (Copies::None, None) => true,
            (Copies::One(header), Some(text)) => says(header, text),
            _ => false,
        }
    });
    assert_eq!(passes, all);
}
