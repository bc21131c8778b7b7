//! How loaded a host looks from here: the peak-EWMA cost of the next call to it.
//!
//! As in Finagle's `PeakEwma` and linkerd2-proxy's `load::PeakEwma`: a latency above the average
//! replaces it at once, one below moves it slowly, and the cost is the average times the calls that
//! would then be in flight. Two random hosts compared by it is "power of two choices" (Mitzenmacher
//! 2001).

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    time::Duration,
};

/// How fast a peak is forgotten.
const DECAY_SECONDS: f32 = 10.0;
/// The cost of a host that has calls in flight and never answered one.
const UNKNOWN: f32 = 1e9;

/// The load of one host.
#[derive(Debug, Default)]
pub struct Load {
    /// The average latency in microseconds (f32, upper half) and when it was written, in
    /// milliseconds (lower half).
    average: AtomicU64,
    in_flight: AtomicU32,
}

impl Load {
    /// A call begins.
    pub fn begin(&self) {
        self.in_flight.fetch_add(1, Relaxed);
    }

    /// A call ended, however it ended.
    pub fn end(&self) {
        self.in_flight.fetch_sub(1, Relaxed);
    }

    /// Calls in flight now.
    #[must_use]
    pub fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    /// An answer took `latency`.
    pub fn observe(&self, now: Duration, latency: Duration) {
        let latency = latency.as_secs_f32() * 1e6;
        self.update(now, |average, weight| {
            if latency > average { latency } else { average * weight + latency * (1.0 - weight) }
        });
    }

    /// A call was given up after `waited`: its latency would have been more.
    pub fn observe_more_than(&self, now: Duration, waited: Duration) {
        let waited = waited.as_secs_f32() * 1e6;
        self.update(now, |average, weight| waited.max(average * weight));
    }

    /// What one more call would cost here: lower is better.
    #[must_use]
    pub fn cost(&self, now: Duration) -> f32 {
        let (average, then) = unpack(self.average.load(Relaxed));
        let in_flight = self.in_flight();
        if average == 0.0 && in_flight > 0 {
            return UNKNOWN * in_flight as f32;
        }
        average * weight(now, then) * (in_flight as f32 + 1.0)
    }

    fn update(&self, now: Duration, new: impl Fn(f32, f32) -> f32) {
        let update = |old| {
            let (average, then) = unpack(old);
            Some(pack(new(average, weight(now, then)), now))
        };
        // The closure never declines.
        let _ = self.average.fetch_update(Relaxed, Relaxed, update);
    }
}

/// How much of an average of `then` is left.
fn weight(now: Duration, then: u32) -> f32 {
    let millis = millis(now).wrapping_sub(then);
    // Another worker may have written a moment that lies ahead of ours.
    let elapsed = if millis > u32::MAX / 2 { 0 } else { millis };
    (-Duration::from_millis(elapsed.into()).as_secs_f32() / DECAY_SECONDS).exp()
}

fn pack(average: f32, now: Duration) -> u64 {
    u64::from(average.to_bits()) << 32 | u64::from(millis(now))
}

fn unpack(word: u64) -> (f32, u32) {
    (f32::from_bits((word >> 32) as u32), word as u32)
}

/// Wraps after 49 days; only differences are used.
fn millis(now: Duration) -> u32 {
    now.as_millis() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    #[test]
    fn a_peak_counts_at_once_and_is_forgotten_slowly() {
        let load = Load::default();
        for n in 0..100 {
            load.observe(ms(n * 10), ms(5));
        }
        assert!((load.cost(ms(1000)) / 5_000.0 - 1.0).abs() < 0.01);
        load.observe(ms(1000), ms(200));
        assert!((load.cost(ms(1000)) / 200_000.0 - 1.0).abs() < 0.01);
        assert!(load.cost(ms(6_000)) > 100_000.0);
        assert!(load.cost(ms(60_000)) < 1_000.0);
    }

    #[test]
    fn calls_in_flight_multiply_the_cost() {
        let load = Load::default();
        load.observe(ms(0), ms(10));
        let idle = load.cost(ms(0));
        load.begin();
        load.begin();
        assert!((load.cost(ms(0)) / idle - 3.0).abs() < 0.01);
        load.end();
        load.end();
        assert_eq!(load.in_flight(), 0);
    }

    #[test]
    fn a_host_that_never_answered_is_tried_once_and_then_waited_for() {
        let (new, slow) = (Load::default(), Load::default());
        slow.observe(ms(0), ms(900));
        assert!(new.cost(ms(0)) < slow.cost(ms(0)));
        new.begin();
        assert!(new.cost(ms(0)) > slow.cost(ms(0)));
    }

    #[test]
    fn a_hanging_call_is_learnt_from_when_it_is_given_up() {
        let load = Load::default();
        load.observe(ms(0), ms(5));
        load.observe_more_than(ms(0), ms(300));
        assert!(load.cost(ms(0)) > 290_000.0);
        load.observe_more_than(ms(0), ms(1));
        assert!(load.cost(ms(0)) > 290_000.0, "less than is known teaches nothing");
    }
}
