//! The retry budget: how many calls may be made on top of those that pages ask for.
//!
//! Modelled on Finagle's `RetryBudget` (twitter.github.io/finagle/guide/Clients.html#retries): a
//! share of the recent traffic plus a floor, so that a service that is down is not called much more
//! often because it is down.

use super::window::{Counts, Window};
use std::time::Duration;

/// Over how long "recent" is.
const SPAN: Duration = Duration::from_secs(10);

/// Retries and hedges together may be `share` of the calls of the last ten seconds, plus a floor.
#[derive(Debug)]
pub struct RetryBudget {
    /// All: calls. Marked: what was made on top of them.
    spent: Window,
    share: f64,
    floor: f64,
}

impl RetryBudget {
    /// A budget of `share` (0.2 for 20 %) of recent calls plus `per_second`, which helps services
    /// that are seldom called.
    #[must_use]
    pub fn new(share: f64, per_second: f64) -> Self {
        Self { spent: Window::over(SPAN), share, floor: per_second * SPAN.as_secs_f64() }
    }

    /// A page asked for a call.
    pub fn deposit(&self, now: Duration) {
        self.spent.add(now, Counts { all: 1, marked: 0 });
    }

    /// Takes one further call out of the budget; false when there is none left.
    pub fn withdraw(&self, now: Duration) -> bool {
        let allowed = self.left(now) >= 1.0;
        if allowed {
            self.spent.add(now, Counts { all: 0, marked: 1 });
        }
        allowed
    }

    /// How many further calls could be made now.
    #[must_use]
    pub fn left(&self, now: Duration) -> f64 {
        let Counts { all, marked } = self.spent.counts(now);
        self.share * all as f64 + self.floor - marked as f64
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
    fn what_was_spent_comes_back_after_ten_seconds() {
        let budget = RetryBudget::new(0.2, 0.1);
        assert!(budget.withdraw(Duration::ZERO));
        assert!(!budget.withdraw(Duration::ZERO));
        assert!(!budget.withdraw(Duration::from_secs(9)));
        assert!(budget.withdraw(Duration::from_secs(10)));
    }
}
