//! A small blocking HTTP client for tests: one request per connection or many, the answer as it
//! came, odd requests welcome.

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

/// One half of a connection that is used again and again.
#[derive(Debug)]
pub struct Requests {
    address: SocketAddr,
    stream: TcpStream,
}

/// The other half: the answers, in the order of the requests.
#[derive(Debug)]
pub struct Replies {
    stream: TcpStream,
    received: Vec<u8>,
}

/// A connection for requests that do not wait for the answers to those before (RFC 9112 section
/// 9.3.2).
///
/// # Errors
/// No connection.
pub fn pipeline(address: SocketAddr) -> io::Result<(Requests, Replies)> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let replies = Replies { stream: stream.try_clone()?, received: Vec::new() };
    Ok((Requests { address, stream }, replies))
}

impl Requests {
    /// `GET`, without waiting for anything.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn get(&mut self, target: &str) -> io::Result<()> {
        let head = format!("GET {target} HTTP/1.1\r\nhost: {}\r\n\r\n", self.address);
        self.write(head.as_bytes())
    }

    /// Bytes as they are.
    ///
    /// # Errors
    /// The connection is gone.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// As much of `bytes` as goes out without waiting; a connection that is gone takes none.
    pub fn write_what_fits(&mut self, bytes: &[u8]) {
        let _blocking = self.stream.set_nonblocking(true);
        let _as_much_as_fits = self.stream.write_all(bytes);
        let _blocking = self.stream.set_nonblocking(false);
    }

    /// The socket itself.
    #[must_use]
    pub fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Ends the connection, also for who waits for an answer.
    ///
    /// # Errors
    /// It is gone already.
    pub fn close(&self) -> io::Result<()> {
        self.stream.shutdown(std::net::Shutdown::Both)
    }
}

impl Replies {
    /// The answer to a `HEAD` request.
    ///
    /// # Errors
    /// As of [`read`](Self::read).
    pub fn read_head(&mut self) -> io::Result<Reply> {
        loop {
            if let Some((reply, end)) = parse_head(&self.received)? {
                self.received = self.received.split_off(end);
                return Ok(reply);
            }
            self.receive()?;
        }
    }

    /// The answer to the oldest request without one: with a `Content-Length`, as a BFF sends it.
    ///
    /// # Errors
    /// No answer in time, the end of the connection, or an answer that is not HTTP.
    pub fn read(&mut self) -> io::Result<Reply> {
        loop {
            if let Some((mut reply, end)) = parse_head(&self.received)? {
                let length = reply.header("content-length").and_then(|text| text.parse().ok());
                let end_of_body = end + length.unwrap_or(0);
                if self.received.len() >= end_of_body {
                    let rest = self.received.split_off(end_of_body);
                    reply.body = self.received.split_off(end);
                    self.received = rest;
                    return Ok(reply);
                }
            }
            self.receive()?;
        }
    }

    fn receive(&mut self) -> io::Result<()> {
        let mut chunk = [0; 16 * 1024];
        let count = self.stream.read(&mut chunk)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.received.extend(chunk.iter().take(count));
        Ok(())
    }
}

fn parse(bytes: &[u8]) -> io::Result<Reply> {
    let Some((reply, end)) = parse_head(bytes)? else {
        let why = format!("{} bytes and no complete head", bytes.len());
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    };
    Ok(Reply { body: bytes.get(end..).unwrap_or_default().to_vec(), ..reply })
}

/// The answer without its body and where that begins; `None` when more has to come first.
fn parse_head(bytes: &[u8]) -> io::Result<Option<(Reply, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Response::new(&mut headers);
    let not_http = |why: String| io::Error::new(io::ErrorKind::InvalidData, why);
    let status = head.parse(bytes).map_err(|error| not_http(error.to_string()))?;
    let httparse::Status::Complete(end) = status else {
        return Ok(None);
    };
    let headers = head
        .headers
        .iter()
        .map(|header| {
            (header.name.to_ascii_lowercase(), String::from_utf8_lossy(header.value).into_owned())
        })
        .collect();
    let status = head.code.unwrap_or_default();
    Ok(Some((Reply { status, headers, body: Vec::new() }, end)))
}
