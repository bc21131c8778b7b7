//! The adaptive limit itself: how many calls a service gets at the same time, learned from its answers.
//!
//! The limit follows the ratio of the long-term latency to the present one, as `Gradient2Limit` in
//! github.com/Netflix/concurrency-limits does: latency that grows means calls are queueing over
//! there, so fewer are sent. It grows only while it is used.

use super::lock;
use std::{
    ops::RangeInclusive,
    sync::{
        Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// How long answers are gathered before the limit moves.
const SAMPLE: Duration = Duration::from_millis(100);
/// Fewer answers than this say nothing.
const MIN_ANSWERS: u32 = 10;
/// The present latency may be this many times the long-term one before the limit falls.
const TOLERANCE: f64 = 2.0;
/// The share of the way that the long-term latency moves per sample: about 30 seconds.
const LONG_TERM: f64 = 1.0 / 300.0;
/// The share of the way that the limit falls per sample.
const SMOOTHING: f64 = 0.2;
/// What a used limit grows by per sample.
const GROWTH: f64 = 1.1;
/// What it falls to when the service itself says that it is too much.
const BACKOFF: f64 = 0.9;

/// A limit within its bounds, and what moves it.
#[derive(Debug)]
pub(super) struct Gradient {
    bounds: RangeInclusive<u32>,
    limit: AtomicU32,
    sample: Sample,
    /// In microseconds.
    long_term: Mutex<f64>,
}

/// The answers since the limit moved last.
#[derive(Debug, Default)]
struct Sample {
    /// In microseconds.
    since: AtomicU64,
    answers: AtomicU32,
    micros: AtomicU64,
    overloads: AtomicU32,
    unseen: AtomicU32,
    most_in_flight: AtomicU32,
}

impl Gradient {
    pub(super) fn new(initial: u32, bounds: RangeInclusive<u32>) -> Self {
        Self {
            limit: AtomicU32::new(initial.clamp(*bounds.start(), *bounds.end())),
            bounds,
            sample: Sample::default(),
            long_term: Mutex::new(0.0),
        }
    }

    pub(super) fn limit(&self) -> u32 {
        self.limit.load(Relaxed)
    }

    /// An answer took `latency`.
    pub(super) fn observe(&self, now: Duration, latency: Duration, in_flight: u32) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.sample.micros.fetch_add(micros, Relaxed);
        self.observed(now, in_flight);
    }

    /// An answer came, but this process was too busy to tell when. The limit may grow, and does not
    /// fall.
    pub(super) fn observe_unseen(&self, now: Duration, in_flight: u32) {
        self.sample.unseen.fetch_add(1, Relaxed);
        self.observed(now, in_flight);
    }

    /// The service did not answer in time, or said that it is overloaded.
    pub(super) fn observe_overload(&self, now: Duration, in_flight: u32) {
        self.sample.overloads.fetch_add(1, Relaxed);
        self.observed(now, in_flight);
    }

    fn observed(&self, now: Duration, in_flight: u32) {
        if in_flight > self.sample.most_in_flight.load(Relaxed) {
            self.sample.most_in_flight.store(in_flight, Relaxed);
        }
        let answers = self.sample.answers.fetch_add(1, Relaxed) + 1;
        let now = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
        let since = self.sample.since.load(Relaxed);
        let due = answers >= MIN_ANSWERS && now.saturating_sub(since) as u128 >= SAMPLE.as_micros();
        // Whoever moves the start of the sample moves the limit.
        if due && self.sample.since.compare_exchange(since, now, Relaxed, Relaxed).is_ok() {
            self.adapt();
        }
    }

    fn adapt(&self) {
        let Sample { answers, micros, overloads, unseen, most_in_flight, .. } = &self.sample;
        let (answers, micros) = (answers.swap(0, Relaxed), micros.swap(0, Relaxed));
        let (overloads, unseen) = (overloads.swap(0, Relaxed), unseen.swap(0, Relaxed));
        let most = most_in_flight.swap(0, Relaxed);
        let old = self.limit.load(Relaxed);
        let good = answers.saturating_sub(overloads);
        let gradient = match good {
            good if good == 0 || unseen > 0 => 1.0,
            good => self.gradient(micros as f64 / f64::from(good)),
        };
        let limit = f64::from(old);
        let new = if f64::from(overloads) > 0.1 * f64::from(answers) {
            limit * BACKOFF
        } else if gradient < 1.0 {
            limit * (1.0 - SMOOTHING) + limit * gradient * SMOOTHING
        } else if most.saturating_mul(2) >= old {
            (limit * GROWTH).max(limit + 1.0)
        } else {
            limit
        };
        let new = (new.round() as u32).clamp(*self.bounds.start(), *self.bounds.end());
        self.limit.store(new, Relaxed);
    }

    /// 1 while latency is what it used to be, down to 0.5 when it is twice what is tolerated.
    fn gradient(&self, present: f64) -> f64 {
        let mut long_term = lock(&self.long_term);
        if *long_term == 0.0 {
            *long_term = present;
        }
        *long_term += (present - *long_term) * LONG_TERM;
        // A service that became fast is not measured by its slow past for half a minute.
        if *long_term > 2.0 * present {
            *long_term *= 0.95;
        }
        (TOLERANCE * *long_term / present.max(1.0)).clamp(0.5, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learning() -> Gradient {
        Gradient::new(100, 20..=1000)
    }

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    /// Ten answers per sample, for `samples` samples, with as much of `in_flight` as there may be.
    fn drive(limit: &Gradient, now: &mut u64, samples: u32, latency: Duration, in_flight: u32) {
        for _ in 0..samples {
            let in_flight = in_flight.min(limit.limit());
            for _ in 0..10 {
                *now += 10;
                limit.observe(ms(*now), latency, in_flight);
            }
        }
    }

    #[test]
    fn it_grows_while_it_is_used_and_only_then() {
        let limit = learning();
        let mut now = 0;
        drive(&limit, &mut now, 50, ms(5), 10);
        assert_eq!(limit.limit(), 100);
        drive(&limit, &mut now, 50, ms(5), u32::MAX);
        assert_eq!(limit.limit(), 1000);
    }

    #[test]
    fn latency_that_multiplies_shrinks_it_and_it_recovers() {
        let limit = learning();
        let mut now = 0;
        drive(&limit, &mut now, 100, ms(5), u32::MAX);
        drive(&limit, &mut now, 20, ms(50), u32::MAX);
        let shrunk = limit.limit();
        assert!(shrunk < 250, "{shrunk}");
        drive(&limit, &mut now, 50, ms(5), u32::MAX);
        assert!(limit.limit() > 900, "{}", limit.limit());
    }

    #[test]
    fn what_a_busy_process_sees_does_not_shrink_it() {
        let limit = learning();
        let mut now = 0;
        drive(&limit, &mut now, 10, ms(5), 10);
        (0..1000).for_each(|n| limit.observe_unseen(ms(now + n * 10), 100));
        assert!(limit.limit() > 200, "twice what is used: {}", limit.limit());
    }

    #[test]
    fn a_service_that_is_slow_for_good_gets_its_calls_again() {
        let limit = learning();
        let mut now = 0;
        drive(&limit, &mut now, 100, ms(5), u32::MAX);
        drive(&limit, &mut now, 600, ms(50), u32::MAX);
        assert!(limit.limit() > 500, "after a minute it is normal: {}", limit.limit());
    }

    #[test]
    fn refusals_of_the_service_shrink_it_to_its_floor() {
        let limit = learning();
        (1..500).for_each(|n| limit.observe_overload(ms(n * 20), 0));
        assert_eq!(limit.limit(), 20);
    }

    #[test]
    fn jitter_does_not_make_it_flap() {
        let limit = learning();
        let mut rng = fastrand::Rng::with_seed(5);
        let mut now = 0;
        drive(&limit, &mut now, 100, ms(20), u32::MAX);
        for _ in 0..300 {
            drive(&limit, &mut now, 1, ms(rng.u64(12..30)), u32::MAX);
            assert!(limit.limit() > 900, "{}", limit.limit());
        }
    }
}
