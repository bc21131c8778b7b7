//! Steady requests from a few threads, and what came of them.

use crate::bed::{PATIENCE, soon};
use bff_testkit::http::{self, Reply};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How many ask at the same time.
const THREADS: usize = 3;

/// Requests that go on until they are ended.
pub(crate) struct Traffic {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Seen>>,
}

/// What became of all requests.
#[derive(Default)]
pub(crate) struct Seen {
    /// What went wrong, with the answer.
    pub(crate) bad: Vec<String>,
    /// What each page took.
    pub(crate) took: Vec<Duration>,
}

struct Shared {
    addresses: Vec<SocketAddr>,
    asked: AtomicU64,
    answered: AtomicU64,
    stopped: AtomicBool,
}

/// The target of the nth request.
type Ask = fn(u64) -> String;
/// Whether it is the right answer; with the place of the instance that gave it.
type Check = fn(usize, &Reply) -> bool;

impl Traffic {
    /// Asks the instances in turn.
    pub(crate) fn start(addresses: &[SocketAddr], ask: Ask, is_good: Check) -> Self {
        let shared = Arc::new(Shared {
            addresses: addresses.to_vec(),
            asked: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            stopped: AtomicBool::new(false),
        });
        let thread = |_| {
            let shared = shared.clone();
            thread::spawn(move || shared.go_on(ask, is_good))
        };
        Self { threads: (0..THREADS).map(thread).collect(), shared }
    }

    /// Waits for so many more answers.
    pub(crate) fn pass(&self, count: u64) {
        let goal = self.shared.answered.load(Relaxed) + count;
        let passed = soon(|| self.shared.answered.load(Relaxed) >= goal);
        assert!(passed, "fewer than {count} pages in {PATIENCE:?}");
    }

    pub(crate) fn end(self) -> Seen {
        self.shared.stopped.store(true, Relaxed);
        let mut all = Seen::default();
        for thread in self.threads {
            let Ok(seen) = thread.join() else { unreachable!("a client does not panic") };
            all.bad.extend(seen.bad);
            all.took.extend(seen.took);
        }
        all.took.sort_unstable();
        all
    }
}

impl Shared {
    fn go_on(&self, ask: Ask, is_good: Check) -> Seen {
        let mut seen = Seen::default();
        while !self.stopped.load(Relaxed) {
            let nth = self.asked.fetch_add(1, Relaxed);
            let place = usize::try_from(nth).unwrap_or_default() % self.addresses.len();
            let Some(address) = self.addresses.get(place) else { return seen };
            let begun = Instant::now();
            match http::send(*address, "GET", &ask(nth), &[]) {
                Ok(reply) if is_good(place, &reply) => {}
                Ok(reply) => seen.bad.push(format!("{} {}", reply.status, reply.text())),
                Err(error) => seen.bad.push(error.to_string()),
            }
            seen.took.push(begun.elapsed());
            self.answered.fetch_add(1, Relaxed);
        }
        seen
    }
}

impl Seen {
    /// The time within which this share of the pages was answered.
    pub(crate) fn within(&self, percent: usize) -> Duration {
        let place = (self.took.len() * percent / 100).min(self.took.len().saturating_sub(1));
        self.took.get(place).copied().unwrap_or_default()
    }
}
