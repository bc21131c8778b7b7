//! A service whose every answer differs from the one before, so that a kept one can be recognised.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
};

/// A listening service. Dropping it stops it from accepting.
pub(crate) struct Ticker {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    requests: AtomicU64,
    fails: AtomicBool,
    stopped: AtomicBool,
}

impl Ticker {
    pub(crate) fn start() -> Self {
        let begin = || {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            Ok::<_, io::Error>((listener.local_addr()?, listener))
        };
        let (address, listener) = begin().unwrap_or_else(|error| unreachable!("{error}"));
        let state = Arc::new(State::default());
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.stopped.load(Relaxed) {
                    return;
                }
                let shared = shared.clone();
                thread::spawn(move || converse(stream, &shared));
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests came so far.
    pub(crate) fn requests(&self) -> u64 {
        self.state.requests.load(Relaxed)
    }

    /// Answers 500 from now on, or no longer.
    pub(crate) fn set_failing(&self, fails: bool) {
        self.state.fails.store(fails, Relaxed);
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.state.stopped.store(true, Relaxed);
        let _wakes_the_listener = TcpStream::connect(self.address);
    }
}

/// `{"title":"p-1 3"}` is what the third request is told about `p-1`.
fn converse(mut stream: TcpStream, state: &State) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut received = Vec::new();
    loop {
        while let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head: Vec<u8> = received.drain(..end + 4).collect();
            let head = String::from_utf8_lossy(&head).into_owned();
            let id = head.split_whitespace().nth(1).and_then(|path| path.rsplit('/').next());
            let count = state.requests.fetch_add(1, Relaxed) + 1;
            let status = if state.fails.load(Relaxed) { "500 Failed" } else { "200 OK" };
            let body = format!("{{\"title\":\"{} {count}\"}}", id.unwrap_or_default());
            write!(
                stream,
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            )?;
        }
        let mut chunk = [0; 4096];
        let count = stream.read(&mut chunk)?;
        if count == 0 {
            return Ok(());
        }
        received.extend(chunk.iter().take(count));
    }
}
