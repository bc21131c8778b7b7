//! One HTTP/1.1 request, parsed from what a connection has received so far.

use std::io;

/// A whole request, body included.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path and query as sent.
    pub(super) target: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
    /// All of it as it came.
    pub(super) bytes: Vec<u8>,
}

impl Request {
    /// Takes the first request off `received`, or none while it is incomplete.
    pub(super) fn take_from(received: &mut Vec<u8>) -> io::Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; 100];
        let mut head = httparse::Request::new(&mut headers);
        let parsed = head.parse(received).map_err(invalid)?;
        let httparse::Status::Complete(head_bytes) = parsed else { return Ok(None) };
        let mut request = Self {
            method: head.method.unwrap_or_default().to_owned(),
            target: head.path.unwrap_or_default().to_owned(),
            headers: head.headers.iter().map(owned).collect(),
            body: Vec::new(),
            bytes: Vec::new(),
        };
        let body_bytes = request.header("content-length").map_or(Ok(0), str::parse);
        let end = head_bytes.saturating_add(body_bytes.map_err(invalid)?);
        if received.len() < end {
            return Ok(None);
        }
        request.bytes = received.drain(..end).collect();
        request.body = request.bytes.get(head_bytes..).unwrap_or_default().to_vec();
        Ok(Some(request))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut named = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        named.next().map(|(_, value)| value.as_str())
    }

    pub(super) fn wants_close(&self) -> bool {
        self.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// The segments of the path, without the leading slash.
    pub(super) fn segments(&self) -> Vec<&str> {
        let path = self.target.split('?').next().unwrap_or_default();
        path.trim_matches('/').split('/').collect()
    }

    /// The decoded names and values of the query, in order.
    pub(super) fn query(&self) -> impl Iterator<Item = (String, String)> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decoded(name), percent_decoded(value))
        })
    }

    pub(super) fn query_value(&self, name: &str) -> Option<String> {
        self.query().find(|(key, _)| key == name).map(|(_, value)| value)
    }
}

fn owned(header: &httparse::Header<'_>) -> (String, String) {
    (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned())
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Undoes `%2C` and the like; what is no valid escape stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut pieces = text.split('%');
    let mut bytes = pieces.next().unwrap_or_default().as_bytes().to_vec();
    for piece in pieces {
        let escape = piece.split_at_checked(2);
        let byte = escape.and_then(|(digits, _)| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(b'%'));
        let rest = byte.and(escape).map_or(piece, |(_, rest)| rest);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
