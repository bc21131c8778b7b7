//! An issuer that fails is asked again after a while, and by chance not by all at once.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// The first pause, at most; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(250);
/// No pause is longer: calls fail until it is over.
const LONGEST: Duration = Duration::from_secs(10);

/// When an issuer may be asked again, and why not before.
#[derive(Debug, Default)]
pub(crate) struct Backoff(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    failures: u32,
    until: Option<Instant>,
    why: String,
}

impl Backoff {
    /// Whether it is too early.
    pub(crate) fn is_on(&self, now: Instant) -> bool {
        self.lock().until.is_some_and(|until| now < until)
    }

    /// What happened last, when that was a failure.
    pub(crate) fn why(&self) -> String {
        self.lock().why.clone()
    }

    /// Begins a pause: between half and all of 250 ms, doubled for each failure in a row.
    pub(crate) fn failed(&self, now: Instant, why: &str) {
        let mut state = self.lock();
        let longest = (FIRST * (1 << state.failures.min(10))).min(LONGEST);
        state.failures += 1;
        state.until = Some(now + longest.mul_f64(0.5 + fastrand::f64() / 2.0));
        why.clone_into(&mut state.why);
    }

    pub(crate) fn succeeded(&self) {
        *self.lock() = State::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;
    use std::time::{Duration, Instant};

    #[test]
    fn pauses_double_up_to_ten_seconds_and_end_with_a_success() {
        let (backoff, now) = (Backoff::default(), Instant::now());
        assert!(!backoff.is_on(now));
        let after = |millis| now + Duration::from_millis(millis);
        for longest in [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000] {
            backoff.failed(now, "away");
            assert!(backoff.is_on(after(longest / 2 - 1)), "{longest}");
            assert!(!backoff.is_on(after(longest)), "{longest}");
        }
        assert_eq!(backoff.why(), "away");
        backoff.succeeded();
        assert!(!backoff.is_on(now) && backoff.why().is_empty());
    }
}
