//! A service that knows tokens and refuses some of them.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
};

/// Answers 401 to requests that show the refused token, and a name to all others.
pub(crate) struct Picky {
    port: u16,
    heard: Arc<Mutex<Vec<String>>>,
    closed: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Picky {
    /// `refused` is a part of the heads that are refused.
    pub(crate) fn start(refused: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (heard, closed) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<AtomicBool>::default());
        let (hears, stops) = (Arc::clone(&heard), Arc::clone(&closed));
        let thread = thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stops.load(SeqCst) {
                    return;
                }
                answer(stream, refused, &hears);
            }
        });
        Self { port, heard, closed, thread: Some(thread) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The `Authorization` headers of all requests.
    pub(crate) fn shown(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        heard.iter().map(|text| header(text, "authorization").to_owned()).collect()
    }

    /// All requests as they came.
    pub(crate) fn heard(&self) -> String {
        self.heard.lock().unwrap().concat()
    }
}

impl Drop for Picky {
    fn drop(&mut self) {
        self.closed.store(true, SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(mut stream: TcpStream, refused: &str, heard: &Mutex<Vec<String>>) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read_exact(&mut byte).is_err() {
            return;
        }
        head.extend(byte);
    }
    let mut text = String::from_utf8_lossy(&head).into_owned();
    let mut body = vec![0; header(&text, "content-length").parse().unwrap_or(0)];
    if stream.read_exact(&mut body).is_err() {
        return;
    }
    text.push_str(&String::from_utf8_lossy(&body));
    let (status, body) = match text.contains(refused) {
        true => ("401 Unauthorized", "{}"),
        false => ("200 OK", r#"{"displayName":"Ada"}"#),
    };
    heard.lock().unwrap().push(text);
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
}

/// The value of a header in the text of a request; empty for none.
fn header<'a>(text: &'a str, name: &str) -> &'a str {
    let mut headers = text.lines().filter_map(|line| line.split_once(": "));
    headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
}
