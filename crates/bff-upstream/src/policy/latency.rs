//! Recent latencies of answers: the median and the percentile after which a hedge pays.
//!
//! A log-linear histogram (as in HdrHistogram: eight buckets per doubling, so within 12.5 %) over
//! the current and the previous ten seconds. The two percentiles are read at every call and worked
//! out once in a while.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// Latencies from 32 microseconds to 16 seconds: 19 doublings of 8 buckets.
const BUCKETS: usize = 152;
const SMALLEST_BITS: u32 = 5;
/// How long one histogram is written; the other one is the past.
const SPAN: Duration = Duration::from_secs(10);
/// Percentiles are worked out once per so many answers.
const REFRESH: u32 = 32;

/// The latencies of the last ten to twenty seconds.
#[derive(Debug)]
pub struct Latencies {
    halves: [Half; 2],
    percentile: f64,
    since_refresh: AtomicU32,
    /// In microseconds; 0 for not known.
    median: AtomicU32,
    tail: AtomicU32,
    /// Until when they mean something, in spans.
    known_for: AtomicU64,
}

#[derive(Debug)]
struct Half {
    /// Which span it counts; spans begin at 2.
    span: AtomicU64,
    counts: [AtomicU32; BUCKETS],
}

impl Latencies {
    /// No latencies yet; `percentile` (0.95 for p95) is what [`tail`](Self::tail) tells.
    #[must_use]
    pub fn new(percentile: f64) -> Self {
        let half =
            || Half { span: AtomicU64::new(0), counts: std::array::from_fn(|_| AtomicU32::new(0)) };
        Self {
            halves: [half(), half()],
            percentile,
            since_refresh: AtomicU32::new(0),
            median: AtomicU32::new(0),
            tail: AtomicU32::new(0),
            known_for: AtomicU64::new(0),
        }
    }

    /// An answer took `latency`.
    pub fn record(&self, now: Duration, latency: Duration) {
        let span = span(now);
        if let Some(half) = self.halves.get(usize::from(span % 2 == 1)) {
            half.begin(span);
            if let Some(count) = half.counts.get(bucket(latency)) {
                count.fetch_add(1, Relaxed);
            }
        }
        if self.since_refresh.fetch_add(1, Relaxed) + 1 >= REFRESH {
            self.since_refresh.store(0, Relaxed);
            self.refresh(span);
        }
    }

    /// The recent median, rounded down; `None` without 32 recent answers.
    #[must_use]
    pub fn median(&self, now: Duration) -> Option<Duration> {
        self.known(now, &self.median)
    }

    /// The recent percentile, rounded up; `None` without 32 recent answers.
    #[must_use]
    pub fn tail(&self, now: Duration) -> Option<Duration> {
        self.known(now, &self.tail)
    }

    fn known(&self, now: Duration, value: &AtomicU32) -> Option<Duration> {
        let micros = value.load(Relaxed);
        let fresh = micros > 0 && span(now) <= self.known_for.load(Relaxed);
        fresh.then(|| Duration::from_micros(micros.into()))
    }

    fn refresh(&self, span: u64) {
        let recent = || self.halves.iter().filter(|half| half.span.load(Relaxed) + 1 >= span);
        let counts: [u64; BUCKETS] = std::array::from_fn(|place| {
            let of = |half: &Half| half.counts.get(place).map_or(0, |count| count.load(Relaxed));
            recent().map(|half| u64::from(of(half))).sum()
        });
        let all: u64 = counts.iter().sum();
        self.median.store(lower_bound(place_of(&counts, all, 0.5)), Relaxed);
        self.tail.store(lower_bound(place_of(&counts, all, self.percentile) + 1), Relaxed);
        self.known_for.store(span + 1, Relaxed);
    }
}

impl Half {
    /// The first writer of a new span forgets the one before the last.
    fn begin(&self, span: u64) {
        let known = self.span.load(Relaxed);
        if known != span && self.span.compare_exchange(known, span, Relaxed, Relaxed).is_ok() {
            for count in &self.counts {
                count.store(0, Relaxed);
            }
        }
    }
}

fn span(now: Duration) -> u64 {
    now.as_secs() / SPAN.as_secs() + 2
}

fn bucket(latency: Duration) -> usize {
    let micros = u32::try_from(latency.as_micros()).unwrap_or(u32::MAX);
    let micros = micros.max(1 << SMALLEST_BITS);
    let bits = micros.ilog2();
    let eighth = (micros >> (bits - 3)) & 7;
    usize::try_from((bits - SMALLEST_BITS) * 8 + eighth).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

/// The smallest latency of a bucket, in microseconds.
fn lower_bound(bucket: usize) -> u32 {
    let bucket = u32::try_from(bucket).unwrap_or(u32::MAX).min(8 * 26);
    let bits = bucket / 8 + SMALLEST_BITS;
    (8 + bucket % 8) << (bits - 3)
}

/// The bucket in which the `share` of all latencies is reached.
fn place_of(counts: &[u64; BUCKETS], all: u64, share: f64) -> usize {
    let wanted = ((all as f64 * share).ceil() as u64).max(1);
    let mut seen = 0;
    counts
        .iter()
        .position(|count| {
            seen += count;
            seen >= wanted
        })
        .unwrap_or(BUCKETS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn percentiles_are_within_an_eighth() {
        let latencies = Latencies::new(0.95);
        for n in 0..1000 {
            latencies.record(ms(n), ms(n % 100 + 1));
        }
        let (median, tail) = (latencies.median(ms(999)), latencies.tail(ms(999)));
        assert!(median.is_some_and(|m| m >= ms(43) && m <= ms(51)), "{median:?}");
        assert!(tail.is_some_and(|t| t >= ms(94) && t <= ms(112)), "{tail:?}");
    }

    #[test]
    fn every_latency_lies_in_its_bucket() {
        for micros in (1..20_000_000).step_by(997) {
            let place = bucket(Duration::from_micros(micros));
            let (from, to) = (lower_bound(place), lower_bound(place + 1));
            let micros = u32::try_from(micros).unwrap_or_default().max(32);
            assert!(from <= micros, "{micros} in {from}..{to}");
            assert!(micros < to || place == BUCKETS - 1, "{micros} in {from}..{to}");
        }
    }

    #[test]
    fn a_few_answers_say_nothing_and_old_ones_neither() {
        let latencies = Latencies::new(0.95);
        (0..31).for_each(|_| latencies.record(ms(0), ms(5)));
        assert_eq!(latencies.median(ms(0)), None);
        latencies.record(ms(0), ms(5));
        assert!(latencies.median(ms(0)).is_some());
        assert!(latencies.median(ms(19_999)).is_some());
        assert_eq!(latencies.median(ms(20_000)), None);
    }

    #[test]
    fn a_service_that_becomes_slow_is_known_to_be_slow_soon() {
        let latencies = Latencies::new(0.95);
        (0..5000).for_each(|n| latencies.record(ms(n), ms(5)));
        (0..200).for_each(|n| latencies.record(ms(25_000 + n), ms(80)));
        assert!(latencies.median(ms(25_200)).is_some_and(|m| m > ms(60)));
    }
}
