//! A service of a few lines, for misbehaviour that the sample services do not know.

use bff_testkit::Json;
use std::{
    io::{self, ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

/// Longer than any test holds a connection.
const PATIENCE: Duration = Duration::from_secs(20);

/// A listening service. Dropping it stops it from accepting.
pub(crate) struct Neighbour {
    pub(crate) address: SocketAddr,
    stopped: Arc<AtomicBool>,
}

/// One connection to it.
pub(crate) struct Caller {
    stream: TcpStream,
    received: Vec<u8>,
}

impl Neighbour {
    /// Has each connection served by `serve`, on a thread of its own.
    pub(crate) fn start(
        serve: impl Fn(&mut Caller) -> io::Result<()> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (address, stopped) = (listener.local_addr()?, Arc::new(AtomicBool::new(false)));
        let (flag, serve) = (stopped.clone(), Arc::new(serve));
        thread::spawn(move || {
            for stream in listener.incoming().flatten().take_while(|_| !flag.load(Relaxed)) {
                let serve = serve.clone();
                thread::spawn(move || {
                    let mut caller = Caller { stream, received: Vec::new() };
                    caller.stream.set_nodelay(true)?;
                    serve(&mut caller)
                });
            }
        });
        Ok(Self { address, stopped })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        self.stopped.store(true, Relaxed);
        let _woken = TcpStream::connect(self.address);
    }
}

impl Caller {
    /// The last segment of the next request's path; `None` when there is no further request.
    pub(crate) fn next(&mut self) -> io::Result<Option<String>> {
        self.stream.set_read_timeout(Some(PATIENCE))?;
        loop {
            if let Some(end) = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let head: Vec<u8> = self.received.drain(..end + 4).collect();
                let head = String::from_utf8_lossy(&head).into_owned();
                let target = head.split_whitespace().nth(1).unwrap_or_default();
                let path = target.split('?').next().unwrap_or_default();
                return Ok(path.rsplit('/').next().map(str::to_owned));
            }
            if self.receive()? == 0 {
                return Ok(None);
            }
        }
    }

    /// Answers with a product of that title and keeps the connection.
    pub(crate) fn answer(&mut self, title: &str) -> io::Result<()> {
        let body = Json::from_iter([("title", title)]).to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.say(&(head + &body))
    }

    pub(crate) fn say(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes())
    }

    /// Does nothing for that long, or until the caller leaves. Returns whether it left.
    pub(crate) fn leaves_within(&mut self, time: Duration) -> io::Result<bool> {
        self.stream.set_read_timeout(Some(time))?;
        match self.receive() {
            Ok(0) => Ok(true),
            Ok(_) => Ok(false),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                Ok(false)
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn receive(&mut self) -> io::Result<usize> {
        let mut chunk = [0; 4096];
        let count = self.stream.read(&mut chunk)?;
        self.received.extend(chunk.iter().take(count));
        Ok(count)
    }
}
