//! What is refused before anything else looks at a request.

use super::headers::{lines, only};
use crate::{ServerSettings, settings::trust};
use actix_web::{
    HttpRequest,
    http::header::{
        self, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
        CROSS_ORIGIN_RESOURCE_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
        STRICT_TRANSPORT_SECURITY, TRANSFER_ENCODING,
    },
    web::Payload,
};
use bff_core::{
    Class, Problem, Result,
    fields::{self, Quotes},
};
use bytes::Bytes;
use futures_util::StreamExt;
use percent_encoding::percent_decode_str;
use std::{net::Ipv6Addr, time::Duration};
use tokio::time::{Instant, timeout_at};

/// Names the BFF that a request already passed through.
const HOP: &str = "x-bff-hop";

/// How many milliseconds the gateway still waits.
const DEADLINE: &str = "x-deadline-ms";

/// What the request may take: the route's budget, or less when a trusted gateway waits for less.
pub(crate) fn budget(
    request: &HttpRequest,
    limits: &ServerSettings,
    of_route: Duration,
) -> Duration {
    match only(request, DEADLINE).and_then(|text| text.parse().ok()) {
        Some(millis) if trust::is_from(request, limits.deadline_from()) => {
            of_route.min(Duration::from_millis(millis))
        }
        _ => of_route,
    }
}

/// Checks sizes, encoding and hops, before it is known where the request goes.
pub(crate) fn check(request: &HttpRequest, limits: &ServerSettings) -> Result<()> {
    check_target(request, limits)?;
    check_headers(request, limits)?;
    check_host(request)
}

/// Refuses a `Host` that is no host (RFC 9112, section 3.2). actix refuses a missing one and two.
fn check_host(request: &HttpRequest) -> Result<()> {
    match request.headers().get(header::HOST) {
        Some(host) if !is_host(host.as_bytes()) => {
            let message = "The `Host` header is not a host name with an optional port.";
            Err(Problem::new(Class::Invalid, "INVALID_HOST", message))
        }
        _ => Ok(()),
    }
}

/// `uri-host [ ":" port ]` (RFC 9110, section 7.2; RFC 3986, section 3.2.2).
fn is_host(value: &[u8]) -> bool {
    let is_port = |port: &[u8]| port.len() <= 5 && port.iter().all(u8::is_ascii_digit);
    if let Some(rest) = value.strip_prefix(b"[") {
        let Some(end) = rest.iter().position(|b| *b == b']') else { return false };
        let (address, rest) = rest.split_at(end);
        let address = str::from_utf8(address).ok().and_then(|text| text.parse::<Ipv6Addr>().ok());
        let port = rest.get(1..).unwrap_or_default();
        return address.is_some()
            && (port.is_empty() || port.strip_prefix(b":").is_some_and(is_port));
    }
    let colon = value.iter().position(|b| *b == b':');
    let (name, port) = value.split_at(colon.unwrap_or(value.len()));
    let allowed = |b: &u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+;=%".contains(b);
    name.iter().all(allowed) && is_port(port.get(1..).unwrap_or_default())
}

fn check_target(request: &HttpRequest, limits: &ServerSettings) -> Result<()> {
    let uri = request.uri();
    let (path, query) = (uri.path(), uri.query().unwrap_or_default());
    if path.len() + query.len() > limits.max_uri_bytes {
        let message = format!("The address is longer than {} bytes.", limits.max_uri_bytes);
        return Err(Problem::new(Class::UriTooLong, "URI_TOO_LONG", message));
    }
    // A query is for whoever reads it: trackers and campaigns write what they like into it.
    if well_encoded(path) {
        return Ok(());
    }
    let message = "The address has a broken percent-encoding, or one that is not UTF-8.";
    Err(Problem::new(Class::Invalid, "INVALID_ENCODING", message))
}

/// Two hexadecimal digits after every `%`, and UTF-8 without control characters behind them.
fn well_encoded(text: &str) -> bool {
    if !text.contains('%') {
        return true;
    }
    let digits = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    text.split('%').skip(1).all(digits)
        && percent_decode_str(text)
            .decode_utf8()
            .is_ok_and(|decoded| !decoded.chars().any(char::is_control))
}

fn check_headers(request: &HttpRequest, limits: &ServerSettings) -> Result<()> {
    let headers = request.headers();
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > limits.max_headers || bytes > limits.max_header_bytes {
        let (lines, bytes) = (limits.max_headers, limits.max_header_bytes);
        let message =
            format!("The request has more than {lines} header lines or {bytes} bytes in them.");
        return Err(Problem::new(Class::HeadersTooLarge, "HEADERS_TOO_LARGE", message));
    }
    if headers.contains_key(HOP) {
        let message = "This request already passed through a backend for another surface; call the service itself.";
        return Err(Problem::new(Class::Loop, "BFF_CALLED_BY_BFF", message));
    }
    Ok(())
}

