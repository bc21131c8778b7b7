//! A trace collector that swallows what it gets.

use bff_bench::message;
use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
};

/// Listens until the benchmark ends.
pub(crate) fn start() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::Builder::new().name("sink".to_owned()).spawn(move || {
        for stream in listener.incoming().flatten() {
            // A BFF that was stopped in the middle of a batch is not an error here.
            thread::spawn(move || swallow(stream));
        }
    })?;
    Ok(address)
}

fn swallow(mut stream: TcpStream) -> io::Result<()> {
    let mut bytes = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = stream.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        bytes.extend_from_slice(buffer.get(..count).unwrap_or_default());
        while let Some(request) = message::whole(&bytes) {
            bytes.drain(..request.body.end);
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\n\r\n")?;
        }
    }
}
