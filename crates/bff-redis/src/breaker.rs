//! Remembers that Redis is in trouble, so that nobody waits for it, and says so once.

use super::{settings::Mode, trouble::Failure};
use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// So many failures in a row, without a success between them, open it.
const PATIENCE: u32 = 5;
/// In a cluster one node's keys may fail while the others' are answered: five in a row happen by
/// chance every second then, forty only when nobody answers.
const CLUSTER_PATIENCE: u32 = 40;
/// The first pause before Redis is tried again, at the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// Every later one.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A recovery that held for so long was one: the next trouble begins with a short pause.
const RECOVERED: Duration = Duration::from_secs(10);

/// Closed while Redis answers. It opens after a few failures in a row; then only its owner asks
/// Redis, once per pause, until it answers again.
#[derive(Debug)]
pub(super) struct Breaker {
    patience: u32,
    open: AtomicBool,
    in_a_row: AtomicU32,
    /// Answers of the wrong kind since it was last well.
    nonsense: AtomicU32,
    opened: Notify,
    history: Mutex<History>,
}

#[derive(Debug, Default)]
struct History {
    opened: Option<Instant>,
    closed: Option<Instant>,
    pauses: u32,
}

impl Breaker {
    pub(super) fn of(mode: Mode) -> Self {
        Self {
            patience: if mode == Mode::Cluster { CLUSTER_PATIENCE } else { PATIENCE },
            open: AtomicBool::default(),
            in_a_row: AtomicU32::default(),
            nonsense: AtomicU32::default(),
            opened: Notify::default(),
            history: Mutex::default(),
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open.load(Ordering::Relaxed)
    }

    pub(super) fn succeeded(&self) {
        if self.in_a_row.load(Ordering::Relaxed) != 0 {
            self.in_a_row.store(0, Ordering::Relaxed);
        }
    }

    pub(super) fn failed(&self, failure: &Failure) {
        if self.in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= self.patience {
            self.open(failure);
        }
    }

    /// An answer of another kind than was asked for. It is no bad luck: one is enough of one server, and of a cluster's
    /// nodes some, whatever is answered well between them.
    pub(super) fn met_nonsense(&self, failure: &Failure) {
        if self.nonsense.fetch_add(1, Ordering::Relaxed) + 1 >= self.patience / PATIENCE {
            self.open(failure);
        }
    }

    /// Opens it at once.
    pub(super) fn open(&self, failure: &Failure) {
        if self.open.swap(true, Ordering::Relaxed) {
            return;
        }
        let mut history = self.history();
        if history.closed.is_none_or(|closed| closed.elapsed() > RECOVERED) {
            history.pauses = 0;
        }
        history.opened = Some(Instant::now());
        drop(history);
        let Failure { what, advice, .. } = failure;
        tracing::warn!(
            error = %what,
            "Redis is in trouble, answers are made without it until it is back: {advice}"
        );
        self.opened.notify_one();
    }

    /// Redis has answered its owner.
    pub(super) fn close(&self) {
        let mut history = self.history();
        history.closed = Some(Instant::now());
        let away = history.opened.take().map(|opened| opened.elapsed());
        drop(history);
        self.in_a_row.store(0, Ordering::Relaxed);
        self.nonsense.store(0, Ordering::Relaxed);
        if self.open.swap(false, Ordering::Relaxed) {
            tracing::info!(away = ?away.unwrap_or_default(), "Redis is back");
        }
    }

    /// Waits until it is open.
    pub(super) async fn opened(&self) {
        while !self.is_open() {
            self.opened.notified().await;
        }
    }

    /// How long to wait before Redis is asked again.
    pub(super) fn next_pause(&self) -> Duration {
        let mut history = self.history();
        let step = history.pauses.min(8);
        history.pauses = step + 1;
        equal_jitter(FIRST_PAUSE, LONGEST_PAUSE, step)
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The step-th of doubling pauses: half of it certain, half by chance, so that instances which lost
/// Redis together do not come back together.
pub(super) fn equal_jitter(first: Duration, longest: Duration, step: u32) -> Duration {
    let pause = first.saturating_mul(1 << step.min(16)).min(longest);
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_open_it() {
        let breaker = Breaker::of(Mode::Single);
        let failure = Failure::timeout("late");
        for _ in 0..3 {
            (1..PATIENCE).for_each(|_| breaker.failed(&failure));
            breaker.succeeded();
        }
        assert!(!breaker.is_open());
        (0..PATIENCE).for_each(|_| breaker.failed(&failure));
        assert!(breaker.is_open());
        breaker.succeeded();
        assert!(breaker.is_open(), "only its owner closes it");
        breaker.close();
        assert!(!breaker.is_open());
    }

    #[test]
    fn c25_nonsense_opens_it_also_between_good_answers() {
        for (mode, enough) in [(Mode::Single, 1), (Mode::Sentinel, 1), (Mode::Cluster, 8)] {
            let breaker = Breaker::of(mode);
            for _twice in 0..2 {
                for met in 1..=enough {
                    assert!(!breaker.is_open(), "{mode:?} after {met}");
                    breaker.met_nonsense(&Failure::nonsense("a number"));
                    breaker.succeeded();
                }
                assert!(breaker.is_open(), "{mode:?}");
                breaker.close();
            }
        }
    }

    #[test]
    fn pauses_double_up_to_five_seconds_and_start_over_only_after_a_real_recovery() {
        let breaker = Breaker::of(Mode::Single);
        let failure = Failure::timeout("late");
        breaker.open(&failure);
        for longest in [500, 1000, 2000, 4000, 5000, 5000] {
            let pause = breaker.next_pause().as_millis();
            assert!((longest / 2..=longest).contains(&pause), "{pause} of {longest}");
        }
        breaker.close();
        breaker.open(&failure);
        assert!(breaker.next_pause() >= LONGEST_PAUSE / 2);
    }
}
