//! Leaving an issuer alone: all of us when the trouble is everybody's, and whoever asks in vain.

use super::Trouble;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Nobody is left waiting for longer, whatever the issuer wishes.
const LONGEST: Duration = Duration::from_secs(10);
/// How many names are remembered that asked in vain.
const MAX_NAMES: usize = 10_000;

/// When an issuer may be asked again by anybody, and why not before. It begins with [`Trouble`], and
/// so never with what is one request's.
#[derive(Debug)]
pub(crate) struct Pause {
    pace: Pace,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    streak: Streak,
    why: String,
}

/// Failures in a row, and until when they count.
#[derive(Debug, Default)]
struct Streak {
    failures: u32,
    until: Option<Instant>,
}

/// How long pauses are, before chance takes up to half of it away so that not all come back at once.
#[derive(Debug, Clone, Copy)]
struct Pace {
    first: Duration,
    longest: Duration,
}

impl Pause {
    /// Pauses that double from 250 ms to 10 s, for what is fetched ahead.
    pub(crate) fn doubling() -> Self {
        Self::at(Pace { first: Duration::from_millis(250), longest: LONGEST })
    }

    /// Pauses of a second, for what people wait for.
    pub(crate) fn short() -> Self {
        let second = Duration::from_secs(1);
        Self::at(Pace { first: second, longest: second })
    }

    fn at(pace: Pace) -> Self {
        Self { pace, state: Mutex::default() }
    }

    /// Whether it is too early.
    pub(crate) fn is_on(&self, now: Instant) -> bool {
        self.lock().streak.is_on(now)
    }

    /// What happened last, when that was trouble.
    pub(crate) fn why(&self) -> String {
        self.lock().why.clone()
    }

    /// Begins one; a longer one when the issuer wishes for it.
    pub(crate) fn begin(&self, now: Instant, trouble: &Trouble) {
        let mut state = self.lock();
        state.streak.fail(now, self.pace, trouble.retry_after());
        trouble.why().clone_into(&mut state.why);
    }

    pub(crate) fn end(&self) {
        *self.lock() = State::default();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those that asked in vain, each with a pause of its own: a page that comes again and again must
/// not take its refused token to the issuer each time.
#[derive(Debug, Default)]
pub(crate) struct InVain(Mutex<HashMap<Box<str>, Streak>>);

impl InVain {
    /// Pauses double from a second to ten.
    const PACE: Pace = Pace { first: Duration::from_secs(1), longest: LONGEST };

    /// Whether it is too early for `name`.
    pub(crate) fn is_on(&self, name: &str, now: Instant) -> bool {
        self.lock().get(name).is_some_and(|streak| streak.is_on(now))
    }

    /// Begins a pause for `name`.
    pub(crate) fn begin(&self, name: &str, now: Instant) {
        let mut names = self.lock();
        if names.len() >= MAX_NAMES {
            names.retain(|_, streak| streak.is_on(now));
        }
        // Starting over is the simplest bound, and costs one more request per name.
        if names.len() >= MAX_NAMES {
            names.clear();
        }
        names.entry(name.into()).or_default().fail(now, Self::PACE, None);
    }

    pub(crate) fn end(&self, name: &str) {
        self.lock().remove(name);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Streak>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Streak {
    fn is_on(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    fn fail(&mut self, now: Instant, pace: Pace, wished: Option<Duration>) {
        let longest = pace.first.saturating_mul(1 << self.failures.min(10)).min(pace.longest);
        let own = longest.mul_f64(0.5 + fastrand::f64() / 2.0);
        self.failures = self.failures.saturating_add(1);
        self.until = Some(now + wished.map_or(own, |wished| own.max(wished.min(LONGEST))));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::NoTokens, InVain, MAX_NAMES, Pause, Trouble};
    use crate::fetch::Answer;
    use std::time::{Duration, Instant};

    fn trouble(retry_after: Option<Duration>) -> Trouble {
        let answer = Answer { status: 503, body: Vec::new(), retry_after };
        match NoTokens::answered(&answer) {
            NoTokens::Trouble(trouble) => trouble,
            NoTokens::Refused(refused) => unreachable!("{}", refused.why),
        }
    }

    fn after(now: Instant, millis: u64) -> Instant {
        now + Duration::from_millis(millis)
    }

    #[test]
    fn pauses_double_up_to_ten_seconds_and_end_with_a_success() {
        let (pause, now) = (Pause::doubling(), Instant::now());
        assert!(!pause.is_on(now));
        for longest in [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000] {
            pause.begin(now, &trouble(None));
            assert!(pause.is_on(after(now, longest / 2 - 1)), "{longest}");
            assert!(!pause.is_on(after(now, longest)), "{longest}");
        }
        assert_eq!(pause.why(), "answered with status 503");
        pause.end();
        assert!(!pause.is_on(now) && pause.why().is_empty());
    }

    #[test]
    fn what_people_wait_for_is_tried_again_within_a_second() {
        let (pause, now) = (Pause::short(), Instant::now());
        for _ in 0..20 {
            pause.begin(now, &trouble(None));
            assert!(pause.is_on(after(now, 499)) && !pause.is_on(after(now, 1000)));
        }
    }

    #[test]
    fn c3_an_issuer_is_left_alone_for_as_long_as_it_wishes_within_a_bound() {
        for (wished, ends_by) in [(0, 1000), (1, 1000), (3, 3000), (60, 10_000), (u64::MAX, 10_000)]
        {
            let (pause, now) = (Pause::short(), Instant::now());
            pause.begin(now, &trouble(Some(Duration::from_secs(wished))));
            assert!(!pause.is_on(after(now, ends_by)), "{wished}");
            assert!(
                pause.is_on(after(now, (ends_by - 1).min(wished.saturating_mul(999)).max(499)))
            );
        }
    }

    #[test]
    fn c3_who_asks_in_vain_waits_and_nobody_else() {
        let (vain, now) = (InVain::default(), Instant::now());
        for longest in [1000, 2000, 4000, 8000, 10_000, 10_000] {
            vain.begin("one", now);
            assert!(vain.is_on("one", after(now, longest / 2 - 1)), "{longest}");
            assert!(!vain.is_on("one", after(now, longest)), "{longest}");
            assert!(!vain.is_on("other", now));
        }
        vain.end("one");
        assert!(!vain.is_on("one", now));
    }

    #[test]
    fn names_that_asked_in_vain_take_a_bounded_memory() {
        let (vain, now) = (InVain::default(), Instant::now());
        for name in 0..3 * MAX_NAMES {
            vain.begin(&name.to_string(), now);
        }
        assert!(vain.lock().len() <= MAX_NAMES);
    }
}
