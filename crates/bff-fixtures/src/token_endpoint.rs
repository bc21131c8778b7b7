//! An issuer's token endpoint on a real port: it grants numbered tokens, or does what it is told.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
};

/// What the endpoint does when it is asked.
#[derive(Clone, Debug)]
pub enum Says {
    /// Grants `token-1`, then `token-2`, each with this life in seconds.
    Token(u64),
    /// Answers with this status and body.
    Body(u16, String),
    /// Sends these bytes, whatever they are.
    Raw(String),
    /// Reads the request and never answers.
    Silence,
}

#[derive(Debug)]
struct State {
    says: Mutex<Says>,
    asked: Mutex<Vec<String>>,
    granted: AtomicUsize,
    closed: AtomicBool,
}

/// Listens until it is dropped or closed.
#[derive(Debug)]
pub struct TokenEndpoint {
    /// Where it listens on this machine.
    pub port: u16,
    state: Arc<State>,
    thread: Option<JoinHandle<()>>,
}

impl TokenEndpoint {
    /// Starts on a free port.
    ///
    /// # Panics
    /// When there is no free port: it is a test.
    #[must_use]
    pub fn start(says: Says) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State {
            says: Mutex::new(says),
            asked: Mutex::default(),
            granted: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
        });
        let shared = Arc::clone(&state);
        let thread = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if shared.closed.load(SeqCst) {
                    return;
                }
                let state = Arc::clone(&shared);
                thread::spawn(move || answer(stream, &state));
            }
        });
        Self { port, state, thread: Some(thread) }
    }

    /// What `token_url` is set to.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/token", self.port)
    }

    /// Answers otherwise from now on.
    pub fn says(&self, says: Says) {
        *self.state.says.lock().unwrap() = says;
    }

    /// Every request as it came.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.state.asked.lock().unwrap().clone()
    }

    /// Nothing listens there any more.
    pub fn close(&mut self) {
        self.state.closed.store(true, SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

impl Drop for TokenEndpoint {
    fn drop(&mut self) {
        self.close();
    }
}

fn answer(mut stream: TcpStream, state: &State) {
    let Some(request) = read(&mut stream) else { return };
    let says = state.says.lock().unwrap().clone();
    state.asked.lock().unwrap().push(request);
    let bytes = match says {
        Says::Token(life) => {
            let nth = state.granted.fetch_add(1, SeqCst) + 1;
            let body = format!(
                r#"{{"access_token":"token-{nth}","token_type":"Bearer","expires_in":{life}}}"#
            );
            response(200, &body)
        }
        Says::Body(status, body) => response(status, &body),
        Says::Raw(bytes) => bytes,
        Says::Silence => {
            // Until the asker leaves.
            let _ = stream.read(&mut [0]);
            return;
        }
    };
    let _ = stream.write_all(bytes.as_bytes());
}

fn response(status: u16, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// Head and body; `None` when the asker leaves before the end.
fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.parse().ok())?
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk) {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(chunk.get(..count)?),
        }
    }
}
