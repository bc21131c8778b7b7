//! One Redis server.

use super::{
    free_port,
    process::{Process, basics, new_directory},
};
use rustix::process::Signal;

/// A running Redis server. Dropping it ends it.
#[derive(Debug)]
pub struct RedisServer {
    process: Process,
}

impl RedisServer {
    /// Starts an empty server.
    ///
    /// # Panics
    /// When it does not start: it is a test.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with more arguments, as redis-server takes them: `["--maxmemory", "2mb"]`.
    ///
    /// # Panics
    /// When it does not start: it is a test.
    #[must_use]
    pub fn start_with(arguments: &[&str]) -> Self {
        // Between finding a free port and taking it, somebody else can take it.
        let attempt = |_| {
            let (directory, port) = (new_directory(), free_port());
            let mut all = basics(port, &directory);
            all.extend(arguments.iter().map(|&argument| argument.to_owned()));
            Process::start(directory, port, all)
        };
        let process = (0..5).find_map(attempt);
        Self { process: process.expect("redis-server starts with these arguments") }
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.process.port()
    }

    /// Where it is: `redis://127.0.0.1:port`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port())
    }

    /// Ends it at once, as a crash would. Connections to it are refused from now on.
    pub fn stop(&mut self) {
        self.process.stop();
    }

    /// Starts it again on the same port, empty.
    ///
    /// # Panics
    /// When it does not start: it is a test.
    pub fn restart(&mut self) {
        self.process.restart();
    }

    /// Stops it from running without ending it: connections stand and nothing is answered.
    ///
    /// # Panics
    /// When it does not run: it is a test.
    pub fn pause(&self) {
        self.process.signal(Signal::STOP);
    }

    /// Lets it run again.
    ///
    /// # Panics
    /// When it does not run: it is a test.
    pub fn resume(&self) {
        self.process.signal(Signal::CONT);
    }

    /// What redis-cli prints for a command.
    ///
    /// # Panics
    /// When redis-cli is missing: it is a test.
    #[must_use]
    pub fn cli(&self, arguments: &[&str]) -> String {
        self.process.cli(arguments)
    }
}
