//! Two counts over the last seconds, without a lock.
//!
//! A ring of ten buckets, each one atomic word that holds its period and both counts; a bucket of an
//! older period counts as empty and is taken over by the first writer of the new one. Modelled on
//! Hystrix's rolling number (github.com/Netflix/Hystrix, `HystrixRollingNumber`).

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

const BUCKETS: u64 = 10;
const COUNT_BITS: u32 = 20;
const MOST: u64 = (1 << COUNT_BITS) - 1;
const PERIODS: u64 = 1 << (64 - 2 * COUNT_BITS);

/// How many things happened in the last `span`, and how many of them were marked.
#[derive(Debug)]
pub struct Window {
    bucket_micros: u64,
    words: [AtomicU64; BUCKETS as usize],
}

/// What a [`Window`] counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Everything.
    pub all: u64,
    /// The part that was marked: failures among calls, retries beside calls.
    pub marked: u64,
}

impl Window {
    /// An empty window over the last `span`, counted in tenths of it.
    #[must_use]
    pub fn over(span: Duration) -> Self {
        Self { bucket_micros: (micros(span) / BUCKETS).max(1), words: Default::default() }
    }

    /// Counts; up to a million per bucket, where the count stays.
    pub fn add(&self, now: Duration, added: Counts) {
        let period = self.period(now);
        let place = usize::try_from(period % BUCKETS).unwrap_or_default();
        let Some(word) = self.words.get(place) else { return };
        let add = |old: u64| {
            let (known, counts) = unpack(old);
            let counts = if known == period % PERIODS { counts } else { Counts::default() };
            let all = (counts.all + added.all).min(MOST);
            let marked = (counts.marked + added.marked).min(MOST);
            Some(pack(period, Counts { all, marked }))
        };
        // The closure never declines.
        let _ = word.fetch_update(Relaxed, Relaxed, add);
    }

    /// The counts of the last `span`.
    #[must_use]
    pub fn counts(&self, now: Duration) -> Counts {
        let period = self.period(now);
        self.words.iter().fold(Counts::default(), |sum, word| {
            let (known, counts) = unpack(word.load(Relaxed));
            let age = (period % PERIODS).wrapping_sub(known) % PERIODS;
            if age >= BUCKETS {
                return sum;
            }
            Counts { all: sum.all + counts.all, marked: sum.marked + counts.marked }
        })
    }

    /// Forgets everything.
    pub fn clear(&self) {
        for word in &self.words {
            word.store(0, Relaxed);
        }
    }

    /// Periods begin at [`BUCKETS`], so that the zero of an unused bucket is never recent.
    fn period(&self, now: Duration) -> u64 {
        micros(now) / self.bucket_micros + BUCKETS
    }
}

fn pack(period: u64, Counts { all, marked }: Counts) -> u64 {
    (period % PERIODS) << (2 * COUNT_BITS) | all << COUNT_BITS | marked
}

fn unpack(word: u64) -> (u64, Counts) {
    let counts = Counts { all: word >> COUNT_BITS & MOST, marked: word & MOST };
    (word >> (2 * COUNT_BITS), counts)
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Counts = Counts { all: 1, marked: 0 };
    const MARKED: Counts = Counts { all: 1, marked: 1 };

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn what_is_older_than_the_span_does_not_count() {
        let window = Window::over(seconds(10));
        window.add(seconds(0), ONE);
        window.add(seconds(5), MARKED);
        assert_eq!(window.counts(seconds(9)), Counts { all: 2, marked: 1 });
        assert_eq!(window.counts(seconds(10)), Counts { all: 1, marked: 1 });
        assert_eq!(window.counts(seconds(15)), Counts::default());
        window.add(seconds(20), ONE);
        assert_eq!(window.counts(seconds(20)), ONE, "a bucket is taken over, not added to");
    }

    #[test]
    fn many_writers_lose_no_count() {
        let window = Window::over(seconds(10));
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..10_000).for_each(|_| window.add(seconds(1), MARKED)));
            }
        });
        assert_eq!(window.counts(seconds(1)), Counts { all: 40_000, marked: 40_000 });
    }

    #[test]
    fn a_full_bucket_stays_full() {
        let window = Window::over(seconds(10));
        window.add(seconds(1), Counts { all: MOST, marked: MOST });
        window.add(seconds(1), MARKED);
        assert_eq!(window.counts(seconds(1)), Counts { all: MOST, marked: MOST });
    }
}
