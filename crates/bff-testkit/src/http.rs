//! A small blocking HTTP client for tests: one request per connection, the answer as it came, odd
//! requests welcome.

use serde_json::Value;
use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// Nothing in a test takes longer than this.
const PATIENCE: Duration = Duration::from_secs(20);

/// An answer.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body as it travelled.
    pub body: Vec<u8>,
}

impl Reply {
    /// The first header of that name, which is written in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `null` when it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The part of the body at a JSON pointer, `/meta/sections`; `null` when there is none.
    #[must_use]
    pub fn at(&self, pointer: &str) -> Value {
        self.json().pointer(pointer).cloned().unwrap_or_default()
    }

    /// The names of the members at a JSON pointer, sorted.
    #[must_use]
    pub fn names(&self, pointer: &str) -> Vec<String> {
        self.at(pointer).as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
    }

    /// The number of items at a JSON pointer; `None` when there is no list.
    #[must_use]
    pub fn count(&self, pointer: &str) -> Option<usize> {
        self.at(pointer).as_array().map(Vec::len)
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The code of a problem; empty for anything else.
    #[must_use]
    pub fn code(&self) -> String {
        self.at("/code").as_str().unwrap_or_default().to_owned()
    }
}

/// Sends a request without a body.
///
/// # Errors
/// No connection, or no answer in time.
pub fn send(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
) -> io::Result<Reply> {
    let lines: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!(
        "{method} {target} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{lines}\r\n"
    );
    exchange(address, head.as_bytes())
}

/// Sends bytes as they are and reads the answer to the end of the connection.
///
/// # Errors
/// No connection, no answer in time, or an answer that is not HTTP.
pub fn exchange(address: SocketAddr, request: &[u8]) -> io::Result<Reply> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(request)?;
    let mut bytes = Vec::new();
    match stream.read_to_end(&mut bytes) {
        // A server that refuses early closes while the request is still on its way.
        Err(error) if error.kind() == io::ErrorKind::ConnectionReset && !bytes.is_empty() => {}
        other => {
            other?;
        }
    }
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> io::Result<Reply> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let not_http = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let status = head.parse(bytes).map_err(|error| not_http(error.to_string()))?;
    let httparse::Status::Complete(end) = status else {
        return Err(not_http(format!("{} bytes and no complete head", bytes.len())));
    };
    let headers = head
        .headers
        .iter()
        .map(|header| {
            (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned())
        })
        .collect();
    let body = bytes.get(end..).unwrap_or_default().to_vec();
    Ok(Reply { status: head.code.unwrap_or_default(), headers, body })
}
