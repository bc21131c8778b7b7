//! Services on a loopback socket that answer with the recorded bodies, on threads of their own.

use super::bodies;
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
};

/// Longer than any request of ours.
const REQUEST_BYTES: usize = 4096;

/// Answers until the process ends: users, orders and recommendations, told apart by their paths.
pub(crate) fn start() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || converse(stream));
        }
    });
    address
}

/// Head and body go out in one write, so that a client always reads them in the same steps.
fn converse(mut stream: TcpStream) {
    let mut request = Vec::with_capacity(REQUEST_BYTES);
    let mut chunk = [0; REQUEST_BYTES];
    while let Ok(read @ 1..) = stream.read(&mut chunk) {
        request.extend(chunk.iter().take(read));
        if !request.ends_with(b"\r\n\r\n") {
            continue;
        }
        let text = String::from_utf8_lossy(&request);
        let body = bodies::at(text.split(' ').nth(1).unwrap_or_default());
        let bytes = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(bytes.as_bytes()).is_err() {
            return;
        }
        request.clear();
    }
}
