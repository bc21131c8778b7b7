//! A Redis that talks nonsense: a proxy in front of a real one, which answers by itself while it is told to.

use std::{
    io::{self, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    thread::spawn,
};

/// Replies that answer no command of ours, or not all of them.
pub const NONSENSE: [&str; 22] = [
    ":1\r\n",
    ":0\r\n",
    ":-9223372036854775808\r\n",
    "+OK\r\n",
    "+QUEUED\r\n",
    "$-1\r\n",
    "$0\r\n\r\n",
    "$5\r\nhello\r\n",
    "*0\r\n",
    "*-1\r\n",
    "*2\r\n:1\r\n*1\r\n$1\r\nx\r\n",
    // As long as can be said, and then nothing.
    "$9223372036854775807\r\n",
    "*9223372036854775807\r\n",
    "%4611686018427387903\r\n",
    // Of the protocol that was not asked for.
    "_\r\n",
    "#t\r\n",
    ",1.5\r\n",
    "%1\r\n+a\r\n:1\r\n",
    ">2\r\n+message\r\n+a\r\n",
    "|1\r\n+a\r\n:1\r\n+OK\r\n",
    "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n",
    "\r\n\0\u{feff}",
];

/// Passes every command on to a server, one after the other, and its answer back. Dropping it closes all connections.
#[derive(Debug)]
pub struct OddRedis {
    port: u16,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    behind: u16,
    odd: Mutex<Option<Odd>>,
    closed: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
}

#[derive(Debug, Clone)]
struct Odd {
    /// The only command that is answered so; all of them without one.
    command: Option<&'static str>,
    reply: Vec<u8>,
}

impl OddRedis {
    /// Stands before the server on port `behind`, and says nothing by itself at first.
    ///
    /// # Panics
    /// When it cannot listen: it is a test.
    #[must_use]
    pub fn before(behind: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
        let port = listener.local_addr().expect("a listener has an address").port();
        let shared = Arc::new(Shared { behind, ..Shared::default() });
        let accepting = Arc::clone(&shared);
        spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if accepting.closed.load(Relaxed) {
                    return;
                }
                let shared = Arc::clone(&accepting);
                spawn(move || serve(&shared, client));
            }
        });
        Self { port, shared }
    }

    /// Where it is: `redis://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// From now on answers every command with `reply`, on connections that stand and on new ones.
    pub fn says(&self, reply: &str) {
        self.set(Some(Odd { command: None, reply: reply.into() }));
    }

    /// The same for one command only, in capitals.
    pub fn says_to(&self, command: &'static str, reply: &str) {
        self.set(Some(Odd { command: Some(command), reply: reply.into() }));
    }

    /// Passes everything on again. Connections that heard nonsense are closed, as a server that is replaced does.
    pub fn is_well(&self) {
        self.set(None);
        self.close();
    }

    fn set(&self, odd: Option<Odd>) {
        *self.shared.odd.lock().unwrap_or_else(PoisonError::into_inner) = odd;
    }

    fn close(&self) {
        let mut open = self.shared.open.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in open.drain(..) {
            let _already_closed = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for OddRedis {
    fn drop(&mut self) {
        self.shared.closed.store(true, Relaxed);
        let _wakes_the_listener = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        self.close();
    }
}

/// Until either end closes.
fn serve(shared: &Shared, mut client: TcpStream) -> io::Result<()> {
    let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, shared.behind))?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
        shared.open.lock().unwrap_or_else(PoisonError::into_inner).push(stream.try_clone()?);
    }
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    loop {
        let command = next(&mut client, &mut asked)?;
        let name = String::from_utf8_lossy(&command).to_uppercase();
        let name = name.split("\r\n").nth(2).unwrap_or_default();
        let odd = shared.odd.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match odd.filter(|odd| odd.command.is_none_or(|command| command == name)) {
            Some(odd) => client.write_all(&odd.reply)?,
            None => {
                server.write_all(&command)?;
                client.write_all(&next(&mut server, &mut answered)?)?;
            }
        }
        if name == "SUBSCRIBE" {
            // What is published comes unasked.
            return io::copy(&mut server, &mut client).map(drop);
        }
    }
}

/// The next whole command or reply: both are written alike.
fn next(from: &mut TcpStream, received: &mut Vec<u8>) -> io::Result<Vec<u8>> {
    let mut chunk = [0; 4096];
    loop {
        if let Some(length) = length(received) {
            return Ok(received.drain(..length).collect());
        }
        match from.read(&mut chunk)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => received.extend(chunk.iter().take(count)),
        }
    }
}

/// How many bytes the first value takes, once it is whole.
fn length(bytes: &[u8]) -> Option<usize> {
    let line = bytes.windows(2).position(|two| two == b"\r\n")? + 2;
    let count = || std::str::from_utf8(bytes.get(1..line - 2)?).ok()?.parse::<i64>().ok();
    match bytes.first()? {
        b'$' => match usize::try_from(count()?) {
            Ok(content) => Some(line + content + 2).filter(|whole| *whole <= bytes.len()),
            Err(_nothing) => Some(line),
        },
        b'*' => (0..count()?).try_fold(line, |at, _| Some(at + length(bytes.get(at..)?)?)),
        _ => Some(line),
    }
}
