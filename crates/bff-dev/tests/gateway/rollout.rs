//! A rolling restart under load fails no request.
#![allow(
    clippy::unwrap_used,
    reason = "a test's own equipment: when it fails, the test has to stop"
)]

use crate::bed::Bed;
use bff_fixtures::http;
use rustix::process::Signal;
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread::{self, JoinHandle},
};

/// Clients, each with a connection of its own and one request at a time.
const CLIENTS: usize = 8;
/// Fewer would say little about one in ten thousand.
const ENOUGH: u64 = 20_000;
const TARGET: &str = "/web/v1/products/p-1";

/// Requests without a pause until it is ended.
struct Load {
    answered: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<Vec<String>>>,
}

impl Load {
    fn start(gateway: SocketAddr) -> Self {
        let (answered, is_over) = (Arc::<AtomicU64>::default(), Arc::<AtomicBool>::default());
        let client = |_| {
            let (answered, is_over) = (answered.clone(), is_over.clone());
            thread::spawn(move || ask(gateway, &answered, &is_over))
        };
        let clients = (0..CLIENTS).map(client).collect();
        Self { answered, is_over, clients }
    }

    /// Waits for so many more answers, so that a restart happens in the middle of them.
    fn go_on_for(&self, requests: u64) {
        let until = self.answered.load(SeqCst) + requests;
        bff_fixtures::redis::eventually("the load goes on", || self.answered.load(SeqCst) >= until);
    }

    /// The number of requests, and what went wrong.
    fn end(self) -> (u64, Vec<String>) {
        self.is_over.store(true, SeqCst);
        let failed = self.clients.into_iter().flat_map(|client| client.join().unwrap()).collect();
        (self.answered.load(SeqCst), failed)
    }
}

/// One client: what it got that was not a whole page. A broken connection is a failed request too.
fn ask(gateway: SocketAddr, answered: &AtomicU64, is_over: &AtomicBool) -> Vec<String> {
    let mut failed = Vec::new();
    let mut connection = http::pipeline(gateway).unwrap();
    while !is_over.load(SeqCst) {
        let (requests, replies) = &mut connection;
        match requests.get(TARGET).and_then(|()| replies.read()) {
            Ok(reply) if reply.status == 200 => {
                // nginx ends a connection after a thousand requests, and says so.
                if reply.header("connection") == Some("close") {
                    connection = http::pipeline(gateway).unwrap();
                }
            }
            Ok(reply) => failed.push(format!("{} {}", reply.status, reply.text())),
            Err(error) => {
                failed.push(error.to_string());
                connection = http::pipeline(gateway).unwrap();
            }
        }
        answered.fetch_add(1, SeqCst);
    }
    failed
}

#[test]
fn a_rolling_restart_fails_no_request() {
    let mut bed = Bed::start();
    for _ in 0..3 {
        let load = Load::start(bed.gateway());
        load.go_on_for(ENOUGH / 4);
        for instance in &mut bed.web {
            instance.signal(Signal::TERM);
            assert!(instance.has_ended_well());
            load.go_on_for(ENOUGH / 8);
            instance.start_again();
            load.go_on_for(ENOUGH / 4);
        }
        let (requests, failed) = load.end();
        assert!(requests >= ENOUGH, "only {requests}");
        assert!(failed.is_empty(), "{} of {requests}: {:?}", failed.len(), failed.first());
        // The first one has counted since its restart too: what comes back is used.
        assert!(bed.web.iter().all(|one| one.answered() > 1000.0), "both did their part");
    }
}
