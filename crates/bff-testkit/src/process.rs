//! A BFF in a process of its own, for tests about several: the test binary, run once more.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

use bff_core::Bff;
use bff_fixtures::log_line;
use bff_server::{Server, Settings};
pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};
use std::{
    env,
    io::{self, BufRead, BufReader, Read, Write},
    iter,
    net::SocketAddr,
    process::{Child, Command, Stdio},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// Which BFF the child is to be.
const ROLE: &str = "BFF_TEST_ROLE";
/// Its settings, as text.
const SETTINGS: &str = "BFF_TEST_SETTINGS";
/// Stands before the addresses in the child's output.
const LISTENS: &str = "listens on ";

/// Nothing that a test waits for takes longer than this.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running process. Dropping it kills it; it also ends by itself when the test does.
#[derive(Debug)]
pub struct BffProcess {
    /// The public address.
    pub address: SocketAddr,
    /// The address of health and metrics.
    pub admin_address: SocketAddr,
    child: Child,
    /// Reads what it says; the log lines that nobody could read.
    reader: Option<JoinHandle<Vec<String>>>,
}

/// What a child was started for.
#[derive(Debug)]
pub struct Part {
    /// Which BFF it is to be.
    pub role: String,
    /// Its settings, as text.
    pub settings: String,
}

impl BffProcess {
    /// Runs this test binary again, with only the test of that path, `module::function`. That test
    /// has to ask for its [`Part`] and to [`play`](Part::play) it.
    ///
    /// # Panics
    /// When it does not start: it is a test.
    #[must_use]
    pub fn start(test: &str, role: &str, settings: &str) -> Self {
        let mut command = Command::new(env::current_exe().expect("a test has a binary"));
        command.args([test, "--exact"]).env(ROLE, role).env(SETTINGS, settings);
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the test binary starts again");
        let mut output = BufReader::new(child.stdout.take().expect("its output"));
        let addresses = output.by_ref().lines().map_while(Result::ok).find_map(|l| addresses(&l));
        let reader = thread::spawn(move || {
            whole_lines(output).filter_map(|line| unreadable(&line)).collect()
        });
        let Some([address, admin_address]) = addresses else {
            let _already_gone = child.kill();
            panic!("{role} is not started by {test}: {:?}", child.wait())
        };
        Self { address, admin_address, child, reader: Some(reader) }
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    ///
    /// # Panics
    /// When it has ended already: it is a test.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it is there");
    }

    /// The same, again and again until it ends; the exit code, as of [`end`](Self::end).
    ///
    /// # Panics
    /// When it goes on for half a minute: it is a test.
    pub fn end_by(self, signal: Signal) -> Option<i32> {
        self.end_while(|process| process.signal(signal))
    }

    /// Waits for its end; the exit code, unless a signal ended it.
    ///
    /// # Panics
    /// When it goes on for half a minute: it is a test.
    pub fn end(self) -> Option<i32> {
        self.end_while(|_| {})
    }

    fn end_while(mut self, insist: impl Fn(&Self)) -> Option<i32> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("it is ours") {
                return status.code();
            }
            assert!(Instant::now() < until, "the process does not end");
            insist(&self);
            thread::sleep(Duration::from_millis(2));
        }
    }
}

impl Drop for BffProcess {
    fn drop(&mut self) {
        let _already_gone = self.child.kill();
        let _status = self.child.wait();
        let unreadable = self.reader.take().map(|reader| reader.join().unwrap_or_default());
        if !thread::panicking() {
            assert_eq!(unreadable.unwrap_or_default(), [""; 0], "log lines");
        }
    }
}

impl Part {
    /// What this process was started for, if it was started by [`BffProcess::start`].
    #[must_use]
    pub fn of_this_process() -> Option<Self> {
        Some(Self { role: env::var(ROLE).ok()?, settings: env::var(SETTINGS).ok()? })
    }

    /// Takes the ports of this BFF and tells the test which they are.
    ///
    /// # Panics
    /// When it does not start: it is a test.
    #[must_use]
    pub fn bind(bff: &Bff, settings: &Settings) -> Server {
        let server = Server::bind(bff, settings).expect("the BFF binds");
        let said = format!("\n{LISTENS}{} {}\n", server.address(), server.admin_address());
        io::stdout().write_all(said.as_bytes()).expect("somebody listens");
        server
    }

    /// Answers as this BFF until the test that wants it is over.
    ///
    /// # Panics
    /// When it does not start: it is a test.
    pub fn play(self, bff: &Bff, settings: &Settings) {
        let server = Self::bind(bff, settings);
        let stop = server.stop_handle();
        thread::spawn(move || {
            // Ends with the one who holds the other end.
            let _nothing = io::stdin().read_to_end(&mut Vec::new());
            stop.stop();
        });
        server.run_blocking().expect("the BFF runs");
    }
}

/// The lines of a process that may be killed while it writes one.
fn whole_lines(mut output: impl BufRead) -> impl Iterator<Item = String> {
    iter::from_fn(move || {
        let mut line = String::new();
        output.read_line(&mut line).ok()?;
        line.ends_with('\n').then_some(line)
    })
}

/// Why a line cannot be read. What is said around the log by the test's own frame is no object.
fn unreadable(line: &str) -> Option<String> {
    line.starts_with('{').then(|| log_line(line.trim_end()).err())?
}

fn addresses(line: &str) -> Option<[SocketAddr; 2]> {
    let (address, admin) = line.strip_prefix(LISTENS)?.split_once(' ')?;
    Some([address.parse().ok()?, admin.parse().ok()?])
}
