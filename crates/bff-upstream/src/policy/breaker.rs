//! The circuit breaker of one host: closed, open, half open.
//!
//! Opens on the success rate of a sliding window with a minimum volume, as linkerd2-proxy's and
//! Hystrix's do; how long it stays open doubles with each trip in a row, half of it by chance
//! ("equal jitter", Brooker, AWS Architecture Blog 2015); then one call at a time is let through
//! until enough of them in a row succeeded (Nygard, "Release It!", 2nd ed., chapter 5).

use super::{
    lock,
    window::{Counts, Window},
};
use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

/// When a breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerPolicy {
    /// How far back the success rate looks.
    pub window: Duration,
    /// Fewer calls than this in the window say nothing.
    pub min_calls: u64,
    /// Opens below this share of successful calls, 0 to 1; 0 for never.
    pub min_success: f64,
    /// How long it stays open at first.
    pub open: Duration,
    /// How long it stays open at most.
    pub open_at_most: Duration,
    /// How many calls in a row have to succeed before it closes.
    pub probes: u32,
}

/// One host's breaker.
#[derive(Debug)]
pub struct Breaker {
    policy: BreakerPolicy,
    window: Window,
    /// What a call to a healthy host reads: whether `trouble` matters at all.
    tripped: AtomicBool,
    /// When it closed last, in microseconds; 0 for never.
    closed_at: AtomicU64,
    trouble: Mutex<Trouble>,
}

#[derive(Debug, Default)]
struct Trouble {
    /// Trips without a good while between them.
    trips: u32,
    open_until: Duration,
    probing: bool,
    probes_passed: u32,
}

/// Permission for one call. Hand it back with [`Breaker::record`] or [`Breaker::forget`].
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a probe that is not handed back blocks the breaker"]
pub struct Pass {
    probe: bool,
}

impl Pass {
    /// Whether the call is there to see if the host is well again.
    #[must_use]
    pub const fn is_probe(&self) -> bool {
        self.probe
    }
}

/// A change of state, worth a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Calls are refused for this long.
    Opened(Duration),
    /// Calls flow again.
    Closed,
}

/// What a breaker does with the next call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Lets it through.
    Closed,
    /// Refuses it.
    Open,
    /// Lets one through to see.
    HalfOpen,
}

impl State {
    /// `closed`, `open`, `half-open`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

impl Breaker {
    /// A closed breaker.
    #[must_use]
    pub fn new(policy: BreakerPolicy) -> Self {
        Self {
            policy,
            window: Window::over(policy.window),
            tripped: AtomicBool::new(false),
            closed_at: AtomicU64::new(0),
            trouble: Mutex::default(),
        }
    }

    /// Whether a call may be made now.
    pub fn admit(&self, now: Duration) -> Option<Pass> {
        if !self.tripped.load(Relaxed) {
            return Some(Pass { probe: false });
        }
        let mut trouble = lock(&self.trouble);
        let due = now >= trouble.open_until && !trouble.probing;
        due.then(|| {
            trouble.probing = true;
            Pass { probe: true }
        })
    }

    /// The call ended. Returns the change of state that it caused.
    #[allow(clippy::needless_pass_by_value, reason = "a pass is good for one call")]
    pub fn record(&self, now: Duration, pass: Pass, success: bool) -> Option<Change> {
        match (pass.probe, success) {
            (true, true) => self.probe_passed(now),
            (true, false) => Some(self.open(now, &mut lock(&self.trouble))),
            (false, _) if self.tripped.load(Relaxed) => None,
            (false, true) => {
                self.window.add(now, Counts { all: 1, marked: 0 });
                None
            }
            (false, false) => {
                self.window.add(now, Counts { all: 1, marked: 1 });
                self.trip_if_due(now)
            }
        }
    }

    /// Opens at once, for a host that refuses connections.
    pub fn eject(&self, now: Duration) -> Option<Change> {
        let mut trouble = lock(&self.trouble);
        let may = self.policy.min_success > 0.0 && !self.tripped.load(Relaxed);
        may.then(|| self.open(now, &mut trouble))
    }

    /// The call was given up before it could tell anything.
    #[allow(clippy::needless_pass_by_value, reason = "a pass is good for one call")]
    pub fn forget(&self, pass: Pass) {
        if pass.probe {
            lock(&self.trouble).probing = false;
        }
    }

    /// What it would do with a call now.
    #[must_use]
    pub fn state(&self, now: Duration) -> State {
        match () {
            () if !self.tripped.load(Relaxed) => State::Closed,
            () if now < lock(&self.trouble).open_until => State::Open,
            () => State::HalfOpen,
        }
    }

    /// The recent calls; marked ones failed.
    #[must_use]
    pub fn recent(&self, now: Duration) -> Counts {
        self.window.counts(now)
    }

    /// How long ago it closed after a trip; `None` if it never did.
    #[must_use]
    pub fn closed_for(&self, now: Duration) -> Option<Duration> {
        match self.closed_at.load(Relaxed) {
            0 => None,
            micros => Some(now.saturating_sub(Duration::from_micros(micros))),
        }
    }

