//! An OTLP/HTTP collector that keeps what it is sent; it can refuse, hang and die.

mod sent;

pub use sent::{Attributes, SentMetric, SentPoint, SentSpan};

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

/// A running collector. Dropping it is its death.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    state: Arc<State>,
}

/// What a collector does with the next export.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Manner {
    /// Keeps it.
    #[default]
    Takes,
    /// Answers 500.
    Refuses,
    /// Reads it and never answers.
    Hangs,
}

/// One request that the collector got.
#[derive(Debug, Clone)]
pub struct Export {
    /// Request line and headers, in lower case.
    pub head: String,
    /// The message.
    pub body: Vec<u8>,
    /// What the collector did with it.
    pub manner: Manner,
}

#[derive(Debug, Default)]
struct State {
    dead: AtomicBool,
    manner: Mutex<Manner>,
    exports: Mutex<Vec<Export>>,
    connections: Mutex<Vec<TcpStream>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Collector {
    /// A collector on a free port, which takes everything.
    ///
    /// # Errors
    /// What the operating system refuses.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let state = Arc::<State>::default();
        let serving = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.dead.load(Ordering::SeqCst) {
                    break;
                }
                lock(&serving.connections).extend(stream.try_clone());
                let state = serving.clone();
                // Exporters keep their connections.
                thread::spawn(move || while state.serve(&stream).is_ok() {});
            }
        });
        Ok(Self { address, state })
    }

    /// The address for one kind of telemetry: `traces`, `metrics`.
    #[must_use]
    pub fn url(&self, of: &str) -> String {
        format!("http://{}/v1/{of}", self.address)
    }

    /// Changes what it does from now on.
    pub fn set(&self, manner: Manner) {
        *lock(&self.state.manner) = manner;
    }

    /// Everything that came, in whatever manner it was treated.
    #[must_use]
    pub fn exports(&self) -> Vec<Export> {
        lock(&self.state.exports).clone()
    }

    /// The spans that it took.
    #[must_use]
    pub fn spans(&self) -> Vec<SentSpan> {
        self.taken("traces").iter().flat_map(|body| sent::spans(body)).collect()
    }

    /// The metrics of each export that it took, in order.
    #[must_use]
    pub fn metrics(&self) -> Vec<Vec<SentMetric>> {
        self.taken("metrics").iter().map(|body| sent::metrics(body)).collect()
    }

    fn taken(&self, of: &str) -> Vec<Vec<u8>> {
        let line = format!("post /v1/{of} ");
        let exports = self.exports().into_iter();
        let taken = exports.filter(|e| e.manner == Manner::Takes && e.head.starts_with(&line));
        taken.map(|export| export.body).collect()
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.state.dead.store(true, Ordering::SeqCst);
        // The listener is closed when it wakes up.
        let _gone = TcpStream::connect(self.address);
        for connection in lock(&self.state.connections).iter() {
            let _gone = connection.shutdown(Shutdown::Both);
        }
    }
}

impl State {
    /// Reads one export and treats it.
    fn serve(&self, mut stream: &TcpStream) -> io::Result<()> {
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        let head = head.to_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        let mut body = vec![0; length.and_then(|text| text.trim().parse().ok()).unwrap_or(0)];
        reader.read_exact(&mut body)?;
        let manner = *lock(&self.manner);
        lock(&self.exports).push(Export { head, body, manner });
        let status = match manner {
            Manner::Takes => "200 OK",
            Manner::Refuses => "500 Internal Server Error",
            Manner::Hangs => {
                // Until the exporter gives up.
                reader.read_to_end(&mut Vec::new())?;
                return Err(io::ErrorKind::TimedOut.into());
            }
        };
        let about = "content-type: application/x-protobuf\r\ncontent-length: 0";
        stream.write_all(format!("HTTP/1.1 {status}\r\n{about}\r\n\r\n").as_bytes())
    }
}
