//! A master with a replica, and three sentinels that put the replica in its place.

use super::{
    RedisServer, eventually, free_port,
    process::{Process, new_directory},
};
use rustix::process::Signal;
use std::fs;

/// The name under which the sentinels know the master.
const MASTER: &str = "bff";

/// A running group of servers with automatic failover. Dropping it ends it.
#[derive(Debug)]
pub struct RedisSentinels {
    servers: Vec<RedisServer>,
    sentinels: Vec<Process>,
}

impl RedisSentinels {
    /// Starts a master, its replica, and three sentinels of which two have to agree. A master that
    /// is silent for half a second is replaced.
    ///
    /// # Panics
    /// When they do not start or do not find each other: it is a test.
    #[must_use]
    pub fn start() -> Self {
        let master = RedisServer::start();
        let port = master.port().to_string();
        let replica = RedisServer::start_with(&["--replicaof", "127.0.0.1", &port]);
        eventually("the replica follows", || {
            replica.cli(&["INFO", "replication"]).contains("master_link_status:up")
        });
        let sentinels: Vec<_> = (0..3).map(|_| sentinel(&port)).collect();
        let group = Self { servers: vec![master, replica], sentinels };
        for sentinel in &group.sentinels {
            eventually("the sentinels know each other and the replica", || {
                let state = sentinel.cli(&["SENTINEL", "MASTER", MASTER]);
                let says = |name, value| fields(&state).any(|field| field == (name, value));
                says("num-other-sentinels", "2") && says("num-slaves", "1")
            });
        }
        group
    }

    /// Where the sentinels are.
    #[must_use]
    pub fn urls(&self) -> Vec<String> {
        let ports = self.sentinels.iter().map(Process::port);
        ports.map(|port| format!("redis://127.0.0.1:{port}")).collect()
    }

    /// The name under which the sentinels know the master.
    #[must_use]
    pub fn master_name(&self) -> &'static str {
        MASTER
    }

    /// The server that the sentinels hold for the master.
    ///
    /// # Panics
    /// When they name none of ours: it is a test.
    #[must_use]
    pub fn master(&self) -> &RedisServer {
        let port = self.master_port();
        self.servers.iter().find(|server| server.port() == port).expect("the master is ours")
    }

    /// Ends the master, and returns at once: the sentinels still have to notice.
    ///
    /// # Panics
    /// When they name no master: it is a test.
    pub fn fail_master(&mut self) {
        let port = self.master_port();
        let master = self.servers.iter_mut().find(|server| server.port() == port);
        master.expect("the master is ours").stop();
    }

    /// Runs a command on every sentinel, and says what redis-cli printed.
    ///
    /// # Panics
    /// When redis-cli is missing: it is a test.
    #[must_use]
    pub fn sentinels_cli(&self, arguments: &[&str]) -> Vec<String> {
        self.sentinels.iter().map(|sentinel| sentinel.cli(arguments)).collect()
    }

    /// Lets a sentinel hang.
    ///
    /// # Panics
    /// When there is no such one: it is a test.
    pub fn pause_sentinel(&self, index: usize) {
        self.sentinels.get(index).expect("there are three sentinels").signal(Signal::STOP);
    }

    fn master_port(&self) -> u16 {
        let sentinel = self.sentinels.first().expect("there are sentinels");
        let address = sentinel.cli(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER]);
        let port = address.lines().nth(1).and_then(|port| port.parse().ok());
        port.expect("the sentinels name a master")
    }
}

fn sentinel(master_port: &str) -> Process {
    let attempt = |_| {
        let (directory, port) = (new_directory(), free_port());
        let file = directory.join("sentinel.conf");
        let settings = format!(
            "port {port}\nbind 127.0.0.1\ndir {directory}\n\
             sentinel monitor {MASTER} 127.0.0.1 {master_port} 2\n\
             sentinel down-after-milliseconds {MASTER} 500\n\
             sentinel failover-timeout {MASTER} 3000\n\
             sentinel parallel-syncs {MASTER} 1\n",
            directory = directory.display(),
        );
        fs::write(&file, settings).expect("a configuration can be written");
        let arguments = vec![file.display().to_string(), "--sentinel".to_owned()];
        Process::start(directory, port, arguments)
    };
    (0..5).find_map(attempt).expect("redis-server starts as a sentinel")
}

/// Names and values, which redis-cli prints in turn.
fn fields(state: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut lines = state.lines();
    std::iter::from_fn(move || Some((lines.next()?, lines.next()?)))
}
