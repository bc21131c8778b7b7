//! What calls leave behind: counts per second and latencies.

use serde::Serialize;
use std::{cell::RefCell, time::Duration};
use tokio::time::Instant;

/// The calls of a run.
#[derive(Debug)]
pub(crate) struct Record {
    begun: Instant,
    seconds: RefCell<Vec<Second>>,
    latencies: RefCell<Vec<Duration>>,
}

/// The calls that began in one second.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Second {
    pub(crate) calls: u64,
    pub(crate) good: u64,
}

impl Record {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), seconds: RefCell::default(), latencies: RefCell::default() }
    }

    /// A call that began at `begun` has ended.
    pub(crate) fn call(&self, begun: Instant, good: bool) {
        let place = usize::try_from((begun - self.begun).as_secs()).unwrap_or_default();
        let mut seconds = self.seconds.borrow_mut();
        if seconds.len() <= place {
            seconds.resize(place + 1, Second::default());
        }
        if let Some(second) = seconds.get_mut(place) {
            second.calls += 1;
            second.good += u64::from(good);
        }
        if good {
            self.latencies.borrow_mut().push(begun.elapsed());
        }
    }

    pub(crate) fn seconds(&self) -> Vec<Second> {
        self.seconds.borrow().clone()
    }

    pub(crate) fn calls(&self) -> u64 {
        self.seconds.borrow().iter().map(|second| second.calls).sum()
    }

    pub(crate) fn good(&self) -> u64 {
        self.seconds.borrow().iter().map(|second| second.good).sum()
    }

    pub(crate) fn latency(&self) -> Latency {
        Latency::of(self.latencies.borrow().clone())
    }
}

/// Percentiles in milliseconds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Latency {
    /// Half are faster.
    pub p50: f64,
    /// One in a hundred is slower.
    pub p99: f64,
    /// One in a thousand is slower.
    pub p999: f64,
    /// Pairs of the share of slower ones, as a power of ten, and the latency.
    pub curve: Vec<(f64, f64)>,
}

/// How finely the curve is drawn, in steps per power of ten.
const STEPS: u32 = 10;

impl Latency {
    pub(crate) fn of(mut latencies: Vec<Duration>) -> Self {
        latencies.sort_unstable();
        let at = |share: f64| {
            let place = (latencies.len() as f64 * share).ceil().max(1.0) as usize - 1;
            let latency = latencies.get(place).or(latencies.last()).copied().unwrap_or_default();
            rounded(latency.as_secs_f64() * 1e3, 2)
        };
        let steps = (0..=3 * STEPS).map(|step| f64::from(step) / f64::from(STEPS));
        let curve = steps.map(|nines| (rounded(nines, 1), at(1.0 - 10_f64.powf(-nines)))).collect();
        Self { p50: at(0.5), p99: at(0.99), p999: at(0.999), curve }
    }
}

/// `value` with so many digits behind the point.
pub(crate) fn rounded(value: f64, digits: i32) -> f64 {
    let power = 10_f64.powi(digits);
    (value * power).round() / power
}

/// `part` of `all`; 0 of nothing.
pub(crate) fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}
