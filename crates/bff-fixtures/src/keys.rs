//! An issuer's public keys over HTTP, for as long as the process lives.

use crate::Issuer;
use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// Serves the key set of `issuer` to every request, on a port of 127.0.0.1, 0 for any free one.
///
/// # Errors
/// When the port is taken: the text names it.
pub fn serve(issuer: &'static Issuer, port: u16) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
        io::Error::new(error.kind(), format!("port {port} for the issuer's keys: {error}"))
    })?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            // A client that leaves early is its own business.
            let _sent = answer(stream, &issuer.jwks());
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream, keys: &str) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(1)))?;
    let _request = stream.read(&mut [0; 4096])?;
    let length = keys.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{keys}"
    )
}