    fn trip_if_due(&self, now: Duration) -> Option<Change> {
        let Counts { all, marked } = self.window.counts(now);
        let bad = all >= self.policy.min_calls.max(1)
            && (all - marked.min(all)) as f64 / (all as f64) < self.policy.min_success;
        if !bad {
            return None;
        }
        let mut trouble = lock(&self.trouble);
        if self.tripped.load(Relaxed) {
            return None;
        }
        // A good while after the last trip this is a new trouble.
        if self.closed_for(now).is_none_or(|good| good > self.policy.window) {
            trouble.trips = 0;
        }
        Some(self.open(now, &mut trouble))
    }

    fn open(&self, now: Duration, trouble: &mut Trouble) -> Change {
        let doubled = self.policy.open.saturating_mul(1 << trouble.trips.min(16));
        let longest = doubled.min(self.policy.open_at_most);
        let wait = longest.mul_f64(0.5 + fastrand::f64() / 2.0);
        trouble.trips = trouble.trips.saturating_add(1);
        trouble.open_until = now + wait;
        (trouble.probing, trouble.probes_passed) = (false, 0);
        self.tripped.store(true, Relaxed);
        Change::Opened(wait)
    }

    fn probe_passed(&self, now: Duration) -> Option<Change> {
        let mut trouble = lock(&self.trouble);
        trouble.probing = false;
        trouble.probes_passed += 1;
        (trouble.probes_passed >= self.policy.probes).then(|| {
            let micros = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
            self.closed_at.store(micros.max(1), Relaxed);
            self.window.clear();
            self.tripped.store(false, Relaxed);
            Change::Closed
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: BreakerPolicy = BreakerPolicy {
        window: Duration::from_secs(10),
        min_calls: 20,
        min_success: 0.5,
        open: Duration::from_millis(500),
        open_at_most: Duration::from_secs(5),
        probes: 3,
    };

    fn ms(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    /// One call per 10 ms from `from` to `to`; how many were let through, and how often it opened.
    fn drive(
        breaker: &Breaker,
        (from, to): (u64, u64),
        mut succeeds: impl FnMut() -> bool,
    ) -> (u32, u32) {
        let (mut passed, mut opened) = (0, 0);
        for now in (from..to).step_by(10).map(ms) {
            let Some(pass) = breaker.admit(now) else { continue };
            passed += 1;
            let change = breaker.record(now, pass, succeeds());
            opened += u32::from(matches!(change, Some(Change::Opened(_))));
        }
        (passed, opened)
    }

    #[test]
    fn a_few_failures_say_nothing() {
        let breaker = Breaker::new(POLICY);
        assert_eq!(drive(&breaker, (0, 190), || false), (19, 0));
        assert_eq!(breaker.state(ms(190)), State::Closed);
    }

    #[test]
    fn a_service_at_99_percent_never_trips() {
        let breaker = Breaker::new(POLICY);
        let mut rng = fastrand::Rng::with_seed(7);
        assert_eq!(drive(&breaker, (0, 600_000), || rng.f64() < 0.992), (60_000, 0));
    }

    #[test]
    fn an_outage_costs_few_calls_and_ends_within_seconds() {
        let breaker = Breaker::new(POLICY);
        drive(&breaker, (0, 10_000), || true);
        let (passed, opened) = drive(&breaker, (10_000, 70_000), || false);
        // Half of the window has to fail first: 500 calls; then only probes, at most one in 2.5 s.
        assert!(passed <= 510 + 40, "{passed} calls reached a dead host");
        assert!(opened >= 12, "it kept asking: {opened}");
        let (passed, opened) = drive(&breaker, (70_000, 80_000), || true);
        assert_eq!(opened, 0);
        assert!(passed >= 490, "{passed} of 1000 calls in the ten seconds after the recovery");
        assert_eq!(breaker.state(ms(80_000)), State::Closed);
    }

    #[test]
    fn a_half_dead_host_does_not_flap() {
        let breaker = Breaker::new(POLICY);
        let mut rng = fastrand::Rng::with_seed(3);
        let (_, opened) = drive(&breaker, (0, 600_000), || rng.f64() < 0.3);
        assert!((60..=260).contains(&opened), "{opened} trips in ten minutes");
    }

    #[test]
    fn only_one_call_probes_at_a_time_and_a_cancelled_probe_makes_room() {
        let breaker = Breaker::new(POLICY);
        drive(&breaker, (0, 200), || false);
        assert_eq!(breaker.state(ms(200)), State::Open);
        assert_eq!(breaker.admit(ms(200)), None);
        let probe = breaker.admit(ms(1000));
        assert!(probe.is_some());
        assert_eq!(breaker.admit(ms(1000)), None, "one is under way");
        if let Some(probe) = probe {
            breaker.forget(probe);
        }
        let probe = breaker.admit(ms(1000));
        assert!(probe.is_some(), "the cancelled one does not block");
    }

    #[test]
    fn answers_of_before_the_trip_change_nothing() {
        let breaker = Breaker::new(POLICY);
        let early = breaker.admit(ms(0));
        drive(&breaker, (0, 200), || false);
        let change = early.map(|early| breaker.record(ms(210), early, true));
        assert_eq!(change, Some(None));
        assert_eq!(breaker.state(ms(210)), State::Open);
    }
}
