//! The other end of the wire: servers with room for so many requests at a time, a queue, and bad
//! days.

use bff_core::{Fault, ports::Outbound};
use bff_upstream::{Host, Proof, Service, Wire};
use bytes::Bytes;
use fastrand::Rng;
use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::BinaryHeap,
    ops::Range,
    rc::Rc,
    time::Duration,
};
use tokio::time::{Instant, sleep, sleep_until};

/// The way there and back, also of a refused connection.
const ROUND_TRIP: Duration = Duration::from_millis(1);

/// How a server behaves.
#[derive(Debug, Clone)]
pub(crate) struct Behaviour {
    /// Requests that are worked on at the same time.
    pub(crate) parallel: usize,
    /// Requests that wait for that; one more is answered with 503.
    pub(crate) queue: usize,
    /// How long work on one takes on average: half of it always, the rest by chance.
    pub(crate) work: Duration,
    /// The share of requests that take `slow_times` as long.
    pub(crate) slow_share: f64,
    pub(crate) slow_times: f64,
    /// What a 503 costs in work.
    pub(crate) refusal: Duration,
    /// The share of requests that fail: half of them broken connections, half of them 503.
    pub(crate) failing: f64,
    /// The share of requests that are never answered.
    pub(crate) hanging: f64,
    /// When nothing listens, and what was under way is lost.
    pub(crate) down: Option<Range<Duration>>,
}

impl Behaviour {
    /// A server that does its work.
    pub(crate) const fn steady(parallel: usize, work: Duration) -> Self {
        Self {
            parallel,
            queue: usize::MAX,
            work,
            slow_share: 0.0,
            slow_times: 1.0,
            refusal: Duration::ZERO,
            failing: 0.0,
            hanging: 0.0,
            down: None,
        }
    }
}

/// One server with its queue. It does not know that a caller left: it works for nobody then.
#[derive(Debug)]
pub(crate) struct Server {
    label: String,
    behaviour: Behaviour,
    born: Instant,
    /// When each place is free again.
    places: RefCell<BinaryHeap<Reverse<Instant>>>,
    /// When each request that is here will be done.
    present: RefCell<BinaryHeap<Reverse<Instant>>>,
    rng: RefCell<Rng>,
    seen: Cell<u64>,
    /// Requests by the second in which they came.
    seen_by_second: RefCell<Vec<u64>>,
}

impl Server {
    pub(crate) fn new(label: &str, behaviour: Behaviour, seed: u64) -> Self {
        Self {
            label: label.to_owned(),
            born: Instant::now(),
            places: RefCell::default(),
            present: RefCell::default(),
            rng: RefCell::new(Rng::with_seed(seed)),
            seen: Cell::new(0),
            seen_by_second: RefCell::default(),
            behaviour,
        }
    }

    /// Requests that came.
    pub(crate) fn seen(&self) -> u64 {
        self.seen.get()
    }

    pub(crate) fn seen_by_second(&self) -> Vec<u64> {
        self.seen_by_second.borrow().clone()
    }

    /// One request.
    pub(crate) async fn answer(&self) -> Result<Bytes, Fault> {
        self.count();
        let Behaviour { failing, hanging, .. } = self.behaviour;
        let now = Instant::now();
        let down =
            self.behaviour.down.clone().map(|down| self.born + down.start..self.born + down.end);
        if down.as_ref().is_some_and(|down| down.contains(&now)) {
            self.places.borrow_mut().clear();
            self.present.borrow_mut().clear();
            sleep(ROUND_TRIP).await;
            return Err(Fault::Unreachable("connection refused".to_owned()));
        }
        let chance = self.rng.borrow_mut().f64();
        if chance < hanging {
            return std::future::pending().await;
        }
        if chance < hanging + failing {
            sleep(ROUND_TRIP + self.behaviour.work / 2).await;
            return Err(if chance < hanging + failing / 2.0 { broken() } else { unavailable() });
        }
        let Some(done) = self.enqueue(now) else {
            sleep(ROUND_TRIP).await;
            return Err(unavailable());
        };
        match down.filter(|down| (now..done).contains(&down.start)) {
            Some(down) => {
                sleep_until(down.start).await;
                Err(broken())
            }
            None => {
                sleep_until(done + ROUND_TRIP).await;
                Ok(Bytes::from_static(b"1"))
            }
        }
    }

    /// When the work on one more request is done; `None` when the queue is full.
    fn enqueue(&self, now: Instant) -> Option<Instant> {
        let Behaviour { parallel, queue, refusal, .. } = self.behaviour;
        let mut present = self.present.borrow_mut();
        while present.peek().is_some_and(|Reverse(done)| *done <= now) {
            present.pop();
        }
        let full = present.len() >= parallel.saturating_add(queue);
        let mut places = self.places.borrow_mut();
        let free = if places.len() < parallel { None } else { places.pop() };
        let start = free.map_or(now, |Reverse(free)| free.max(now));
        let done = start + if full { refusal } else { self.work() };
        places.push(Reverse(done));
        if full {
            return None;
        }
        present.push(Reverse(done));
        Some(done)
    }

    fn work(&self) -> Duration {
        let Behaviour { work, slow_share, slow_times, .. } = self.behaviour;
        let mut rng = self.rng.borrow_mut();
        let times = if rng.f64() < slow_share { slow_times } else { 1.0 };
        work.mul_f64(times * 0.5 * (1.0 + exponential(&mut rng)))
    }

    fn count(&self) {
        self.seen.set(self.seen.get() + 1);
        let second = usize::try_from(self.born.elapsed().as_secs()).unwrap_or_default();
        let mut seconds = self.seen_by_second.borrow_mut();
        if seconds.len() <= second {
            seconds.resize(second + 1, 0);
        }
        if let Some(count) = seconds.get_mut(second) {
            *count += 1;
        }
    }
}

fn broken() -> Fault {
    Fault::Broken("connection reset".to_owned())
}

fn unavailable() -> Fault {
    Fault::Status { status: 503, retry_after: None }
}

/// Chance without a memory, 1 on average.
pub(crate) fn exponential(rng: &mut Rng) -> f64 {
    -(1.0 - rng.f64()).ln()
}

/// All servers, as one wire.
#[derive(Debug, Clone)]
pub(crate) struct Network(pub(crate) Rc<[Server]>);

impl Wire for Network {
    async fn exchange(
        &self,
        _service: &Service,
        host: &Host,
        _request: &Outbound<'_>,
        _proof: &Proof,
        _left: Duration,
    ) -> Result<Bytes, Fault> {
        let server = self.0.iter().find(|server| server.label == host.label());
        server.ok_or(Fault::Unconfigured)?.answer().await
    }
}
