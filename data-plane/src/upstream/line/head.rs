//! The head of a request as it is written, and of an answer as it is read. PURE.

use super::frames::Framing;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderMap, HeaderName, TRANSFER_ENCODING};
use http::response::Parts;
use http::{HeaderValue, Method, Response, StatusCode, Uri};

const MOST_FIELDS: usize = 100;

/// Ours to say on every line.
const OWN: [HeaderName; 4] = [HOST, CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING];

pub fn write(method: &Method, uri: &Uri, headers: &HeaderMap, length: usize) -> Vec<u8> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let host = uri.authority().map_or("", |host| host.as_str());
    let length = if length > 0 || *method != Method::GET {
        format!("content-length: {length}\r\n")
    } else {
        String::new()
    };
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\n{length}");
    let mut head = head.into_bytes();
    // No name or value of these types holds a line end.
    for (name, value) in headers.iter().filter(|(name, _)| !OWN.contains(name)) {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

#[derive(Debug)]
pub struct Read {
    pub parts: Parts,
    pub framing: Framing,
    /// Bytes of the head.
    pub length: usize,
}

/// None while it is not complete.
pub fn read(bytes: &[u8]) -> Result<Option<Read>, &'static str> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let length = match response.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err("its head cannot be read"),
    };
    let status = response.code.unwrap_or_default();
    let status = StatusCode::from_u16(status).map_err(|_| "its status is none")?;
    let mut headers = HeaderMap::with_capacity(response.headers.len());
    for field in response.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let value = HeaderValue::from_bytes(field.value);
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err("a header cannot be read");
        };
        headers.append(name, value);
    }
    let framing = framing(status, response.version == Some(1), &headers)?;
    let (mut parts, ()) = Response::new(()).into_parts();
    parts.status = status;
    parts.headers = headers;
    Ok(Some(Read {
        parts,
        framing,
        length,
    }))
}

/// RFC 9112, 6.3. What could be read in two ways is not read.
fn framing(
    status: StatusCode,
    is_http11: bool,
    headers: &HeaderMap,
) -> Result<Framing, &'static str> {
    let has_none = status.is_informational()
        || status == StatusCode::NO_CONTENT
        || status == StatusCode::NOT_MODIFIED;
    if has_none {
        return Ok(Framing::Length(0));
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    match (codings.next(), lengths.next()) {
        (None, None) => Ok(Framing::UntilClose),
        (Some(coding), None) => {
            let is_chunked = coding.as_bytes().eq_ignore_ascii_case(b"chunked");
            if is_http11 && is_chunked && codings.next().is_none() {
                Ok(Framing::Chunked)
            } else {
                Err("its transfer coding is unknown")
            }
        }
        (None, Some(length)) if lengths.next().is_none() => {
            let digits = length.to_str().unwrap_or_default();
            let is_plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            match digits.parse() {
                Ok(length) if is_plain => Ok(Framing::Length(length)),
                _ => Err("its length is no number"),
            }
        }
        (None, Some(_)) => Err("it has two lengths"),
        (Some(_), Some(_)) => Err("it has a length and a transfer coding"),
    }
}
