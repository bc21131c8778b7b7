//! A service whose every answer differs from the one before, so that a kept one can be recognised.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
};

/// A listening service: `{"title":"p-1 3"}` is what the third request is told about `p-1`. Dropping
/// it stops it from accepting.
#[derive(Debug)]
pub struct Ticker {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    requests: AtomicU64,
    fails: AtomicBool,
    stopped: AtomicBool,
    /// Up to which request answers are given now.
    answered_up_to: Mutex<Option<u64>>,
    changed: Condvar,
}

impl Ticker {
    /// Starts it on a free port.
    ///
    /// # Panics
    /// When there is none: it is a test.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that cannot start has nothing to say")]
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let address = listener.local_addr().expect("a listener has an address");
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

    /// Where it is: `http://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many requests came so far.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.state.requests.load(Relaxed)
    }

    /// Answers 500 from now on, or no longer.
    pub fn set_failing(&self, fails: bool) {
        self.state.fails.store(fails, Relaxed);
    }

    /// From now on only the first `count` requests are answered, counted from the start; later ones
    /// wait until that is raised.
    pub fn answer_up_to(&self, count: u64) {
        self.state.set_limit(Some(count));
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.state.stopped.store(true, Relaxed);
        self.state.set_limit(None);
        let _wakes_the_listener = TcpStream::connect(self.address);
    }
}

impl State {
    fn set_limit(&self, limit: Option<u64>) {
        *self.answered_up_to.lock().unwrap_or_else(PoisonError::into_inner) = limit;
        self.changed.notify_all();
    }

    fn wait_for_the_turn_of(&self, request: u64) {
        let limit = self.answered_up_to.lock().unwrap_or_else(PoisonError::into_inner);
        let not_yet = |limit: &mut Option<u64>| limit.is_some_and(|limit| request > limit);
        drop(self.changed.wait_while(limit, not_yet));
    }
}

fn converse(mut stream: TcpStream, state: &State) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut received = Vec::new();
    loop {
        while let Some(end) = received.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head: Vec<u8> = received.drain(..end + 4).collect();
            let head = String::from_utf8_lossy(&head).into_owned();
            let id = head.split_whitespace().nth(1).and_then(|path| path.rsplit('/').next());
            let count = state.requests.fetch_add(1, Relaxed) + 1;
            state.wait_for_the_turn_of(count);
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