/// Whether the body's length is not in the head.
pub(crate) fn is_chunked(request: &HttpRequest) -> bool {
    request.headers().contains_key(TRANSFER_ENCODING)
}

/// Whether a body follows the head, as far as the head says.
pub(crate) fn brings_body(request: &HttpRequest) -> bool {
    announced(request).unwrap_or_default() > 0 || is_chunked(request)
}

/// Checks the body of a request that reaches an endpoint, without reading it.
pub(crate) fn check_body(
    request: &HttpRequest,
    limits: &ServerSettings,
    is_read: bool,
) -> Result<()> {
    if announced(request).is_some_and(|bytes| bytes > limits.max_body_bytes) {
        return Err(too_large(limits.max_body_bytes));
    }
    let unsupported = |code, message| Err(Problem::new(Class::UnsupportedMediaType, code, message));
    match (is_read, brings_body(request)) {
        // Whether one without a length is empty shows when it comes.
        (false, true) if !is_chunked(request) => Err(body_not_read()),
        // A form of another site can send neither this type nor, without one, what would be read.
        (true, true) if !is_json(request) => {
            unsupported("BODY_NOT_JSON", "Send the body as `Content-Type: application/json`.")
        }
        (true, _) if is_encoded(request) => {
            unsupported("BODY_ENCODED", "Send the body without a `Content-Encoding`.")
        }
        _ => Ok(()),
    }
}

fn body_not_read() -> Problem {
    Problem::new(Class::UnsupportedMediaType, "BODY_NOT_READ", "This request takes no body.")
}

/// Reads up to the first byte of a body that must have none.
pub(crate) async fn read_no_body(mut payload: Payload, until: Instant) -> Result<Payload> {
    loop {
        let next = timeout_at(until, payload.next()).await;
        match next.map_err(|_| body_too_slow())? {
            None => return Ok(payload),
            Some(Ok(part)) if part.is_empty() => {}
            Some(Ok(_)) => return Err(body_not_read()),
            Some(Err(_)) => return Err(body_broken()),
        }
    }
}

/// Reads the body within the limit and until `until`.
pub(crate) async fn read_body(payload: Payload, limit: usize, until: Instant) -> Result<Bytes> {
    let read = timeout_at(until, payload.to_bytes_limited(limit)).await;
    let read = read.map_err(|_| body_too_slow())?.map_err(|_| too_large(limit))?;
    read.map_err(|_| body_broken())
}

fn body_too_slow() -> Problem {
    let message = "The body did not arrive in time. Please try again.";
    Problem::new(Class::RequestTimeout, "BODY_TOO_SLOW", message)
}

fn body_broken() -> Problem {
    Problem::new(Class::Invalid, "INVALID_BODY", "The body is cut off or broken.")
}

fn announced(request: &HttpRequest) -> Option<usize> {
    request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Whether every line says that it is JSON, whatever its parameters.
fn is_json(request: &HttpRequest) -> bool {
    let types = || lines(request, CONTENT_TYPE).map(|value| fields::parameters(value).0);
    types().next().is_some()
        && types().all(|essence| essence.eq_ignore_ascii_case(b"application/json"))
}

/// Whether the body has to be decoded: `identity` says that it has not (RFC 9110, section 8.4).
fn is_encoded(request: &HttpRequest) -> bool {
    let mut codings = fields::members(lines(request, CONTENT_ENCODING), Quotes::None);
    codings.any(|coding| !coding.eq_ignore_ascii_case(b"identity"))
}

fn too_large(limit: usize) -> Problem {
    let message = format!("The request body is larger than {limit} bytes.");
    Problem::new(Class::BodyTooLarge, "BODY_TOO_LARGE", message)
}

/// What tells browsers to be careful with answers to pages: never to guess types, to show them in a
/// frame, to send on where they came from, or to come without encryption.
pub(crate) const BROWSER_HEADERS: [(HeaderName, HeaderValue); 4] = [
    (STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")),
    (
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("same-origin")),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_whole_and_mean_text() {
        for good in ["/a", "/a%20b", "/%C3%A9", "/100%25"] {
            assert!(well_encoded(good), "{good}");
        }
        for bad in ["/%", "/%2", "/%zz", "/a%2", "/%ff", "/%00", "/%0d%0a", "/%c3"] {
            assert!(!well_encoded(bad), "{bad}");
        }
    }
}
