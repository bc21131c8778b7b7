//! A Redis server whose answers take their time: a proxy in front of a real one.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering},
    },
    thread::{sleep, spawn},
    time::Duration,
};

/// Passes everything on to a server, and its answers back after a delay. Dropping it closes all
/// connections.
#[derive(Debug)]
pub struct SlowRedis {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    behind: AtomicU16,
    delay_ms: AtomicU64,
    connections: AtomicU64,
    closed: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

impl SlowRedis {
    /// Stands before the server on port `behind`, without a delay at first.
    ///
    /// # Panics
    /// When it cannot listen: it is a test.
    #[must_use]
    pub fn before(behind: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let port = listener.local_addr().expect("a listener has an address").port();
        let shared = Arc::new(Shared { behind: behind.into(), ..Shared::default() });
        let accepting = Arc::clone(&shared);
        spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if accepting.closed.load(Ordering::Relaxed) {
                    return;
                }
                accepting.connections.fetch_add(1, Ordering::Relaxed);
                // A server that is away refuses, and so do we: the client is dropped.
                let _refused = join(&accepting, client);
            }
        });
        Self { port, shared }
    }

    /// Where it is: `redis://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Delays every answer from now on, by whole milliseconds.
    pub fn set_delay(&self, delay: Duration) {
        let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
        self.shared.delay_ms.store(millis, Ordering::Relaxed);
    }

    /// Stands before another server for all connections to come, as a name that is moved does. Those
    /// that stand stay where they are.
    pub fn lead_to(&self, behind: u16) {
        self.shared.behind.store(behind, Ordering::Relaxed);
    }

    /// How many connections it has taken so far.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

impl Drop for SlowRedis {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
        let _wakes_the_listener = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let open = self.shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in open.iter() {
            let _already_closed = stream.shutdown(Shutdown::Both);
        }
    }
}

fn join(shared: &Arc<Shared>, client: TcpStream) -> io::Result<()> {
    let behind = shared.behind.load(Ordering::Relaxed);
    let server = TcpStream::connect((Ipv4Addr::LOCALHOST, behind))?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
        shared.open.lock().unwrap_or_else(PoisonError::into_inner).push(stream.try_clone()?);
    }
    let (to_server, to_client) = (server.try_clone()?, client.try_clone()?);
    spawn(move || pass(client, to_server, || {}));
    let shared = Arc::clone(shared);
    let delay = move || sleep(Duration::from_millis(shared.delay_ms.load(Ordering::Relaxed)));
    spawn(move || pass(server, to_client, delay));
    Ok(())
}

/// Until either end closes.
fn pass(mut from: TcpStream, mut to: TcpStream, before_each: impl Fn()) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(1..) = from.read(&mut buffer).and_then(|count| {
        before_each();
        to.write_all(buffer.get(..count).unwrap_or_default()).map(|()| count)
    }) {}
    for stream in [from, to] {
        let _already_closed = stream.shutdown(Shutdown::Both);
    }
}
