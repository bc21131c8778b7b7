//! The sample services over real sockets, with a caller as plain as can be.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail")]

mod control;
mod data;
mod faults;
mod lifecycle;
mod requests;

use super::{Fault, Ports, SampleServices, Service};
use serde_json::Value;
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

/// Long enough for anything that is going to happen.
const SOON: Duration = Duration::from_secs(10);

/// A connection of the caller's.
struct Call(TcpStream);

impl Call {
    fn to(url: &str) -> Self {
        let stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        stream.set_read_timeout(Some(SOON)).unwrap();
        Self(stream)
    }

    fn send(&mut self, line: &str, headers: &str, body: &str) {
        let length = body.len();
        let head =
            format!("{line} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{headers}\r\n");
        self.0.write_all(format!("{head}{body}").as_bytes()).unwrap();
    }

    /// Everything up to the end of the connection, and how it ended.
    fn rest(&mut self) -> (Vec<u8>, std::io::Result<usize>) {
        let mut received = Vec::new();
        let end = self.0.read_to_end(&mut received);
        (received, end)
    }

    /// One response with a content length.
    fn reply(&mut self) -> Reply {
        let mut received = Vec::new();
        while !received.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap();
            received.extend(byte);
        }
        let mut reply = Reply::from(received);
        reply.body = vec![0; reply.header("content-length").unwrap().parse().unwrap()];
        self.0.read_exact(&mut reply.body).unwrap();
        reply
    }
}

/// A response as received.
#[derive(Debug)]
struct Reply {
    head: String,
    body: Vec<u8>,
}

impl From<Vec<u8>> for Reply {
    fn from(mut received: Vec<u8>) -> Self {
        let end = received.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
        let body = received.split_off(end);
        Self { head: String::from_utf8(received).unwrap(), body }
    }
}

impl Reply {
    fn status(&self) -> u16 {
        self.head[9..12].parse().unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn error(&self) -> String {
        self.json()["error"].as_str().unwrap().to_owned()
    }
}

fn request(url: &str, line: &str, body: &str) -> Reply {
    let mut call = Call::to(url);
    call.send(line, "Connection: close\r\n", body);
    Reply::from(call.rest().0)
}

fn get(services: &SampleServices, service: Service, target: &str) -> Reply {
    request(&services.url(service), &format!("GET {target}"), "")
}
