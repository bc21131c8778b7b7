//! A connection that never blocks: what came in, and what has still to go out.

use crate::message::{self, Message};
use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

/// What one read has room for: any sample answer at once.
const ROOM: usize = 16 * 1024;

/// A server that does not accept for so long is not one to wait for.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection with its buffers.
#[derive(Debug)]
pub struct Socket {
    stream: TcpStream,
    input: Vec<u8>,
    filled: usize,
    output: Vec<u8>,
    written: usize,
}

impl Socket {
    /// Takes over a connection.
    ///
    /// # Errors
    /// The operating system's.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, input: vec![0; ROOM], filled: 0, output: Vec::new(), written: 0 })
    }

    /// Connects; on loopback that takes no time.
    ///
    /// # Errors
    /// The operating system's.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::new(TcpStream::connect_timeout(&address, PATIENCE)?)
    }

    /// The stream, to be watched.
    #[must_use]
    pub fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// What has come in and was not consumed.
    #[must_use]
    pub fn input(&self) -> &[u8] {
        self.input.get(..self.filled).unwrap_or_default()
    }

    /// Reads and writes as far as it goes. False when the other side has closed.
    ///
    /// # Errors
    /// The connection's.
    pub fn advance(&mut self) -> io::Result<bool> {
        self.flush()?;
        loop {
            if self.filled == self.input.len() {
                self.input.resize(self.filled + ROOM, 0);
            }
            let room = self.input.get_mut(self.filled..).unwrap_or_default();
            let size = room.len();
            match self.stream.read(room) {
                Ok(0) => return Ok(false),
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            // Less than there was room for: nothing is left, and the next byte is a new event.
            if self.filled < self.input.len() || size == 0 {
                return Ok(true);
            }
        }
    }

    /// The message at the beginning of the input, once all of it is there.
    #[must_use]
    pub fn message(&self) -> Option<Message> {
        message::whole(self.input())
    }

    /// Forgets the first `count` bytes of the input.
    pub fn consume(&mut self, count: usize) {
        let count = count.min(self.filled);
        if count < self.filled {
            self.input.copy_within(count..self.filled, 0);
        }
        self.filled -= count;
    }

    /// Sends bytes: at once as far as it goes, the rest later.
    ///
    /// # Errors
    /// The connection's.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.output.is_empty() {
            self.output.extend_from_slice(bytes);
            return Ok(());
        }
        let count = self.write(bytes)?;
        self.output.extend_from_slice(bytes.get(count..).unwrap_or_default());
        Ok(())
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        loop {
            match (&self.stream).write(bytes) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(0),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        while self.written < self.output.len() {
            match self.write(self.output.get(self.written..).unwrap_or_default())? {
                0 => return Ok(()),
                count => self.written += count,
            }
        }
        self.output.clear();
        self.written = 0;
        Ok(())
    }
}
