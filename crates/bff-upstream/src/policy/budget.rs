//! The retry budget: how many calls may be made on top of those that pages ask for.
//!
//! Modelled on Finagle's `RetryBudget` (twitter.github.io/finagle/guide/Clients.html#retries): a
//! share of the recent traffic plus a floor, so that a service that is down is not called much more
//! often because it is down. What ten seconds saved cannot be spent in one: a service that becomes a
//! little slower would be hedged to death at once (`make sim`, hedging of a busy service).

use super::window::{Counts, Window};
use std::time::Duration;

/// Over how long "recent" is, and how much of it may go at once.
const SPANS: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(1)];

/// Retries and hedges together may be `share` of the calls of the last ten seconds, and of the last
/// one, plus a floor.
#[derive(Debug)]
pub struct RetryBudget {
    /// All: calls. Marked: what was made on top of them.
    spent: [(Duration, Window); 2],
    share: f64,
    floor_per_second: f64,
}

impl RetryBudget {
    /// A budget of `share` (0.2 for 20 %) of recent calls plus `per_second`, which helps services
    /// that are seldom called.
    #[must_use]
    pub fn new(share: f64, per_second: f64) -> Self {
        let spent = SPANS.map(|span| (span, Window::over(span)));
        Self { spent, share, floor_per_second: per_second }
    }

    /// A page asked for a call.
    pub fn deposit(&self, now: Duration) {
        self.add(now, Counts { all: 1, marked: 0 });
    }

    /// Takes one further call out of the budget; false when there is none left.
    pub fn withdraw(&self, now: Duration) -> bool {
        let allowed = self.left(now) >= 1.0;
        if allowed {
            self.add(now, Counts { all: 0, marked: 1 });
        }
        allowed
    }

    /// How many further calls could be made now.
    #[must_use]
    pub fn left(&self, now: Duration) -> f64 {
        let left = self.spent.iter().map(|(span, window)| {
            let Counts { all, marked } = window.counts(now);
            // A floor below one per second must still allow one.
            let floor = (self.floor_per_second * span.as_secs_f64())
                .max(self.floor_per_second.min(1.0).ceil());
            self.share * all as f64 + floor - marked as f64
        });
        left.fold(f64::INFINITY, f64::min)
    }

    fn add(&self, now: Duration, counts: Counts) {
        for (_, window) in &self.spent {
            window.add(now, counts);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 60 seconds of a service that always fails, three attempts per call wanted.
    fn attempts_in_outage(calls_per_second: u32, rng: &mut fastrand::Rng) -> (u32, u32) {
        let budget = RetryBudget::new(0.2, 1.0);
        let (mut calls, mut attempts) = (0, 0);
        for millis in 0..60_000 {
            if rng.u32(0..1000) >= calls_per_second {
                continue;
            }
            let now = Duration::from_millis(millis);
            budget.deposit(now);
            calls += 1;
            attempts += 1;
            for _ in 0..2 {
                attempts += u32::from(budget.withdraw(now));
            }
        }
        (calls, attempts)
    }

    #[test]
    fn an_outage_is_amplified_by_a_fifth_and_the_floor() {
        let mut rng = fastrand::Rng::with_seed(1);
        for rate in [1, 10, 100, 900] {
            let (calls, attempts) = attempts_in_outage(rate, &mut rng);
            let most = f64::from(calls) * 1.2 + 60.0 + 10.0;
            assert!(f64::from(attempts) <= most, "{rate}/s: {attempts} for {calls}");
            assert!(f64::from(attempts) >= f64::from(calls) * 1.15, "{rate}/s: it is used");
        }
    }

    #[test]
    fn what_ten_seconds_saved_is_not_spent_in_one() {
        let budget = RetryBudget::new(0.2, 3.0);
        (0..10_000).for_each(|n| budget.deposit(Duration::from_millis(n)));
        let at_once = (0..1000).filter(|_| budget.withdraw(Duration::from_secs(10))).count();
        assert!((150..=210).contains(&at_once), "{at_once} of 1000 calls per second");
    }

    #[test]
    fn what_was_spent_comes_back_after_ten_seconds() {
        let budget = RetryBudget::new(0.2, 0.1);
        assert!(budget.withdraw(Duration::ZERO));
        assert!(!budget.withdraw(Duration::ZERO));
        assert!(!budget.withdraw(Duration::from_secs(9)));
        assert!(budget.withdraw(Duration::from_secs(10)));
    }
}
