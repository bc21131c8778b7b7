//! Clients that keep their connections while the instances of a BFF come and go, as behind a load balancer that
//! repeats nothing.
#![allow(clippy::panic, reason = "a test's own equipment: when it fails, the test has to stop")]

use crate::{
    http::{self, Replies, Reply, Requests},
    redis::eventually,
};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    thread,
};

/// What all clients know: which instances are ready, and how far everything is.
#[derive(Debug, Default)]
pub struct Rollout {
    ready: Mutex<Vec<SocketAddr>>,
    asked: AtomicU64,
    answered: AtomicU64,
    is_over: AtomicBool,
}

impl Rollout {
    /// Where new connections go from now on.
    pub fn set_ready(&self, instances: impl IntoIterator<Item = SocketAddr>) {
        let mut ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        *ready = instances.into_iter().collect();
    }

    /// One client, with one request at a time, until the end. It sends requests by their numbers, and
    /// changes its connection only when an answer says that it was the last.
    ///
    /// # Panics
    /// When a request is not answered.
    pub fn ask(
        &self,
        client: usize,
        send: impl Fn(&mut Requests, u64) -> io::Result<()>,
        check: impl Fn(u64, &Reply),
    ) {
        let _others_end_too = EndOnPanic(self);
        let mut connection = self.connect(client);
        while !self.is_over.load(SeqCst) {
            let number = self.asked.fetch_add(1, SeqCst);
            let (requests, replies) = &mut connection;
            let reply = send(requests, number).and_then(|()| replies.read());
            let reply = reply.unwrap_or_else(|error| panic!("request {number} was lost: {error}"));
            check(number, &reply);
            self.answered.fetch_add(1, SeqCst);
            if reply.header("connection") == Some("close") {
                connection = self.connect(client);
            }
        }
    }

    /// Waits for so many more answers, so that what comes next comes in the middle of them; not when a
    /// client has failed.
    ///
    /// # Panics
    /// When they do not come.
    pub fn go_on_for(&self, requests: u64) {
        let until = self.answered.load(SeqCst) + requests;
        eventually("the load goes on", || {
            self.answered.load(SeqCst) >= until || self.is_over.load(SeqCst)
        });
    }

    /// Lets each client end with its next answer.
    pub fn end(&self) {
        self.is_over.store(true, SeqCst);
    }

    /// How many requests were sent, and how many of them answered.
    pub fn counts(&self) -> (u64, u64) {
        (self.asked.load(SeqCst), self.answered.load(SeqCst))
    }

    fn connect(&self, client: usize) -> (Requests, Replies) {
        let ready = self.ready.lock().unwrap_or_else(PoisonError::into_inner);
        let address = ready.iter().cycle().nth(client % ready.len().max(1));
        let connection = address.map(|address| http::pipeline(*address));
        match connection {
            Some(Ok(connection)) => connection,
            other => panic!("no instance takes a connection: {other:?}"),
        }
    }
}

/// Nobody waits for a client that has failed.
struct EndOnPanic<'a>(&'a Rollout);

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.end();
        }
    }
}
