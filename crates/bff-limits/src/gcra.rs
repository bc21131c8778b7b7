//! The generic cell rate algorithm: one number per bucket says when the next request is due.
//!
//! ITU-T Recommendation I.371, "virtual scheduling"; here in whole ticks, so that Rust and Lua
//! calculate the same. A bucket is its *theoretical arrival time*: the tick at which it is whole
//! again. How far that is ahead of now says everything.

use std::time::Duration;

/// Ticks in a second; a tick is 100 ns. A Lua number counts them exactly for 28 years.
pub(crate) const SECOND: u64 = 10_000_000;

/// What one request takes, and how much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Ticks after which one more request is allowed.
    interval: u64,
    /// Ticks that a bucket may be ahead: the interval times the burst.
    tolerance: u64,
}

impl Rate {
    /// `requests` in each `per`, of which `burst` may come at once. The interval is rounded up, by
    /// a hundredth at most: never more than was asked for.
    pub(crate) fn new(requests: u32, per: Duration, burst: u32) -> Self {
        let per = u64::try_from(per.as_nanos() / 100).unwrap_or(u64::MAX);
        let interval = per.div_ceil(u64::from(requests.max(1))).max(1);
        Self { interval, tolerance: interval.saturating_mul(u64::from(burst.max(1))) }
    }

    pub(crate) fn interval(self) -> u64 {
        self.interval
    }

    pub(crate) fn tolerance(self) -> u64 {
        self.tolerance
    }

    /// How far a bucket is ahead of `now`. No further than twice the tolerance: a quota that was
    /// lowered or a clock that was set back locks nobody out for long.
    pub(crate) fn ahead(self, arrival: u64, now: u64) -> u64 {
        arrival.saturating_sub(now).min(self.tolerance.saturating_mul(2))
    }

    /// Whether one more request is allowed.
    pub(crate) fn allows(self, ahead: u64) -> bool {
        ahead.saturating_add(self.interval) <= self.tolerance
    }

    /// The arrival time after one more request, if it is allowed.
    pub(crate) fn take(self, arrival: u64, now: u64) -> Option<u64> {
        let ahead = self.ahead(arrival, now);
        self.allows(ahead).then(|| now.saturating_add(ahead).saturating_add(self.interval))
    }

    /// The arrival time after something that happened whether it was allowed or not.
    pub(crate) fn charge(self, arrival: u64, now: u64) -> u64 {
        let ahead = self.ahead(arrival, now).saturating_add(self.interval);
        now.saturating_add(ahead.min(self.tolerance.saturating_mul(2)))
    }

    /// How many requests are left.
    pub(crate) fn remaining(self, ahead: u64) -> u64 {
        self.tolerance.saturating_sub(ahead) / self.interval
    }

    /// Ticks until one more is allowed.
    pub(crate) fn until_next(self, ahead: u64) -> u64 {
        ahead.saturating_add(self.interval).saturating_sub(self.tolerance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Chance, a rate, its burst, and how many requests it allows in a time.
    fn dice(seed: u64) -> (fastrand::Rng, Rate, u32, impl Fn(u64) -> u64) {
        let mut dice = fastrand::Rng::with_seed(seed);
        let (requests, burst) = (dice.u32(1..2000), dice.u32(1..50));
        let seconds = dice.u64(1..100);
        let rate = Rate::new(requests, Duration::from_secs(seconds), burst);
        (dice, rate, burst, move |ticks| ticks * u64::from(requests) / (seconds * SECOND))
    }

    #[test]
    fn no_window_of_any_length_has_more_than_the_burst_and_the_rate() {
        for seed in 0..200 {
            let (mut dice, rate, burst, allows) = dice(seed);
            let (mut now, mut arrival, mut taken) = (dice.u64(..1 << 50), 0, Vec::new());
            for _ in 0..400 {
                let pause = dice.u64(0..4) * rate.interval();
                now += dice.u64(0..=pause);
                if let Some(next) = rate.take(arrival, now) {
                    arrival = next;
                    taken.push(now);
                }
            }
            for (first, from) in taken.iter().enumerate() {
                for (last, to) in taken.iter().enumerate().skip(first) {
                    let most = u64::from(burst) + allows(to - from);
                    assert!((last - first + 1) as u64 <= most, "seed {seed}: {from}..{to}");
                }
            }
        }
    }

    #[test]
    fn who_asks_all_the_time_gets_all_of_the_rate() {
        for seed in 0..200 {
            let (mut dice, rate, burst, _) = dice(seed);
            let start = dice.u64(..1 << 50);
            let (mut now, mut arrival, mut taken) = (start, 0, 0);
            while now < start + 300 * rate.interval() {
                while let Some(next) = rate.take(arrival, now) {
                    arrival = next;
                    taken += 1;
                }
                now += rate.until_next(rate.ahead(arrival, now));
            }
            assert_eq!(taken, u64::from(burst) + 299, "seed {seed}");
        }
    }

    #[test]
    fn what_is_said_about_a_bucket_comes_true() {
        for seed in 0..200 {
            let (mut dice, rate, burst, _) = dice(seed);
            let now = dice.u64(1 << 40..1 << 50);
            let arrival = now + dice.u64(0..=rate.tolerance());
            let ahead = rate.ahead(arrival, now);
            let (mut after, mut left) = (arrival, 0);
            while let Some(next) = rate.take(after, now) {
                (after, left) = (next, left + 1);
            }
            assert_eq!(rate.remaining(ahead), left, "seed {seed}");
            let wait = rate.until_next(rate.ahead(after, now));
            assert!(rate.take(after, now + wait).is_some(), "seed {seed}");
            assert!(rate.take(after, now + wait - 1).is_none(), "seed {seed}");
            assert_eq!(rate.remaining(rate.ahead(after, now + after)), u64::from(burst));
        }
    }

    #[test]
    fn what_happened_anyway_is_made_up_for_later_but_not_without_end() {
        let rate = Rate::new(10, Duration::from_secs(10), 5);
        let (now, mut arrival) = (1 << 40, 0);
        for _ in 0..7 {
            arrival = rate.charge(arrival, now);
        }
        assert_eq!(rate.until_next(rate.ahead(arrival, now)), 3 * SECOND);
        for _ in 0..100 {
            arrival = rate.charge(arrival, now);
        }
        assert_eq!(rate.until_next(rate.ahead(arrival, now)), 6 * SECOND);
        assert_eq!(rate.ahead(u64::MAX, now), 10 * SECOND, "nobody is locked out for ever");
    }
}
