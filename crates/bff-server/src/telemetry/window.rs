//! How often something happened in the last minute, how often it failed, and how long it took.
//!
//! A ring of slots of fixed size; a slot of an older turn counts as empty and is taken over by the
//! first writer of the new one. Latencies go into buckets of a quarter of a power of two, as HDR
//! histograms have them (Tene, hdrhistogram.org): what is read is at most a quarter too long.

use std::time::Duration;

/// Slots of a window: as it slides on, a twelfth of it is forgotten at a time.
pub(crate) const SLOTS: usize = 12;

const QUARTERS: u32 = 4;
/// Below 2^6 microseconds everything is the first bucket.
const LOWEST: u32 = 6;
/// From 2^24 microseconds, 17 seconds, on everything is the last one.
const HIGHEST: u32 = 24;
const BUCKETS: usize = ((HIGHEST - LOWEST) * QUARTERS) as usize;

/// The counts of one thing, from one worker.
#[derive(Debug)]
pub(crate) struct Window([Slot; SLOTS]);

#[derive(Debug, Clone, Copy)]
struct Slot {
    period: u64,
    all: u32,
    failed: u32,
    latencies: [u32; BUCKETS],
}

/// What windows counted together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) all: u64,
    pub(crate) failed: u64,
    latencies: [u64; BUCKETS],
}

impl Slot {
    const EMPTY: Self = Self { period: 0, all: 0, failed: 0, latencies: [0; BUCKETS] };
}

impl Default for Window {
    fn default() -> Self {
        Self([Slot::EMPTY; SLOTS])
    }
}

impl Default for Sum {
    fn default() -> Self {
        Self { all: 0, failed: 0, latencies: [0; BUCKETS] }
    }
}

impl Window {
    /// Counts one in this period.
    pub(crate) fn add(&mut self, period: u64, took: Duration, failed: bool) {
        let Some(slot) = self.0.get_mut(place(period)) else { return };
        if slot.period != period {
            *slot = Slot { period, ..Slot::EMPTY };
        }
        slot.all = slot.all.saturating_add(1);
        slot.failed = slot.failed.saturating_add(u32::from(failed));
        if let Some(count) = slot.latencies.get_mut(bucket(took)) {
            *count = count.saturating_add(1);
        }
    }

    /// Adds what was counted in this period and the [`SLOTS`] - 1 before it.
    pub(crate) fn add_to(&self, period: u64, sum: &mut Sum) {
        let is_recent = |slot: &&Slot| {
            slot.period <= period && period - slot.period < SLOTS as u64 && slot.all > 0
        };
        for slot in self.0.iter().filter(is_recent) {
            sum.all += u64::from(slot.all);
            sum.failed += u64::from(slot.failed);
            for (all, count) in sum.latencies.iter_mut().zip(slot.latencies) {
                *all += u64::from(count);
            }
        }
    }
}

impl Sum {
    /// The part that failed, in percent; `None` of nothing.
    pub(crate) fn failed_percent(&self) -> Option<f64> {
        (self.all > 0).then(|| self.failed as f64 * 100.0 / self.all as f64)
    }

    /// What so many in a hundred did not take longer than, in milliseconds.
    pub(crate) fn percentile_ms(&self, percent: f64) -> Option<f64> {
        let wanted = (self.all as f64 * percent / 100.0).ceil().max(1.0);
        let mut so_far = 0;
        let reaches = |count: &u64| {
            so_far += count;
            so_far as f64 >= wanted
        };
        self.latencies.iter().position(reaches).map(upper_ms)
    }
}

fn place(period: u64) -> usize {
    usize::try_from(period % SLOTS as u64).unwrap_or_default()
}

fn bucket(took: Duration) -> usize {
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    let power = micros.max(1).ilog2();
    if power < LOWEST {
        return 0;
    }
    let quarter = (micros >> (power - 2)) & 3;
    let bucket = (power - LOWEST) * QUARTERS + u32::try_from(quarter).unwrap_or_default();
    usize::try_from(bucket).unwrap_or(BUCKETS).min(BUCKETS - 1)
}

/// Where a bucket ends.
fn upper_ms(bucket: usize) -> f64 {
    let next = u32::try_from(bucket + 1).unwrap_or_default();
    let (power, quarter) = (next / QUARTERS, next % QUARTERS);
    let from = f64::from(1_u32 << (LOWEST + power).min(HIGHEST)) / 1e3;
    from * (1.0 + f64::from(quarter) / f64::from(QUARTERS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(window: &Window, period: u64) -> Sum {
        let mut sum = Sum::default();
        window.add_to(period, &mut sum);
        sum
    }

    #[test]
    fn what_is_older_than_the_window_is_forgotten_slot_by_slot() {
        let mut window = Window::default();
        window.add(3, Duration::from_millis(1), true);
        window.add(9, Duration::from_millis(1), false);
        let counts = |period| {
            let sum = at(&window, period);
            (sum.all, sum.failed)
        };
        assert_eq!([counts(9), counts(14)], [(2, 1), (2, 1)]);
        assert_eq!([counts(15), counts(20), counts(21)], [(1, 0), (1, 0), (0, 0)]);
        assert_eq!(counts(2), (0, 0), "what is yet to come is not counted");
    }

    #[test]
    fn a_slot_of_an_older_turn_is_taken_over() {
        let mut window = Window::default();
        window.add(1, Duration::ZERO, true);
        window.add(1 + SLOTS as u64, Duration::ZERO, false);
        assert_eq!(at(&window, 1 + SLOTS as u64).failed_percent(), Some(0.0));
    }

    #[test]
    fn a_percentile_is_at_most_a_quarter_too_long() {
        for micros in [64, 65, 99, 100, 1_000, 4_095, 4_096, 70_000, 300_000, 9_999_999] {
            let mut window = Window::default();
            window.add(0, Duration::from_micros(micros), false);
            let read = at(&window, 0).percentile_ms(50.0).unwrap_or_default() * 1e3;
            let real = micros as f64;
            assert!(read >= real && read <= real * 1.25, "{micros} is read as {read}");
        }
    }

    #[test]
    fn percentiles_are_of_all_that_was_counted() {
        let mut window = Window::default();
        for millis in 1..=100 {
            window.add(0, Duration::from_millis(millis), false);
        }
        let sum = at(&window, 0);
        let within = |percent, low, high| {
            let read = sum.percentile_ms(percent).unwrap_or_default();
            assert!((low..=high).contains(&read), "p{percent} is {read}");
        };
        within(50.0, 50.0, 63.0);
        within(99.0, 99.0, 124.0);
        assert_eq!(Sum::default().percentile_ms(50.0), None);
        assert_eq!(Sum::default().failed_percent(), None);
    }

    #[test]
    fn the_longest_and_the_shortest_have_a_bucket() {
        assert_eq!([bucket(Duration::ZERO), bucket(Duration::MAX)], [0, BUCKETS - 1]);
    }
}
