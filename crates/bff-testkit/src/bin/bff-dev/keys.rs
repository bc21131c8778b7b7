//! The issuer's public keys over HTTP, for as long as the process lives.

use bff_testkit::Issuer;
use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// Serves the key set of `issuer` to every request.
pub(crate) fn serve(issuer: &'static Issuer, port: u16) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
        io::Error::new(error.kind(), format!("port {port} for the issuer's keys: {error}"))
    })?;
    thread::spawn(move || {
        for stream in listener.incoming().filter_map(Result::ok) {
            // A client that leaves early is its own business.
            let _sent = answer(stream, &issuer.jwks());
        }
    });
    Ok(())
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
