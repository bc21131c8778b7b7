//! One accepted connection: requests in, bytes out, and notice when the peer leaves.

use super::request::Request;
use std::io;
use tokio::net::TcpStream;

/// A connection and what it has received but not yet parsed.
#[derive(Debug)]
pub(super) struct Wire {
    socket: TcpStream,
    received: Vec<u8>,
}

impl Wire {
    pub(super) fn new(socket: TcpStream) -> io::Result<Self> {
        socket.set_nodelay(true)?;
        Ok(Self { socket, received: Vec::new() })
    }

    /// The next request, or none when the peer has closed between two requests.
    pub(super) async fn next_request(&mut self) -> io::Result<Option<Request>> {
        loop {
            if let Some(request) = Request::take_from(&mut self.received)? {
                return Ok(Some(request));
            }
            if self.receive().await? == 0 {
                return Ok(None);
            }
        }
    }

    /// Completes when the peer closes or resets; until then it keeps what arrives.
    pub(super) async fn peer_left(&mut self) {
        while matches!(self.receive().await, Ok(1..)) {}
    }

    pub(super) async fn send(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.socket.writable().await?;
            match self.socket.try_write(bytes) {
                Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Makes the coming drop of this connection a reset instead of an orderly close.
    pub(super) fn reset_on_drop(&self) -> io::Result<()> {
        self.socket.set_zero_linger()
    }

    async fn receive(&mut self) -> io::Result<usize> {
        let mut chunk = [0; 8 * 1024];
        loop {
            self.socket.readable().await?;
            match self.socket.try_read(&mut chunk) {
                Ok(count) => {
                    self.received.extend(chunk.iter().take(count));
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}
