//! Real Redis servers for tests, on free ports of this machine: one, a cluster, sentinels, a slow
//! one, one that talks nonsense.
//!
//! They keep nothing on disk but their logs, and end with the value that holds them.
#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

mod cluster;
mod odd;
mod process;
mod sentinels;
mod server;
mod slow;

pub use cluster::RedisCluster;
pub use odd::{NONSENSE, OddRedis};
pub use sentinels::RedisSentinels;
pub use server::RedisServer;
pub use slow::SlowRedis;

use std::{
    net::{Ipv4Addr, TcpListener},
    thread::sleep,
    time::{Duration, Instant},
};

/// Nothing that a test waits for takes longer than this, also on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks until the answer is yes.
///
/// # Panics
/// When it is still no after half a minute: `what` did not happen.
#[track_caller]
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "after {PATIENCE:?} still not: {what}");
        sleep(Duration::from_millis(5));
    }
}

/// A port of this machine that nobody listens on now.
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    listener.local_addr().expect("a listener has an address").port()
}
